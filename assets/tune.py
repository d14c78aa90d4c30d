"""Fine-tuning as a command of its own, and what the stage `captioner` runs: the same function either way.

    python -m assets.tune C2.0 [--out FOLDER] [--set captioner.training.rate=0.0004] [--restart]
    accelerate launch --config_file profiles/accelerate/fsdp.yaml -m assets.tune C2.0 --out FOLDER

It reads the published data and writes one captioner, into tuned/C2.0 where no folder is given. Exit status: 0
trained, 1 the loss is no number any more, 2 a mistake of the user's, among them checkpoints of a training that has
changed since.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from common.errors import BadInput
from common.files import read_json, write_json
from publishing.stage import Work

if TYPE_CHECKING:
    from publishing.settings import Settings

WORK = "work.json"
ENDED = "ended.{}.json"  # why a process of several ended, by its rank: torchrun only says that one did
# A checkpoint of other code is not gone on from; the stage's own list is finer, for what lies published.
CODE = ("common", "corpora/film.py", "assets/clips.py", "models/captioner", "models/prior", "models/training")


def fine_tune(work: Work, *, stage: str = "captioner", checkpoints: Path | None = None, anew: bool = True) -> None:
    """Trains the work's variant into `work.out`, from its checkpoints where there are some; watched by MLflow.

    `anew`: where parameters, data or code changed since those checkpoints, they are thrown away with a line that says
    what changed; otherwise that is `BadInput`. Every process of a group calls this alike.
    """
    from assets.captioner import casts_of, features_of, variant_and_seed
    from assets.clips import read_records
    from models.training.captioner import Resume, train_variant
    from publishing.keys import code_digest
    from publishing.live import NOTE, LiveRun

    variant, seed = variant_and_seed(work.unit)
    films = work.units("storyboard_v2")
    folder = checkpoints or checkpoints_of(work)
    live = LiveRun(
        stage=stage,
        unit=work.unit,
        data=work.data,
        inputs=work.inputs,
        parameters=run_parameters(work),
        note=folder / NOTE,
    )
    with live:
        train_variant(
            variant,
            seed,
            work.read("base_model"),
            [record for film in films for record in read_records(work.read("storyboard_v2", film))],
            features_of(work, films),
            casts_of(work, films),
            work.settings.captioner,
            work.out,
            resume=Resume(folder, _versions(work), code_digest(CODE), "begin anew" if anew else "refuse"),
            observer=live,
        )


def launch(work: Work) -> None:
    """`fine_tune` in as many processes as the settings ask for, through accelerate's own launcher or torchrun.

    What ends one of them, a mistake of the user's or a loss that is no number, ends this alike.
    """
    from common.workers import end_with_parent

    asked = work.settings.captioner.training
    note = checkpoints_of(work) / WORK
    write_json(
        note,
        {
            "unit": work.unit,
            "out": str(work.out),
            "data": str(work.data),
            "inputs": {name: list(units) for name, units in work.inputs.items()},
            "settings": work.settings.model_dump(mode="json"),
        },
    )
    if asked.launch:
        how = ["accelerate.commands.launch", "--config_file", asked.launch, f"--num_processes={asked.processes}", "-m"]
    else:
        how = ["torch.distributed.run", "--standalone", f"--nproc_per_node={asked.processes}", "-m"]
    command = [sys.executable, "-m", *how, "assets.tune", work.unit, "--work", str(note)]
    for earlier in note.parent.glob(ENDED.format("*")):
        earlier.unlink()
    environment = {**os.environ, **_without_gpu()}
    ended = subprocess.run(command, env=environment, preexec_fn=end_with_parent, check=False)
    if ended.returncode:
        _raise_as_told(note.parent)
        raise RuntimeError(f"captioner: {work.unit} in {asked.processes} processes ended with {ended.returncode}")


def _raise_as_told(folder: Path) -> None:
    from models.training.loop import TrainingDiverged

    for path in sorted(folder.glob(ENDED.format("*"))):
        told = read_json(path)
        raise (BadInput if told["status"] == 2 else TrainingDiverged)(told["line"])


def _without_gpu() -> dict[str, str]:
    import torch

    return {} if torch.cuda.is_available() else {"ACCELERATE_USE_CPU": "true"}


def checkpoints_of(work: Work) -> Path:
    """Outside the stage's staging, which a killed run leaves to be swept; gone once the unit is published."""
    return work.data / ".checkpoints" / "captioner" / work.unit


def run_parameters(work: Work) -> dict[str, Any]:
    """What a training's run in MLflow shows of the settings."""
    from assets.captioner import variant_and_seed

    variant, seed = variant_and_seed(work.unit)
    settings = work.settings.captioner
    chosen = settings.variants[variant].model_dump(mode="json", exclude={"trainable"})
    trainable = settings.trainable_of(variant)
    found = {"variant": variant, "seed": seed, **chosen, "trainable": trainable}
    found |= {f"training.{name}": value for name, value in settings.training.model_dump(mode="json").items()}
    if settings.variants[variant].soft_prompt:
        found |= {f"soft_prompt.{name}": value for name, value in settings.soft_prompt.model_dump(mode="json").items()}
    if trainable == "lora":
        found |= {f"lora.{name}": value for name, value in settings.lora.model_dump(mode="json").items()}
    return found


