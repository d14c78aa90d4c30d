"""How many vectors the soft prompt should have, where they should stand, and what they should start at.

    python -m models.measuring.soft_prompt [DATA] [--page docs/soft_prompt.md] [--steps 100] [--seeds 0,1,2]

Trains the soft prompt alone, the language model frozen (the paper's Figure 2), once per choice and seed on some of the
published training films, with fine-tuning's own loop, and judges it on the others; about 20 seconds each. Nothing in
the pipeline reads it. Prints a table, or with `--page` writes it as Markdown with JSON beside it.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import get_args

from common.errors import BadInput
from common.files import write_json, write_text
from common.progress import show_progress
from models.captioner.settings import CaptionerSettings
from models.captioner.speech import SoftPosition
from models.measuring.captions_rows import data_version
from models.measuring.soft_prompt_page import About, as_json, lines, measured, page, recommendation
from models.measuring.soft_prompt_rows import Choice, choices, read_world, trials

STARTS = ("random", "words")


def main(arguments: list[str] | None = None) -> int:
    """Measures the choices on the training films published under a data folder."""
    arguments = sys.argv[1:] if arguments is None else arguments
    given = _parser().parse_args(arguments)
    show_progress()
    try:
        _measure(given, command="python -m models.measuring.soft_prompt " + shlex.join(arguments))
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _measure(given: argparse.Namespace, *, command: str) -> None:
    import torch

    torch.set_num_threads(1)
    settings = _settings(given.steps, given.rate)
    own = Choice(settings.soft_prompt.tokens, settings.soft_prompt.position, settings.soft_prompt.start)
    chosen = choices(settings.soft_prompt, given.tokens, given.positions, given.starts, cross=given.cross)
    world = read_world(given.data)
    kept_out = world.kept_out(given.held_out or max(1, len(world.records) // 4))
    found = measured(trials(chosen, given.seeds, world, kept_out, settings), own)
    if given.page is None:
        print(f"{lines(found, own)}\n{recommendation(found, own)}")
        return
    training = settings.training
    about = About(
        command, given.profile, own, len(world.records), kept_out, training.steps or 0, training.rate,
        data_version(world.base),
    )  # fmt: skip
    write_text(given.page, page(found, about))
    write_json(given.page.with_suffix(".json"), as_json(found))
    print(f"{given.page}: {len(found)} choices, {len(given.seeds)} seeds. {recommendation(found, own)}")


def _settings(steps: int, rate: float | None) -> CaptionerSettings:
    settings = CaptionerSettings()
    changes = {"steps": steps} | ({} if rate is None else {"rate": rate})
    return settings.model_copy(update={"training": settings.training.model_copy(update=changes)})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.measuring.soft_prompt", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("data", nargs="?", type=Path, default=Path("data"), help="folder of the published data")
    parser.add_argument("--page", type=Path, help="write the table as Markdown here and its figures as JSON beside it")
    parser.add_argument("--profile", default="mini", help="the profile that made the data, for the page")
    parser.add_argument("--steps", type=_positive, default=100, help="updates of each training (default: 100)")
    parser.add_argument("--rate", type=float, help="peak learning rate (default: the profile mini's)")
    parser.add_argument("--seeds", type=_numbers, default=(0, 1, 2), metavar="S,S", help="trainings (default: 0,1,2)")
    parser.add_argument("--held-out", type=_positive, metavar="N", help="films kept out (default: a quarter)")
    parser.add_argument("--tokens", type=_numbers, default=(1, 4, 16), metavar="N,N", help="numbers of vectors")
    parser.add_argument(
        "--positions", type=_words, default=get_args(SoftPosition), metavar="P,P",
        help=f"where they stand: {', '.join(get_args(SoftPosition))}",
    )  # fmt: skip
    parser.add_argument("--starts", type=_words, default=STARTS, metavar="S,S", help=f"from: {', '.join(STARTS)}")
    parser.add_argument("--cross", action="store_true", help="every combination, not one change of the default each")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1")
    return value


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(text: str) -> tuple[int, ...]:
    try:
        found = tuple(int(word) for word in _words(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: not whole numbers with commas between them") from None
    if not found or min(found) < 0:
        raise argparse.ArgumentTypeError(f"{text}: whole numbers from 0 on, at least one")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
