"""The base model's pieces on stand-ins for the studio's clips: small, drawn here, with labels that can be learnt."""

from pathlib import Path

import numpy as np
import pytest
import torch
from captioner_toys import LABELS, SHAPE, toy_model, toy_vocabulary

from models.captioner.crops import clip_pixels
from models.captioner.inputs import Augmentation
from models.captioner.settings import LanguageModelSettings, OptimiserSettings, TowerSettings
from models.captioner.tower import Tower
from models.training.alignment import Style, align, aligned_clip
from models.training.base_model import world_vocabulary
from models.training.judging import judge, verb_of
from models.training.language_model import encode_text_sample, pretrain, speaking_cast
from models.training.stock_set import LabelledClip, StockSet, read_shards, stack, write_shard
from models.training.tower import train_part

STYLES = (Style("description", "who walks", 0.7), Style("caption", "the park", 0.3))
FEW = OptimiserSettings(steps=5, batch=6, rate=2e-3, warm_up=1)
SIZES = TowerSettings(
    region_channels=12, scene_channels=16, grid_rows=1, grid_columns=1, region=FEW, scene=FEW, objects=FEW
)


def drawn_clip(index: int) -> LabelledClip:
    """A bright (he) or dark (she) box that stands, or walks to a side, in a red or green place."""
    rng = np.random.default_rng(index)
    walks, right, dark, red = (bool(bit) for bit in rng.integers(0, 2, 4))
    frames = np.full((8, 135, 240, 3), 90, np.uint8)
    frames[..., 0 if red else 1] = 140
    mask = np.zeros((8, 135, 240), bool)
    for time in range(8):
        left = 100 + (12 * (time - 4) * (1 if right else -1) if walks else 0)
        mask[time, 30:110, left : left + 30] = True
    frames[mask] = 30 if dark else 230
    empty = index % 5 == 4
    name, cast = "ANNA", ["ANNA", "BEN"]
    text = "It rains in the park." if empty else "Anna walks to the door."
    return LabelledClip(
        pixels=clip_pixels(frames, [] if empty else [mask]),
        acts=() if empty else (2 if walks else 0,),
        directions=() if empty else (((2 if right else 0) if walks else 1),),
        pronouns=() if empty else (int(dark),),
        event=2 if empty else 0,
        props=np.array([1, 0], np.float32),
        place=int(red),
        facts={
            "cast": cast,
            "names": [] if empty else [name],
            "face": [] if empty else [True],
            "prior": [{"kind": "description", "text": "Ben waits."}],
            "texts": {"description": [text], "caption": ["Someone walks."]},
            "type": 0 if empty else 1,
            "subject": None if empty else name,
            "verb": "rain" if empty else "walk",
            "second": None,
            "object": None,
            "place": "park",
        },
    )


@pytest.fixture(scope="module")
def clips() -> StockSet:
    return stack([drawn_clip(index) for index in range(15)])


def test_shards_read_back_as_one_set(clips: StockSet, tmp_path: Path) -> None:
    some = [drawn_clip(index) for index in range(6)]
    only_empty = [drawn_clip(4)]
    write_shard(tmp_path / "a.safetensors", stack(some))
    write_shard(tmp_path / "b.safetensors", stack(only_empty))
    again, expected = read_shards([tmp_path / "a.safetensors", tmp_path / "b.safetensors"]), stack(some + only_empty)
    assert again.facts == expected.facts
    assert set(again.arrays) == set(expected.arrays)
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)
    pixels = again.clip_pixels()
    assert [len(clip.regions) for clip in pixels] == [1, 1, 1, 1, 0, 1, 0]
    np.testing.assert_array_equal(pixels[5].regions[0].crops, some[5].pixels.regions[0].crops)
    just_places = read_shards([tmp_path / "a.safetensors"], ["place"])
    assert set(just_places.arrays) == {"place"}


@pytest.mark.parametrize("part", ["region", "scene", "objects"])
def test_each_net_learns_the_same_from_the_same_seed(clips: StockSet, part: str) -> None:
    runs = [train_part(part, LABELS, clips, SIZES, seed=seed) for seed in (1, 1, 2)]
    assert runs[0][1].loss == runs[1][1].loss
    assert runs[0][1].loss != runs[2][1].loss
    for first, second in zip(runs[0][0].state_dict().values(), runs[1][0].state_dict().values(), strict=True):
        assert torch.equal(first, second)


def test_the_region_net_learns_who_walks_where(clips: StockSet) -> None:
    longer = SIZES.model_copy(update={"region": OptimiserSettings(steps=60, batch=12, rate=4e-3, warm_up=5)})
    net, curve = train_part("region", LABELS, clips, longer, seed=0)
    assert curve.mean_of_last(10) < 0.6 * curve.loss[0]
    tower = Tower(LABELS, SHAPE)
    tower.region.load_state_dict(net.state_dict())
    views = tower.encode(clips.clip_pixels())
    answers = np.concatenate([view.regions[:, 0, SHAPE.region_channels :] for view in views])
    assert (answers[:, :4].argmax(1) == clips.arrays["act"]).mean() > 0.8


