"""The draft's page served on this machine alone, so that what is edited there is saved where it belongs.

Bound to 127.0.0.1; it hands out the page, the film and the voice track of one draft, and takes the script back from
that page only: by the token that stands in it, in limited size, and never over what was changed elsewhere meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import logging
import mimetypes
import os
import re
import secrets
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

from common.errors import BadInput
from common.files import inside, write_text
from corpora.formats import VIDEO_ENDINGS
from narration.edits import check_edits, digest_of, read_edits, with_edits
from narration.kept import read_draft
from narration.output import SCRIPT, voice_of, write_script
from narration.player import page
from narration.script import Draft
from narration.settings import NarrationSettings
from narration.work import Work

log = logging.getLogger(__name__)
HOST = "127.0.0.1"
LARGEST_SCRIPT = 2_000_000  # bytes; a feature film's script has a hundredth of it
SLOWEST_SECONDS = 30  # for a request to come in
_BLOCK = 1 << 18
_MOST_DIGITS = 19
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Desk:
    """One draft's folder as the page sees it: what it shows, and what it takes back."""

    def __init__(self, folder: Path, settings: NarrationSettings) -> None:
        self.folder, self.settings = folder, settings
        self.token = secrets.token_urlsafe(16)
        self._alone = threading.Lock()
        self.draft(), self.voice()  # a folder without a draft, or with links out of it, is told at once

    def draft(self) -> Draft:
        """The draft with the edits that stand in the script now."""
        inside(self.folder, SCRIPT)  # what stands there is shown: by a link in a folder from elsewhere, any file
        return with_edits(read_draft(self.folder), read_edits(self.folder))

    def page(self) -> str:
        draft, voice = self.draft(), "voice" if self.voice() else ""
        script = (self.folder / SCRIPT).read_text(encoding="utf-8-sig")
        return page(draft, self.settings, film="film", voice=voice, token=self.token, script=script)

    def film(self) -> Path:
        path = Path(os.path.realpath(self.folder / unquote(read_draft(self.folder).film)))
        if path.suffix.lower() not in VIDEO_ENDINGS:  # a draft that came from elsewhere may name any file
            raise BadInput(f"{path.name}: no film, which alone is handed out; narrate the film again")
        return path

    def voice(self) -> Path | None:
        """The spoken track, if there is one; `BadInput` where it is a link out of the folder."""
        path = voice_of(self.folder)
        return inside(self.folder, path.name) if path else None

    def save(self, text: str, *, was: str) -> dict[str, Any]:
        """Takes over a script that began as the one with the digest `was`, and renews the files made from it.

        Raises `BadInput` where it cannot be read, leaves the film, or the script on disk is another by now, and while
        the film is narrated into this folder: that ends with writing the same files.
        """
        narrated = "the film is being narrated into this folder; save again when that is done"
        with self._alone, Work(self.folder).locked(narrated):
            path = self.folder / SCRIPT
            if digest_of(path.read_text(encoding="utf-8-sig")) != was:
                raise BadInput(
                    "description.md was changed elsewhere meanwhile; copy your lines and load the page again"
                )
            draft = read_draft(self.folder)
            with tempfile.TemporaryDirectory() as scratch:
                write_text(Path(scratch) / SCRIPT, text)
                try:
                    check_edits(read_edits(Path(scratch)), Path(), duration=draft.duration)
                except BadInput as error:
                    raise BadInput(str(error).replace(f"{scratch}/", "")) from None
            write_text(path, text)
            edited = with_edits(draft, read_edits(self.folder))
            write_script(self.folder, edited, self.settings)
            script = path.read_text(encoding="utf-8")
            old = ", but not the voice track: narrate again for that" if voice_of(self.folder) else ""
            return {
                "script": script,
                "digest": digest_of(script),
                "edited": [edit.span for edit in read_edits(self.folder).kept],
                "told": f"Saved: description.md and all files beside it{old}.",
            }


def server(folder: Path, settings: NarrationSettings, *, port: int) -> ThreadingHTTPServer:
    """A server ready to run; port 0 takes a free one. `BadInput` without a draft, or where the port is taken."""
    desk = Desk(folder, settings)
    handler = type("Handler", (_Handler,), {"desk": desk})
    try:
        return ThreadingHTTPServer((HOST, port), handler)
    except OSError as error:
        raise BadInput(f"--port {port}: cannot be used ({error.strerror}); choose another") from None


