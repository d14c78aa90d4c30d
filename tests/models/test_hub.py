"""Published weights are found where they lie, and never fetched behind a user's back."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import BadInput
from models.hub import fetch_command, local_folder

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def snapshot(cache: Path, revision: str = COMMIT) -> Path:
    folder = cache / "models--some--model" / "snapshots" / revision
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    return folder


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    assert local_folder(str(tmp_path), "") == tmp_path


def test_a_folder_without_the_needed_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"has no config\.json"):
        local_folder(str(tmp_path), "")


def test_a_cached_snapshot_is_found_by_its_commit(cache: Path) -> None:
    folder = snapshot(cache)
    assert local_folder("some/model", COMMIT) == folder


def test_another_commit_is_not_taken_for_the_pinned_one(cache: Path) -> None:
    snapshot(cache, "f" * 40)
    with pytest.raises(BadInput, match="hf download some/model --revision 0123456789"):
        local_folder("some/model", COMMIT)


def test_what_is_missing_names_its_command_and_the_other_way(cache: Path) -> None:
    with pytest.raises(BadInput) as told:
        local_folder("some/model", COMMIT, otherwise="choose mini")
    assert fetch_command("some/model", COMMIT) in str(told.value) and str(told.value).endswith("or choose mini")


def test_a_branch_is_no_pin(cache: Path) -> None:
    with pytest.raises(BadInput, match="40 hex digits"):
        local_folder("some/model", "main")
