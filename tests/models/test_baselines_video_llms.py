"""Qwen2.5-VL and VideoLLaMA3: asked about a film's clips end to end, and in one line why they cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from video_llm_toys import tiny_qwen, tiny_video_llama

from assets.experiments import Experiment
from assets.predictions import aside
from common.errors import BadInput
from corpora.film import Description, Film
from corpora.video import write_video
from models.baselines.settings import QWEN_VL, VIDEO_LLAMA, BaselinesSettings, VideoLLMSettings
from models.baselines.video_llms import clip_frames, describe_video_llm, one_line, request, weights_folder
from publishing.settings import Settings

TINY = {"qwen": tiny_qwen, "video_llama": tiny_video_llama}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    folder = tmp_path_factory.mktemp("film")
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (56, 84, 3), dtype=np.uint8) for _ in range(30)]
    write_video(folder / "film.mp4", iter(frames), fps=10)
    described = (Description(1, 0.0, 1.2, "It rains."), Description(2, 1.5, 1.6, "Anna waits."))
    return Film(
        id="tt9", title="", split="mad_eval_named", source="plain", fps=10.0, frames=30, width=84, height=56,
        duration=3.0, cast=(), descriptions=described, labelled_boxes=(), put_aside=(), folder=folder,
    )  # fmt: skip


@pytest.mark.parametrize("kind", sorted(TINY))
def test_every_clip_is_described_in_one_line_and_again_the_same(film: Film, tmp_path: Path, kind: str) -> None:
    settings = VideoLLMSettings(model=str(TINY[kind](tmp_path)), frames=3, device="cpu")
    records = [{"film": "tt9", "clip_id": clip} for clip in (2, 1)]
    said = describe_video_llm({"tt9": film}, records, settings, max_tokens=4)
    assert len(said) == 2 and all(text.strip() and "\n" not in text for text in said)
    assert said == describe_video_llm({"tt9": film}, records, settings, max_tokens=4)
    one = describe_video_llm({"tt9": film}, records[:1], settings, max_tokens=4)
    assert one == said[:1], "a clip's text does not depend on the others"


def test_frames_are_spread_over_the_clip_and_a_clip_of_one_frame_repeats_it(film: Film) -> None:
    (long, several), (short, single) = clip_frames(film, film.clips(), 4)
    assert (long.id, short.id) == (1, 2)
    assert several.shape == single.shape == (4, 56, 84, 3)
    assert len({frame.tobytes() for frame in several}) == 4
    assert len({frame.tobytes() for frame in single}) == 1


def test_the_length_asked_for_follows_the_slot() -> None:
    assert "about 9 words" in request(3.0, 3.0)
    assert "about 1 words" in request(0.05, 3.0)
    assert one_line(" A dog\n barks. ") == "A dog barks."
    assert one_line("\n") == "."


def told(settings: VideoLLMSettings) -> str:
    with pytest.raises(BadInput) as mistake:
        weights_folder(settings)
    assert "\n" not in str(mistake.value)
    return str(mistake.value)


def test_missing_weights_are_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    qwen = BaselinesSettings().qwen2_5_vl
    assert f"`hf download {qwen.model} --revision {qwen.revision}`" in told(qwen)
    assert "name a folder in transformers' own layout" in told(BaselinesSettings().videollama3)


def test_weights_with_code_of_their_own_and_torn_downloads_are_refused(tmp_path: Path) -> None:
    settings = VideoLLMSettings(model=str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "videollama3_qwen2", "auto_map": {}}))
    assert "'videollama3_qwen2', which transformers only runs with code from the download" in told(settings)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2_5_vl"}))
    assert "model.safetensors is not there" in told(settings)
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "model-1.safetensors").touch()
    assert "model-2.safetensors is not there" in told(settings)


def test_the_stage_leaves_the_rows_out_with_their_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    settings = Settings()
    units = {row: Experiment(row, "cinepile_ad", 0).unit for row in (QWEN_VL, VIDEO_LLAMA, "C2")}
    assert "hf download Qwen" in str(aside(settings, units[QWEN_VL]))
    assert "not executed here" in str(aside(settings, units[VIDEO_LLAMA]))
    assert aside(settings, units["C2"]) is None
