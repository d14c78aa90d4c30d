"""Parameters: every mistake is one line with its key and file; profiles are complete files of explicit values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from common.errors import BadInput
from publishing.profiles import load_profile, profile_names, write_parameters
from publishing.settings import Settings, check_settings, film_ids, load_settings, split_of

WRONG = {
    "studio: {train_filsm: 3}": r"params.yaml: studio.train_filsm: unknown parameter; did you mean train_films\?",
    "nonsense: 1": r"params.yaml: nonsense: unknown parameter; known here: films, studio",
    "studio: {train_films: many}": r"params.yaml: studio.train_films: .*integer.*not 'many'; change it",
    "studio: {train_films: 0}": r"params.yaml: studio.train_films: .*greater than or equal to 1, not 0; change it",
    "studio: {seconds: .inf}": r"params.yaml: studio.seconds: Input should be a finite number, not inf; change it",
    "studio: {seconds: .nan}": r"params.yaml: studio.seconds: Input should be a finite number, not nan; change it",
    "films: {source: tape}": r"params.yaml: films.source: .*'studio' or 'corpora', not 'tape'",
    "films: {corpora: {train: [../../docs]}}": r"params.yaml: films.corpora.train.0: .*pattern.*not '../../docs'",
    "captioner: {variants: {../../docs: {soft_prompt: true, region: true, text_prior: true}}}": (
        r"params.yaml: captioner.variants.../../docs: .*pattern"
    ),
    "captioner: {rows: {../../docs: {variant: A1, bank: actor, region: true}}}": (
        r"params.yaml: captioner.rows.../../docs: .*pattern"
    ),
    'captioner: {rows: {"a\\nb": {variant: A1, bank: actor, region: true}}}': r"captioner.rows.'a\\nb': .*pattern",
    "captioner: {seeds: [0, -1]}": r"params.yaml: captioner.seeds.1: .*greater than or equal to 0",
    "captioner: {seeds: [3, 3]}": r"params.yaml: captioner.seeds: a seed is named twice in \[3, 3\]; change it",
    "base_model: {language: {hidden: 130}}": r"base_model.language: hidden 130 is not divisible by heads 4",
    "base_model: {language: {heads: 8, key_value_heads: 3}}": r"heads 8 is not divisible by key_value_heads 3",
    "films: {set_aside: {tt404: why}}": r"params.yaml: films.set_aside: no such film: tt404; change it",
    "? [studio, films]\n: 1": r"params.yaml:1: not valid YAML \(a key is a list or a table; give it a name\)",
    "? {studio: 1}\n: 1": r"params.yaml:1: not valid YAML \(a key is a list or a table",
    "captioner: {rows: {A1: {variant: A9, bank: actor, region: true}}}": r"captioner.rows: A1: variant: 'A9' is not",
    "experiments: {rows: {mad_eval_named: [Z9]}}": r"experiments.rows: mad_eval_named: 'Z9' is not among A1",
    "studio: [": r"params.yaml:\d+: not valid YAML",
    "studio: {seed: 1}\nstudio: {seed: 2}": r"params.yaml:2: not valid YAML \('studio' is written twice\)",
    "captioner: {training: {rate: .inf}}": r"captioner.training.rate",
    f"captioner: {{training: {{rate: '{'9' * 400}'}}}}": r"captioner.training.rate",
    "[1, 2]": r"params.yaml: not a table of parameters",
    "films: !!python/object/apply:os.system ['true']": r"params.yaml:1: not valid YAML",
}


@pytest.mark.parametrize(("text", "told"), WRONG.items(), ids=list(WRONG))
def test_a_mistake_is_one_line_with_key_and_file(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=told) as raised:
        load_settings(path)
    assert "\n" not in str(raised.value)


def test_films_of_real_corpora_may_be_set_aside_before_they_are_there() -> None:
    films = {"source": "corpora", "set_aside": {"tt404": "the disk is lost"}}
    assert check_settings({"films": films}, source="params.yaml").films.set_aside


def test_a_missing_file_says_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="focusedad profile mini"):
        load_settings(tmp_path / "params.yaml")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(b"studio: \xff")
    with pytest.raises(BadInput, match="not UTF-8 at byte 8"):
        load_settings(tmp_path / "params.yaml")


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(), st.lists, max_leaves=4)
)
def test_nothing_but_bad_input_comes_of_wrong_values(value: Any) -> None:
    for values in ({"studio": value}, {"studio": {"seconds": value}}, {"films": {"set_aside": value}}, value):
        try:
            check_settings(values, source="params.yaml")
        except BadInput as mistake:
            assert "\n" not in str(mistake)


def test_the_large_profile_runs_every_row_of_the_default_one() -> None:
    large, default = load_profile("mini-large"), Settings()
    for benchmark, rows in default.experiments.rows.items():
        assert set(rows) <= set(large.experiments.rows[benchmark])
    points = [row for row, settings in default.captioner.rows.items() if settings.threshold is not None]
    assert points
    for row in points:
        assert large.captioner.rows[row] == default.captioner.rows[row]


@pytest.mark.parametrize("name", ["smoke", "mini", "mini-large", "paper"])
def test_a_profile_becomes_a_file_of_every_value(tmp_path: Path, name: str) -> None:
    assert name in profile_names()
    settings = load_profile(name)
    path = tmp_path / "params.yaml"
    write_parameters(settings, path, profile=name)
    assert load_settings(path) == settings
    assert yaml.safe_load(path.read_text()) == settings.model_dump(mode="json")
    assert all(len(line) <= 120 or "[" in line for line in path.read_text().splitlines())


def test_mini_is_the_schemas_defaults() -> None:
    assert load_profile("mini") == Settings()


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(BadInput, match="there are mini, mini-large, paper, smoke"):
        load_profile("huge")


def test_every_parameter_has_its_reason() -> None:
    def without_reason(model: type[BaseModel]) -> list[str]:
        found = []
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                found += without_reason(field.annotation)
            elif not field.description:
                found.append(f"{model.__name__}.{name}")
        return found

    # The captioner's tables of variants and rows are described by their entries.
    assert set(without_reason(Settings)) <= {"CaptionerSettings.variants", "CaptionerSettings.rows"}


def test_films_of_the_studio() -> None:
    settings = check_settings({"studio": {"train_films": 2, "mad_eval_named_films": 1}}, source="params.yaml")
    assert film_ids(settings, "train") == ["tt9000001", "tt9000002"]
    assert film_ids(settings)[:3] == ["tt9000001", "tt9000002", "tt9100001"]
    assert split_of(settings, "tt9100001") == "mad_eval_named"
    with pytest.raises(BadInput, match="tt404: no film of the parameters"):
        split_of(settings, "tt404")


def test_films_of_real_corpora_are_listed_or_found(tmp_path: Path) -> None:
    for film in ("b", "a"):
        (tmp_path / "data/raw/train" / film).mkdir(parents=True)
    (tmp_path / "data/raw/train/notes.txt").touch()
    found = check_settings({"films": {"source": "corpora"}}, source="params.yaml")
    assert film_ids(found, root=tmp_path) == ["a", "b"]
    listed = check_settings({"films": {"source": "corpora", "corpora": {"train": ["b"]}}}, source="params.yaml")
    assert film_ids(listed, root=tmp_path) == ["b"]
    assert film_ids(listed, "cinepile_ad", root=tmp_path) == []
