"""Names out of data become files only inside the folder that is theirs, whatever they are made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from common.files import inside
from corpora.cast import CastEntry, characters, distinct, file_name, portraits_named
from corpora.ingest import ingest
from corpora.video import write_video
from models.perception.bank_files import Banks, read_banks, write_banks
from publishing.settings import Settings, check_settings

PIECES = st.sampled_from(
    ["..", "/", ".", "\\", "~", "-", "\x00", "%2e", "%2f", "é", " ", "\n", "a", "CON", "*", "\u202e"]
)
NAMES = st.one_of(st.lists(PIECES, min_size=1, max_size=8).map("".join), st.text(min_size=1, max_size=300))


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


@settings(max_examples=300)
@given(relative=NAMES)
def test_a_path_stays_or_is_refused(relative: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "inside"
    folder.mkdir(exist_ok=True)
    try:
        path = inside(folder, relative)
    except BadInput:
        return
    assert path.is_relative_to(folder.resolve())


@settings(max_examples=200)
@given(names=st.lists(NAMES, min_size=1, max_size=4))
def test_portraits_stay_in_their_folder(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "film"
    entries = [CastEntry(name, "", "", (Path("x.png"), Path("y.png")), "cast.json:1") for name in names]
    targets = [target for character, _ in characters(entries) for target in character.portraits]
    assert len({target.casefold() for target in targets}) == len(targets)
    for target in targets:
        path = inside(folder, target)
        assert path.parent == (folder / "portraits").resolve() and len(path.name.encode()) <= 255
    assert all("/" not in file_name(name) and file_name(name)[0] != "." for name in names)
    assert set(portraits_named(folder / "portraits", names)) == set(names)


@settings(max_examples=100)
@given(names=st.lists(NAMES, min_size=1, max_size=3, unique=True))
def test_queries_stay_in_their_bank(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """And come back under the same names, for names that a cast can have."""
    kept, _ = distinct([CastEntry(name, "", "", (), "cast.json:1") for name in names])
    outer = tmp_path_factory.mktemp("outer")
    queries = {entry.name: np.ones(2, np.float32) for entry in kept if entry.name}
    try:
        write_banks(Banks("studio", 0.8, queries, {}), outer / "bank")
    except BadInput:
        assert any(len(name) > 40 for name in queries)
        return
    assert all(path.is_relative_to(outer / "bank") for path in files_below(outer))
    assert set(read_banks(outer / "bank", "best query")) == set(queries)


@pytest.fixture(scope="module")
def good_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that is taken under any id that is one."""
    folder = tmp_path_factory.mktemp("good")
    write_video(folder / "source.mp4", iter(np.zeros((3, 48, 64, 3), np.uint8)), fps=10)
    assert ingest(folder / "source.mp4", folder / "films/x", film_id="x").id == "x"
    return folder / "source.mp4"


@pytest.mark.parametrize("film_id", ["../x", "/etc", "a/b", ".", "..", "a\x00", "é", "a b", "a\n"])
def test_a_film_id_is_no_path(film_id: str, good_film: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be a film's id"):
        ingest(good_film, tmp_path / "films/x", film_id=film_id)
    assert not (tmp_path / "films").exists()


@pytest.mark.parametrize("film_id", ["../x", "/etc", "a/b", ".", "..", "", "a\x00", "é", "a b", "a\n"])
def test_a_film_id_in_the_parameters_is_no_path(film_id: str) -> None:
    values = Settings().model_dump(mode="json")
    values["films"]["corpora"]["train"] = [film_id]
    with pytest.raises(BadInput, match=r"films\.corpora\.train"):
        check_settings(values, source="params.yaml")
