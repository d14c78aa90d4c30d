"""A film small enough to be made for every test."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from corpora.video import write_video


@pytest.fixture
def tiny_film(tmp_path: Path) -> Path:
    """Two seconds of grey, 64x36, 10 frames a second."""
    path = tmp_path / "The Tiny Film.mp4"
    write_video(path, [np.full((36, 64, 3), 8 * shade, np.uint8) for shade in range(20)], fps=10)
    return path


@pytest.fixture
def cast_folder(tmp_path: Path) -> Path:
    """cast.json with Anna, Bo and Cy; Cy's portrait is not there."""
    folder = tmp_path / "people"
    (folder / "pictures").mkdir(parents=True)
    for name in ("a", "b"):
        cv2.imwrite(str(folder / "pictures" / f"{name}.png"), np.full((8, 8, 3), 99, np.uint8))
    rows = [
        f'{{"id": "nm{number}", "name": "{role} P.", "role": "{role}", "portrait": "pictures/{name}.png"}}'
        for number, (role, name) in enumerate([("Anna", "a"), ("Bo", "b"), ("Cy", "c")])
    ]
    (folder / "cast.json").write_text(f"[{', '.join(rows)}]")
    return folder
