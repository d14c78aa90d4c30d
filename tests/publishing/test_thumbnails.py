"""Pictures of what a gate refused: the frames that the rows name, with their boxes; the rest is left out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from corpora.film import Description, Film, write_film
from corpora.video import write_video
from publishing.settings import Settings
from publishing.stage import Work
from publishing.thumbnails import MOST, WIDTH, write_thumbnails

FRAMES, GREY_A_FRAME = 40, 6


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A film that grows lighter from frame to frame, published, and a unit of another stage that is of it."""
    folder = tmp_path / "data/films/tt1"
    folder.mkdir(parents=True)
    told = (Description(1, 1.0, 3.0, "Anna waves."),)
    write_film(Film("tt1", "A", "train", "studio", 10.0, FRAMES, 160, 90, 4.0, (), told, (), (), folder), folder)
    greys = (np.full((90, 160, 3), GREY_A_FRAME * number, np.uint8) for number in range(FRAMES))
    write_video(folder / "film.mp4", greys, fps=10)
    (tmp_path / "unit").mkdir()
    return Work(Settings(), "tt1", tmp_path / "unit", tmp_path / "data")


def grey(sheet_hwc: np.ndarray, number: int) -> float:
    """The frame number that the picture at this place is of, by its lightness."""
    height = WIDTH * 90 // 160
    return float(sheet_hwc[height // 2, number * WIDTH + WIDTH // 2].mean()) / GREY_A_FRAME


def test_frames_and_the_middle_of_clips_are_shown_once_each(work: Work) -> None:
    path = work.out / "shown.png"
    assert write_thumbnails(work, [{"frame": 30}, {"clip": 1, "words": 0}, {"frame": 30, "side": 2.0}], path)
    sheet_hwc = cv2.imread(str(path))
    assert sheet_hwc.shape[1] == 2 * WIDTH
    assert [round(grey(sheet_hwc, number)) for number in (0, 1)] == [30, pytest.approx(20, abs=1)]


def test_a_box_is_drawn_where_the_row_has_one(work: Work) -> None:
    box = {"x1": 40.0, "y1": 20.0, "x2": 120.0, "y2": 70.0}
    assert write_thumbnails(work, [{"frame": 30, **box}], work.out / "shown.png")
    sheet_hwc = cv2.imread(str(work.out / "shown.png")).astype(int)
    red = sheet_hwc[..., 2] - sheet_hwc[..., 0] > 60
    assert red.any() and not red[:, :40].any() and not red[: WIDTH // 12].any()


def test_rows_without_a_picture_and_films_that_cannot_be_read_write_nothing(work: Work) -> None:
    path = work.out / "shown.png"
    assert not write_thumbnails(
        work, [{"metric": "METEOR"}, {"clip": 9}, {"frame": 999}, {"film": "gone", "frame": 1}], path
    )
    (work.data / "films/tt1/film.mp4").write_bytes(b"no film")
    assert not write_thumbnails(work, [{"frame": 3}], path)
    assert not path.exists()


def test_there_are_never_more_than_fit_into_a_check(work: Work) -> None:
    assert write_thumbnails(work, [{"frame": frame} for frame in range(FRAMES)], work.out / "shown.png")
    height, width, _ = cv2.imread(str(work.out / "shown.png")).shape
    assert width * (height // (90 * WIDTH // 160 + 1)) <= MOST * WIDTH


@pytest.mark.parametrize("edge", [float("inf"), float("nan"), 1e12])
def test_a_box_that_cannot_be_drawn_stops_nothing(work: Work, edge: float) -> None:
    box = {"x1": edge, "y1": 20.0, "x2": 120.0, "y2": 70.0}
    assert write_thumbnails(work, [{"frame": 30, **box}, {"frame": 20}], work.out / "shown.png")
