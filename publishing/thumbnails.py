"""Pictures of what a gate refused: the frames that the rows name, small and side by side, the boxes drawn."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from common.files import write_bytes
from publishing.stage import Work

if TYPE_CHECKING:
    import numpy as np

    from corpora.film import Film

log = logging.getLogger(__name__)

THUMBNAILS = "_thumbnails.png"  # in the rejected folder
MOST, COLUMNS, WIDTH, CAPTION = 6, 3, 200, 14  # pictures; pixels of each, and of the line below it
BOX = ("x1", "y1", "x2", "y2")


def write_thumbnails(work: Work, rows: Sequence[Mapping[str, Any]], path: Path) -> bool:
    """Draws the first rows that name a frame, or a clip, of a film that can be read; whether there was one.

    A row says `frame`, or `clip` (its middle is shown), with the box x1 y1 x2 y2 (pixels) if it is about a place in the
    picture; `film` if that is not the unit itself. This only helps a reader: a film that cannot be shown is left out.
    """
    pictures: dict[tuple[str, int], np.ndarray] = {}
    for row in rows:
        if len(pictures) == MOST:
            break
        try:
            film = _film_of(work, row)
            frame = _frame_of(film, row) if film is not None else None
            if film is not None and frame is not None and (film.id, frame) not in pictures:
                pictures[film.id, frame] = _thumbnail(film, frame, row)
        except Exception as error:  # whatever is wrong with the data may be why it was refused
            log.info("no picture of %s: %s", dict(row), error)
    if pictures:
        write_bytes(path, _sheet(list(pictures.values())))
    return bool(pictures)


def _film_of(work: Work, row: Mapping[str, Any]) -> Film | None:
    """The film itself, where it is what was refused, or the published one."""
    from corpora.film import read_film

    folders = [work.out, work.data / "films" / str(row.get("film", work.unit))]
    return next((read_film(folder) for folder in folders if (folder / "film.json").is_file()), None)


def _frame_of(film: Film, row: Mapping[str, Any]) -> int | None:
    if "frame" in row:
        return int(row["frame"])
    clips = {clip.id: clip for clip in film.clips()} if "clip" in row else {}
    clip = clips.get(int(row["clip"])) if clips else None
    return None if clip is None else min((clip.first_frame + clip.last_frame) // 2, film.frames - 1)


def _thumbnail(film: Film, number: int, row: Mapping[str, Any]) -> np.ndarray:
    """uint8 BGR (height, WIDTH, 3), captioned."""
    import cv2

    shown = cv2.cvtColor(_frame(film, number), cv2.COLOR_RGB2BGR)
    if all(side in row for side in BOX):
        x1, y1, x2, y2 = (round(float(row[side])) for side in BOX)
        cv2.rectangle(shown, (x1, y1), (x2, y2), (0, 0, 255), max(1, shown.shape[1] // WIDTH))
    small = cv2.resize(shown, (WIDTH, round(film.height * WIDTH / film.width)), interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(small, 0, CAPTION, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    named = (f"{film.id} " if "film" in row else "") + (f"clip {row['clip']}, " if "clip" in row else "")
    place = (2, framed.shape[0] - 4)
    return cv2.putText(
        framed, f"{named}frame {number}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.33, (0, 0, 0), 1, cv2.LINE_AA
    )


def _frame(film: Film, number: int) -> np.ndarray:
    """One RGB frame, decoded from the nearest place before it: a long film is not read through for six pictures."""
    import av

    from corpora.video import ONLY_FILES

    seconds = number / film.fps
    try:
        with av.open(str(film.video), options=dict(ONLY_FILES)) as container:
            container.seek(int(seconds * av.time_base))
            for frame in container.decode(container.streams.video[0]):
                if frame.time is not None and frame.time >= seconds - 0.5 / film.fps:
                    return frame.to_ndarray(format="rgb24")
    except (av.FFmpegError, IndexError) as error:
        raise BadInput(f"{film.video.name}: frame {number} cannot be shown ({error}); make the film again") from None
    raise BadInput(f"{film.video.name}: has no frame {number}; take the number from film.json")


def _sheet(pictures: list[np.ndarray]) -> bytes:
    import cv2
    import numpy as np

    height = max(picture.shape[0] for picture in pictures)
    lines, columns = math.ceil(len(pictures) / COLUMNS), min(len(pictures), COLUMNS)
    sheet = np.full((lines * height, columns * WIDTH, 3), 255, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // COLUMNS * height, number % COLUMNS * WIDTH
        sheet[top : top + picture.shape[0], left : left + WIDTH] = picture
    _, content = cv2.imencode(".png", sheet)
    return bytes(content.tobytes())
