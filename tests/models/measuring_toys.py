"""A toy film of one shot, seen and true, whose figures are known by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from common.tables import table
from corpora.film import Character, Description, Film, write_film
from models.measuring.truth import Perceived, read_truth
from models.perception.bank_files import Banks
from models.perception.faces import FACE_COLUMNS
from models.perception.regions import REGION_COLUMNS, TRACK_COLUMNS, Regions, encode_mask
from models.perception.settings import PerceptionSettings
from models.perception.shots import Shot

HEIGHT, WIDTH = 40, 60
ADA, BOB = np.array([1.0, 0.0, 0.0], np.float32), np.array([0.0, 1.0, 0.0], np.float32)
SETTINGS = PerceptionSettings()


def head(frame: int, name: str, x: float, *, yaw: float = 0.0, visible: bool = True) -> dict[str, object]:
    """A character in view at `x`: a face of 8 by 10 pixels above a body of 10 by 20 (200 pixels of mask)."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[15:35, int(x) : int(x) + 10] = True
    box = {"face_x1": x, "face_y1": 5.0, "face_x2": x + 8, "face_y2": 15.0}
    return {"frame": frame, "name": name, "yaw": yaw, "face_visible": visible, "mask": encode_mask(mask), **box}


def face(frame: int, x: float, embedding: Sequence[float], *, shot: int = 0) -> dict[str, object]:
    """A detected face whose box is that of `head` at the same `x`."""
    row = np.asarray(embedding, np.float32)
    box = {"x1": x, "y1": 5.0, "x2": x + 8, "y2": 15.0}
    return {"frame": frame, "shot": shot, **box, "confidence": 0.99, "embedding": row / np.linalg.norm(row)}


def region(track: int, frame: int, *, x: float, shift: int = 0, face: bool, sure: float = 0.9) -> dict[str, object]:
    """A mask beside the true one by `shift` columns, recognised with a face at `x` or carried."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[15:35, int(x) + shift : int(x) + shift + 10] = True
    corners = (x, 5.0, x + 8, 15.0) if face else (np.nan,) * 4
    where = {"clip": 1, "track": track, "frame": frame, "x1": x + shift, "y1": 15.0, "x2": x + shift + 10, "y2": 35.0}
    where |= dict(zip(("face_x1", "face_y1", "face_x2", "face_y2"), corners, strict=True))
    return where | {
        "source": "recognised" if face else "propagated",
        "confidence": sure,
        "mask": encode_mask(mask),
    }


def track(number: int, best: str, actor: str = "") -> dict[str, object]:
    names = {"name_best": best, "distance_best": 0.1, "name_actor": actor, "distance_actor": 0.9}
    return {"clip": 1, "track": number, "shot": 0, **names}


def film_in(folder: Path) -> Film:
    cast = (Character("Ada", "", "", ()), Character("Bob", "", "", ()))
    descriptions = (Description(1, 0.0, 2.6, "Ada waits."),)
    return Film("tt1", "Toy", "none", "folder", 10.0, 40, WIDTH, HEIGHT, 4.0, cast, descriptions, (), (), folder)


TRUTH = [
    *[head(frame, "Ada", 5) for frame in (0, 5, 10)],
    head(15, "Ada", 5, visible=False),  # somebody stands before her
    head(20, "Ada", 5, yaw=60),
    head(25, "Ada", 5, yaw=-160, visible=False),
    *[head(frame, "Bob", 40, yaw=-30) for frame in (0, 5)],
]
# Ada's face is found at 0, 5 and 20, Bob's at 0 alone; at 10 a lamp is taken for a face.
FACES = [face(0, 5, ADA), face(0, 40, BOB), face(5, 5, ADA), face(10, 25, (0, 0, 1)), face(20, 5, ADA)]
REGIONS = [
    region(0, 0, x=5, face=True),
    region(0, 5, x=5, face=True),
    region(0, 10, x=5, shift=2, face=False, sure=0.8),  # 160 of 240 pixels
    region(0, 15, x=5, shift=5, face=False, sure=0.5),  # 100 of 300: lost
    region(0, 20, x=5, face=True),
    region(0, 25, x=5, face=False),
    region(1, 0, x=40, face=True),
    region(1, 5, x=40, face=False, sure=0.7),
]


def perceived_in(
    folder: Path,
    *,
    faces: list[dict[str, object]] = FACES,
    regions: list[dict[str, object]] = REGIONS,
    tracks: Sequence[dict[str, object]] = (track(0, "Ada", "Ada"), track(1, "Bob", "Ada")),
    truth: list[dict[str, object]] = TRUTH,
) -> Perceived:
    """A film of one shot with its truth on disk; the actor's bank has Ada and Bob swapped."""
    film = film_in(folder)
    write_film(film, folder)
    (folder / "truth").mkdir(exist_ok=True)
    pd.DataFrame(truth, columns=list(TRUTH[0])).to_parquet(folder / "truth" / "tracks.parquet")
    banks = Banks("toy", 0.5, {"Ada": ADA, "Bob": BOB}, {"Ada": BOB, "Bob": ADA})
    found = Regions("tt1", WIDTH, HEIGHT, table(list(tracks), TRACK_COLUMNS), table(regions, REGION_COLUMNS), clips=1)
    return Perceived(film, pd.DataFrame(faces, columns=list(FACE_COLUMNS)), (Shot(0, 0, 39),), banks, found)


def truth_of(perceived: Perceived) -> pd.DataFrame:
    return read_truth(perceived.film, stride=5)
