"""Fine-tuning as a command: what it refuses with which status, what it leaves, and the launchers' files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import numpy as np
import pytest
import yaml

from assets import tune
from assets.captioner import STAGE, parameters
from common.errors import BadInput
from corpora.film import Character, Film, write_film
from models.training.loop import TrainingDiverged
from orchestration.factory import one_line
from publishing.live import NOTE
from publishing.profiles import load_profile, write_parameters
from publishing.records import write_record
from publishing.settings import check_settings
from publishing.stage import Work

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))
from captioner_toys import CAST, FILM, toy_base, toy_features, toy_records

ROOT = Path(__file__).parents[2]
SMALL = {
    "studio": {"train_films": 1},
    "captioner": {"training": {"steps": 6, "sequences": 4, "checkpoint_every": 2, "validation_clips": 0, "warm_up": 1}},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository's folder with one film's published data."""
    root = tmp_path_factory.mktemp("world")
    folders = {name: root / "data" / name / FILM for name in ("films", "storyboard_v2", "clip_features")}
    cast = tuple(Character(name, "somebody", f"nm{place}", ()) for place, name in enumerate(CAST))
    film = Film(
        id=FILM, title="T", split="train", source="studio", fps=10.0, frames=100, width=64, height=36, duration=10.0,
        cast=cast, descriptions=(), labelled_boxes=(), put_aside=(), folder=folders["films"],
    )  # fmt: skip
    write_film(film, folders["films"])
    folders["storyboard_v2"].mkdir(parents=True)
    lines = [json.dumps(record) + "\n" for record in toy_records(9)]
    (folders["storyboard_v2"] / "clips.jsonl").write_text("".join(lines))
    toy_features(9).write(folders["clip_features"])
    toy_base(root / "data" / "base_model")
    for folder in (*folders.values(), root / "data" / "base_model"):
        write_record(folder, key="", made_from={}, audit="")
    write_parameters(check_settings(SMALL, source="test"), root / "params.yaml", profile="test")
    return root


