"""A full disk and one that cannot be written to, at every step of a publication and under whole commands."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

from common.errors import BadInput
from orchestration.faults.report import Row
from publishing.places import CODE_ROOT

log = logging.getLogger(__name__)
OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
KINDS = ("steps", "commands", "stages")


def rows(scratch: Path, seed: int) -> list[Row]:
    if not can_mount():
        return [Row("a small disk", 0, [], "left out: this machine lets nothing be mounted (`unshare --mount`)")]
    told = []
    for kind in KINDS:
        log.info("disk: %s", kind)
        out = scratch / f"disk_{kind}.json"
        out.unlink(missing_ok=True)
        words = [sys.executable, "-m", "orchestration.faults.small_disk", kind, str(scratch / "disk"), str(out)]
        subprocess.run([*OWN_MOUNTS, *words], cwd=CODE_ROOT, check=False)
        if not out.is_file():
            raise BadInput(f"faults: the small disk ({kind}) could not be used; what was wrong stands above")
        told += [Row(**row) for row in json.loads(out.read_text(encoding="utf-8"))]
    return told


def can_mount() -> bool:
    """Whether a process may have a tmpfs of its own here."""
    if shutil.which(OWN_MOUNTS[0]) is None:
        return False
    words = [*OWN_MOUNTS, "mount", "-t", "tmpfs", "faults", "/mnt"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0