class _Handler(BaseHTTPRequestHandler):
    desk: Desk
    server_version, sys_version = "focusedad", ""
    timeout = SLOWEST_SECONDS
    begun = False  # whether an answer is on its way: another would be taken for a part of it

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a browser drops what it no longer needs
            super().handle()

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        if not self._own():
            return
        place = urlsplit(self.path).path
        try:
            if place == "/":
                self._send(200, self.desk.page().encode(), "text/html; charset=utf-8")
            elif place == "/film":
                self._send_file(self.desk.film())
            elif place == "/voice" and (voice := self.desk.voice()):
                self._send_file(voice)
            else:
                self._tell(404, "there is nothing here")
        except (BadInput, OSError) as error:
            if self.begun:
                self.close_connection = True
            else:
                self._tell(500, str(error))

    def do_POST(self) -> None:
        if not self._own():
            return
        if urlsplit(self.path).path != "/save":
            return self._tell(404, "there is nothing here")
        if not secrets.compare_digest(self.headers.get("X-Token", "").encode(), self.desk.token.encode()):
            return self._tell(403, "this page is not the one that was served; load it again")
        length = _number(self.headers.get("Content-Length", ""))
        if length is None or length > LARGEST_SCRIPT:
            self.close_connection = True
            return self._tell(413, f"a script has at most {LARGEST_SCRIPT // 1_000_000} MB")
        try:
            content = self.rfile.read(length)
        except TimeoutError:
            return self._tell(408, f"the script did not come in within {self.timeout} s; save again")
        if len(content) < length:
            return self._tell(400, f"only {len(content)} of the script's {length} bytes came in; save again")
        try:
            told = self.desk.save(content.decode("utf-8"), was=self.headers.get("X-Was", ""))
        except UnicodeDecodeError:
            return self._tell(400, "the script is not UTF-8")
        except BadInput as error:
            return self._tell(400, str(error))
        except OSError as error:
            return self._tell(500, f"cannot be written ({error.strerror}); make room")
        self._send_json(200, told)

    def _own(self) -> bool:
        """Whether the request means this server by its own name: another name is a page of somebody else's."""
        port = cast(ThreadingHTTPServer, self.server).server_port
        if self.headers.get("Host", "") in (f"{HOST}:{port}", f"localhost:{port}"):
            return True
        self._tell(403, f"ask for http://{HOST}:{port}/")
        return False

    def _tell(self, status: int, what: str) -> None:
        self._send_json(status, {"error": what})

    def _send_json(self, status: int, value: dict[str, Any]) -> None:
        self._send(status, json.dumps(value, ensure_ascii=False).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self._head(status, kind, len(content))
        if self.command != "HEAD":
            self.wfile.write(content)

    def _send_file(self, path: Path) -> None:
        """A file, or the range of it that was asked for: players jump."""
        size = path.stat().st_size
        first, last = 0, size - 1
        if match := _RANGE.fullmatch(self.headers.get("Range", "")):
            first, last = _range(*match.groups(), size=size)
            if not 0 <= first <= last:
                return self._tell(416, "no such part")
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        extra = {"Content-Range": f"bytes {first}-{last}/{size}"} if match else {}
        self._head(206 if match else 200, kind, last - first + 1, {"Accept-Ranges": "bytes", **extra})
        if self.command != "HEAD":
            with path.open("rb") as stream:
                stream.seek(first)
                self._copy(stream, last - first + 1)

    def _copy(self, stream: BinaryIO, left: int) -> None:
        while left > 0 and (block := stream.read(min(_BLOCK, left))):
            self.wfile.write(block)
            left -= len(block)

    def _head(self, status: int, kind: str, length: int, extra: dict[str, str] | None = None) -> None:
        self.begun = True
        self.send_response(status)
        safe = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
        lengths = {"Content-Type": kind, "Content-Length": str(length)}
        for name, value in {**lengths, **safe, **(extra or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        log.debug(format, *arguments)


def _range(first: str, last: str, *, size: int) -> tuple[int, int]:
    """The bytes that `first-last` means, ends included; without a first, so many at the end."""
    start, end = _number(first), _number(last)
    if start is None:
        return max(0, size - (end or 0)), size - 1
    return start, size - 1 if end is None else min(end, size - 1)


def _number(digits: str) -> int | None:
    """A count of bytes, None where it is none; of a number with very many digits, so many as no file has bytes."""
    return int(digits.lstrip("0")[:_MOST_DIGITS] or "0") if digits.isdecimal() else None
