"""What the gate of character_regions looks at: how large every mask is, and how far it moves between key frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from models.perception.regions import Regions


def mask_rows(found: Regions) -> pd.DataFrame:
    """The regions in order of clip, track and frame, with their masks' area.

    `share`: of the frame that the box takes, `area`: that the mask takes, `filled`: of the box that the mask takes.
    """
    from pycocotools import mask as coco

    rows = found.regions.sort_values(["clip", "track", "frame"], ignore_index=True)
    size = [found.height, found.width]
    pixels = [int(coco.area({"size": size, "counts": counts.encode("ascii")})) for counts in rows["mask"]]
    boxes = (rows["x2"] - rows["x1"]) * (rows["y2"] - rows["y1"])
    frame = found.width * found.height
    return rows.assign(
        share=boxes / frame, area=[count / frame for count in pixels], filled=pixels / boxes.clip(lower=1)
    )


def steps(rows: pd.DataFrame, found: Regions) -> pd.DataFrame:
    """A row for every two regions of a track that follow each other, named by the later one.

    `jump` is how far the box's middle went, as a share of the frame's diagonal, `growth` the quotient of the larger
    mask's area to the smaller one's.
    """
    import numpy as np

    of_track = rows.assign(
        middle_x=(rows["x1"] + rows["x2"]) / 2, middle_y=(rows["y1"] + rows["y2"]) / 2, size=rows["area"]
    ).groupby(["clip", "track"])
    jump = np.hypot(of_track["middle_x"].diff(), of_track["middle_y"].diff()) / np.hypot(found.width, found.height)
    before = of_track["area"].shift()
    growth = np.maximum(rows["area"], before) / np.maximum(np.minimum(rows["area"], before), 1e-9)
    followed = rows.assign(jump=jump, growth=growth)[before.notna()]
    return followed[["clip", "track", "frame", "x1", "y1", "x2", "y2", "jump", "growth"]].reset_index(drop=True)
