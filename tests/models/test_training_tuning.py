"""The loop through accelerate: processes and accumulation change no gradient, a kill no byte, a NaN tells its clips."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import tuning_toys
from captioner_toys import CAST, FILM, toy_base, toy_features, toy_records
from safetensors.torch import load_file, save_file
from tuning_toys import DATA, note_gradients, settings, train

from common.errors import BadInput
from models.captioner.checkpoints import Captioner, load_base, load_captioner, save_captioner
from models.captioner.config import FocusedCaptionerConfig
from models.captioner.inputs import PromptPlan, collate
from models.captioner.records import record_sample
from models.captioner.settings import CaptionerSettings, LoraSettings, VariantSettings
from models.training import captioner as training
from models.training.captioner import Resume, split, train_variant
from models.training.loop import TrainingDiverged
from models.training.observing import Quietly, Said
from models.training.tuning import _Tuning, together

PROGRAM = tuning_toys.__file__


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_base(tmp_path_factory.mktemp("base_model"))


@pytest.fixture(scope="module")
def uninterrupted(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("uninterrupted")
    train(base, out)
    return out


def losses(folder: Path) -> list[float]:
    return json.loads((folder / "training.json").read_text())["loss"]


def gradients(base: Path, out: Path, monkeypatch: pytest.MonkeyPatch, **changes: object) -> dict[str, torch.Tensor]:
    monkeypatch.setattr(_Tuning, "_clipped", _Tuning._clipped)  # put back afterwards
    note_gradients(out / "gradients.safetensors")
    train(base, out / "out", **changes)
    return load_file(out / "gradients.safetensors")


def program(*arguments: str | Path, processes: int = 1) -> subprocess.CompletedProcess[bytes]:
    many = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"] if processes > 1 else []
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(PROGRAM).parents[2]), str(Path(PROGRAM).parent)])
    return subprocess.run(
        [sys.executable, *many, PROGRAM, *map(str, arguments)], env=environment, capture_output=True, check=False
    )


def test_two_processes_give_the_gradients_and_the_loss_of_one(
    base: Path, tmp_path: Path, uninterrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = program("many", base, tmp_path, processes=2)
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    (tmp_path / "one").mkdir()
    alone, two = gradients(base, tmp_path / "one", monkeypatch), load_file(tmp_path / "gradients.safetensors")
    assert alone.keys() == two.keys()
    for name, gradient in alone.items():
        assert torch.allclose(gradient, two[name], rtol=0, atol=1e-6), name
    assert max(float(gradient.abs().max()) for gradient in alone.values()) > 1e-2, "gradients of nothing prove nothing"
    assert losses(tmp_path / "out") == pytest.approx(losses(uninterrupted), abs=1e-4)


def test_accumulation_and_gradient_checkpointing_change_no_gradient(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for number, changes in enumerate(({}, {"micro_batch": 2}, {"gradient_checkpointing": True})):
        (tmp_path / str(number)).mkdir()
        found.append(gradients(base, tmp_path / str(number), monkeypatch, steps=1, **changes))
    for other in found[1:]:
        assert all(torch.allclose(found[0][name], other[name], rtol=0, atol=1e-6) for name in found[0])


def test_a_killed_training_goes_on_to_the_same_curve_and_the_same_bytes(
    base: Path, tmp_path: Path, uninterrupted: Path
) -> None:
    assert program("kill", base, tmp_path, "5").returncode == -signal.SIGKILL
    (last,) = (tmp_path / "checkpoints").glob("step-*")
    assert last.name == "step-000004"
    assert not (tmp_path / "out" / "model.safetensors").exists()
    (tmp_path / "checkpoints" / ".partial-1").mkdir()  # as a kill in the middle of writing leaves it
    steps: list[int] = []
    train(base, tmp_path / "out", Resume(tmp_path / "checkpoints", DATA), _Watcher(steps))
    assert steps == [4, 5, 6, 7], "it began after step 4"
    for name in ("training.json", "model.safetensors", "config.json"):
        assert (tmp_path / "out" / name).read_bytes() == (uninterrupted / name).read_bytes()
    assert [path.name for path in (tmp_path / "checkpoints").glob("step-*")] == ["step-000007"]
    assert not list((tmp_path / "checkpoints").glob(".partial-*"))


class _Watcher:
    def __init__(self, steps: list[int]) -> None:
        self.steps = steps

    def began(self, step: int) -> None:
        self.steps.append(step)

    def step(self, step: int, figures: object) -> None:
        self.steps.append(step)

    def texts(self, step: int, said: object) -> None: ...


def test_a_changed_parameter_or_dataset_is_not_taken_up(
    base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = tmp_path / "checkpoints"
    train(base, tmp_path / "out", Resume(kept, DATA))
    with pytest.raises(BadInput, match=r"\(parameter training\.rate: 0\.002 -> 0\.001\)"):
        train(base, tmp_path / "out", Resume(kept, DATA), rate=1e-3)
    with pytest.raises(BadInput, match=r"\(data storyboard_v2/tt9000001: 1 -> 2\)"):
        train(base, tmp_path / "out", Resume(kept, {"storyboard_v2/tt9000001": "2"}))
    train(base, tmp_path / "out", Resume(kept, DATA, changed="begin anew"), rate=1e-3)
    assert "begins anew, for what is trained changed: parameter training.rate: 0.002 -> 0.001" in caplog.text
    steps: list[int] = []
    train(base, tmp_path / "out", Resume(kept, DATA), _Watcher(steps), rate=1e-3, checkpoint_every=1, micro_batch=3)
    assert steps == [7], "how it is kept safe and shared out is no change"


def test_a_loss_that_is_no_number_tells_its_clips_and_keeps_the_checkpoint(base: Path, tmp_path: Path) -> None:
    features = toy_features(9)
    broken = replace(features, regions=features.regions.copy())
    broken.regions[:, 4] = math.nan  # clip 3's
    resume = Resume(tmp_path / "checkpoints", DATA)
    records = toy_records(9)

    def run(some: list[dict]) -> None:
        train_variant(
            "C2", 0, base, some, {FILM: broken}, {FILM: CAST},
            settings(sequences=1, steps=20, checkpoint_every=1), tmp_path / "out", resume=resume,
        )  # fmt: skip

    with pytest.raises(
        TrainingDiverged, match=rf"the loss is nan at step \d+ of 20 .*, clips {FILM}:3; the checkpoint"
    ):
        run(records)
    assert not (tmp_path / "out").exists()
    (last,) = (tmp_path / "checkpoints").glob("step-*")
    assert all(torch.isfinite(value).all() for value in load_file(last / "weights.safetensors").values())


CONNECTORS = {"scene_connector", "region_connector"}


@pytest.mark.parametrize(
    ("trainable", "parts"),
    [
        ("all", {"soft_prompt", "language_model"} | CONNECTORS),
        ("lora", {"soft_prompt"} | CONNECTORS),
        ("soft prompt and connectors", {"soft_prompt"} | CONNECTORS),
        ("soft prompt", {"soft_prompt"}),
        ("connectors", {"soft_prompt"} | CONNECTORS),
    ],
)
def test_the_model_read_back_is_the_model_trained(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainable: str, parts: set[str]
) -> None:
    bare = without_soft_prompt(base, tmp_path / "bare")
    found: list[float] = []

    def measured(folder: Path, captioner: Captioner, **facts: object) -> None:
        found.append(loss_of(captioner))
        save_captioner(folder, captioner, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "save_captioner", measured)
    train(bare, tmp_path / "out", trainable=trainable)
    assert {name.split(".")[0] for name in load_file(tmp_path / "out" / "model.safetensors")} == parts
    assert (tmp_path / "out" / "adapter").exists() == (trainable == "lora")
    torch.manual_seed(99)  # what is drawn at loading is not what was drawn for the training
    assert loss_of(load_captioner(tmp_path / "out", bare)) == pytest.approx(found[0], abs=1e-6)
    assert loss_of(untrained(bare)) > found[0] + 1e-3, "it learnt something that could be lost"


def without_soft_prompt(base: Path, folder: Path) -> Path:
    """A base model whose soft prompt is drawn whenever it is opened."""
    shutil.copytree(base, folder)
    connectors = load_file(folder / "connectors.safetensors")
    kept = {name: value for name, value in connectors.items() if not name.startswith("soft_prompt.")}
    save_file(kept, folder / "connectors.safetensors")
    return folder


def untrained(base: Path) -> Captioner:
    model, vocabulary = load_base(base)
    return Captioner(model, vocabulary, PromptPlan())


def loss_of(captioner: Captioner) -> float:
    features, casts = {FILM: toy_features(9)}, {FILM: CAST}
    samples = [
        record_sample(record, features, casts, captioner.vocabulary, bank="best query", settings=settings())
        for record in toy_records(9)
    ]
    with torch.no_grad():
        return float(captioner.model.eval()(collate(samples, captioner.vocabulary, captioner.plan)))


def test_checkpoints_that_say_not_whose_they_are_are_not_taken_up(base: Path, tmp_path: Path) -> None:
    kept = tmp_path / "checkpoints"
    train(base, tmp_path / "out", Resume(kept, DATA))
    (kept / "identity.json").unlink()  # as a kill leaves it that comes while they are thrown away
    with pytest.raises(BadInput, match="whose they are is not known"):
        train(base, tmp_path / "out", Resume(kept, DATA))
    steps: list[int] = []
    train(base, tmp_path / "out", Resume(kept, DATA, changed="begin anew"), _Watcher(steps), rate=1e-3)
    assert steps[:2] == [0, 1]


def test_micro_batches_are_part_of_a_checkpoint_only_where_dropout_is_drawn_by_them(base: Path, tmp_path: Path) -> None:
    def again(name: str, dropout: float) -> None:
        resume, lora = Resume(tmp_path / name, DATA), LoraSettings(dropout=dropout)
        train(base, tmp_path / "out", resume, trainable="lora", lora=lora, steps=2)
        train(base, tmp_path / "out", resume, trainable="lora", lora=lora, steps=2, micro_batch=2)

    again("without", 0.0)
    with pytest.raises(BadInput, match=r"\(parameter training\.micro_batch: none -> 2\)"):
        again("with", 0.05)


@pytest.mark.parametrize(
    ("change", "asked"),
    [({"shot_context": True}, "shot_context: true"), ({"positions": False}, "positions: false")],
)
def test_what_a_published_tower_cannot_do_is_told_with_the_variant(change: dict[str, bool], asked: str) -> None:
    variant = VariantSettings(soft_prompt=True, region=True, text_prior=True, **change)
    known = CaptionerSettings(variants={"D9": variant})
    mini, published = (
        SimpleNamespace(config=FocusedCaptionerConfig(vision=vision), soft_prompt=lambda: range(4))
        for vision in (None, {"hidden_size": 8})
    )
    assert training.prompt_plan(mini, "D9", known).shot_context == variant.shot_context  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=f"captioner.variants.D9: {asked} wants base_model.kind studio"):
        training.prompt_plan(published, "D9", known)  # type: ignore[arg-type]


def test_lora_learns_lies_apart_and_loads_in_peft_too(base: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    from models.captioner.checkpoints import load_base

    train(base, tmp_path / "a", trainable="lora")
    train(base, tmp_path / "b", trainable="lora")
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        assert (tmp_path / "a/adapter" / name).read_bytes() == (tmp_path / "b/adapter" / name).read_bytes()
    ours = load_captioner(tmp_path / "a", base).model.language_model
    plain = load_base(base)[0].language_model.eval()
    ids = torch.arange(8)[None]
    with torch.no_grad():
        before, after = plain(ids).logits.clone(), ours(ids).logits
        theirs = PeftModel.from_pretrained(plain, tmp_path / "a/adapter").eval()(ids).logits
    assert not torch.allclose(before, after, atol=1e-5)
    assert torch.allclose(after, theirs, atol=1e-6)


def test_bf16_trains_and_keeps_its_weights_in_float32(base: Path, tmp_path: Path) -> None:
    train(base, tmp_path, precision="bf16", steps=3)
    assert all(math.isfinite(loss) for loss in losses(tmp_path))
    assert {value.dtype for value in load_file(tmp_path / "model.safetensors").values()} == {torch.float32}


def test_another_base_model_is_refused(base: Path, tmp_path: Path) -> None:
    train(base, tmp_path / "out")
    other = toy_base(tmp_path / "other")
    assert load_captioner(tmp_path / "out", other), "the same bytes elsewhere are the same base model"
    (other / "vocabulary.json").write_text((other / "vocabulary.json").read_text() + " ")
    with pytest.raises(BadInput, match="trained on the base model"):
        load_captioner(tmp_path / "out", other)


def test_nothing_to_train_is_told(base: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="trains nothing in a variant whose prompt has no soft prompt"):
        train_variant(
            "A1", 0, base, toy_records(), {FILM: toy_features()}, {FILM: CAST},
            settings(trainable="soft prompt"), tmp_path,
        )  # fmt: skip


def test_clips_kept_out_are_spoken_of_and_never_learnt(base: Path, tmp_path: Path) -> None:
    heard: list[tuple[int, list[Said]]] = []

    class Listener(_Watcher):
        def texts(self, step: int, said: object) -> None:
            heard.append((step, list(said)))  # type: ignore[call-overload]

    facts = train(base, tmp_path, observer=Listener([]), validation_clips=2, sample_every=3)
    assert facts["clips"] == 7
    assert [step for step, _ in heard] == [3, 6, 7]
    kept, learnt = split(toy_records(9), 2)
    assert [said.clip for said in heard[0][1]] == [f"{FILM}:{record['clip_id']}" for record in kept]
    assert {record["clip_id"] for record in kept}.isdisjoint(record["clip_id"] for record in learnt)
    assert [len(part) for part in split(toy_records(3), 50)] == [0, 3]


def test_whoever_watches_cannot_break_a_training(
    base: Path, tmp_path: Path, uninterrupted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(_Watcher):
        def step(self, step: int, figures: object) -> None:
            super().step(step, figures)
            raise OSError("no space left")

    steps: list[int] = []
    train(base, tmp_path, observer=Broken(steps))
    assert steps == [0, 1], "after its first failure it hears no more"
    assert caplog.text.count("goes on unwatched: OSError: no space left") == 1
    assert (tmp_path / "model.safetensors").read_bytes() == (uninterrupted / "model.safetensors").read_bytes()
    Quietly(None).texts(1, lambda: pytest.fail("texts made for nobody"))


def test_clips_are_told_film_by_film() -> None:
    assert together(["b:2", "a:10", "a:9", "a:9"]) == "a:9,10 b:2"
