"""What is kept in a draft's folder under `.work`: the machine's own draft, to which edits can be applied again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from common.errors import BadInput
from common.files import check_values, read_json, write_json
from narration.script import Draft

WORK = ".work"
_DRAFT = "draft.json"


def keep_draft(folder: Path, draft: Draft) -> None:
    """Keeps a draft as the machine made it, before edits."""
    write_json(folder / WORK / _DRAFT, asdict(draft))


def read_draft(folder: Path) -> Draft:
    """What `keep_draft` kept; `BadInput` where there is none."""
    path = folder / WORK / _DRAFT
    try:
        if not path.is_file():
            raise BadInput(f"{folder}: holds no draft; make one with `focusedad narrate FILM --out {folder}`")
        value = read_json(path)
        draft = TypeAdapter(Draft).validate_python(value)
        check_values(asdict(draft))  # "inf" is a number for pydantic
        slots = [(each.start, each.end) for each in draft.lines] + [(each.start, each.end) for each in draft.silences]
        if not all(0 <= start <= end < 1e9 for start, end in [*slots, (0.0, draft.duration)]):
            raise ValueError("a slot ends before it begins")
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{path}: cannot be read; narrate the film again") from None
    return draft
