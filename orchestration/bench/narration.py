"""`narrate` against the length of the film: seconds per film minute, and memory that may not grow with it."""

from __future__ import annotations

import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import BadInput
from orchestration.bench.harness import Result
from orchestration.bench.perception import lengthened

if TYPE_CHECKING:
    from corpora.film import Film

log = logging.getLogger(__name__)
VARIANT = "C2.0"


def against_length(film: Film, data: Path, minutes: Sequence[int]) -> list[Result]:
    """CPU seconds per film minute and the peak of memory of a whole draft, for a film played over and over."""
    results = []
    for count in minutes:
        with tempfile.TemporaryDirectory() as scratch:
            long = lengthened(film, Path(scratch) / "film", minutes=count)
            done = subprocess.run(
                [sys.executable, "-m", "orchestration.bench.narration", str(long.folder), str(data)],
                check=False,
                stdout=subprocess.PIPE,
                text=True,
            )
        if done.returncode:
            raise BadInput(f"bench: a film of {count} minutes could not be narrated; what was wrong stands above")
        measured = json.loads(done.stdout.splitlines()[-1])
        log.info("bench: narration of %d minutes, %s", count, measured)
        length = long.duration / 60
        note = (
            f"{length:.1f} min, {measured['slots']} slots, {measured['lines']} lines, {measured['written_mib']:.1f} MiB"
        )
        name = f"narration: a film of {count} min"
        seconds = measured["seconds"] / length
        results += [
            Result(f"{name}, time", seconds, None, None, "CPU s / film minute", note=note),
            Result(f"{name}, memory", measured["peak_mib"], None, None, "MiB at the peak", note=note),
        ]
    return results


def narrate_once(film_folder: Path, data: Path) -> dict[str, float]:
    """One film's draft in this process: CPU seconds of the work, the process's peak memory, what came of it."""
    import cv2
    import torch

    from models.captioner.settings import CaptionerSettings
    from models.perception.settings import PerceptionSettings
    from narration.given import Given
    from narration.narrate import Models, narrate
    from narration.settings import NarrationSettings

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    models = Models(
        data / "face_encoder",
        data / "base_model",
        data / "captioner" / VARIANT,
        PerceptionSettings(),
        CaptionerSettings(),
    )
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        draft = narrate(Given(film_folder), models, NarrationSettings(), out=Path(scratch))
        written = sum(path.stat().st_size for path in Path(scratch).iterdir() if path.is_file())
    return {
        "seconds": time.process_time() - begun,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "slots": len(draft.lines) + len(draft.silences),
        "lines": len(draft.lines),
        "written_mib": written / 2**20,
    }


def main(film_folder: str, data: str) -> int:
    from common.progress import show_progress

    show_progress()
    try:
        print(json.dumps(narrate_once(Path(film_folder), Path(data))))
        return 0
    except BadInput as mistake:
        print(mistake, file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
