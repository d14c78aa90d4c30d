"""What docs/security.md says of the code as a whole, held against the code."""

from __future__ import annotations

import ast
import pickle
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pickled import object_array, pickled_files

ROOT = Path(__file__).parents[1]
PACKAGES = ("common", "corpora", "evaluation", "models", "narration", "publishing", "assets", "orchestration", "tools")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
UNPICKLING = {
    "pickle",
    "cPickle",
    "cloudpickle",
    "dill",
    "joblib",
    "shelve",
    "marshal",
    "jsonpickle",
    "pandas.io.pickle",
}
ARCHIVES = {"tarfile", "zipfile", "shutil.unpack_archive", "py7zr", "rarfile"}
STARTS = {"run", "Popen", "call", "check_call", "check_output"}
# What is called by its module's name, so that the walk knows it.
BY_MODULE = {f"subprocess.{name}" for name in STARTS} | {
    *("torch.load", "numpy.load", "yaml.load", "av.open", "os.system", "os.popen", "tempfile.mktemp")
}
NO_WEIGHTS = ("Tokenizer", "Processor", "Embedding")  # classes whose from_pretrained reads no weights from a file
# What reads or writes XML: read behind a guard that refuses every document type, or only written.
XML = {"narration/dapt.py", "evaluation/chart.py", "evaluation/charts.py"}
# What asks an address: the judge that the parameters name; the faults' harness asks a server that it started.
YAML = "common/safe_yaml.py"
NETWORK = {"evaluation/judge.py", "orchestration/faults/servers.py"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def modules(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def keywords(call: ast.Call) -> dict[str, str]:
    return {word.arg: ast.unparse(word.value) for word in call.keywords if word.arg}


def faults_in(source: str, place: str) -> list[str]:
    """What a file does that docs/security.md excludes."""
    tree = ast.parse(source)
    imported = modules(tree)
    found = [f"imports {name}" for name in sorted(imported & (UNPICKLING | ARCHIVES))]
    found += [f"imports {name} by itself" for name in sorted(imported & BY_MODULE)]
    if place not in XML and any(name.split(".")[0] in ("xml", "lxml") for name in imported):
        found.append("reads XML")
    if place not in NETWORK and imported & {"urllib.request", "requests", "httpx", "aiohttp"}:
        found.append("asks the network")
    for function, call in calls(tree):
        given, last = keywords(call), function.rpartition(".")[2]
        if function in ("eval", "exec", "compile", "__import__", "os.system", "os.popen", "tempfile.mktemp"):
            found.append(f"calls {function}")
        if given.get("shell", "False") != "False":
            found.append(f"{function} with a shell")
        command = call.args[0] if function.startswith("subprocess.") and last in STARTS and call.args else None
        if isinstance(command, ast.Constant | ast.JoinedStr):
            found.append(f"{function} with one string")
        if function == "torch.load" and given.get("weights_only") != "True":
            found.append("torch.load that unpickles")
        if function in ("np.load", "numpy.load") and given.get("allow_pickle") != "False":
            found.append("np.load that may unpickle")
        if last in ("read_pickle", "to_pickle", "unsafe_load", "full_load", "unpack_archive", "extractall"):
            found.append(f"calls {function}")
        if function == "yaml.load" and place != YAML:
            found.append("yaml.load beside common.safe_yaml")
        if given.get("trust_remote_code", "False") != "False":
            found.append(f"{function} runs a model's own code")
        kind = function.removesuffix(".from_pretrained").rpartition(".")[2]
        if last == "from_pretrained" and not kind.endswith(NO_WEIGHTS) and given.get("use_safetensors") != "True":
            found.append(f"{function} may unpickle weights")
        mode = given.get("mode") or (ast.unparse(call.args[1]) if len(call.args) > 1 else "'r'")
        if function == "av.open" and mode != "'w'" and "ONLY_FILES" not in given.get("options", ""):
            found.append("av.open that opens what a playlist names")
        if last == "Environment" and "jinja" in function and "autoescape" not in given:
            found.append("pages without escapes")
    found += [f"listens on {every}" for every in ('"0.0.0.0"', '"::"') if every in source]
    return found


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_file_does_what_the_page_excludes(path: Path) -> None:
    assert faults_in(path.read_text(encoding="utf-8"), name_of(path)) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import zipfile",
        "import xml.etree.ElementTree",
        "import urllib.request",
        "eval(x)",
        "import os\nos.system(x)",
        "subprocess.run(x, shell=True)",
        'subprocess.run(f"ls {x}")',
        "torch.load(x)",
        "torch.load(x, weights_only=False)",
        "np.load(x)",
        "np.load(x, allow_pickle=True)",
        "pd.read_pickle(x)",
        "yaml.load(x, yaml.Loader)",
        "yaml.unsafe_load(x)",
        "AutoModel.from_pretrained(x)",
        "Qwen2ForCausalLM.from_pretrained(x)",
        "model_class.from_pretrained(x)",
        "from subprocess import run",
        "from torch import load",
        "from yaml import load",
        "av.open(x)",
        'av.open(x, "r", format="mp4")',
        "av.open(x, options={})",
        "AutoProcessor.from_pretrained(x, trust_remote_code=True)",
        "jinja2.Environment(loader=x)",
        'serve(host="0.0.0.0")',
    ],
)
def test_the_walk_sees_it(source: str) -> None:
    assert faults_in(source, "x.py")


