"""Which of our modules a function can reach: definition by definition, through imports wherever they stand."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FLOORS = ("common", "corpora", "evaluation", "models", "narration", "assets")
Place = tuple[str, str]  # module, top-level name; "*" is the whole module


class Module:
    """The top-level definitions of a module, and what each imported name stands for."""

    def __init__(self, name: str) -> None:
        self.name = name
        tree = _Typeless().visit(ast.parse(file_of(name).read_text(encoding="utf-8")))
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.imports = dict(_imported(tree))
        for node in tree.body:
            for defined in _names(node):
                self.definitions.setdefault(defined, []).append(node)

    def reached_from(self, name: str) -> Iterator[Place]:
        """The places that the definition of `name` refers to."""
        if name in self.imports and name not in self.definitions:
            yield self.imports[name]
            return
        for node in self.definitions.get(
            name, [] if name != "*" else [each for all in self.definitions.values() for each in all]
        ):
            here = self.imports | dict(_imported(node))
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id in here:
                    module, symbol = here[inner.value.id]
                    yield (module, inner.attr) if symbol == "*" else (module, symbol)
                elif isinstance(inner, ast.Name) and inner.id in here:
                    if here[inner.id][1] != "*":  # a module alone is reached by what is taken from it
                        yield here[inner.id]
                elif isinstance(inner, ast.Name) and inner.id in self.definitions:
                    yield self.name, inner.id


class _Typeless(ast.NodeTransformer):
    """Drops what only type checkers read."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if getattr(node.test, "id", "") == "TYPE_CHECKING" else self.generic_visit(node)


def reach(module: str, name: str) -> set[str]:
    """The files, relative to the repository, that hold what `module.name` can reach."""
    seen: set[Place] = set()
    todo: list[Place] = [(module, name)]
    while todo:
        place = todo.pop()
        if place not in seen:
            seen.add(place)
            todo += _module(place[0]).reached_from(place[1])
    return {file_of(place[0]).relative_to(ROOT).as_posix() for place in seen}


def file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@functools.cache
def _module(name: str) -> Module:
    return Module(name)


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)]


def _imported(tree: ast.AST) -> Iterator[tuple[str, Place]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in FLOORS:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = file_of(inner).exists()
                yield alias.asname or alias.name, (inner, "*") if is_module else (node.module, alias.name)
