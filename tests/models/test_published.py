"""The published weights' whole way: found, checked, loaded, seeing, speaking, saved and opened again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from published_toys import (
    COMMIT,
    TOWER_COMMIT,
    VISION,
    shard_of,
    snapshot,
    toy_film,
    toy_records,
    toy_settings,
    write_cache,
)
from safetensors.torch import load_file, save_file
from transformers import SiglipVisionModel

from common.errors import BadInput
from common.files import read_json
from models.captioner.checkpoints import Captioner, load_base, load_captioner, load_tower, save_captioner
from models.captioner.describe import describe, describe_samples
from models.captioner.features import extract, read_features
from models.captioner.inputs import PromptPlan, collate
from models.captioner.model import FocusedCaptioner
from models.captioner.published.base import write_base
from models.captioner.published.cache import extract_published, scene_frames
from models.captioner.published.siglip import PublishedTower
from models.captioner.records import record_sample
from models.captioner.regions import mask_pool
from models.captioner.settings import CaptionerSettings, GenerationSettings
from models.training.trainable import choose_trainable

PLAN = PromptPlan(soft_prompt_tokens=4, region_tokens=4, scene_tokens=2 * 3 * 3)
SETTINGS = CaptionerSettings(generation=GenerationSettings(beams=5, max_tokens=8), previous_at_test="reference")


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FocusedCaptioner, SiglipVisionModel]:
    cache = tmp_path_factory.mktemp("hub")
    return cache, *write_cache(cache)


@pytest.fixture
def hub(cached: tuple[Path, FocusedCaptioner, SiglipVisionModel], monkeypatch: pytest.MonkeyPatch) -> Path:
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cached[0]))
    return cached[0]


@pytest.fixture
def base(hub: Path, tmp_path: Path) -> Path:
    write_base(toy_settings(), tmp_path / "base_model")
    return tmp_path / "base_model"


@pytest.fixture
def spare(hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The captioner's weights in a folder that a test may spoil, as `weights` of the folder commands run in."""
    import shutil

    shutil.copytree(snapshot(hub, "DAMO-NLP-SG/VideoRefer-7B", COMMIT), tmp_path / "weights")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "weights"


def test_every_published_tensor_arrives_where_it_belongs(
    base: Path, cached: tuple[Path, FocusedCaptioner, SiglipVisionModel]
) -> None:
    model, speech = load_base(base)
    for name, value in cached[1].state_dict().items():
        if not name.startswith("soft_prompt."):
            assert torch.equal(model.state_dict()[name], value), name
    assert model.config.region_id == speech.pad + 3  # the tokenizer has <region>, with a row of its own
    for name, value in cached[2].state_dict().items():
        tower = load_tower(base)
        assert isinstance(tower, PublishedTower)
        assert torch.equal(tower.model.state_dict()[name], value), name


def test_the_folder_says_where_the_weights_were_and_holds_none(base: Path, hub: Path) -> None:
    files = sorted(path.name for path in base.iterdir())
    assert files == ["config.json", "keys.json", "untrained.safetensors"]
    assert list(load_file(base / "untrained.safetensors")) == ["soft_prompt.vectors.weight"]
    said = (base / "config.json").read_text(encoding="utf-8")
    assert str(hub) not in said and str(base.parent) not in said
    assert "device" not in json.loads(said), "the same base model with a GPU and without"
    weights = json.loads(said)["weights"]
    assert weights["captioner"]["revision"] == COMMIT and weights["tower"]["revision"] == TOWER_COMMIT
    shards = [fact for name, fact in weights["captioner"]["files"].items() if name.startswith("model-")]
    assert len(shards) == 2 and all(len(fact["sha256"]) == 64 for fact in shards)
    keys = read_json(base / "keys.json")
    ours = {row["published"]: row["ours"] for row in keys["read"]}
    assert ours["model.mm_projector.s1.b1.conv1.conv.weight"] == "scene_connector.s1.b1.conv1.conv.weight"
    assert ours["model.region_encoder.feat_linear.0.weight"] == "region_connector.per_token.0.weight"
    assert ours["model.layers.1.self_attn.q_proj.bias"] == "language_model.model.layers.1.self_attn.q_proj.bias"
    assert ours["lm_head.weight"] == "language_model.lm_head.weight"
    assert keys["left_out"] == ["model.vision_tower.vision_tower.vision_model.post_layernorm.bias"]


