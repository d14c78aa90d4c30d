"""YAML, read without running anything; what a person writes also without growing beyond what stands there."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

from common.errors import BadInput
from common.files import read_whole

_LARGEST = 1_000_000  # bytes; the parameters with all their comments have a twentieth of it


def read_yaml(path: Path, *, name: str = "", advice: str = "write it again") -> Any:
    """Safe YAML, {} for an empty file; a missing or broken file is `BadInput` with its line.

    A key written twice is refused, and an alias: a few of them stand for billions of values. `name` is the file's in
    messages, `advice` what to do where it is missing.
    """
    name = name or path.name
    if not path.is_file():
        raise BadInput(f"{name}: no such file; {advice}")
    content = read_whole(path, largest=_LARGEST)
    try:
        return yaml.load(content.decode("utf-8"), _OnceLoader) or {}
    except UnicodeDecodeError as error:
        raise BadInput(f"{name}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"{name}:{line}: not valid YAML ({error.problem}); mend that line") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"{name}: not valid YAML ({error}); mend it") from None


def parse_yaml(text: str) -> Any:
    """Safe YAML that a program wrote, by libyaml, which takes a tenth of the time; raises what PyYAML raises."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


class _OnceLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key written twice, where the last one would win in silence, and aliases."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            told = "an alias; write the value itself"
            raise yaml.composer.ComposerError(None, None, told, self.peek_event().start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool | date | bytes | None):
                told = "a key is a list or a table; give it a name"
                raise yaml.constructor.ConstructorError(None, None, told, key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is written twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)
