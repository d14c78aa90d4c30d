"""`focusedad narrate FILM`: who is on screen in each shot, and a drafted line for every slot."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="focusedad narrate", description="Drafts the description of a film or of a film folder (docs/corpora.md)."
    )
    parser.add_argument("film", type=Path, help="film.mp4, or a folder with film.mp4, cast.json, portraits/")
    parser.add_argument("--out", type=Path, help="folder for description.json, .vtt, .srt and .md; else only printed")
    parser.add_argument(
        "--encoder",
        choices=("dlib", "facenet"),
        help="a pretrained face encoder in place of the lineage's own: dlib works offline on real faces (`make dlib`)",
    )
    parser.add_argument("--variant", default="C2", help="which trained variant speaks (default: C2)")
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    asked = parser.parse_args(list(words))

    from common.progress import show_progress
    from narration.narrate import Models, narrate
    from publishing import places
    from publishing.settings import load_settings

    show_progress()
    settings = load_settings(places.parameters_file())
    data = places.data()
    models = Models(
        face_encoder=data / "face_encoder",
        base_model=data / "base_model",
        captioner=data / "captioner" / f"{asked.variant}.{settings.captioner.seeds[0]}",
        perception=settings.perception,
        captioner_settings=settings.captioner,
    )
    draft = narrate(asked.film, models, settings.narration, encoder=asked.encoder, out=asked.out)
    print(json.dumps(draft.value(), indent=1, ensure_ascii=False) if asked.json else draft.text())
    if asked.out is not None and not asked.json:
        print(f"written: {asked.out}/description.json, .vtt, .srt, .md")
    return 0
