"""What a unit's key is made of: versions of its inputs, parameters, the source of its code, and raw files.

Code enters by its meaning: comments, docstrings and layout are left out, so that a better comment remakes no film.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common.files import digest, file_md5, read_json, write_json
from publishing.places import CODE_ROOT
from publishing.stage import Stage


def code_digest(code: Sequence[str], *, code_root: Path = CODE_ROOT) -> str:
    """Digest of every file of the named packages and modules; a name that does not exist is a fault of the program."""
    files: dict[str, str] = {}
    memory = _Memory(code_root / ".cache" / "code_md5.json")  # delete it after a change of `_meaning`
    for name in code:
        start = code_root / name
        if not start.exists():
            raise FileNotFoundError(f"code {name!r} of a stage does not exist in the repository")
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if path.is_file() and "__pycache__" not in path.parts:
                place = path.relative_to(code_root).as_posix()
                files[place] = memory.recall(path, place, _file_digest)
    memory.keep()
    return digest(files)


def stage_digest(stage: Stage, *, code_root: Path = CODE_ROOT) -> str:
    """Digest of the stage's code: what it names, and the module of its `make` but for what only judges and shows."""
    module = make_module(stage, code_root=code_root)
    named = code_digest(stage.code, code_root=code_root)
    if module is None:
        return named
    beside = {
        _name(function)
        for function in (stage.facts, stage.expectations, stage.compared, stage.summary, stage.track)
        if function is not None
    }
    making = _meaning((code_root / module).read_bytes(), without=frozenset(beside))
    return digest([named, hashlib.md5(making, usedforsecurity=False).hexdigest()])


def make_module(stage: Stage, *, code_root: Path = CODE_ROOT) -> str | None:
    """The repository's path of the module that holds the stage's `make`, e.g. "assets/films.py"."""
    path = Path(inspect.getsourcefile(inspect.unwrap(getattr(stage.make, "func", stage.make))) or "")
    return path.relative_to(code_root).as_posix() if path.is_relative_to(code_root) else None


def _name(function: object) -> str:
    return str(getattr(getattr(function, "func", function), "__name__", ""))


def _file_digest(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".py":
        content = _meaning(content)
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _meaning(source: bytes, *, without: frozenset[str] = frozenset()) -> bytes:
    """The syntax tree without docstrings, and without the top-level functions named and the declaration of `STAGE`.

    Source that does not parse counts as its bytes.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    if without:
        tree.body = [node for node in tree.body if not (_defines(node) & (without | {"STAGE"}))]
    return ast.dump(tree).encode()


def _defines(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def raw_digest(path: Path, *, memory: Path) -> str:
    """Digest of a raw file or folder by content; films are large, so their MD5s are kept in the file `memory`."""
    known = _Memory(memory)
    found: dict[str, str] = {}
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            found[name] = known.recall(file, file.as_posix(), file_md5)
    known.keep()
    return digest(found)


class _Memory:
    """Digests of files, kept between runs; taken again only when size, inode or change time differ."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changed = False
        try:
            known = read_json(path)
        except (OSError, ValueError):
            known = {}
        told = known.items() if isinstance(known, dict) else ()
        self.known: dict[str, list[Any]] = {name: entry for name, entry in told if isinstance(entry, list) and entry}

    def recall(self, path: Path, place: str, take: Callable[[Path], str]) -> str:
        state = path.stat()
        stamp = [state.st_size, state.st_mtime_ns, state.st_ino]
        if place not in self.known or self.known[place][:-1] != stamp:
            self.known[place] = [*stamp, take(path)]
            self.changed = True
        return str(self.known[place][-1])

    def keep(self) -> None:
        if self.changed:
            write_json(self.path, self.known)
