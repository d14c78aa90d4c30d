"""What is kept in a draft's folder under `.work`: the machine's own draft, to which edits can be applied again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from common.errors import BadInput
from common.files import write_json
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
        return TypeAdapter(Draft).validate_json(path.read_bytes())
    except FileNotFoundError:
        raise BadInput(f"{folder}: holds no draft; make one with `focusedad narrate FILM --out {folder}`") from None
    except (OSError, ValidationError):
        raise BadInput(f"{path}: cannot be read; narrate the film again") from None
