"""A film at a glance: one picture per described slot with its sentence below.

python -m corpora.studio.contact_sheet --out sheet.png [--film tt9000001] [--seconds 90] [--pictures 12] [--slots 3,8]
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from common.errors import BadInput
from common.files import write_bytes
from corpora.studio.production import film_frames
from corpora.studio.screenplay import Screenplay
from corpora.studio.settings import StudioSettings
from corpora.studio.stories import write_screenplay

CAPTION, MARGIN = 46, 8  # pixels
PAPER, INK = 248, (40, 40, 44)
LETTERS = 52  # per line of a caption


def contact_sheet(
    settings: StudioSettings,
    film_id: str,
    *,
    pictures: int = 12,
    slots: Sequence[int] = (),
    columns: int = 3,
    width: int = 360,
) -> np.ndarray:
    """(h, w, 3) uint8 RGB: the middle of up to `pictures` described slots, spread over the film, with their texts.

    `slots`: take the descriptions of these numbers (from 1) instead.
    """
    screenplay = write_screenplay(film_id, settings.split_of(film_id), settings)
    chosen = screenplay.descriptions
    if slots:
        wrong = [number for number in slots if not 1 <= number <= len(chosen)]
        if wrong:
            raise BadInput(f"{film_id}: has no description {wrong[0]}; take numbers from 1 to {len(chosen)}")
        chosen = tuple(chosen[number - 1] for number in slots)
    elif len(chosen) > pictures:
        chosen = tuple(chosen[i] for i in np.linspace(0, len(chosen) - 1, pictures).round().astype(int))
    moments = {round((d.start + 0.6 * (d.end - d.start)) * settings.fps): d.text for d in chosen}
    tiles = _tiles(screenplay, settings, moments, width)
    rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    rows[-1] += [np.full_like(tiles[0], PAPER)] * (columns - len(rows[-1]))
    return np.concatenate([np.concatenate(row, 1) for row in rows], 0)


def _tiles(screenplay: Screenplay, settings: StudioSettings, moments: dict[int, str], width: int) -> list[np.ndarray]:
    tiles = []
    for number, frame in enumerate(film_frames(screenplay, settings)):
        if number in moments:
            tiles.append(_tile(frame.picture, moments[number], width))
    return tiles


def _tile(picture: np.ndarray, text: str, width: int) -> np.ndarray:
    height = round(width * picture.shape[0] / picture.shape[1])
    tile = np.full((height + CAPTION + MARGIN, width + 2 * MARGIN, 3), PAPER, np.uint8)
    tile[MARGIN : MARGIN + height, MARGIN : MARGIN + width] = cv2.resize(
        picture, (width, height), interpolation=cv2.INTER_AREA
    )
    for line, words in enumerate(textwrap.wrap(text, round(LETTERS * width / 360))[:2]):
        at = (MARGIN, MARGIN + height + 16 + 17 * line)
        cv2.putText(tile, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)
    return tile


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="A contact sheet of a studio film with its descriptions.")
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    parser.add_argument("--film", default="tt9000001", help="film id; its prefix tells the split")
    parser.add_argument("--seconds", type=float, default=90.0, help="length of the film")
    parser.add_argument("--pictures", type=int, default=12, help="most pictures on the sheet")
    parser.add_argument("--slots", default="", help="numbers of the descriptions to show, such as 3,8,11")
    parser.add_argument("--columns", type=int, default=3)
    parser.add_argument("--width", type=int, default=360, help="pixels of a picture")
    parser.add_argument("--light", action="store_true", help="fewer tones, a third of the bytes: for documents")
    parser.add_argument("--seed", type=int, default=StudioSettings().seed)
    given = parser.parse_args(arguments)
    settings = StudioSettings(seconds=given.seconds, seed=given.seed)
    slots = [int(number) for number in given.slots.split(",") if number]
    sheet = contact_sheet(
        settings, given.film, pictures=given.pictures, slots=slots, columns=given.columns, width=given.width
    )
    if given.light:
        sheet = sheet // 8 * 8 + 4
    done, content = cv2.imencode(".png", sheet[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    assert done
    write_bytes(given.out, content.tobytes())


if __name__ == "__main__":
    main()