def _versions(work: Work) -> dict[str, str]:
    from publishing.records import version

    return {
        f"{stage}/{unit}".rstrip("/"): version(work.data / stage / unit) or ""
        for stage, units in work.inputs.items()
        for unit in units
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m assets.tune", description="Fine-tunes one variant of the captioner on the published data."
    )
    parser.add_argument("unit", help="variant and seed, e.g. C2.0")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where the captioner is written; checkpoints lie beside it until it is done (default: tuned/UNIT)",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter instead of that in params.yaml"
    )
    parser.add_argument("--restart", action="store_true", help="throw away the checkpoints of an earlier training")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)  # what the stage asks of its own processes
    asked = parser.parse_args(arguments)
    from common.progress import show_progress
    from models.training.loop import TrainingDiverged

    show_progress()
    try:
        if asked.work is not None:
            _of_the_stage(asked.work)
        else:
            out = _by_hand(asked.unit, asked.out, _settings(asked.set), restart=asked.restart)
            if _is_first_process():
                print(_told(asked.unit, out))
    except (BadInput, TrainingDiverged) as stopped:
        status = 2 if isinstance(stopped, BadInput) else 1
        if asked.work is not None:
            ended = asked.work.with_name(ENDED.format(os.environ.get("RANK", "0")))
            write_json(ended, {"status": status, "line": str(stopped)})
        print(stopped, file=sys.stderr)
        return status
    return 0


def _of_the_stage(note: Path) -> None:
    from common.workers import end_with_parent
    from publishing.settings import check_settings

    end_with_parent()
    told = read_json(note)
    inputs = {name: tuple(units) for name, units in told["inputs"].items()}
    settings = check_settings(told["settings"], source=note.name)
    fine_tune(Work(settings, told["unit"], Path(told["out"]), Path(told["data"]), inputs))


def _by_hand(unit: str, out: Path | None, settings: Settings, *, restart: bool) -> Path:
    """Trains what was asked for; gives back the folder it lies in."""
    from publishing.places import data
    from publishing.swap import permit_as

    inputs = _inputs(settings, unit, data())
    out = out or Path("tuned") / unit
    if (out / "config.json").exists():
        raise BadInput(f"{out}: a captioner lies there already; remove it or name another folder with --out")
    checkpoints = out.with_name(f"{out.name}.checkpoints")
    if restart and _is_first_process():
        shutil.rmtree(checkpoints, ignore_errors=True)
    fine_tune(Work(settings, unit, out, data(), inputs), stage="tune", checkpoints=checkpoints, anew=False)
    shutil.rmtree(checkpoints, ignore_errors=True)
    if _is_first_process():
        permit_as(out / "config.json", out)
    return out


def _is_first_process() -> bool:
    return int(os.environ.get("RANK", "0")) == 0


def _told(unit: str, out: Path) -> str:
    """What became of a training, and what can be done with it."""
    losses = read_json(out / "training.json")["loss"]
    course = f"loss {losses[0]:.3f} -> {losses[-1]:.3f}" if losses else "nothing learnt"
    return (
        f"{unit}: {len(losses)} steps, {course}; written to {out} (its losses: training.json)\n"
        f"hear it: focusedad narrate FILM --model {out}    see the training: make ui, MLflow, run tune/{unit}"
    )


def _inputs(settings: Settings, unit: str, data: Path) -> dict[str, tuple[str, ...]]:
    """The published units that the stage would read for this unit."""
    from assets import STAGES
    from assets.captioner import STAGE, variant_and_seed
    from publishing.records import aside_reason, version
    from publishing.stage import graph_of

    try:
        variant_and_seed(unit)
    except ValueError:
        raise BadInput(f"{unit}: no variant and seed; write e.g. C2.0") from None
    if variant_and_seed(unit)[0] not in settings.captioner.variants:
        raise BadInput(f"{unit}: no such variant; there are {', '.join(sorted(settings.captioner.variants))}")
    found: dict[str, tuple[str, ...]] = {}
    for stage, units in STAGE.inputs_of(settings, unit, graph_of(STAGES)).items():
        for each in units:
            if version(data / stage / each) is None:
                raise BadInput(f"data/{stage}/{each}: not published; make it with `dvc repro {stage}`")
        found[stage] = tuple(each for each in units if aside_reason(data / stage / each) is None)
    return found


def _settings(changes: Sequence[str]) -> Settings:
    from publishing.places import parameters_file
    from publishing.settings import check_settings, load_settings

    values: dict[str, Any] = load_settings(parameters_file()).model_dump(mode="json")
    for change in changes:
        name, equals, value = change.partition("=")
        *tables, last = name.split(".")
        place: Any = values
        for table in tables:
            place = place.get(table) if isinstance(place, Mapping) else None
        if not equals or not isinstance(place, dict):
            raise BadInput(f"--set {change}: write it as captioner.training.rate=0.0004")
        try:
            place[last] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise BadInput(f"--set {change}: {value} is no value; write it as in params.yaml") from None
    return check_settings(values, source="--set")


if __name__ == "__main__":
    sys.exit(main())
