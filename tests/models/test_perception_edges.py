"""What films and portraits can be like: nobody in view, a crowd, portraits of two or of nobody, names of any kind."""

import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from common.errors import BadInput
from common.files import read_json
from corpora.film import Character, Film
from corpora.video import write_video
from models.perception.bank_files import Banks, read_bank, read_banks, write_banks
from models.perception.detection import Face
from models.perception.faces import read_faces
from models.perception.perceive import character_regions, make_query_banks, name_faces
from models.perception.query_bank import embed_portraits
from models.perception.regions import read_regions, write_regions
from models.perception.settings import PerceptionSettings

SETTINGS = PerceptionSettings()
ACROSS, DOWN, CELL = 5, 4, 48  # a crowd of twenty, in rows


class Faces:
    """Finds squares of one saturated colour, in the order of their colours' hues; embeds the hue."""

    name, size, threshold, portrait_threshold = "colours", 64, 0.5, 0.5

    def detect(self, frames: Sequence[np.ndarray]) -> list[list[Face]]:
        return [self._of(frame) for frame in frames]

    def _of(self, frame: np.ndarray) -> list[Face]:
        hue, saturation, _ = cv2.split(cv2.cvtColor(frame, cv2.COLOR_RGB2HSV))
        count, labels, stats, _ = cv2.connectedComponentsWithStats((saturation > 128).astype(np.uint8))
        found = []
        for index in range(1, count):
            x, y, width, height = stats[index, :4]
            if width >= 6 and height >= 6:
                box = np.array([x, y, x + width, y + height], np.float32)
                found.append((float(np.median(hue[labels == index])), Face(box, 0.99)))
        return [face for _, face in sorted(found, key=lambda each: (each[0], each[1].box.tolist()))]

    def crop(self, frame_hwc: np.ndarray, box: np.ndarray) -> np.ndarray:
        x, y = ((box[:2] + box[2:]) / 2).astype(int)
        return frame_hwc[y - 2 : y + 2, x - 2 : x + 2]

    def encode(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        hues = [int(np.median(cv2.cvtColor(crop, cv2.COLOR_RGB2HSV)[..., 0])) for crop in crops]
        return np.eye(self.size, dtype=np.float32)[[round(hue / 180 * 20) for hue in hues]].reshape(-1, self.size)


def colour(person: int) -> tuple[int, int, int]:
    """One of twenty colours."""
    pixel = np.array([[[person * 9, 255, 230]]], np.uint8)
    return tuple(int(value) for value in cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0])


def crowd(people: int) -> np.ndarray:
    picture = np.full((DOWN * CELL, ACROSS * CELL, 3), 90, np.uint8)
    for person in range(people):
        x, y = person % ACROSS * CELL + 14, person // ACROSS * CELL + 6
        cv2.rectangle(picture, (x, y), (x + 15, y + 17), colour(person), -1)
    return picture


def portrait(folder: Path, name: str, *people: tuple[int, int]) -> str:
    """A portrait file with squares of (person, side) from left to right."""
    picture = np.full((80, 160, 3), 90, np.uint8)
    for place, (person, side) in enumerate(people):
        cv2.rectangle(picture, (10 + 70 * place, 10), (10 + 70 * place + side, 10 + side), colour(person), -1)
    (folder / "portraits").mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "portraits" / f"{name}.png"), picture[:, :, ::-1])
    return f"portraits/{name}.png"


def film_of(folder: Path, picture: np.ndarray, cast: Sequence[tuple[str, tuple[str, ...]]]) -> Film:
    """A second of a still picture, described once."""
    from corpora.film import Description

    write_video(folder / "film.mp4", [picture] * 10, fps=10)
    characters = tuple(Character(name, "", "", portraits) for name, portraits in cast)
    height, width = picture.shape[:2]
    described = (Description(1, 0.0, 1.0, "A crowd."),)
    return Film("tt1", "Toy", "none", "folder", 10.0, 10, width, height, 1.0, characters, described, (), (), folder)


# ---- how many are in view


def test_a_film_without_a_face_goes_all_the_way(tmp_path: Path) -> None:
    film = film_of(tmp_path, crowd(0), [("Ada", (portrait(tmp_path, "Ada", (0, 40)),))])
    banks = make_query_banks(film, tmp_path / "banks", Faces(), Faces(), SETTINGS)
    assert banks.best == {} and set(banks.actor) == {"Ada"}
    faces, shots = read_faces(tmp_path / "banks")
    assert len(faces) == 0
    again = read_banks(tmp_path / "banks")
    found = character_regions(film, faces, shots, again, film.clips(), SETTINGS)
    write_regions(found, tmp_path / "regions")
    read = read_regions(tmp_path / "regions")
    assert (len(read.tracks), len(read.regions), read.clips) == (0, 0, 1)


