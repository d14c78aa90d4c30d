"""Profiles: values that differ from the schema's defaults, and the parameters file that they become.

`params.yaml` holds every value explicitly, in the schema's order and with its reason beside it, so that DVC can track
each and a reader need not look anything up.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from common.errors import BadInput
from common.files import write_text
from common.safe_yaml import read_yaml
from publishing.places import CODE_ROOT
from publishing.settings import Settings, check_settings

PROFILES = CODE_ROOT / "profiles"
_WIDTH = 120


def profile_names() -> list[str]:
    return sorted(path.stem for path in PROFILES.glob("*.yaml"))


def load_profile(name: str) -> Settings:
    """`BadInput` for a name that is no profile, or a profile with a mistake in it."""
    if name not in profile_names():
        raise BadInput(f"{name}: no such profile; there are {', '.join(profile_names())}")
    path = PROFILES / f"{name}.yaml"
    return check_settings(read_yaml(path), source=f"profiles/{path.name}")


def write_parameters(settings: Settings, path: Path, *, profile: str) -> None:
    """Writes all parameters, explicit, with the reason of each as a comment."""
    head = [
        f"# Parameters of the profile {profile}, every one explicit; `focusedad profile {profile}` writes this file."
    ]
    write_text(path, "\n".join([*head, *_lines(settings, 0)]) + "\n")


def _lines(model: BaseModel, depth: int) -> Iterator[str]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if depth == 0:
            yield ""
        yield from _entry(name, value, field, depth)


def _entry(name: str, value: Any, field: FieldInfo | None, depth: int) -> Iterator[str]:
    reason = " ".join(field.description.split()) if field is not None and field.description else ""
    if isinstance(value, BaseModel):
        yield from _explained(f"{name}:", reason, depth)
        yield from _lines(value, depth + 1)
    elif isinstance(value, dict) and value:
        yield from _explained(f"{name}:", reason, depth)
        for key, inner in value.items():
            yield from _entry(_scalar(key), inner, None, depth + 1)
    else:
        yield from _explained(f"{name}: {_scalar(value)}", reason, depth)


def _explained(line: str, reason: str, depth: int) -> Iterator[str]:
    """The line with its reason behind it, or in front where both together are too wide."""
    indent = "  " * depth
    whole = f"{indent}{line}  # {reason}" if reason else indent + line
    if len(whole) <= _WIDTH:
        yield whole
        return
    for part in textwrap.wrap(reason, _WIDTH - len(indent) - 2):
        yield f"{indent}# {part}"
    yield indent + line


def _scalar(value: Any) -> str:
    text: str = yaml.safe_dump(
        _plain(value), default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6
    ).strip()
    return text.removesuffix("...").strip()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