def test_the_tower_gives_its_last_layer_but_one(
    base: Path, cached: tuple[Path, FocusedCaptioner, SiglipVisionModel]
) -> None:
    tower = load_tower(base)
    assert isinstance(tower, PublishedTower)
    frames = [np.full((54, 96, 3), level, np.uint8) for level in (0, 99)]
    taken: list[torch.Tensor] = []
    tower.model.encoder.layers[-1].register_forward_pre_hook(lambda _, inputs: taken.append(inputs[0]))
    patches = tower.encode(frames)
    assert patches.shape == (2, 49, VISION["hidden_size"])
    np.testing.assert_array_equal(patches, torch.cat(taken).half().numpy())


def test_features_of_a_film_are_the_towers_patches_pooled_by_mask(base: Path, tmp_path: Path) -> None:
    film, regions = toy_film(tmp_path / "film")
    tower = load_tower(base)
    assert isinstance(tower, PublishedTower)
    made = extract_published(film, film.clips(), regions, tower, stride=5, folder=tmp_path / "features")
    read = read_features(tmp_path / "features")
    in_memory = extract(film, film.clips(), regions, tower, stride=5)
    for one in (read, in_memory):
        np.testing.assert_array_equal(one.scene, made.scene)
        np.testing.assert_array_equal(one.regions, made.regions)
        assert one.index == made.index
    assert isinstance(read.scene, np.memmap) and read.scene.shape == (1, 2, 4, 49, 8)
    views, rows = read.clip(1)
    assert rows == {7: 0} and views[0].seen[0].tolist() == [True] * 6
    assert (np.diff(views[0].boxes[0, :, 0]) > 0).all()
    from corpora.video import read_frames

    frames = dict(read_frames(film.video))
    keys = film.clips()[0].key_frames(5)
    mask = np.zeros((1, 54, 96), bool)
    mask[0, 10:40, 2 + keys[2] : 18 + keys[2]] = True
    maps = torch.from_numpy(tower.encode([frames[keys[2]]])).float().transpose(1, 2).reshape(1, 8, 7, 7)
    expected = mask_pool(maps, torch.from_numpy(mask)).flatten().half().numpy()
    np.testing.assert_allclose(views[0].regions[0, 2], expected, atol=1e-3)
    first = [frames[number] for number in scene_frames(film.clips()[0], 4)]
    np.testing.assert_array_equal(views[0].scene, tower.encode(first))


def test_it_describes_with_beams_and_is_the_same_after_saving(base: Path, tmp_path: Path) -> None:
    film, regions = toy_film(tmp_path / "film")
    model, speech = load_base(base)
    tower = load_tower(base)
    features = {film.id: extract(film, film.clips(), regions, tower, stride=5)}
    casts = {film.id: [character.name for character in film.cast]}
    samples = [
        record_sample(record, features, casts, speech, bank="best query", settings=SETTINGS) for record in toy_records()
    ]
    captioner = Captioner(model.eval(), speech, PLAN)
    said = describe_samples(captioner, samples, settings=SETTINGS.generation, hypotheses=3)
    assert said == describe_samples(captioner, samples, settings=SETTINGS.generation, hypotheses=3)
    assert [len(each) for each in said] == [3, 3] and all(one.text == one.text.strip() for row in said for one in row)
    batch = collate(samples, speech, PLAN)
    with torch.no_grad():
        before = float(model(batch))
    save_captioner(tmp_path / "C2.0", captioner, weights=dict(model.named_parameters()), base=base)
    again = load_captioner(tmp_path / "C2.0", base)
    with torch.no_grad():
        assert float(again.model(batch)) == before
        model.save_pretrained(tmp_path / "whole")
        whole = FocusedCaptioner.from_pretrained(tmp_path / "whole")
        assert float(whole(batch)) == before
    texts = describe(again, toy_records(), features, casts, bank="best query", settings=SETTINGS)
    assert texts == [row[0].text for row in said]


def test_gradients_reach_the_published_connectors_and_no_language_model(base: Path, tmp_path: Path) -> None:
    film, regions = toy_film(tmp_path / "film")
    model, speech = load_base(base)
    features = {film.id: extract(film, film.clips(), regions, load_tower(base), stride=5)}
    casts = {film.id: [character.name for character in film.cast]}
    samples = [
        record_sample(record, features, casts, speech, bank="best query", settings=SETTINGS) for record in toy_records()
    ]
    chosen = choose_trainable(model, "soft prompt and connectors", PLAN, lora=SETTINGS.lora)
    model(collate(samples, speech, PLAN)).backward()
    for name, parameter in model.named_parameters():
        reached = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        assert reached == (name in chosen) == (not name.startswith("language_model.")), name


