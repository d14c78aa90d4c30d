"""The studio's data set as others load it: films, a table of clips, and a Croissant description of both.

Croissant 1.0 is JSON-LD over schema.org (http://mlcommons.org/croissant/1.0): files with their hashes, and records as
columns of a file. Only drawn films are written: real ones are not ours to pass on.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import digest, read_json_lines, write_json
from publishing.records import RECORD, aside_reason, version
from publishing.settings import SPLITS, Settings, film_ids

METADATA, CLIPS = "croissant.json", "clips.csv"
STAGES = {"train": "storyboard_v2", "mad_eval_named": "mad_eval_named", "cinepile_ad": "cinepile_ad"}
LICENCE = "https://spdx.org/licenses/Apache-2.0"
KINDS = {".mp4": "video/mp4", ".srt": "application/x-subrip", ".json": "application/json", ".png": "image/png"}
# Column of the table -> (type, meaning).
COLUMNS = {
    "film": ("sc:Text", "The film's id; its files are films/ID/"),
    "split": ("sc:Text", "train, mad_eval_named or cinepile_ad"),
    "clip_id": ("sc:Integer", "The clip's number in the film, from 1"),
    "start": ("sc:Float", "Beginning of the described slot, seconds"),
    "end": ("sc:Float", "Its end, seconds"),
    "type": ("sc:Integer", "0 nobody, 1 seen and named, 2 named and not seen, 3 seen and not named"),
    "seen": ("sc:Text", "Names recognised by best query, in order of appearance, separated by semicolons"),
    "text": ("sc:Text", "The reference description"),
}
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def write_data_set(out: Path, settings: Settings, *, data: Path, published: str) -> list[Path]:
    """Writes the films and clips of `data` into the empty folder `out`; `published` is a date, ISO 8601.

    `BadInput` for films that are not the studio's, and where one was not published.
    """
    if settings.films.source != "studio":
        raise BadInput("films.source: only the studio's films are passed on; the rights in yours are their owners'")
    if out.exists() and any(out.iterdir()):
        raise BadInput(f"{out}: not empty; name a new folder")
    units = list(_units(settings, data))
    rows = [row for split, film in units for row in _rows(split, film, data)]
    for _, film in units:
        ignored = shutil.ignore_patterns(RECORD, "truth")
        shutil.copytree(data / "films" / film, out / "films" / film, ignore=ignored)
    with (out / CLIPS).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(COLUMNS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    files = sorted(path for path in out.rglob("*") if path.is_file())
    made = digest({film: version(data / "films" / film) for _, film in units})
    write_json(out / METADATA, describe(out, files, made=made, published=published, films=len(units), clips=len(rows)))
    return [*files, out / METADATA]


def _units(settings: Settings, data: Path) -> Iterator[tuple[str, str]]:
    """(split, film) of every film that was not put aside."""
    for split in SPLITS:
        for film in film_ids(settings, split):
            if aside_reason(data / "films" / film) is not None:
                continue
            for stage in ("films", STAGES[split]):
                if version(data / stage / film) is None:
                    raise BadInput(f"{stage}/{film}: not published; run `make repro`")
            yield split, film


def _rows(split: str, film: str, data: Path) -> Iterator[dict[str, Any]]:
    path = data / STAGES[split] / film / "clips.jsonl"
    for clip in read_json_lines(path, advice="make the stage again") if path.is_file() else []:
        seen = ";".join(found["name"] for found in clip["characters"]["best query"])
        yield {"film": film, "split": split, "seen": seen, **{name: clip[name] for name in COLUMNS if name in clip}}


def describe(out: Path, files: Sequence[Path], *, made: str, published: str, films: int, clips: int) -> dict[str, Any]:
    """The description of these files, which lie in `out`; `made` is the data version of all films together."""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "focusedad-studio",
        "description": f"{films} small drawn films with subtitles, cast and portraits, and {clips} described clips.",
        "license": LICENCE,
        "url": f"urn:md5:{made}",
        "citeAs": f"focusedad, small drawn films, version urn:md5:{made}",
        "version": "1.0.0",
        "datePublished": published,
        "creator": {"@type": "sc:Organization", "name": "focusedad"},
        "isLiveDataset": False,
        "distribution": [_file(out, path) for path in files],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "clips",
                "name": "clips",
                "description": "One record for each described clip.",
                "key": [{"@id": "clips/film"}, {"@id": "clips/clip_id"}],
                "field": [_field(name) for name in COLUMNS],
            }
        ],
    }


def _file(out: Path, path: Path) -> dict[str, Any]:
    place = path.relative_to(out).as_posix()
    kind = "text/csv" if path.suffix == ".csv" else KINDS.get(path.suffix, "application/octet-stream")
    return {
        "@type": "cr:FileObject",
        "@id": place,
        "name": place,
        "contentUrl": place,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": kind,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def _field(name: str) -> dict[str, Any]:
    kind, meaning = COLUMNS[name]
    source = {"fileObject": {"@id": CLIPS}, "extract": {"column": name}}
    about = {"name": name, "description": meaning, "dataType": kind, "source": source}
    return {"@type": "cr:Field", "@id": f"clips/{name}", **about}