@pytest.fixture
def here(world: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOCUSEDAD_ROOT", str(world))
    return world


def test_mistakes_end_with_status_2_and_a_line(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = str(tmp_path / "out")
    for arguments, line in (
        (["../C2", "--restart"], "../C2: no variant and seed"),
        (["C2", "--out", out], "C2: no variant and seed"),
        (["D9.0", "--out", out], "no such variant; there are A1, A2, C1, C2"),
        (["C2.0", "--out", out, "--set", "captioner.training.rat=1"], "did you mean rate?"),
        (["C2.0", "--out", out, "--set", "captioner.training"], "write it as captioner.training.rate"),
        (["C2.0", "--out", out, "--set", "captioner.training.rate=[1"], "rate=[1: [1 is no value"),
        (["C2.0", "--out", out, "--set", "captioner.training.steps=null"], "steps and epochs: give one of them"),
        (["C2.0", "--out", out, "--set", "studio.train_films=2"], "not published; make it with `dvc repro"),
    ):
        assert tune.main(arguments) == 2
        assert line in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_training_is_taken_up_refused_or_begun_anew(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import models.training.captioner as training

    out, checkpoints = tmp_path / "C2.0", tmp_path / "C2.0.checkpoints"

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(training, "save_captioner", interrupted)
        tune.main(["C2.0", "--out", str(out)])
    assert (checkpoints / "step-000006").is_dir() and (checkpoints / NOTE).is_file()
    changed = ["C2.0", "--out", str(out), "--set", "captioner.training.rate=1e-4"]
    assert tune.main(changed) == 2
    said = capsys.readouterr().err
    assert "parameter training.rate: 0.0008 -> 0.0001" in said and "--restart" in said
    assert tune.main(["C2.0", "--out", str(out)]) == 0
    first = (out / "model.safetensors").read_bytes()
    assert not checkpoints.exists()
    assert tune.main(["C2.0", "--out", str(out)]) == 2
    assert "lies there already" in capsys.readouterr().err
    (out / "config.json").unlink()
    assert tune.main([*changed, "--restart"]) == 0
    assert (out / "model.safetensors").read_bytes() != first


def test_without_a_folder_it_lies_in_tuned_and_is_told(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert tune.main(["A1.0"]) == 0
    out = Path("tuned/A1.0")
    told = capsys.readouterr().out
    assert told.startswith("A1.0: 6 steps, loss ") and f"focusedad narrate FILM --model {out}" in told
    modes = {path.stat().st_mode & 0o777 for path in out.iterdir()}
    assert len(modes) == 1, "the weights are as readable as the files beside them"
    assert sorted(path.name for path in Path("tuned").iterdir()) == ["A1.0"]


def test_a_loss_that_is_no_number_ends_with_status_1(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import models.training.tuning as tuning

    monkeypatch.setattr(tuning._Tuning, "_clipped", lambda self: np.nan)
    assert tune.main(["C2.0", "--out", str(tmp_path / "out")]) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "the gradient is not finite at step 1 of 6" in line and f"clips {FILM}:" in line


@pytest.mark.parametrize(("stopped", "line"), [(BadInput, "no such film"), (TrainingDiverged, "the loss is nan")])
def test_what_ends_one_of_several_processes_ends_the_stage_alike(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: type[Exception], line: str
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise stopped(line)

    def in_this_process(command: list[str], **_: object) -> SimpleNamespace:
        return SimpleNamespace(returncode=tune.main(command[command.index("assets.tune") + 1 :]))

    monkeypatch.setattr(tune, "fine_tune", failing)
    monkeypatch.setattr("common.workers.end_with_parent", lambda: None)
    monkeypatch.setattr("subprocess.run", in_this_process)
    changes = {**SMALL, "captioner": {"training": {**SMALL["captioner"]["training"], "processes": 2}}}
    work = Work(check_settings(changes, source="test"), "C2.0", tmp_path / "out", tmp_path / "data", {})
    with pytest.raises(stopped, match=line):
        tune.launch(work)
    with pytest.raises(dg.Failure, match=line) as told, one_line():
        tune.launch(work)
    assert told.value.metadata["exit_status"].value == (2 if stopped is BadInput else 1)


@pytest.mark.slow
def test_the_stage_launches_as_many_processes_as_are_asked_for(here: Path, tmp_path: Path) -> None:
    changes = {**SMALL, "captioner": {"training": {**SMALL["captioner"]["training"], "processes": 2}}}
    settings = check_settings(changes, source="test")
    assert STAGE.jobs is not None and STAGE.jobs(settings) == 1
    inputs = dict.fromkeys(("films", "storyboard_v2", "clip_features"), (FILM,)) | {"base_model": ("",)}
    work = Work(settings, "C2.0", tmp_path / "out", here / "data", inputs)
    STAGE.make(work)
    assert len(json.loads((work.out / "training.json").read_text())["loss"]) == 6
    assert (tune.checkpoints_of(work) / NOTE).is_file(), "the first process was watched"


def test_how_a_training_is_watched_and_kept_remakes_nothing() -> None:
    settings = load_profile("mini")
    often = check_settings({"captioner": {"training": {"checkpoint_every": 1, "sample_every": 1}}}, source="test")
    other = check_settings({"captioner": {"training": {"rate": 1e-3}}}, source="test")
    lora = check_settings({"captioner": {"lora": {"rank": 2}}}, source="test")
    assert parameters(settings, "C2.0") == parameters(often, "C2.0") == parameters(lora, "C2.0")
    assert parameters(settings, "C2.0") != parameters(other, "C2.0")


@pytest.mark.parametrize("path", sorted((ROOT / "profiles" / "accelerate").glob("*.yaml")), ids=lambda path: path.stem)
def test_accelerate_reads_the_launchers_files(path: Path) -> None:
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser

    read = load_config_from_file(str(path))
    written = yaml.safe_load(path.read_text())
    assert read.num_processes == written["num_processes"] and read.mixed_precision == "bf16"
    assert read.distributed_type.value == written["distributed_type"]
    assert path.read_text().startswith("# "), "when it is for"
    parser = launch_command_parser()
    asked, _, _ = _validate_launch_command(parser.parse_args(["--config_file", str(path), "-m", "assets.tune"]))
    kinds = {"FSDP": asked.use_fsdp, "MULTI_GPU": asked.multi_gpu}
    assert [kind for kind, chosen in kinds.items() if chosen] == [written["distributed_type"]]
