"""YAML is read without running anything and without growing; whatever is wrong with it is one line."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from common.errors import BadInput, blaming
from common.safe_yaml import read_yaml

BOMB = "\n".join(f"a{n}: &a{n} [{', '.join(['*a' + str(n - 1)] * 9) if n else 'x'}]" for n in range(9))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a: 1\nb: [", "p.yaml:2: not valid YAML"),
        ("a: 1\na: 2", "p.yaml:2: .*'a' is written twice"),
        (BOMB, "p.yaml:2: .*an alias; write the value itself"),
        ("a: &x [*x]", "p.yaml:1: .*an alias"),
        ("a: !!python/object/apply:os.system ['touch x']", "p.yaml:1: .*could not determine a constructor"),
        ("a: " + "[" * 3000 + "]" * 3000, "p.yaml: not valid YAML .*recursion"),
        ("a: 2026-13-45", "p.yaml: not valid YAML .*month"),
        ("a: " + "9" * 5000, "p.yaml: not valid YAML"),
        ("? [a]\n: 1", "p.yaml:1: .*a key is a list or a table"),
        ("a: \ud800", "p.yaml: not UTF-8 at byte 3"),
        ("#" * 1_100_000, "p.yaml: 1 MB, and such a file has at most 1"),
    ],
)
def test_what_is_no_plain_yaml_is_one_line(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "p.yaml").write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(BadInput, match=told) as caught:
        read_yaml(tmp_path / "p.yaml")
    assert "\n" not in str(caught.value)


def test_plain_yaml_is_read_and_a_missing_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("a: {b: [1, 2.5, x]}\n")
    assert read_yaml(tmp_path / "p.yaml") == {"a": {"b": [1, 2.5, "x"]}}
    with pytest.raises(BadInput, match=r"q\.yaml: no such file; do this"):
        read_yaml(tmp_path / "q.yaml", advice="do this")


def test_whatever_goes_wrong_in_a_reader_blames_the_file() -> None:
    with (
        pytest.raises(BadInput, match=r"x\.bin: cannot be read \(KeyError: 'a'\); make it again"),
        blaming("x.bin", "make it again"),
    ):
        raise KeyError("a")
    with pytest.raises(BadInput, match="as it was"), blaming("x.bin", "make it again"):
        raise BadInput("as it was")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.EMFILE, "too many open files"),
        OSError(errno.ENOSPC, "no space left"),
        ImportError("no module named x"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
def test_what_the_machine_lacks_blames_no_file(error: Exception) -> None:
    with pytest.raises(type(error)) as met, blaming("x.bin", "make it again"):
        raise error
    assert met.value is error
