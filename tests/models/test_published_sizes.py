"""The published sizes, counted without weights, and the page that quotes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.captioner.published.sizes import (
    LORA,
    cache_bytes,
    counts,
    lora_parameters,
    plan,
    prompt_tokens,
    published_config,
)
from models.captioner.published.stc import stc_tokens

ROOT = Path(__file__).parents[2]


def reg_stage(inputs: int, width: int, depth: int) -> int:
    """Weights of a stage, from its description: three convolutions with norms, squeeze and excite, a shortcut."""
    total = 0
    for number in range(depth):
        entering = inputs if number == 0 else width
        squeezed = round(entering / 4)
        total += entering * width + 9 * width + width * width + 3 * 2 * width
        total += width * squeezed + squeezed + squeezed * width + width
        total += entering * width + 2 * width if entering != width else 0
    return total


def test_parameters_by_part_are_the_published_ones() -> None:
    parts = counts(published_config())
    width, size = 3584, 1152
    assert parts["language model"] == 7_615_616_512  # Qwen2-7B
    assert parts["tower"] == 428_225_600  # SigLIP so400m's vision model, pooling head included
    assert parts["region encoder"] == size * width + width + width * width + width
    stages = reg_stage(size, width, 4) + reg_stage(width, width, 4)
    sampler = 8 * width * width + width
    assert parts["scene connector"] == stages + sampler + 2 * (width * width + width)
    assert parts["soft prompt"] == 4 * width


@pytest.mark.parametrize(("frames", "tokens"), [(8, 676), (16, 1352), (9, 676), (1, 0)])
def test_scene_tokens_halve_time_and_both_sides(frames: int, tokens: int) -> None:
    assert stc_tokens(frames, 27) == tokens
    if frames == 8:
        assert published_config(scene_frames=frames).scene_tokens == tokens


def test_adapters_and_caches_are_counted_by_layer() -> None:
    language = published_config().language
    assert cache_bytes(language) == 57_344  # 28 layers x keys and values x 4 heads x 128 x 2 bytes
    assert lora_parameters(language, LORA) == 161_480_704
    assert prompt_tokens(8, 4) == 676 + 4 + 90 + 256 + 8


def test_the_page_quotes_what_the_command_prints() -> None:
    page = (ROOT / "docs" / "captioner.md").read_text(encoding="utf-8")
    for table in plan().split("\n\n"):
        assert table in page
