"""The server gives out one draft and takes back its script, from its own page alone."""

import http.client
import json
import socket
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from narration_toys import SETTINGS, toy_draft, write_toy

from common.errors import BadInput
from corpora.subtitles import read_srt
from narration import serving
from narration.edits import digest_of
from narration.serving import HOST, server
from narration.work import Work


class Served:
    """A draft's folder behind a running server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = server(folder, SETTINGS, port=0)
        self.token = self.server.RequestHandlerClass.desk.token  # type: ignore[attr-defined]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def ask(self, method: str, place: str, body: bytes = b"", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection(HOST, self.server.server_port, timeout=10)
        connection.request(
            method, place, body or None, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        found = answer.status, answer.read(), dict(answer.getheaders())
        connection.close()
        return found

    def say(self, request: str, *, ends: bool = True) -> bytes:
        """The answer to a request as it stands; the sender may leave his end open."""
        with socket.create_connection((HOST, self.server.server_port), timeout=10) as connection:
            connection.sendall(request.replace("\n", "\r\n").encode())
            if ends:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))

    def begun(self, script: str, length: int | str) -> str:
        """A request that saves a script of `length` bytes, of which `script` has come in."""
        address = f"{HOST}:{self.server.server_port}"
        heads = f"Host: {address}\nX-Token: {self.token}\nX-Was: {digest_of(self.script())}\nContent-Length: {length}"
        return f"POST /save HTTP/1.0\n{heads}\n\n{script}"

    def script(self) -> str:
        return (self.folder / "description.md").read_text()

    def save(self, text: str, **headers: str) -> tuple[int, dict]:
        headers = {"X_Token": self.token, "X_Was": digest_of(self.script()), **headers}
        status, content, _ = self.ask("POST", "/save", text.encode(), **headers)
        return status, json.loads(content)


@pytest.fixture
def served(tmp_path):
    (tmp_path / "film.mp4").write_bytes(bytes(range(100)))
    write_toy(tmp_path, toy_draft())
    found = Served(tmp_path)
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_the_page_comes_with_its_token_and_the_film_in_parts(served):
    status, content, headers = served.ask("GET", "/")
    assert status == 200 and served.token in content.decode() and headers["X-Content-Type-Options"] == "nosniff"
    assert served.ask("GET", "/film")[:2] == (200, bytes(range(100)))
    status, content, headers = served.ask("GET", "/film", Range="bytes=10-19")
    assert (status, content, headers["Content-Range"]) == (206, bytes(range(10, 20)), "bytes 10-19/100")
    assert served.ask("GET", "/film", Range="bytes=-5")[1] == bytes(range(95, 100))
    assert served.ask("GET", "/film", Range="bytes=90-")[1] == bytes(range(90, 100))
    assert served.ask("GET", "/film", Range="bytes=100-")[0] == 416
    assert served.ask("HEAD", "/film")[:2] == (200, b"")


def test_an_edit_is_saved_into_every_file_and_the_page_has_it_afterwards(served):
    status, told = served.save(served.script().replace("Anna waves. _(0.80)_", "Anna nods."))
    assert status == 200 and told["edited"] == ["0:00.5-0:01.9"]
    assert "Anna nods. _(edited)_" in served.script() == told["script"]
    assert [cue.text for cue in read_srt(served.folder / "description.srt")] == ["Anna nods.", "It rains."]
    assert "Anna nods." in served.ask("GET", "/")[1].decode()
    again = served.save(served.script().replace("Anna nods. _(edited)_", "Anna waves."), X_Was=told["digest"])
    assert again[0] == 200 and again[1]["edited"] == []
    assert not list(served.folder.glob("*by_hand*"))


def test_a_script_that_was_changed_elsewhere_is_not_written_over(served):
    before = served.script()
    (served.folder / "description.md").write_text(before.replace("It rains.", "It pours."))
    status, told = served.save(before, X_Was=digest_of(before))
    assert status == 400 and "changed elsewhere" in told["error"]
    assert "It pours." in served.script()


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        ("## Lines", "## My lines", "no heading"),
        ("0:03.0-0:04.5", "0:03.0-0:09.5", "leaves the film"),
        ("0:03.0-0:04.5", "0:01.0-0:04.5", "begins before"),
    ],
)
def test_a_script_that_cannot_be_read_leaves_everything_as_it_was(served, there, instead, said):
    before = served.script()
    status, told = served.save(
        before.replace(f"- **{there}" if ":" in there else there, f"- **{instead}" if ":" in there else instead, 1)
    )
    assert status == 400 and said in told["error"] and "\n" not in told["error"]
    assert str(served.folder) not in told["error"]
    assert served.script() == before


def test_hostile_requests_get_one_answer_each_and_change_nothing(served, monkeypatch):
    before = served.script()
    monkeypatch.setattr(serving, "LARGEST_SCRIPT", 1000)
    assert served.ask("GET", "/", Host="evil.example")[0] == 403, "a page of another name, led here by its DNS"
    assert served.save("x", X_Token="guessed")[0] == 403
    assert served.save("x", X_Token="é".encode().decode("latin-1"))[0] == 403
    assert served.save("x" * 1001)[0] == 413
    for place in ("/../kept.json", "/.work/draft.json", "/description.md", "/%2e%2e/x", "/film/../.work/draft.json"):
        assert served.ask("GET", place)[0] == 404
    assert served.ask("POST", "/film", b"x", X_Token=served.token)[0] == 404
    assert served.ask("PUT", "/save", b"x")[0] == 501
    status, content, _ = served.ask("POST", "/save", b"\xff", X_Token=served.token)
    assert (status, json.loads(content)["error"]) == (400, "the script is not UTF-8")
    many = "9" * 5000
    assert b" 413 " in served.say(served.begun("", many)).splitlines()[0]
    assert b" 413 " in served.say(served.begun("", "-1")).splitlines()[0]
    assert served.ask("GET", "/film", Range=f"bytes={many}-")[0] == 416
    assert served.ask("GET", "/film", Range=f"bytes=90-{many}")[1] == bytes(range(90, 100))
    assert served.ask("GET", "/film", Range=f"bytes=-{many}")[1] == bytes(range(100))
    assert served.script() == before


def test_a_script_that_comes_in_torn_or_not_at_all_is_not_saved(served, monkeypatch):
    before = served.script()
    torn = before[: before.index("It rains.")]
    answer = served.say(served.begun(torn, len(before.encode())))
    assert b" 400 " in answer.splitlines()[0] and b"save again" in answer
    monkeypatch.setattr(served.server.RequestHandlerClass, "timeout", 1)
    answer = served.say(served.begun(torn, len(before.encode())), ends=False)
    assert b" 408 " in answer.splitlines()[0] and b"did not come in within 1 s" in answer
    assert served.script() == before


def test_a_browser_that_drops_the_film_is_no_fault(served, monkeypatch):
    with (served.folder / "film.mp4").open("wb") as film:
        film.truncate(1 << 28)
    faults, done = [], threading.Event()
    closes = served.server.shutdown_request
    monkeypatch.setattr(served.server, "handle_error", lambda *_: faults.append(sys.exc_info()[1]))
    monkeypatch.setattr(served.server, "shutdown_request", lambda request: (closes(request), done.set()))
    with socket.create_connection((HOST, served.server.server_port), timeout=10) as connection:
        connection.sendall(f"GET /film HTTP/1.0\r\nHost: {HOST}:{served.server.server_port}\r\n\r\n".encode())
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not a goodbye
    assert done.wait(30) and faults == []


def test_nothing_is_saved_while_the_film_is_narrated(served):
    before = served.script()
    with Work(served.folder).alone():
        status, told = served.save(before.replace("It rains.", "It pours."))
    assert status == 400 and "is being narrated" in told["error"] and served.script() == before
    assert served.save(before.replace("It rains.", "It pours."))[0] == 200


def test_of_many_saves_at_once_one_is_taken_and_the_others_are_told(served):
    before, was = served.script(), digest_of(served.script())
    texts = [before.replace("It rains.", f"It pours, number {number}.") for number in range(12)]
    with ThreadPoolExecutor(len(texts)) as several:
        answers = list(several.map(lambda text: served.save(text, X_Was=was), texts))
    taken = [number for number, (status, _) in enumerate(answers) if status == 200]
    assert len(taken) == 1 and f"number {taken[0]}." in served.script()
    others = [told["error"] for status, told in answers if status == 400]
    assert len(others) == len(texts) - 1 and all("changed elsewhere" in each for each in others)
    assert [cue.text for cue in read_srt(served.folder / "description.srt")][1] == f"It pours, number {taken[0]}."


def test_without_a_draft_or_a_free_port_it_does_not_start(served, tmp_path_factory):
    with pytest.raises(BadInput, match="holds no draft"):
        server(tmp_path_factory.mktemp("empty"), SETTINGS, port=0)
    with pytest.raises(BadInput, match="choose another"):
        server(served.folder, SETTINGS, port=served.server.server_port)


def test_no_link_has_another_file_handed_out(served, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.txt"
    secret.write_text("PRIVATE")
    (served.folder / "film.mp4").unlink()
    for name, place in (("film.mp4", "/film"), ("description.voice.wav", "/voice"), ("description.md", "/")):
        (served.folder / name).unlink(missing_ok=True)
        (served.folder / name).symlink_to(secret)
        status, content, _ = served.ask("GET", place)
        assert status == 500 and b"PRIVATE" not in content, name
        if name != "film.mp4":
            assert f"{name!r}: leads outside" in json.loads(content)["error"]
            with pytest.raises(BadInput, match=rf"'{name}': leads outside"):
                server(served.folder, SETTINGS, port=0)
            (served.folder / name).unlink()
    film = secret.with_name("other.mp4")
    film.write_bytes(b"a film")
    (served.folder / "film.mp4").unlink()
    (served.folder / "film.mp4").symlink_to(film)
    assert served.ask("GET", "/film")[:2] == (200, b"a film")


def test_it_listens_on_this_machine_only(served):
    assert served.server.server_address[0] == "127.0.0.1"
