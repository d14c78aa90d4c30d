"""The soft prompt's choices: which are tried, what a trial trains and judges, and what is said of their figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from captioner_toys import CAST, FILM, small_settings, toy_base, toy_features, toy_records

from common.errors import BadInput
from models.captioner.settings import SoftPromptSettings
from models.measuring.soft_prompt import main
from models.measuring.soft_prompt_page import About, as_json, lines, measured, page, recommendation
from models.measuring.soft_prompt_rows import NONE, Choice, World, choices, trials

OTHER = "tt9000002"
OWN = Choice(4)


def facts(record: dict[str, Any]) -> dict[str, Any]:
    named = record["type"] == 1
    return {
        "type": record["type"], "subject": "Anna" if named else None, "verb": "wave" if named else "rain",
        "second": "Lin-Manuel" if named else None, "object": None, "place": "park", "cast": ["Anna", "Lin-Manuel"],
        "names": ["Anna", "Lin-Manuel"], "texts": {"description": [record["text"]]},
    }  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    records = {film: [{**record, "film": film} for record in toy_records()] for film in (FILM, OTHER)}
    return World(
        base=toy_base(tmp_path_factory.mktemp("base_model")),
        records=records,
        features={FILM: toy_features(), OTHER: toy_features(seed=1)},
        casts={FILM: list(CAST), OTHER: list(CAST)},
        facts={film: {each["clip_id"]: facts(each) for each in some} for film, some in records.items()},
    )


def test_one_thing_at_a_time_differs_from_the_default_unless_all_are_crossed() -> None:
    own = SoftPromptSettings()
    found = choices(own, (0, 1, 4), ("head", "after the scene"), ("random", "words"), cross=False)
    assert found == [NONE, OWN, Choice(1), Choice(4, "after the scene"), Choice(4, "head", "words")]
    crossed = choices(own, (0, 1, 4), ("head", "after the scene"), ("random", "words"), cross=True)
    assert len(crossed) == 1 + 2 * 2 * 2 and set(found) < set(crossed)
    with pytest.raises(BadInput, match="--position: 'tail'"):
        choices(own, (), ("tail",), (), cross=False)
    with pytest.raises(BadInput, match="--tokens: 900"):
        choices(own, (900,), (), (), cross=False)


def test_films_are_kept_out_evenly_and_never_all(world: World) -> None:
    many = World(world.base, {f"tt{number}": [] for number in range(8)}, {}, {}, {})
    assert many.kept_out(2) == ("tt2", "tt6")
    assert len(set(many.kept_out(7))) == 7
    for count in (0, 8):
        with pytest.raises(BadInput, match=f"--held-out {count}: there are 8"):
            many.kept_out(count)


def test_a_trial_learns_from_the_other_films_alone_and_is_the_same_twice(world: World) -> None:
    settings = small_settings()
    tried = trials([NONE, Choice(2)], (0, 1), world, (OTHER,), settings)
    assert set(tried["film"]) == {OTHER} and len(tried) == 2 * 2 * len(world.records[OTHER])
    bare, taught = (tried[tried["tokens"] == count].set_index(["seed", "clip_id"])["loss"] for count in (0, 2))
    assert (bare[0] == bare[1]).all(), "nothing is trained, so no seed matters"
    assert (taught[0] != bare[0]).all() and (taught[0] != taught[1]).any()
    again = trials([Choice(2)], (0,), world, (OTHER,), settings)
    assert np.array_equal(again["loss"], taught[0])


def rows(losses: dict[Choice, list[list[float]]], *, films: int = 6) -> pd.DataFrame:
    """Losses by choice: a list a seed, a clip in each of the films."""
    return pd.DataFrame(
        {
            "tokens": choice.tokens, "position": choice.position, "start": choice.start, "seed": seed,
            "film": f"tt{film}", "clip_id": 1, "loss": loss, "action": float(film % 2), "subject": np.nan,
            "faceless": np.nan, "sentence": 0.0,
        }
        for choice, seeds in losses.items()
        for seed, each in enumerate(seeds)
        for film, loss in zip(range(films), each, strict=True)
    )  # fmt: skip


def about(own: Choice) -> About:
    return About("python -m …", "mini", own, 8, [f"tt{number}" for number in range(6)], 100, 8e-4, "0123456789abcdef")


def test_what_a_choice_saves_is_paired_and_the_least_loss_is_recommended() -> None:
    other = Choice(16)
    base = [0.5, 0.9, 1.3, 0.7, 0.6, 0.8]
    losses = {NONE: [base, base], OWN: [[each - 0.1 for each in base]] * 2, other: [[each - 0.2 for each in base]] * 2}
    found = measured(rows(losses), OWN)
    assert [each.choice for each in found] == [NONE, OWN, other]
    saved = found[2].saved["the default"]
    assert (round(saved.value, 6), round(saved.low, 6), round(saved.high, 6)) == (0.1, 0.1, 0.1)
    assert found[2].loss.low < found[2].loss.value < found[2].loss.high
    assert "the default" not in found[1].saved and found[1].by_seed == pytest.approx({0: 0.7, 1: 0.7})
    told = recommendation(found, OWN)
    assert "has 16, head, random, .100" in told and "above zero" in told
    assert "recommend no other" in recommendation(found[:2], OWN)
    text = page(found, about(OWN))
    assert "| 16 | head | random | .600 [" in text and "| 4 (default) | head |" in text and "over films" in text
    assert "| none | - | - | .800 [" in text
    assert json.loads(json.dumps(as_json(found)))["16, head, random"]["saved against"]["no soft prompt"]["value"] == 0.2


def test_within_the_noise_no_change_is_recommended() -> None:
    losses = {OWN: [[0.5, 0.9, 1.3, 0.7, 0.6, 0.8]], Choice(1): [[0.4, 1.0, 1.2, 0.8, 0.5, 0.85]]}
    assert "recommend no change" in recommendation(measured(rows(losses), OWN), OWN)


def test_few_films_are_resampled_by_clips() -> None:
    found = measured(rows({OWN: [[0.5, 0.9]]}, films=2), OWN)
    few = About("", "mini", OWN, 8, ["tt0", "tt1"], 100, 8e-4, "")
    assert "over clips, since the films are too few" in page(found, few).replace("\n", " ")
    assert "| 4 (default)" in lines(found, OWN)


def test_what_is_missing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "no training clips or no base model published" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--seeds", "a"])
    assert "not whole numbers" in capsys.readouterr().err
