"""The loop and fine-tuning: one seed is one curve, a NaN stops with its reason, files hold what was trained."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from captioner_toys import CAST, FILM, small_settings, toy_base, toy_features, toy_records
from safetensors.torch import load_file

from common.errors import BadInput
from models.captioner.checkpoints import load_base, load_captioner
from models.captioner.settings import OptimiserSettings, VariantSettings
from models.training.captioner import train_variant
from models.training.loop import LEAST_RATE, TrainingDiverged, by_length, fit, rate_share


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_base(tmp_path_factory.mktemp("base_model"))


def train(base: Path, out: Path, variant: str = "C2", seed: int = 0, **changes: object) -> dict:
    return train_variant(
        variant, seed, base, toy_records(), {FILM: toy_features()}, {FILM: CAST}, small_settings(**changes), out
    )


def losses(folder: Path) -> list[float]:
    return json.loads((folder / "training.json").read_text())["loss"]


def test_the_same_seed_gives_the_same_curve_and_weights(base: Path, tmp_path: Path) -> None:
    for name, seed in (("first", 1), ("second", 1), ("other", 2)):
        train(base, tmp_path / name, seed=seed)
    assert losses(tmp_path / "first") == losses(tmp_path / "second")
    assert losses(tmp_path / "first") != losses(tmp_path / "other")
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("first", "second")]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("variant", ["A1", "A2", "C1", "C2"])
def test_every_variant_trains_as_many_steps_and_loads_again(base: Path, tmp_path: Path, variant: str) -> None:
    settings = small_settings()
    facts = train(base, tmp_path, variant)
    assert facts["steps"] == settings.training.steps == len(losses(tmp_path))
    plan = load_captioner(tmp_path, base).plan
    asked = settings.variants[variant]
    assert (plan.soft_prompt, plan.region, plan.text_prior) == (asked.soft_prompt, asked.region, asked.text_prior)


def test_a_frozen_language_model_stays_and_is_not_written(base: Path, tmp_path: Path) -> None:
    train(base, tmp_path, trainable="soft prompt and connectors")
    written = set(load_file(tmp_path / "model.safetensors"))
    assert any(name.startswith("soft_prompt") for name in written)
    assert not any(name.startswith("language_model") for name in written)
    before, after = load_base(base)[0], load_captioner(tmp_path, base).model
    for name, parameter in before.language_model.state_dict().items():
        assert torch.equal(parameter, after.language_model.state_dict()[name])
    changed = after.region_connector.state_dict()
    assert any(not torch.equal(value, changed[name]) for name, value in before.region_connector.state_dict().items())


def test_a_variant_may_say_what_its_training_changes(base: Path, tmp_path: Path) -> None:
    frozen = VariantSettings(soft_prompt=True, region=True, text_prior=True, trainable="soft prompt and connectors")
    variants = {**small_settings().variants, "C2F": frozen}
    for name in ("C2", "C2F"):
        train(base, tmp_path / name, variant=name, variants=variants)
    whole, part = (set(load_file(tmp_path / name / "model.safetensors")) for name in ("C2", "C2F"))
    assert part == {name for name in whole if not name.startswith("language_model")}
    assert small_settings(trainable="soft prompt and connectors").trainable_of("C2") == "soft prompt and connectors"


def test_mistakes_are_told(base: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no variant 'D9'; .* A1, A2, C1, C2"):
        train(base, tmp_path, variant="D9")
    with pytest.raises(BadInput, match="no training clips"):
        train_variant("C2", 0, base, [], {}, {}, small_settings(), tmp_path)
    with pytest.raises(BadInput, match="no such file"):
        train(tmp_path / "nowhere", tmp_path / "out")


def test_a_loss_that_is_no_number_stops_the_training() -> None:
    weight = torch.nn.Parameter(torch.ones(1))
    settings = OptimiserSettings(steps=9, batch=1, rate=0.1, warm_up=0)
    with pytest.raises(TrainingDiverged, match="toy: the loss is nan at step 4 of 9"):
        fit([weight], lambda step: weight.sum() * (math.nan if step == 3 else 1.0), settings, what="toy")
    assert torch.isfinite(weight).all()


def test_the_loop_minimises() -> None:
    weight = torch.nn.Parameter(torch.tensor([3.0]))
    settings = OptimiserSettings(steps=200, batch=1, rate=0.1, warm_up=5, weight_decay=0)
    curve = fit([weight], lambda step: (weight - 1).square().sum(), settings)
    assert curve.step == list(range(1, 201))
    assert weight.item() == pytest.approx(1.0, abs=1e-2)
    assert curve.mean_of_last(5) < 1e-3


def test_the_rate_rises_then_falls_to_its_least() -> None:
    settings = OptimiserSettings(steps=100, batch=1, rate=1.0, warm_up=10)
    rates = [rate_share(step, settings) for step in range(100)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(LEAST_RATE)


def test_batches_by_length_hold_every_row_once_and_rows_of_like_length() -> None:
    rows = iter(np.random.default_rng(0).permutation(32).tolist())
    batches = by_length(lambda: next(rows), lambda row: row, np.random.default_rng(1), batch=4, pool=8)
    drawn = [next(batches) for _ in range(8)]
    assert sorted(row for batch in drawn for row in batch) == list(range(32))
    assert all(max(batch) - min(batch) == 3 for batch in drawn)
    assert drawn != sorted(drawn)
