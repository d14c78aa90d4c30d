"""What the pages name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TESTS = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
LINK = re.compile(r"\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")
NAMED = re.compile(r"(?<![\w/.-])(?:docs|tests)/[\w./-]*\w")


def absent(page: Path, text: str) -> list[str]:
    """Relative links, paths below docs/ and tests/, and files of tests that a page names and that are not there."""
    links = [link.partition("#")[0] for link in LINK.findall(text) if not ELSEWHERE.match(link)]
    missing = [link for link in links if not (page.parent / link).exists()]
    missing += [path for path in NAMED.findall(text) if not (ROOT / path).exists()]
    return missing + [name for name in re.findall(r"\btest_\w+\.py", text) if name not in TESTS]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    assert absent(page, page.read_text(encoding="utf-8")) == []


def test_what_is_absent_is_seen() -> None:
    text = "[a](none.md) [b](none.md#x) [c](https://x.org/none.md) [d](#x) `docs/none.md` `tests/none` `test_none.py`"
    assert absent(ROOT / "README.md", text) == ["none.md", "none.md", "docs/none.md", "tests/none", "test_none.py"]