def test_servers_are_started_on_this_machine_alone() -> None:
    """Wherever an address is bound or a server's command is made, the host is the loopback's."""
    from narration.serving import HOST as OWN
    from orchestration.pages import HOST as REFUSED
    from orchestration.ui import HOST

    assert {OWN, HOST, REFUSED} == {"127.0.0.1"}
    assert "ThreadingHTTPServer((HOST, port)" in (ROOT / "orchestration/pages.py").read_text(encoding="utf-8")
    source = (ROOT / "orchestration/ui.py").read_text(encoding="utf-8")
    assert re.search(r'"dagster", "dev".*"-h", HOST', source) and re.search(r'\*mlflow, "--host", HOST', source)
    served = (ROOT / "docs/publishing.md").read_text(encoding="utf-8")
    assert all("-h 127.0.0.1" in line for line in served.splitlines() if line.startswith("mlflow models serve"))


def test_every_package_is_installed_by_its_hash() -> None:
    for name in ("requirements.lock", "requirements-dlib.lock"):
        lines = (ROOT / name).read_text().splitlines()
        pins = [number for number, line in enumerate(lines) if re.match(r"[A-Za-z0-9]", line)]
        assert pins and all("==" in lines[number] and "--hash=sha256:" in lines[number + 1] for number in pins)
    assert "--require-hashes requirements.lock" in (ROOT / "Makefile").read_text()


def test_dvc_keeps_its_own_pickles_where_nobody_else_writes() -> None:
    """Its default is a folder below /var/tmp that every user may change (docs/security.md)."""
    assert re.search(r"^\s*site_cache_dir = \.cache/dvc$", (ROOT / ".dvc/config").read_text(), re.MULTILINE)
    assert "chmod 700 .cache/dvc" in (ROOT / "Makefile").read_text()


def test_what_is_pickled_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(pickle.dumps({"a": [1, 2]}))
    (tmp_path / "b.npy").write_bytes(object_array())
    with zipfile.ZipFile(tmp_path / "c.weights", "w") as archive:
        archive.writestr("archive/data.pkl", b"x")
    (tmp_path / "d.pt").write_bytes(b"")
    (tmp_path / "e.json").write_text("{}")
    (tmp_path / "f.png").write_bytes(b"\x80\x02" + bytes(50))
    assert [path.name for path in pickled_files(tmp_path)] == ["a.bin", "b.npy", "c.weights", "d.pt"]
