"""Settings changed from a command line, one `section.name=value` each, checked as params.yaml is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from common.errors import BadInput
from models.perception.settings import PerceptionSettings


def with_changes(settings: PerceptionSettings, changes: Sequence[str]) -> PerceptionSettings:
    """`settings` with changes such as `regions.backend=sam2`; values are YAML. BadInput says what is wrong."""
    values: dict[str, Any] = settings.model_dump()
    for change in changes:
        path, equals, text = change.partition("=")
        *sections, name = path.split(".")
        here: Any = values
        for section in sections:
            here = here.get(section) if isinstance(here, dict) else None
        if not equals or not isinstance(here, dict) or name not in here:
            raise BadInput(f"--set {change}: no such parameter; write SECTION.NAME=VALUE as under perception")
        try:
            here[name] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise BadInput(f"--set {change}: not a value as in YAML") from None
    try:
        return PerceptionSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"--set {where}: {first['msg']}, not {first['input']!r}") from None
