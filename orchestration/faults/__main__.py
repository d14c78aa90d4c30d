"""`make faults`: faults on purpose, in scratch clones, and a page of what they did."""

from __future__ import annotations

import argparse
import logging
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import BadInput
from common.progress import show_progress
from orchestration.faults.report import PARTS

if TYPE_CHECKING:
    from orchestration.faults.kills import State
    from orchestration.faults.report import Row

log = logging.getLogger(__name__)
SCRATCH = Path(".cache/faults")
MARK = "scratch_of_faults"  # in a folder whose clones are this command's
MADE = {
    "kills": ("kills.json", "undisturbed", "killed"),
    "together": ("whole", "killed_together", "toys"),
    "disk": ("disk", "disk_steps.json", "disk_commands.json", "disk_stages.json", "toys"),
    "pairs": ("toys",),
    "servers": ("toys", "ray"),
    "clock": ("toys", "jumping_clock.so"),
    "network": ("cut_off", "connected", "toys"),
}
"""What each part leaves in the scratch folder."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, 1 where anything was found wrong, 2 for a mistake of the user's in one line."""
    parser = argparse.ArgumentParser(prog="python -m orchestration.faults", description=__doc__)
    parser.add_argument("--only", choices=list(PARTS), action="append", help="one part (may be given more than once)")
    parser.add_argument("--kills", type=int, default=56, help="how often the lineage is killed (default: 56)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: 0)")
    parser.add_argument(
        "--minutes", type=float, help="after this time the lineage is killed no more, but made to its end"
    )
    parser.add_argument("--scratch", type=Path, default=SCRATCH, help="where the clones lie, and what is done so far")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="leave the clones there; else they go when all is done and nothing was wrong",
    )
    parser.add_argument("--out", type=Path, default=Path("docs"), help="where FAULTS.json and .md go")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends too
    try:
        if asked.kills < 1:
            raise BadInput(f"--kills {asked.kills}: at least one")
        asked.scratch = _scratch(asked.scratch)
        show_progress()
        wrong = sum(_part(part, asked) for part in asked.only or PARTS)
    except BadInput as mistake:
        print(mistake, file=sys.stderr)
        return 2
    if wrong:
        log.info("faults: something was wrong; the clones stay in %s", asked.scratch)
    elif not asked.keep:
        _clear(asked.scratch, asked.only or PARTS)
    print((asked.out / "FAULTS.md").read_text(encoding="utf-8"))
    return 1 if wrong else 0


def _scratch(asked: Path) -> Path:
    """The folder as an absolute path, marked; refuses one that holds what is not this command's."""
    folder = asked.resolve()
    if folder.exists() and not (folder / MARK).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"--scratch {asked}: holds what this command did not make; name a new or an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    return folder


def _clear(scratch: Path, parts: Iterable[str]) -> None:
    """Removes what the parts made, and nothing else."""
    for path in {scratch / name for part in parts for name in MADE[part]}:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _part(part: str, asked: argparse.Namespace) -> int:
    """Runs a part, writes the page; gives back how much was wrong."""
    from orchestration.faults.report import write_part
    from orchestration.faults.scratch import Clone

    log.info("faults: %s", PARTS[part])
    if part == "kills":
        return _kills(asked)
    rows: list[Row] = _parts()[part](asked.scratch, asked.seed)
    write_part(part, rows, asked.out, commit=Clone(asked.scratch / "toys").commit)
    return sum(len(row.wrong) for row in rows)


def _parts() -> dict[str, Callable[[Path, int], list[Row]]]:
    from orchestration.faults import clock, disk, network, pairs, servers, together

    modules = {
        "together": together,
        "disk": disk,
        "pairs": pairs,
        "servers": servers,
        "clock": clock,
        "network": network,
    }
    return {name: module.rows for name, module in modules.items()}


def _kills(asked: argparse.Namespace) -> int:
    from orchestration.faults.kills import Kills, kill_rows
    from orchestration.faults.report import write_part

    def told(state: State) -> None:
        write_part("kills", kill_rows(state), asked.out, commit=state.commit, more={"kills": state.as_table()})

    state = Kills(asked.scratch, count=asked.kills, seed=asked.seed, minutes=asked.minutes, told=told).run()
    return sum(len(row.wrong) for row in kill_rows(state))


if __name__ == "__main__":
    raise SystemExit(main())
