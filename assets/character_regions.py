"""character_regions: who is on screen where, on all key frames of every described clip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.code import FILM
from common.errors import BadInput
from publishing.settings import film_ids
from publishing.stage import Stage, Work, all_jobs, expect

if TYPE_CHECKING:
    import pandas as pd

    from publishing.settings import Settings


def make(work: Work) -> None:
    from corpora.film import read_film
    from models.perception.bank_files import read_banks
    from models.perception.faces import read_faces
    from models.perception.perceive import character_regions
    from models.perception.region_picture import draw_regions
    from models.perception.regions import write_regions

    film = read_film(work.read("films"))
    bank = work.read("query_banks")
    faces, shots = read_faces(bank)
    found = character_regions(film, faces, shots, read_banks(bank), film.clips(), work.settings.perception)
    write_regions(found, work.out)
    draw_regions(film, found, work.out / "regions.png")


def facts(folder: Path) -> dict[str, pd.DataFrame]:
    import pandas as pd

    from assets.region_facts import mask_rows, steps
    from models.perception.regions import read_regions

    found = read_regions(folder)
    rows = mask_rows(found)
    outside = (rows["x1"] < 0) | (rows["y1"] < 0) | (rows["x2"] > found.width) | (rows["y2"] > found.height)
    shown = ["clip", "track", "frame", "x1", "y1", "x2", "y2", "share", "area", "filled", "confidence"]
    return {
        "film": pd.DataFrame([{"with_faces": found.tracks["clip"].nunique() / max(found.clips, 1)}]),
        "regions": rows[shown].assign(outside=outside.astype(int)),
        "steps": steps(rows, found),
        "names": twice_named(found.tracks.merge(rows[["clip", "track", "frame"]], on=["clip", "track"])),
    }


def twice_named(rows: pd.DataFrame) -> pd.DataFrame:
    """How often each name stands on each key frame: one name belongs to one face."""
    named = rows[rows["name_best"] != ""]
    counted = named.groupby(["clip", "frame", "name_best"]).size().rename("times").reset_index()
    return counted[["clip", "frame", "name_best", "times"]]


def expectations(settings: Settings) -> list[Any]:
    gates = settings.gates.character_regions
    between = "column_values_to_be_between"
    where = ("clip", "frame")
    return [
        expect(
            "film",
            between,
            column="with_faces",
            min_value=gates.clips_with_faces,
            why="faces were found in too few clips: is the film too dark, too small, or without people?",
        ),
        expect("regions", between, column="share", min_value=0.0, max_value=gates.largest_share, rows=where),
        expect(
            "regions",
            between,
            column="area",
            min_value=gates.smallest_share,
            rows=where,
            why="a mask of hardly a pixel",
        ),
        expect("regions", between, column="filled", max_value=1.0, rows=where, why="a mask larger than its box"),
        expect("regions", between, column="outside", max_value=0, rows=where, why="a mask leaves the frame"),
        expect("regions", between, column="confidence", min_value=0.0, max_value=1.0, rows=where),
        expect(
            "steps",
            between,
            column="jump",
            max_value=gates.largest_jump,
            rows=(*where, "track"),
            why="a region leaps across the picture inside a shot: it left the person that it was carried for",
        ),
        expect(
            "steps",
            between,
            column="growth",
            max_value=gates.largest_growth,
            mostly=gates.steady,
            rows=(*where, "track"),
            why="masks swell or shrink from one key frame to the next",
        ),
        expect("names", between, column="times", max_value=1, rows=(*where, "name_best"), why="one name on two faces"),
    ]


def summary(folder: Path) -> dict[str, Any]:
    from models.perception.regions import read_regions

    found = read_regions(folder)
    return {
        "tracks": len(found.tracks),
        "named by best query": int((found.tracks["name_best"] != "").sum()),
        "named by actor": int((found.tracks["name_actor"] != "").sum()),
        "regions": len(found.regions),
        "propagated": int((found.regions["source"] == "propagated").sum()),
        "example": folder / "regions.png",
    }


def parameters(settings: Settings, film: str) -> Any:
    """What regions depend on. SAM 2's weights count by their digest, not by where they lie or what computes them.

    `BadInput` where weights are named without it: other weights at the same place would go unnoticed.
    """
    found = settings.perception.model_dump(mode="json", exclude={"encoder", "detector"})
    sam2 = found["regions"].pop("sam2")
    if settings.perception.regions.backend == "sam2":
        if sam2["checkpoint"] and not sam2["sha256"]:
            raise BadInput(
                "perception.regions.sam2.sha256: a checkpoint is named but not its SHA-256, so other weights there "
                "would go unnoticed; write what `sha256sum` says of its weights"
            )
        found["regions"]["sam2"] = {key: sam2[key] for key in sam2 if key not in ("checkpoint", "device", "held")}
    return found


STAGE = Stage(
    name="character_regions",
    description="Per clip: faces, names by both banks (equations 4 to 6), masks propagated both ways inside a shot.",
    make=make,
    reads=("films", "query_banks"),
    units=film_ids,
    per_film=True,
    sections=("perception", "gates.character_regions"),
    parameters=parameters,
    code=(*FILM, "models/perception"),
    facts=facts,
    expectations=expectations,
    jobs=all_jobs,
    summary=summary,
    group="perception",
    kinds=("pytorch",),
)