def test_an_unknown_part_is_refused(clips: StockSet) -> None:
    with pytest.raises(ValueError, match="no part 'sound'"):
        train_part("sound", LABELS, clips, SIZES, seed=0)


def test_features_in_a_batch_are_features_alone(clips: StockSet) -> None:
    torch.manual_seed(0)
    tower = Tower(LABELS, SHAPE)
    pixels = clips.clip_pixels()[:6]
    together = tower.encode(pixels, batch=4)
    for clip, tokens in zip(pixels, together, strict=True):
        (alone,) = tower.encode([clip])
        np.testing.assert_allclose(alone.scene, tokens.scene, atol=1e-5)
        np.testing.assert_allclose(alone.regions, tokens.regions, atol=1e-5)


def test_alignment_leaves_the_soft_prompt_alone_and_repeats(clips: StockSet) -> None:
    vocabulary = toy_vocabulary()
    torch.manual_seed(0)
    tower = Tower(LABELS, SHAPE)
    views = tower.encode(clips.clip_pixels())
    told = [aligned_clip(facts, [view], vocabulary, STYLES) for facts, view in zip(clips.facts, views, strict=True)]
    curves = []
    for _ in range(2):
        model = toy_model(vocabulary, tower)
        soft = model.soft_prompt().clone()
        before = model.region_connector.per_frame[0].weight.clone()
        augmentation = Augmentation(drop_names=0.1, noise=0.1, region_channels=12, scene_channels=16)
        curves.append(align(model, vocabulary, told, STYLES, FEW, seed=3, augmentation=augmentation).loss)
        assert torch.equal(model.soft_prompt(), soft)
        assert not torch.equal(model.region_connector.per_frame[0].weight, before)
    assert curves[0] == curves[1]


def test_text_samples_keep_the_captioners_layout() -> None:
    from corpora.studio.facts_text import TextWorld

    vocabulary = world_vocabulary()
    cast = speaking_cast(vocabulary)
    world = TextWorld(5, cast.names)
    for _ in range(40):
        sample = world.sample()
        row = encode_text_sample(sample, vocabulary, cast)
        words = [vocabulary.words[number] for number in row.prompt]
        owned = [owner for owner in row.owners if owner]
        assert len(row.owners) == len(row.prompt)
        assert owned == [vocabulary.name_id(cast.index(name)) for name, facts in sample.people for _ in facts]
        assert words[-5:] == ["describe", "the", "scene", ".", "<begin>"]
        assert "<unk>" not in words
        assert vocabulary.decode(row.target, cast).casefold() == sample.target.casefold()
        assert (" ".join(words).count(" is ") >= len(sample.people)) and len(words) < 140


def test_text_pretraining_repeats_itself() -> None:
    tiny = LanguageModelSettings(
        hidden=16, layers=1, heads=2, key_value_heads=1, feed_forward=16,
        pretraining=OptimiserSettings(steps=3, batch=4, rate=1e-3, warm_up=1),
    )  # fmt: skip
    vocabulary = world_vocabulary()
    curves = [pretrain(vocabulary, tiny, seed=seed)[1].loss for seed in (0, 0, 1)]
    assert curves[0] == curves[1] != curves[2]


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("Anna walks over to the door.", "walk"),
        ("In the kitchen, Ben picks up the cup and holds it.", "pick"),
        ("It grows dark at the station as three people stand still.", "dark"),
        ("Two people face each other in the park.", "group"),
        ("The street is empty.", "empty"),
        ("Zz yy.", None),
    ],
)
def test_the_verb_of_a_sentence_is_known_by_its_phrasing(text: str, verb: str | None) -> None:
    assert verb_of(text) == verb


def test_a_sentence_is_judged_by_what_its_clip_asks() -> None:
    facts = {
        "cast": ["Anna", "Ben", "Carl"], "type": 1, "subject": "Anna", "verb": "wave", "second": "Ben", "object": None,
        "texts": {"description": ["Anna waves at Ben."]}, "names": ["Anna", "Ben"], "place": "park",
    }  # fmt: skip
    right = judge("Anna waves at Ben.", facts)
    assert (right["exact"], right["verb"], right["subject"], right["second"], right["object"]) == (1, 1, 1, 1, None)
    swapped = judge("Ben waves at Anna.", facts)
    assert (swapped["exact"], swapped["verb"], swapped["subject"], swapped["second"]) == (0, 1, 0, 0)
