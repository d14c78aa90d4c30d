"""What a captioner costs is counted on what lies published, equal every time, and more where more is asked of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from common.errors import BadInput
from corpora.film import Character, Film, write_film
from models.captioner.checkpoints import Captioner, load_base, save_captioner
from models.captioner.inputs import PromptPlan
from orchestration.model_cost import cost_of
from publishing.records import put_aside, version, write_record
from publishing.settings import Settings, check_settings

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
from captioner_toys import CAST, FILM, toy_base, toy_features, toy_records

UNIT, ASIDE = "C2.mad_eval_named.0", "tt9100002"
EXPERIMENTS = {"mad_eval_named": UNIT}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained captioner with the clips of one film; another film of the benchmark was put aside."""
    data = tmp_path_factory.mktemp("root") / "data"
    cast = tuple(Character(name, "somebody", f"nm{place}", ()) for place, name in enumerate(CAST))
    film = Film(FILM, "T", "mad_eval_named", "studio", 10.0, 100, 64, 36, 10.0, cast, (), (), (), data / "films" / FILM)
    write_film(film, film.folder)
    (data / "mad_eval_named" / FILM).mkdir(parents=True)
    lines = [json.dumps(record) + "\n" for record in toy_records(6)]
    (data / "mad_eval_named" / FILM / "clips.jsonl").write_text("".join(lines))
    toy_features(6).write(data / "clip_features" / FILM)
    base = toy_base(data / "base_model")
    model, vocabulary = load_base(base)
    names = {id(value): name for name, value in model.named_parameters()}
    weights = {names[id(weight)]: weight for weight in model.soft_prompt.parameters()}
    save_captioner(data / "captioner/C2.0", Captioner(model, vocabulary, PromptPlan()), weights=weights, base=base)
    made = {"base_model": "", "captioner": "C2.0", **dict.fromkeys(("films", "mad_eval_named", "clip_features"), FILM)}
    for stage, unit in made.items():
        write_record(data / stage / unit, key="", made_from={}, audit="")
    for stage in ("films", "mad_eval_named", "clip_features"):
        put_aside(data / stage / ASIDE, "a reason")
    inputs = {stage: {unit: version(data / stage / unit)} for stage, unit in made.items()}
    for stage in ("films", "mad_eval_named", "clip_features"):
        inputs[stage][ASIDE] = "put aside"
    (data / "predictions" / UNIT).mkdir(parents=True)
    write_record(data / "predictions" / UNIT, key="", made_from={"inputs": inputs}, audit="")
    return data


def settings(**generation: int) -> Settings:
    return check_settings({"captioner": {"generation": {"max_tokens": 8, **generation}}}, source="test")


def test_it_is_the_same_every_time_and_grows_with_what_is_asked(data: Path) -> None:
    cost = cost_of(data, EXPERIMENTS, settings())
    assert cost == cost_of(data, EXPERIMENTS, settings())
    wider = cost_of(data, EXPERIMENTS, settings(beams=10))
    assert wider.gflops > cost.gflops > 0 and wider.working_mib > cost.working_mib > 0
    assert wider.millions == cost.millions


def test_all_parameters_count_also_those_that_were_not_trained(data: Path) -> None:
    model, _ = load_base(data / "base_model")
    assert cost_of(data, EXPERIMENTS, settings()).millions == sum(each.numel() for each in model.parameters()) / 1e6


def test_a_model_whose_base_lies_there_no_more_is_told(data: Path) -> None:
    config = data / "base_model/config.json"
    before = config.read_text()
    config.write_text(before + "\n")
    with pytest.raises(BadInput, match="trained on the base model"):
        cost_of(data, EXPERIMENTS, settings())
    config.write_text(before)