def test_a_missing_shard_is_one_line(spare: Path) -> None:
    shard_of(spare, "model.norm.weight").unlink()
    refused(r"weights/model-0000\d-of-00002.safetensors: missing; fetch it again")


def test_an_index_that_leads_out_of_its_folder_is_one_line(spare: Path) -> None:
    index = json.loads((spare / "model.safetensors.index.json").read_text())
    index["weight_map"]["lm_head.weight"] = "../elsewhere.safetensors"
    (spare / "model.safetensors.index.json").write_text(json.dumps(index))
    refused("weights: '../elsewhere.safetensors' is no file's name")


def test_a_truncated_shard_is_one_line(spare: Path) -> None:
    shard = shard_of(spare, "model.norm.weight")
    shard.write_bytes(shard.read_bytes()[:-40])
    refused(r"weights/model-0000\d-of-00002.safetensors: not whole .*; fetch it again")


def test_a_wrong_shape_is_one_line(spare: Path) -> None:
    respell(spare, "model.norm.weight", lambda tensors: {**tensors, "model.norm.weight": torch.zeros(17)})
    refused(r"model.norm.weight has shape \[17\], \[16\] was expected")


def test_an_unknown_tensor_is_one_line(spare: Path) -> None:
    respell(spare, "lm_head.weight", lambda tensors: {**tensors, "model.mm_projector.s3.weight": torch.zeros(1)})
    index = json.loads((spare / "model.safetensors.index.json").read_text())
    index["weight_map"]["model.mm_projector.s3.weight"] = index["weight_map"]["lm_head.weight"]
    (spare / "model.safetensors.index.json").write_text(json.dumps(index))
    refused("holds model.mm_projector.s3.weight, which no key map knows")


def test_a_tensor_that_is_not_there_is_one_line(spare: Path) -> None:
    key = "model.region_encoder.feat_linear.2.bias"
    respell(spare, key, lambda tensors: {name: value for name, value in tensors.items() if name != key})
    refused(f"says {key} is in model-0000")
    index = json.loads((spare / "model.safetensors.index.json").read_text())
    del index["weight_map"][key]
    (spare / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(f"weights: has no tensor {key}")


def test_other_weights_than_videorefers_are_one_line(spare: Path) -> None:
    config = json.loads((spare / "config.json").read_text())
    (spare / "config.json").write_text(json.dumps({**config, "mm_projector_type": "mlp2x_gelu"}))
    refused("mm_projector_type is 'mlp2x_gelu', 'stc_connector_v35' was expected")
    (spare / "config.json").write_text(json.dumps({**config, "mm_hidden_size": 1152}))
    refused("mm_hidden_size is 1152, the tower's is 8")


def test_a_branch_is_no_revision_and_a_path_of_the_machine_no_repository(hub: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="revision 'main' is not a commit of 40 hex digits"):
        write_base(toy_settings(revision="main"), tmp_path / "base_model")
    with pytest.raises(BadInput, match="revision '' is not a commit"):
        write_base(toy_settings(revision=""), tmp_path / "base_model")
    with pytest.raises(BadInput, match=f"hf download DAMO-NLP-SG/VideoRefer-7B --revision {'f' * 40}"):
        write_base(toy_settings(revision="f" * 40), tmp_path / "base_model")
    with pytest.raises(BadInput, match="is a path of this machine"):
        write_base(toy_settings(repository=str(tmp_path)), tmp_path / "base_model")


def test_weights_that_changed_since_are_refused(spare: Path, tmp_path: Path) -> None:
    write_base(toy_settings(repository="weights"), tmp_path / "base_model")
    load_base(tmp_path / "base_model")
    shard = shard_of(spare, "model.norm.weight")
    shard.write_bytes(shard.read_bytes() + b" ")
    with pytest.raises(BadInput, match="base_model was made from"):
        load_base(tmp_path / "base_model")


def refused(message: str) -> None:
    with pytest.raises(BadInput, match=message) as told:
        write_base(toy_settings(repository="weights"), Path("base_model"))
    assert "\n" not in str(told.value)


def respell(folder: Path, key: str, change: object) -> None:
    shard = shard_of(folder, key)
    save_file(change(load_file(shard)), shard)  # type: ignore[operator]
