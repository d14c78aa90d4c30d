"""Figure 8: clips chosen by rule, with boxes, names, the reference and what was said. (Figure 7 is in `chart`.)"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.chart import figure_7

if TYPE_CHECKING:
    import pandas as pd

# Okabe and Ito's colours: told apart with any colour vision.
BOX_COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (204, 121, 167), (240, 228, 66), (0, 114, 178))

__all__ = ["Box", "Example", "choose_examples", "draw_boxes", "figure_7", "figure_8", "png_bytes"]


@dataclass(frozen=True)
class Box:
    """A named region in pixels x1, y1, x2, y2 of its frame."""

    name: str
    box: tuple[float, float, float, float]


@dataclass
class Example:
    """One clip of Figure 8."""

    film: str
    clip_id: str
    benchmark: str
    frame: np.ndarray
    """A key frame, height x width x 3, uint8 RGB."""
    boxes: Sequence[Box]
    prediction: str
    reference: str
    chosen: str = ""
    """Why this clip: the words of `choose_examples`."""
    others: Mapping[str, str] = field(default_factory=dict)
    """What other rows said of the clip."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """The clip's own values, by metric."""

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(box.name for box in self.boxes if box.name))


def choose_examples(per_clip: pd.DataFrame, count: int, *, metric: str = "METEOR") -> list[tuple[str, str, str]]:
    """(film, clip_id, reason) of `count` clips at even steps from the best to the worst by `metric`.

    A rule instead of a choice, so that the figure shows the poor ones too. Ties go by film and clip; with fewer clips
    than asked for, all of them.
    """
    if metric not in per_clip:
        metric = next((name for name in ("BertScore", "ROUGE_L", "words") if name in per_clip), "clip_id")
    ordered = per_clip.sort_values([metric, "film", "clip_id"], ascending=[False, True, True], kind="stable")
    count = min(count, len(ordered))
    places = [round(step * (len(ordered) - 1) / max(1, count - 1)) for step in range(count)]
    chosen = []
    for place in places:
        line = ordered.iloc[place]
        end = {0: "the best: ", len(ordered) - 1: "the worst: "}.get(place, "") if len(ordered) > 1 else ""
        reason = f"{end}{place + 1} of {len(ordered)} by {metric}"
        chosen.append((str(line["film"]), str(line["clip_id"]), reason))
    return chosen


def draw_boxes(frame: np.ndarray, boxes: Sequence[Box], *, scale: int = 1) -> Any:
    """The frame as a PIL image with its boxes and names; `scale` enlarges it, the lines stay thin."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(np.ascontiguousarray(frame)).convert("RGB")
    if scale > 1:
        image = image.resize((image.width * scale, image.height * scale), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=max(13, image.height // 20))
    colours = {
        name: BOX_COLOURS[index % len(BOX_COLOURS)] for index, name in enumerate(sorted({b.name for b in boxes}))
    }
    for one in boxes:
        x1, y1, x2, y2 = (value * scale for value in one.box)
        left, right, top, bottom = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        draw.rectangle((left, top, right, bottom), outline=colours[one.name], width=max(2, image.height // 160))
        label = one.name or "unknown"
        width, height = draw.textbbox((0, 0), label, font=font)[2:]
        label_left = min(max(0, left), max(0, image.width - width - 6))
        label_top = max(0, top - height - 6)
        draw.rectangle((label_left, label_top, label_left + width + 6, label_top + height + 6), fill=colours[one.name])
        draw.text((label_left + 3, label_top + 2), label, fill=(0, 0, 0), font=font)
    return image


def png_bytes(image: Any) -> bytes:
    """A picture as PNG without times or other metadata."""
    stream = io.BytesIO()
    image.save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def figure_8(examples: Sequence[Example], *, width: int = 560) -> bytes:
    """One PNG: each clip's frame with the reference, the prediction and the rule that chose it below."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=15)
    tiles = []
    for example in examples:
        picture = draw_boxes(example.frame, example.boxes)
        picture = picture.resize((width, max(1, round(width * picture.height / picture.width))))
        said = [f"Reference: {example.reference}", f"FocusedAD: {example.prediction or '(nothing)'}"]
        origin = f"{example.benchmark}, {example.film}, clip {example.clip_id}; {example.chosen}".rstrip("; ")
        lines = [line for text in (*said, origin) for line in _wrapped(text, font, width - 12)]
        tile = Image.new("RGB", (width, picture.height + 21 * len(lines) + 16), "white")
        tile.paste(picture, (0, 0))
        draw = ImageDraw.Draw(tile)
        for number, line in enumerate(lines):
            draw.text((6, picture.height + 6 + 21 * number), line, fill="black", font=font)
        tiles.append(tile)
    columns = 2 if len(tiles) > 1 else 1
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    heights = [max(tile.height for tile in row) for row in rows]
    sheet = Image.new("RGB", (columns * (width + 12) + 12, sum(heights) + 12 * (len(rows) + 1)), "white")
    for number, row in enumerate(rows):
        for column, tile in enumerate(row):
            sheet.paste(tile, (12 + column * (width + 12), 12 + sum(heights[:number]) + 12 * number))
    return png_bytes(sheet)


def _wrapped(text: str, font: Any, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
