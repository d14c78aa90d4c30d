"""A captioner from the published parts: SigLIP, Qwen2 from its own repository, connectors that nobody trained yet."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from published_toys import COMMIT, as_cached, snapshot, toy_film, toy_records, toy_settings, write_qwen2, write_siglip
from safetensors.torch import load_file, save_file
from transformers import Qwen2ForCausalLM, SiglipVisionConfig

from assets import base_model, clip_features
from common.errors import BadInput
from common.files import read_json
from common.tables import table
from corpora.film import Film, write_film
from models.captioner.checkpoints import load_base, load_captioner
from models.captioner.config import FocusedCaptionerConfig
from models.captioner.describe import describe
from models.captioner.features import FilmFeatures, read_features
from models.captioner.published.base import write_base
from models.captioner.published.layout import captioner_config
from models.captioner.published.qwen2 import QWEN2
from models.captioner.published.sizes import SIGLIP_SO400M, VIDEOREFER_7B, counts
from models.captioner.published.untrained import write_untrained
from models.captioner.settings import (
    BaseModelSettings,
    CaptionerSettings,
    GenerationSettings,
    Qwen2Settings,
    TuningSettings,
)
from models.hub import COMMIT as A_COMMIT
from models.perception.regions import TRACK_COLUMNS, Regions, write_regions
from models.perception.settings import PerceptionSettings
from models.training.captioner import train_variant
from publishing.settings import Settings
from publishing.stage import Work

PAPER = {"scene_connector": "mlp", "region_encoder": "mlp-merge-mlp"}
RELEASED = {"scene_connector": "stc", "region_encoder": "merge-mlp"}


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Qwen2ForCausalLM]:
    cache, settings = tmp_path_factory.mktemp("hub"), toy_settings("qwen2")
    tower = snapshot(cache, settings.published.tower, settings.published.tower_revision)
    folder = snapshot(cache, settings.qwen2.repository, settings.qwen2.revision)
    write_siglip(tower)
    model = write_qwen2(folder)
    as_cached(tower)
    as_cached(folder)
    return cache, model


@pytest.fixture
def hub(cached: tuple[Path, Qwen2ForCausalLM], monkeypatch: pytest.MonkeyPatch) -> Path:
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cached[0]))
    return cached[0]


def settings_of(base: BaseModelSettings) -> Settings:
    return Settings(base_model=base, perception=PerceptionSettings(key_frame_stride=5))


def made(data: Path, base: BaseModelSettings) -> tuple[Film, FilmFeatures]:
    """The stages base_model and clip_features over a short film, as the lineage runs them."""
    film, seen = toy_film(data / "films" / "tt0000001")
    write_film(film, film.folder)
    spare = dict.fromkeys(("x1", "y1", "x2", "y2", "face_x1", "face_y1", "face_x2", "face_y2", "confidence"), 1.0)
    regions = Regions(film.id, film.width, film.height, table([], TRACK_COLUMNS), seen.assign(source="", **spare))
    write_regions(regions, data / "character_regions" / film.id)
    settings = settings_of(base)
    base_model.STAGE.make(Work(settings, "", data / "base_model", data))
    reads: dict[str, tuple[str, ...]] = {"films": (film.id,), "character_regions": (film.id,), "base_model": ("",)}
    folder = data / "clip_features" / film.id
    clip_features.STAGE.make(Work(settings, film.id, folder, data, reads))
    return film, read_features(folder)


def test_the_language_model_arrives_whole_and_the_rest_is_what_was_drawn(
    hub: Path, cached: tuple[Path, Qwen2ForCausalLM], tmp_path: Path
) -> None:
    write_base(toy_settings("qwen2", **PAPER), tmp_path)
    model, speech = load_base(tmp_path)
    for name, value in cached[1].state_dict().items():
        assert torch.equal(model.language_model.state_dict()[name], value), name
    drawn = load_file(tmp_path / "untrained.safetensors")
    own = {name: value for name, value in model.state_dict().items() if not name.startswith("language_model.")}
    assert drawn.keys() == own.keys() and all(torch.equal(drawn[name], own[name]) for name in own)
    assert {name.partition(".")[0] for name in own} == {"scene_connector", "region_connector", "soft_prompt"}
    assert model.config.region_id == len(speech), "<region> is no word of Qwen2's: an id after the last row"
    assert model.config.language_config().rope_parameters["rope_theta"] == 1e6


def test_the_folder_names_qwen2s_files_and_its_map_has_no_connectors(hub: Path, tmp_path: Path) -> None:
    write_base(toy_settings("qwen2"), tmp_path)
    weights = read_json(tmp_path / "config.json")["weights"]["captioner"]
    assert (weights["repository"], weights["revision"]) == ("Qwen/Qwen2-7B-Instruct", COMMIT)
    assert {"config.json", "tokenizer.json", "model-00002-of-00002.safetensors"} <= weights["files"].keys()
    keys = read_json(tmp_path / "keys.json")
    ours = {row["published"]: row["ours"] for row in keys["read"]}
    assert ours["lm_head.weight"] == "language_model.lm_head.weight"
    assert ours["model.embed_tokens.weight"] == "language_model.model.embed_tokens.weight"
    assert all(name.startswith("language_model.") for name in ours.values()) and keys["left_out"] == []


@pytest.mark.parametrize("connectors", [PAPER, RELEASED], ids=["paper", "released"])
def test_untrained_connectors_are_their_seeds_and_nobody_elses(
    hub: Path, tmp_path: Path, connectors: dict[str, str]
) -> None:
    settings = toy_settings("qwen2", **connectors)
    write_base(settings, tmp_path / "one")
    config = FocusedCaptionerConfig(**read_json(tmp_path / "one" / "config.json")["captioner"])
    torch.manual_seed(99)
    before = torch.get_rng_state()
    (tmp_path / "two").mkdir()
    write_untrained(tmp_path / "two", config, {}, seed=settings.seed)
    assert torch.equal(torch.get_rng_state(), before)
    write_base(settings.model_copy(update={"seed": 1}), tmp_path / "other")
    one, two, other = (tmp_path / name / "untrained.safetensors" for name in ("one", "two", "other"))
    assert one.read_bytes() == two.read_bytes()
    drawn, redrawn = load_file(one), load_file(other)
    assert all(not torch.equal(drawn[name], redrawn[name]) for name in drawn if drawn[name].std() > 0)
    scene, region = ("layers", "per_frame") if connectors is PAPER else ("readout", "per_token")
    assert not torch.equal(drawn[f"scene_connector.{scene}.2.weight"], drawn[f"region_connector.{region}.2.weight"])


@pytest.mark.parametrize(("connectors", "trainable"), [(PAPER, "connectors"), (RELEASED, "soft prompt and connectors")])
def test_it_is_made_seen_through_trained_and_speaks(
    hub: Path, tmp_path: Path, connectors: dict[str, str], trainable: Any
) -> None:
    film, features = made(tmp_path, toy_settings("qwen2", **connectors))
    base, by_film = tmp_path / "base_model", {film.id: features}
    casts = {film.id: [character.name for character in film.cast]}
    settings = CaptionerSettings(
        training=TuningSettings(steps=2, sequences=2, rate=1e-2, warm_up=1, validation_clips=0),
        trainable=trainable,
        generation=GenerationSettings(max_tokens=6),
        previous_at_test="reference",
    )
    facts = train_variant("C2", 0, base, toy_records(), by_film, casts, settings, tmp_path / "C2.0")
    assert facts["steps"] == 2 and facts["loss"] > 0
    before, captioner = load_base(base)[0].state_dict(), load_captioner(tmp_path / "C2.0", base)
    changed = {name for name, value in captioner.model.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.partition(".")[0] for name in changed} == {
        "scene_connector",
        "region_connector",
        *(["soft_prompt"] if "soft prompt" in trainable else []),
    }
    texts = describe(captioner, toy_records(), by_film, casts, bank="best query", settings=settings)
    again = load_captioner(tmp_path / "C2.0", base)
    assert len(texts) == 2 and all(texts)
    assert texts == describe(again, toy_records(), by_film, casts, bank="best query", settings=settings)


def test_other_weights_than_qwen2s_are_one_line(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(snapshot(hub, "Qwen/Qwen2-7B-Instruct", COMMIT), tmp_path / "weights")
    monkeypatch.chdir(tmp_path)
    settings = toy_settings("qwen2", repository="weights")
    path = tmp_path / "weights" / "config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for change, message in (
        ({"model_type": "llama"}, "model_type is 'llama', 'qwen2' was expected; name Qwen2's weights"),
        ({"use_sliding_window": True}, "use_sliding_window is True, False was expected"),
        ({"num_hidden_layers": 1}, "holds model.layers.1.* and 11 more, which no key map knows"),
        ({"num_hidden_layers": 3}, "weights: has no tensor model.layers.2."),
    ):
        path.write_text(json.dumps({**content, **change}), encoding="utf-8")
        with pytest.raises(BadInput, match=message) as told:
            write_base(settings, tmp_path / "base_model")
        assert "\n" not in str(told.value)


def test_the_untrained_parts_cannot_be_missing_or_others(hub: Path, tmp_path: Path) -> None:
    write_base(toy_settings("qwen2"), tmp_path)
    path = tmp_path / "untrained.safetensors"
    tensors = load_file(path)
    key = "scene_connector.layers.0.bias"
    save_file({name: value for name, value in tensors.items() if name != key}, path)
    with pytest.raises(BadInput, match=f"has no tensor {key}"):
        load_base(tmp_path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadInput, match=r"untrained.safetensors: not whole .*; make base_model again"):
        load_base(tmp_path)
    path.unlink()
    with pytest.raises(BadInput, match=r"untrained.safetensors: missing; make base_model again"):
        load_base(tmp_path)


def test_its_commit_is_pinned_and_its_absence_says_how_to_fetch_it(hub: Path, tmp_path: Path) -> None:
    revision = Qwen2Settings().revision
    assert A_COMMIT.fullmatch(revision)
    with pytest.raises(BadInput, match=f"hf download Qwen/Qwen2-7B-Instruct --revision {revision}"):
        write_base(toy_settings("qwen2", revision=revision), tmp_path / "base_model")


def test_a_kind_depends_on_its_own_section_only() -> None:
    def key(kind: str, **changes: Any) -> Any:
        return base_model.STAGE.parameters_of(settings_of(BaseModelSettings(kind=kind, **changes)), "")  # type: ignore[arg-type]

    other = {"qwen2": Qwen2Settings(scene_connector="stc")}
    assert key("studio") == key("studio", **other) and key("videorefer") == key("videorefer", **other)
    assert key("qwen2") != key("qwen2", **other) and key("qwen2") != key("qwen2", seed=1)


def test_the_untrained_connectors_sizes_are_those_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "captioner.md").read_text(encoding="utf-8")
    published = {**VIDEOREFER_7B, "model_type": "qwen2"}
    placed = {"scene_frames": 8, "region_tokens": 4, "soft_prompt_tokens": 4, "pad_id": 0, "region_id": None}
    vision = SiglipVisionConfig(**SIGLIP_SO400M)
    config = captioner_config(QWEN2, published, vision, connectors=("mlp", "mlp-merge-mlp"), **placed)
    parts, width, size = counts(config), 3584, 1152
    assert config.scene_tokens == 8
    assert parts["scene connector"] == size * width + width + width * width + width
    assert parts["region encoder"] == parts["scene connector"] + 2 * (width * width + width)
    assert parts["language model"] == 7_615_616_512
    for part in ("scene connector", "region encoder"):
        assert f"{parts[part]:,}" in page
