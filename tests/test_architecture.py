"""The house: imports go down and never in a ring, the pipeline loads light, nothing is unpickled."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# A package may import itself and what stands on lower floors.
FLOORS = {
    "orchestration": 0,
    "assets": 1,
    "publishing": 2,
    "narration": 3,
    "models": 4,
    "corpora": 5,
    "evaluation": 5,
    "common": 6,
}
FILES = sorted(path for package in FLOORS for path in (ROOT / package).rglob("*.py"))
HEAVY = (
    "torch",
    "transformers",
    "great_expectations",
    "mlflow",
    "pandas",
    "cv2",
    "bert_score",
    "matplotlib",
    "sklearn",
)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, *, everywhere: bool) -> set[str]:
    """Modules of this repository that a file imports; at its top level only, or anywhere but for type checking."""
    found: set[str] = set()

    def visit(nodes: list[ast.stmt]) -> None:
        for node in nodes:
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                continue
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.update(
                    f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in MODULES else node.module
                    for alias in node.names
                )
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not everywhere:
                continue
            for part in ("body", "orelse", "finalbody"):
                visit(getattr(node, part, []) or [])
            for handler in getattr(node, "handlers", []):
                visit(handler.body)

    visit(ast.parse(path.read_text(encoding="utf-8")).body)
    return {name for name in found if name.split(".")[0] in FLOORS}


MODULES = {module_of(path): path for path in FILES}


@pytest.mark.parametrize("package", sorted(FLOORS))
def test_imports_go_down_only(package: str) -> None:
    wrong = []
    for path in FILES:
        if path.relative_to(ROOT).parts[0] != package:
            continue
        for name in imports_of(path, everywhere=True):
            other = name.split(".")[0]
            if other != package and FLOORS[other] <= FLOORS[package]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


def test_no_files_import_each_other_in_a_ring() -> None:
    graph = {name: imports_of(path, everywhere=False) & MODULES.keys() for name, path in MODULES.items()}
    done: set[str] = set()

    def walk(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above[above.index(name) :], name))
        if name not in done:
            for other in sorted(graph[name]):
                walk(other, (*above, name))
            done.add(name)

    for name in sorted(graph):
        walk(name, ())


def test_corpora_and_evaluation_know_no_torch_and_models_know_no_dagster() -> None:
    for path in FILES:
        package = path.relative_to(ROOT).parts[0]
        names = {
            (alias.name if isinstance(node, ast.Import) else str(node.module)).split(".")[0]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        if package == "corpora":
            assert "torch" not in names, path
        if package in ("corpora", "evaluation", "models", "narration", "common"):
            assert not names & {"dagster", "dvc"}, path


def test_the_definitions_load_without_the_heavy_libraries() -> None:
    probe = (
        "import sys; import assets; from publishing.settings import Settings; Settings(); "
        f"print(sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    loaded = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_nothing_is_unpickled() -> None:
    """No pickle, and no loader of another library that would unpickle by itself."""
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                assert not {"pickle", "joblib", "dill", "shelve"} & set(names), path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "load":
                owner = ast.unparse(node.func.value)
                if owner == "torch":
                    assert any(word.arg == "weights_only" for word in node.keywords), f"{path}:{node.lineno}"
                if owner in ("np", "numpy"):
                    allowed = {word.arg: ast.unparse(word.value) for word in node.keywords}
                    assert allowed.get("allow_pickle") == "False", f"{path}:{node.lineno}"
                if owner == "yaml":
                    assert "Loader" in ast.unparse(node), f"{path}:{node.lineno}"
