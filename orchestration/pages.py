"""`python -m orchestration.pages PORT FOLDER`: what gates refused, as files to look at, for this machine alone.

Python's own server of files, which only reads. Most of the time nothing was refused and the folder is not there: then
the first page says so.
"""

from __future__ import annotations

import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HOST = "127.0.0.1"
NOTHING = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>What gates refused</title>
<body style="font: 1rem/1.5 sans-serif; margin: 3rem"><h1>Nothing was refused</h1>
<p>What a gate refuses lies under <code>data/rejected</code> until it is mended, and is shown here.</p>"""


class Pages(SimpleHTTPRequestHandler):
    """Files below a folder; a page of its own where there is no folder."""

    def do_GET(self) -> None:
        if self.path != "/" or Path(self.directory).is_dir():
            super().do_GET()
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(NOTHING)))
        self.end_headers()
        self.wfile.write(NOTHING)


def main(port: int, folder: str) -> None:
    with ThreadingHTTPServer((HOST, port), partial(Pages, directory=folder)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