def test_twenty_faces_in_a_frame_have_twenty_names(tmp_path: Path) -> None:
    cast = [(f"P{i:02d}", (portrait(tmp_path, f"P{i:02d}", (i, 40)),)) for i in range(20)]
    film = film_of(tmp_path, crowd(20), cast)
    settings = SETTINGS.model_copy(update={"bank": SETTINGS.bank.model_copy(update={"smallest_share": 0.0})})
    banks = make_query_banks(film, tmp_path / "banks", Faces(), Faces(), settings)
    faces, shots = read_faces(tmp_path / "banks")
    assert faces.groupby("frame").size().tolist() == [20, 20]
    tracks, best, actor = name_faces(faces, banks, settings)
    at_first = faces["frame"].to_numpy() == 0
    in_order = faces[at_first].assign(
        best=[best[int(track)].name for track in tracks[at_first]],
        actor=[actor[int(track)].name for track in tracks[at_first]],
    )
    # Left to right, row by row, as they were drawn; video changes the colours a little.
    row = (in_order["y1"] // CELL).astype(int)
    in_order = in_order.assign(row=row).sort_values(["row", "x1"])
    assert in_order["actor"].tolist() == [name for name, _ in cast]
    assert in_order["best"].tolist() == [name for name, _ in cast]
    found = character_regions(film, faces, shots, banks, film.clips(), settings)
    assert len(found.tracks) == 20 and found.regions.groupby("frame").size().tolist() == [20, 20]


def test_a_crowd_around_one_character_stays_unknown(tmp_path: Path) -> None:
    film = film_of(tmp_path, crowd(20), [("P07", (portrait(tmp_path, "P07", (7, 40)),))])
    banks = make_query_banks(film, tmp_path / "banks", Faces(), Faces(), SETTINGS)
    faces, shots = read_faces(tmp_path / "banks")
    found = character_regions(film, faces, shots, banks, film.clips(), SETTINGS)
    assert sorted(found.tracks["name_actor"]) == [""] * 19 + ["P07"]
    assert found.regions["track"].nunique() == 1


# ---- portraits


def test_of_two_faces_in_a_portrait_the_largest_is_taken_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    film = film_of(tmp_path, crowd(0), [("Ada", (portrait(tmp_path, "Ada", (1, 20), (9, 50)),))])
    with caplog.at_level(logging.WARNING):
        embedded = embed_portraits(film, Faces(), Faces())
    assert [int(row.argmax()) for row in embedded["Ada"]] == [9]  # the detector gave the small one first
    assert "2 faces in portrait Ada.png; the largest is taken for Ada" in caplog.text


def test_a_portrait_without_a_face_leaves_its_character_to_the_film(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cast = [("Ada", (portrait(tmp_path, "Ada"),)), ("Bob", (portrait(tmp_path, "Bob", (0, 40)),))]
    film = film_of(tmp_path, crowd(1), cast)
    with caplog.at_level(logging.WARNING):
        banks = make_query_banks(film, tmp_path / "banks", Faces(), Faces(), SETTINGS)
    assert "no face found in portrait Ada.png" in caplog.text
    assert set(banks.actor) == {"Bob"} and set(banks.best) == {"Bob"}
    assert read_json(tmp_path / "banks" / "bank.json")["characters"]["Ada"]["note"] == "no face in its portraits"


def test_one_face_in_a_portrait_is_nothing_to_speak_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    film = film_of(tmp_path, crowd(0), [("Ada", (portrait(tmp_path, "Ada", (3, 40)),))])
    with caplog.at_level(logging.WARNING):
        embed_portraits(film, Faces(), Faces())
    assert not caplog.records


def test_a_portrait_that_is_no_picture_is_told(tmp_path: Path) -> None:
    film = film_of(tmp_path, crowd(0), [("Ada", ("portraits/Ada.png",))])
    (tmp_path / "portraits").mkdir()
    (tmp_path / "portraits" / "Ada.png").write_text("a picture of Ada")
    with pytest.raises(BadInput, match=r"Ada\.png: Ada's portrait is missing or no picture; give a PNG or JPEG"):
        embed_portraits(film, Faces(), Faces())


# ---- names


NAMES = [
    *[
        "Mr. Tyree",
        "Éowyn of Rohan",
        "Zoë",
        "..",
        ".",
        ".hidden",
        "Ada.npy",
        "100 %",
        "%2F",
        "a/b\\c",
        "C:",
        "new\nline",
    ],
    *["“Doc” Brown", "李雷", "O'Brien", "tab\there", " Ada ", "con", "-rf", "*?<>|", "Ada\u00a0Lovelace", "e\u0301"],
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_comes_back_from_its_file(name: str, tmp_path: Path) -> None:
    banks = Banks("toy", 0.5, {name: np.array([1.0, 0.0], np.float32)}, {name: np.array([0.0, 1.0], np.float32)})
    write_banks(banks, tmp_path / "banks")
    again = read_banks(tmp_path / "banks")
    assert list(again.best) == [name] and list(again.actor) == [name]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 3 and all(path.parent.parent.name == "banks" or path.name == "bank.json" for path in files)


@effort(max_examples=60, deadline=None)
@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), min_size=1, max_size=5))
def test_any_names_come_back_apart(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    folder = tmp_path_factory.mktemp("bank")
    queries = {name: np.eye(8, dtype=np.float32)[i] for i, name in enumerate(sorted(names))}
    write_banks(Banks("toy", 0.5, queries, {}), folder)
    again = read_bank(folder / "best_query")
    assert set(again) == names
    assert all((again[name] == queries[name]).all() for name in names)


@pytest.mark.parametrize(("name", "told"), [("", "without a name"), ("A" * 300, "too long"), ("é" * 150, "too long")])
def test_a_name_that_no_file_can_bear_is_told(name: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=told):
        write_banks(Banks("toy", 0.5, {name: np.array([1.0, 0.0], np.float32)}, {}), tmp_path)


def test_names_in_the_regions_are_as_the_cast_has_them(tmp_path: Path) -> None:
    name = "Éowyn / “the Lady” 100 %"
    film = film_of(tmp_path, crowd(1), [(name, (portrait(tmp_path, "one", (0, 40)),))])
    make_query_banks(film, tmp_path / "banks", Faces(), Faces(), SETTINGS)
    faces, shots = read_faces(tmp_path / "banks")
    found = character_regions(film, faces, shots, read_banks(tmp_path / "banks"), film.clips(), SETTINGS)
    write_regions(found, tmp_path / "regions")
    read = pd.read_parquet(tmp_path / "regions" / "tracks.parquet")
    assert set(read["name_best"]) == {name} and set(read["name_actor"]) == {name}
