"""The page of licences says what the installed packages say, and says so where they say nothing."""

from __future__ import annotations

from email.message import Message
from pathlib import Path

import pytest

from orchestration import licences

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("License", "UNKNOWN", "not stated in its metadata"),
        ("License", "", "not stated in its metadata"),
        ("License", "MIT\nand its text", "MIT"),
        ("License-Expression", "Apache-2.0", "Apache-2.0"),
        ("Classifier", "License :: OSI Approved :: BSD License", "BSD License"),
    ],
)
def test_a_licence_is_what_the_metadata_state(
    field: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = Message()
    about[field] = value
    monkeypatch.setattr(licences.metadata, "metadata", lambda _: about)
    monkeypatch.setattr(licences.metadata, "version", lambda _: "1.0")
    assert licences.licence_of("some-package") == ("1.0", told)


def test_the_page_has_every_direct_dependency() -> None:
    page = (ROOT / "docs/third_party.md").read_text(encoding="utf-8")
    assert [name for name in licences.direct_dependencies(ROOT / "pyproject.toml") if f"| {name} | " not in page] == []


def test_the_page_carries_what_comes_inside_the_packages() -> None:
    assert (ROOT / "docs/third_party.md").read_text(encoding="utf-8").endswith(licences.CARRIED)
