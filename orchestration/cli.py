"""`focusedad`: what a user asks besides the engines' own commands.

Every part is imported when it is asked for, so that `--help` is quick and a missing extra spoils nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.garbage import spare_collections

Command = Callable[[argparse.Namespace], int]
FEW_STEPS = 50  # of training, below which a table is only there to be seen
PASSED_ON = {
    "score": "all metrics over a CSV with the columns text_gt and text_gen",
    "narrate": "a draft description track for a film or a film folder",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, 1 where the answer is no, 2 for a mistake of the user's in one line."""
    if arguments is None:  # a process of its own
        spare_collections()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words and words[0] in PASSED_ON:
            return {"score": _score, "narrate": _narrate}[words[0]](words[1:])
        asked = _parser().parse_args(words)
        command: Command = asked.command
        return command(asked)
    except BadInput as mistake:
        print(mistake, file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, e.g. `head`, has had enough
        sys.stderr.close()
        return 0
    except Exception as error:
        from publishing.room import end_for_room

        return end_for_room(error, root=_root())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="focusedad", description="Audio description of films, reproduced.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    doctor = commands.add_parser("doctor", help="what is installed, what is missing, what that costs, how to get it")
    doctor.add_argument(
        "--fix", action="store_true", help="heal DVC's files, bring the interface in line with the disk"
    )
    doctor.set_defaults(command=_doctor)

    inspect = commands.add_parser(
        "inspect", help="recognise a corpus file or folder, count it, say what is wrong with it"
    )
    inspect.add_argument("path", type=Path)
    inspect.add_argument("--thorough", action="store_true", help="decode every frame of every film")
    inspect.set_defaults(command=_inspect)

    profile = commands.add_parser("profile", help="write params.yaml from a profile")
    profile.add_argument("name", nargs="?", help="without a name: list them")
    profile.set_defaults(command=_profile)

    tables = commands.add_parser("tables", help="Tables 1 and 2 as they were last made")
    tables.set_defaults(command=_tables)

    from orchestration import crate_command
    from orchestration.promote_command import add_to

    crate = commands.add_parser("crate", help="pack the tables and the lineage behind them as an RO-Crate")
    crate_command.add_to(crate)
    crate.set_defaults(command=_crate)

    promote = commands.add_parser("promote", help="make the captioner that lies here champion, if its scores allow it")
    add_to(promote)
    promote.set_defaults(command=_promote)

    for command in (doctor, inspect, profile, tables):
        command.add_argument("--json", action="store_true", help="answer as JSON")
    for name, what in PASSED_ON.items():
        commands.add_parser(name, help=what, add_help=False)
    return parser


def _doctor(asked: argparse.Namespace) -> int:
    from orchestration import doctor

    return doctor.main(as_json=asked.json, fix=asked.fix)


def _inspect(asked: argparse.Namespace) -> int:
    from corpora.inspection import inspect

    found = inspect(asked.path, thorough=asked.thorough)
    problems = list(found["problems"])
    if asked.json:
        _print_json(found)
    else:
        for name, value in found.items():
            if name not in ("problems", "warnings"):
                shown = (
                    ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
                )
                print(f"{name:12} {shown}")
        for warning in found.get("warnings", ()):
            print(f"shared       {warning}")
        for problem in problems:
            print(f"wrong        {problem}")
    return 2 if problems else 0


def _score(words: Sequence[str]) -> int:
    from evaluation.command import main as score
    from evaluation.spice import JARS_FOLDER

    asks_for_help = {"-h", "--help"} & set(words)  # which needs no parameters, and works where they are wrong
    settings = None if asks_for_help else _settings().evaluation
    return score(words, settings, cache=_root() / ".cache", jars=_root() / JARS_FOLDER)


def _narrate(words: Sequence[str]) -> int:
    from orchestration.narrate_command import main as narrate

    return narrate(words)


def _profile(asked: argparse.Namespace) -> int:
    from publishing.places import parameters_file
    from publishing.profiles import load_profile, profile_names, write_parameters
    from publishing.settings import film_ids

    if asked.name is None:
        if asked.json:
            _print_json(profile_names())
        else:
            print("\n".join(profile_names()))
        return 0
    settings = load_profile(asked.name)
    write_parameters(settings, parameters_file(), profile=asked.name)
    films = len(film_ids(settings))
    if asked.json:
        _print_json({"profile": asked.name, "films": films, "file": "params.yaml"})
    else:
        print(f"params.yaml holds the profile {asked.name}: {films} films; `dvc repro` makes what it asks for")
    return 0


def _tables(asked: argparse.Namespace) -> int:
    import csv

    folder = _root() / "data" / "paper_tables"
    tables: dict[str, list[dict[str, str]]] = {}
    for name in ("table_1", "table_2"):
        path = folder / f"{name}.csv"
        if not path.is_file():
            raise BadInput(f"data/paper_tables/{path.name}: not made yet; make it with `make repro`")
        with path.open(encoding="utf-8", newline="") as stream:
            tables[name] = list(csv.DictReader(stream))
    if asked.json:
        _print_json(tables)
        return 0
    print((folder / "tables.txt").read_text(encoding="utf-8"))
    steps = _steps_trained()
    if 0 < steps < FEW_STEPS:
        print(
            f"The captioners learnt for {steps} steps: the lineage is seen to work; numbers and order mean nothing.\n"
        )
    print("the whole report: data/paper_tables/report.html")
    return 0


def _steps_trained() -> int:
    """Of the captioner that learnt longest; 0 where none is there."""
    from common.files import read_json

    curves = [read_json(path) for path in sorted((_root() / "data/captioner").glob("*/training.json"))]
    return max((int(step) for curve in curves for step in curve.get("step", ())), default=0)


def _promote(asked: argparse.Namespace) -> int:
    from orchestration.promote_command import main as promote

    return promote(asked, _settings())


def _crate(asked: argparse.Namespace) -> int:
    from orchestration.crate_command import main as crate

    return crate(asked, _settings())


def _settings() -> Any:
    from publishing.places import parameters_file
    from publishing.settings import Settings, load_settings

    return load_settings(parameters_file()) if parameters_file().exists() else Settings()


def _root() -> Path:
    from publishing.places import root

    return root()


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False, default=str))


if __name__ == "__main__":
    sys.exit(main())
