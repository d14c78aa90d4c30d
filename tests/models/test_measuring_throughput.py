"""Throughput: what is counted, how it is told, and that every measurement runs on a small model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.captioner.published.sizes import prompt_tokens, published_config
from models.captioner.settings import GenerationSettings
from models.measuring.random_captioner import random_samples, sized_config
from models.measuring.throughput import HEAD, Bench, Speed, main, rows


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench("tiny", steps=1)


def test_a_rate_its_share_of_the_peak_and_what_did_not_fit() -> None:
    told = rows([Speed("train lora", 4, 3e12, 2.0, 40_000_000_000), Speed("train lora", 64, 3e12, None, 0)], 12.0)
    assert told[0] == ["train lora", "4", "2", "2", "3", "6", "50.0%", "40.0"]
    assert told[1][:3] == ["train lora", "64", "out of memory"]
    assert rows([Speed("look", 4, 3e12, 2.0, 0)], None)[0][-2:] == ["-", "-"]
    assert all(len(row) == len(HEAD) for row in told)


def test_flops_are_of_the_arithmetic_that_the_model_needs(bench: Bench) -> None:
    first, second = torch.ones(3, 5), torch.ones(5, 7)
    assert bench.flops(lambda: first @ second) == 2 * 3 * 5 * 7
    model = bench.captioner.model.requires_grad_(True)
    forward_and_back = bench.flops(lambda: bench._gradient(bench.captioner))
    model.language_model.requires_grad_(False)
    frozen = bench.flops(lambda: bench._gradient(bench.captioner))
    with torch.no_grad():
        settings = GenerationSettings(max_tokens=1)
        few, more = (
            next(iter(bench.describing([1], settings.model_copy(update={"max_tokens": count})))).each
            for count in (1, 9)
        )
    assert frozen < forward_and_back, "frozen weights want no gradient of their own"
    assert few < more < frozen


def test_a_step_that_does_not_fit_is_told_and_the_next_goes_on(bench: Bench) -> None:
    def too_large() -> None:
        raise torch.OutOfMemoryError("no")

    assert bench.timed("x", 9, 1.0, too_large).seconds is None
    assert bench.timed("x", 9, 1.0, lambda: None).seconds is not None


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_everything_runs_in_small(precision: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "throughput.md"
    asked = ["--train", "2", "--describe", "1,2", "--look", "1", "--tokens", "2", "--steps", "1", "--page", str(page)]
    trainable = ["--trainable", "lora,soft prompt,all"]
    assert main(["--size", "tiny", "--precision", precision, *asked, *trainable]) == 0
    text = capsys.readouterr().out
    assert text.strip() == page.read_text(encoding="utf-8").strip() and f", {precision};" in text
    whats = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ")][2:]
    told = ["look at frames", *["describe, 5 beams of 2 tokens"] * 2, "train soft prompt", "train all", "train lora"]
    assert whats == [f"| {what}" for what in told], "LoRA comes last, whatever the order asked for"


def test_without_a_gpu_the_real_sizes_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main([]) == 2
    assert "sees no GPU here" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--trainable", "everything"])
    assert "everything: known are all, lora" in capsys.readouterr().err


def test_prompts_are_as_long_as_the_plan_says(bench: Bench) -> None:
    from models.captioner.inputs import collate

    config, speech = sized_config("tiny"), bench.captioner.vocabulary
    batch = collate(random_samples(config, speech, 2), speech, bench.captioner.plan)
    published = published_config()
    scene = published.scene_tokens - config.scene_tokens
    assert batch.prompt_ids.shape == (2, prompt_tokens(8, config.soft_prompt_tokens) - scene)
    assert batch.target_ids is not None and batch.target_ids.shape == (2, 60)
