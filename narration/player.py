"""The draft as one page to watch, hear and edit: no other file is needed but the film, and nothing is fetched.

`page/` holds its markup, style and script, which are put together here with the draft as data. The policy in its head
lets it run its own script and play its own film, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import mimetypes
import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from common.errors import BadInput
from narration.edits import digest_of, script_text
from narration.script import Draft, remark, span
from narration.settings import NarrationSettings

PAGE = "index.html"
LARGEST_EMBEDDED = 200_000_000  # bytes of film: a page of a third more is about what a browser still opens
_PARTS = Path(__file__).parent / "page"


def page(
    draft: Draft, settings: NarrationSettings, *, film: str, voice: str = "", token: str = "", script: str | None = None
) -> str:
    """The page as HTML.

    `film` and `voice` (the spoken track, where there is one) are addresses as seen from the page; `token` is what a
    server wants to see when the page saves, "" for a page that saves into a file. `script` is the text of
    description.md (default: as it would be written now).
    """
    written = script_text(draft) if script is None else script
    value = draft.value()
    data = {
        **{name: value[name] for name in ("title", "silences", "notes", "dialogue", "tracks", "duration")},
        "lines": [_line(line, row) for line, row in zip(draft.lines, value["lines"], strict=True)],
        "script": written,
        "digest": digest_of(written),
        "language": settings.language,
        "pace": {"comfortable": settings.words_per_second, "fastest": settings.fastest_words_per_second},
        "gain": settings.mixing.gain,
        "step": settings.key_frame_seconds,
        "cuts": [shot.start for shot in draft.shots],
        "film": film,
        "voice": voice,
        "token": token,
    }
    data["silences"] = [{**each, "span": span(each["start"], each["end"])} for each in data["silences"]]
    style, code = _part("player.css"), "\n".join(_part(name) for name in ("film.js", "script.js"))
    parts = {
        "policy": policy(style, code),
        "title": html.escape(draft.title),
        "style": style,
        "data": _inert(data),
        "script": code,
    }
    # In one pass, so that what is put in is never searched for marks of its own.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], _part("player.html"))


def policy(style: str, code: str) -> str:
    """What the page may do: its own style and script by digest, films and sound beside it, saving where it came from.

    Without a server `connect-src 'self'` reaches nothing: a page from a file has no origin.
    """
    return (
        f"default-src 'none'; script-src '{_digest(code)}'; style-src '{_digest(style)}'; "
        "media-src 'self' file: blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


def address(path: Path, folder: Path) -> str:
    """A file as a page in `folder` refers to it, without a word about the machine's folders above both."""
    return quote(Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix())


def embedded(path: Path) -> str:
    """A film as part of the page; `BadInput` where that would be too much for a browser."""
    size = path.stat().st_size
    if size > LARGEST_EMBEDDED:
        raise BadInput(f"{path}: {size / 1e6:.0f} MB are too many to put into a page; leave --embed-film out")
    kind = mimetypes.guess_type(path.name)[0] or "video/mp4"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def _line(line: Any, row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "span": span(line.start, line.end), "mark": remark(line)}


@cache
def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _inert(data: Any) -> str:
    """JSON that cannot end the element it stands in, whatever a title or a line holds."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
