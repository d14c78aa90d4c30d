"""`focusedad narrate FILM`: who is on screen in each shot, and a drafted line for every slot."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import BadInput

if TYPE_CHECKING:
    from narration.script import Draft
    from narration.settings import NarrationSettings
    from publishing.settings import Settings

WHAT = """\
Drafts the description of a film: looks for the pauses, recognises the cast, drafts a line for every pause and keeps
the craft's rules (docs/narration.md). The draft is for a person to check; review.md begins with what is most doubtful.
"""
MORE = """\
files written with --out:
  index.html            the film with its description: play, hear, edit, save; by keyboard and screen reader too
  description.md        the script. Change its lines and run again: lines changed, added or taken out are kept
  review.md             the lines by doubt, with what to check and what else could be said
  description.vtt .srt  the description track for players
  description.dapt.xml  the W3C's exchange format (DAPT), with mixing instructions
  description.json      all of it for tools

settings: the section `narration` of params.yaml. Progress goes to standard error.
exit status: 0; 2 for a mistake in what was given, told in one line.

examples:
  focusedad narrate film.mp4 --out draft
  focusedad narrate film.mp4 --subtitles film.en.srt --cast cast/ --out draft
  focusedad narrate film.mp4 --model models:/focusedad-captioner@champion --out draft
  focusedad narrate --out draft --serve
  focusedad narrate folder/ --out draft --encoder dlib --names recognised
"""


def main(words: Sequence[str]) -> int:
    asked = parser().parse_args(list(words))

    from common.progress import show_progress
    from publishing import places
    from publishing.settings import load_settings

    if asked.film is None and not asked.serve:
        raise BadInput("narrate: give a FILM, or --serve and the --out of a draft that is there")
    if asked.serve and asked.out is None:
        raise BadInput("--serve: needs the draft's folder; name it with --out")
    show_progress()
    settings = load_settings(places.parameters_file())
    narration = settings.narration.model_copy(update={"names": asked.names} if asked.names else {})
    if asked.film is not None:
        _narrate(asked, settings, narration)
    return _serve(asked, narration) if asked.serve else 0


def _narrate(asked: argparse.Namespace, settings: Settings, narration: NarrationSettings) -> None:
    from narration.given import Given
    from narration.narrate import Models, narrate
    from orchestration.narrate_model import captioner_folder
    from publishing import places

    data = places.data()
    own = data / "captioner" / f"{_trained(asked.variant, settings)}.{settings.captioner.seeds[0]}"
    models = Models(
        face_encoder=data / "face_encoder",
        base_model=data / "base_model",
        captioner=captioner_folder(asked.model, base_model=data / "base_model") if asked.model else own,
        perception=settings.perception,
        captioner_settings=settings.captioner,
    )
    given = Given(asked.film, asked.subtitles, asked.cast, settings.films.corpora.cast)
    if asked.voice is not None and asked.out is None:
        raise BadInput("--voice: needs a folder for the sound; name it with --out")
    draft = narrate(
        given,
        models,
        narration,
        encoder=asked.encoder,
        out=asked.out,
        embed_film=asked.embed_film,
        voice=asked.voice,
    )
    if asked.json:
        print(json.dumps(draft.value(), indent=1, ensure_ascii=False))
    elif asked.out is None:
        print(draft.text())
    else:
        print(summary(draft, asked.out, served=asked.serve))


def summary(draft: Draft, out: Path, *, served: bool) -> str:
    """What came of it in a few lines, and how to go on."""
    from narration.output import FILES

    check = sum(bool(line.reasons.doubtful) for line in draft.lines)
    silent = _count(len(draft.silences), "pause")
    rows = [f"{draft.title}: {_count(len(draft.lines), 'line')}, {check} to be checked; {silent} silent"]
    rows += [f"> {note}" for note in draft.notes]
    sound = sorted(path.name for ending in ("m4a", "wav") for path in out.glob(f"description.*.{ending}"))
    rows.append(f"written into {out}: {', '.join((*FILES, *sound))}")
    if not served:
        rows.append(f"to watch, hear and edit it: focusedad narrate --out {shlex.quote(str(out))} --serve")
    return "\n".join(rows)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _trained(variant: str, settings: Settings) -> str:
    """The variant, where it has weights of its own; `BadInput` for a row of the tables that lends another's."""
    row = settings.captioner.rows.get(variant)
    if variant in settings.captioner.variants or row is None:
        return variant
    raise BadInput(
        f"--variant {variant}: a row of the tables that uses {row.variant}'s weights with other inputs, and a film is "
        f"always narrated with all there is; take --variant {row.variant}"
    )


def _serve(asked: argparse.Namespace, narration: NarrationSettings) -> int:
    from narration.serving import HOST, server

    with server(asked.out, narration, port=asked.port) as serving:
        print(
            f"http://{HOST}:{serving.server_port}/ shows the draft, on this machine only; Ctrl-C ends it",
            flush=True,
        )
        with contextlib.suppress(KeyboardInterrupt):
            serving.serve_forever()
    return 0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="focusedad narrate", description=WHAT, epilog=MORE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument(
        "film",
        type=Path,
        nargs="?",
        help="film.mp4 (with film.srt beside it, if there is one), or a folder with film.mp4, cast.json, portraits/, "
        "subtitles.srt (docs/corpora.md)",
    )
    found.add_argument("--out", type=Path, metavar="FOLDER", help="where the draft is written; else it is only printed")
    found.add_argument(
        "--serve",
        action="store_true",
        help="show the draft of --out in a browser afterwards (without FILM: at once), where edits are saved into it",
    )
    found.add_argument("--port", type=int, default=8799, help="of --serve (default: 8799; 0: any that is free)")
    found.add_argument(
        "--voice",
        nargs="?",
        const="",
        metavar="COMMAND",
        help="speak the lines too: description.voice.m4a, and description.mix.m4a over the film's sound. COMMAND "
        "reads a line and writes a WAV file to {wav} or its output; {rate} is words a minute, {language} the language "
        "(default: espeak-ng)",
    )
    found.add_argument("--embed-film", action="store_true", help="put the film itself into the page index.html")
    found.add_argument(
        "--subtitles", type=Path, metavar="FILE", help="the dialogue as SRT or WebVTT, in place of the film's own"
    )
    found.add_argument(
        "--cast",
        type=Path,
        help="cast.json, or the folder with it and the portraits, in place of the film's own; so many credits as "
        "films.corpora.cast in params.yaml are main characters",
    )
    found.add_argument(
        "--encoder",
        choices=("dlib", "facenet"),
        help="a pretrained face encoder in place of the lineage's own: dlib works offline on real faces (`make dlib`)",
    )
    found.add_argument(
        "--names",
        choices=("introduced", "recognised", "never"),
        help="whom a line may name of those it recognises: whom a subtitle has named before, everybody, nobody "
        "(default: narration.names in params.yaml)",
    )
    found.add_argument("--variant", default="C2", help="which trained variant of the lineage speaks (default: C2)")
    found.add_argument(
        "--model",
        help="another captioner than the lineage's: its folder, or models:/NAME@champion or "
        "models:/NAME/VERSION of MLflow's registry",
    )
    found.add_argument("--json", action="store_true", help="answer as JSON, as in description.json")
    return found
