"""The page's section on a real clip with portraits: who is named in each shot, by best query and by portrait alone.

There is no truth beside a real clip, so these are names to compare with what one sees, and no figures.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from common.errors import BadInput
from models.measuring.page import markdown_table, number, wrapped
from models.measuring.truth import Perceived
from models.perception.perceive import name_faces
from models.perception.recognition import Naming, threshold_of
from models.perception.settings import PerceptionSettings

log = logging.getLogger(__name__)
TITLE = "## A real clip\n"
ENCODER = "dlib"  # the pretrained one that needs no network
STRIDES = (15, 5)  # half a second, as the paper and `focusedad narrate` have it, and the mini profile's
# What is on screen in each shot of the clips that the project is developed with, read off the frames by eye.
SEEN: Mapping[str, tuple[str, ...]] = {"hamilton": ("LIN-MANUEL, ALEX", "ALEX", "LIN-MANUEL", "strangers only")}


def real_section(folder: Path | None, settings: PerceptionSettings) -> str:
    """Markdown: the clip's shots, or why there are none (no clip, no encoder installed)."""
    if folder is None:
        return TITLE + "\nLeft out: no clip was given (`--real FOLDER`).\n"
    if not (folder / "film.mp4").is_file():
        return TITLE + f"\nLeft out: there is no `film.mp4` in the folder `{folder.name}`.\n"
    try:
        from models.perception.encoders import DlibEncoder

        DlibEncoder()
    except BadInput as error:
        return TITLE + f"\nLeft out: {error}.\n"
    parts = [TITLE]
    for stride in STRIDES:
        at_stride = settings.model_copy(update={"key_frame_stride": stride})
        with TemporaryDirectory() as scratch:
            parts.append(shots_table(_perceived(folder, Path(scratch), at_stride), folder.name, at_stride))
    return "\n".join(parts)


def _perceived(folder: Path, scratch: Path, settings: PerceptionSettings) -> Perceived:
    """The clip with its banks, made anew; regions are not needed for names and left empty."""
    from common.tables import table
    from corpora.ingest import ingest
    from models.perception.detection import load_detector
    from models.perception.encoders import load_encoder, write_pretrained
    from models.perception.faces import read_faces
    from models.perception.perceive import make_query_banks
    from models.perception.regions import REGION_COLUMNS, TRACK_COLUMNS, Regions

    film = ingest(folder, scratch / "film", film_id="real")
    write_pretrained(ENCODER, scratch / "encoder")
    banks = make_query_banks(
        film, scratch / "banks", load_detector(settings.detector), load_encoder(scratch / "encoder"), settings
    )
    faces, shots = read_faces(scratch / "banks")
    log.info("measured: the real clip %s, %d faces", folder.name, len(faces))
    none = Regions(film.id, film.width, film.height, table([], TRACK_COLUMNS), table([], REGION_COLUMNS))
    return Perceived(film, faces, shots, banks, none)


def shots_table(perceived: Perceived, name: str, settings: PerceptionSettings) -> str:
    """A line per shot: frames, faces found, names by both banks with the faces and the nearest track's distance."""
    tracks, best, actor = name_faces(perceived.faces, perceived.banks, settings)
    seen = SEEN.get(name, ())
    seen = seen if len(seen) == len(perceived.shots) else ()
    banks = perceived.banks
    rows = []
    for index, shot in enumerate(perceived.shots):
        own = tracks[(perceived.faces["shot"] == shot.id).to_numpy()]
        told = [
            f"{shot.first} to {shot.last}",
            *([seen[index]] if seen else []),
            str(len(own)),
            _names(own, best, threshold_of(settings.recognition, banks.threshold)),
            _names(own, actor, threshold_of(settings.recognition, banks.threshold_of("actor"))),
        ]
        rows.append(told)
    columns = ["frames", *(["on screen, by eye"] if seen else []), "faces", "by best query", "by the portrait alone"]
    about = (
        f"`{name}`, {len(perceived.shots)} shots, {len(perceived.faces)} faces on key frames "
        f"{settings.key_frame_stride} frames apart, encoder `{banks.encoder}` with its threshold "
        f"{number(banks.threshold)} (squared L2; plain {number(float(np.sqrt(banks.threshold)))}). Behind each name: "
        "its faces, and the distance of its nearest track to that query, in thresholds (Unknown: to the nearest query)."
    )
    return "\n".join([wrapped(about), markdown_table(columns, rows)])


def _names(tracks: np.ndarray, naming: Mapping[int, Naming], threshold: float) -> str:
    """Names in a shot, most faces first, Unknown last."""
    counts = Counter(naming[int(track)].name for track in tracks)
    order: Sequence[str] = sorted(counts, key=lambda name: (name == "", -counts[name], name))
    told = []
    for name in order:
        nearest = min(naming[int(track)].distance for track in tracks if naming[int(track)].name == name)
        faces = f"{counts[name]} face{'s' if counts[name] > 1 else ''}"
        told.append(f"{name or 'Unknown'} ({faces}, {'-' if np.isnan(nearest) else f'{nearest / threshold:.2f}'})")
    return ", ".join(told) or "-"
