"""The page in a real browser: it plays, shows the lines in time, jumps, edits and saves, by keyboard alone."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from narration_toys import SETTINGS, toy_draft, write_toy

from corpora.video import write_video
from narration.edits import read_edits
from narration.player import PAGE
from narration.serving import HOST, server

pytestmark = pytest.mark.slow
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PROGRAM = next((path for name in BROWSERS if (path := shutil.which(name))), None)
ROW = "#lines li:nth-child({}) textarea"
# The contrast of every text that is seen with what lies behind it, as WCAG 2 defines it: [text, ratio].
CONTRASTS = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const found = getComputedStyle(node).backgroundColor;
      if (!/, 0\\)$/.test(found) && found !== "transparent") return found;
    }
    return "rgb(255, 255, 255)";
  };
  const seen = (node) => node.checkVisibility() && !node.closest(".unseen, .skip, option, svg, script, style");
  return [...document.body.querySelectorAll("*")]
    .filter((node) => seen(node) && ([...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim()) || node.value))
    .map((node) => {
      const [a, b] = [light(getComputedStyle(node).color), light(behind(node))].sort((x, y) => y - x);
      return [node.textContent.trim().slice(0, 30) || node.id, (a + 0.05) / (b + 0.05)];
    });
}"""
# Whatever can be operated and is smaller than WCAG's 24 pixels (links in text and boxes inside a label aside).
SMALL = """() => [...document.querySelectorAll("button, select, textarea, summary, label:has(input)")]
  .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 24)
  .map((node) => node.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if PROGRAM is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: `make setup` installs it")
    with playwright.sync_playwright() as running:
        quiet = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
        found = running.chromium.launch(executable_path=PROGRAM, args=quiet)
        yield found
        found.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A draft with its film of six seconds beside it."""
    found = tmp_path_factory.mktemp("draft")
    shades = (np.full((90, 160, 3), 4 * number, np.uint8) for number in range(60))
    write_video(found / "film.mp4", shades, fps=10, sound=(np.zeros(6 * 16000, np.float32), 16000))
    write_toy(found, toy_draft())
    return found


def until(page: Any, condition: str, seconds: float = 20.0) -> None:
    """Waits for a condition by asking again: the page's policy forbids the evaluation that playwright would wait by."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(50)


class Watched:
    """A page, what it complained of, and what it asked for."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.page.on(
            "console", lambda told: self.wrong.append(told.text) if told.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.goto(address)
        until(self.page, "film.readyState >= 2")

    def at(self, seconds: float) -> str:
        """What the page shows at a time of the film."""
        self.page.evaluate(f"film.currentTime = {seconds}")
        until(self.page, f"!film.seeking && Math.abs(film.currentTime - {seconds}) < 0.05")
        self.page.evaluate("tick()")
        return str(self.page.locator("#now").inner_text())


@pytest.fixture
def watched(browser: Any, folder: Path) -> Iterator[Watched]:
    found = Watched(browser, (folder / PAGE).as_uri(), reduced_motion="reduce")
    yield found
    assert found.wrong == [], "nothing is complained of in the console"
    assert all(url.startswith("file:") for url in found.asked), "no request leaves the page"
    found.context.close()


def test_lines_and_boxes_are_shown_in_time(watched: Watched) -> None:
    assert [watched.at(each) for each in (0.2, 1.0, 2.4, 3.5, 5.5)] == ["", "Anna waves.", "", "It rains.", ""]
    assert watched.page.locator("#who").inner_text() == "Nobody recognised on screen."
    watched.page.check("#show-boxes")
    watched.at(0.5)
    assert watched.page.locator("#who").inner_text() == "On screen: Anna."
    box = watched.page.locator("#boxes rect")
    assert float(box.get_attribute("x")) == pytest.approx(0.2 * 160, abs=0.5), "between two key frames"
    assert watched.page.locator("#boxes text").text_content() == "Anna"
    watched.at(4.0)
    assert box.count() == 0
    watched.page.evaluate("data.tracks[0].boxes.push([2.9, 0.5, 0.1, 0.7, 0.5])")
    watched.at(2.95)
    assert box.count() == 1
    watched.at(3.05)
    assert box.count() == 0, "nobody stays when the film cuts"


def test_the_page_and_the_webvtt_file_are_description_tracks_to_the_browser(watched: Watched, folder: Path) -> None:
    tracks = watched.page.evaluate("[...film.textTracks].map(t => [t.kind, t.language, t.cues && t.cues.length])")
    assert ["descriptions", "en", 2] in tracks
    page = watched.context.new_page()
    player = '<video src="film.mp4"><track kind="descriptions" srclang="en" src="description.vtt"></video>'

    def answer(route: Any) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        route.fulfill(path=folder / name) if name else route.fulfill(body=player, content_type="text/html")

    page.route("http://player.test/**", answer)
    page.goto("http://player.test/")
    page.evaluate("document.querySelector('video').textTracks[0].mode = 'hidden'")
    until(page, "document.querySelector('track').readyState === 2")
    cues = page.evaluate("[...document.querySelector('track').track.cues].map(c => [c.startTime, c.endTime, c.text])")
    assert cues == [[0.5, 1.9, "Anna waves."], [3.0, 4.5, "It rains."]]
    page.close()


def test_it_plays_and_says_each_line_once(watched: Watched) -> None:
    watched.page.evaluate(
        "() => { window.heard = []; speechSynthesis.speak = (each) => heard.push([each.text, each.lang]); }"
    )
    watched.page.keyboard.press("k")
    until(watched.page, "film.currentTime > 1.3")
    assert watched.page.evaluate("[film.paused, film.volume < 0.5]") == [False, True], "the film is turned down"
    assert watched.page.locator("li[aria-current=true] textarea").input_value() == "Anna waves."
    watched.page.keyboard.press("n")
    until(watched.page, "film.currentTime > 3.2")
    watched.page.keyboard.press(" ")
    assert watched.page.evaluate("film.paused")
    assert watched.page.evaluate("heard") == [["Anna waves.", "en"], ["It rains.", "en"]]
    watched.page.evaluate("film.currentTime = 2.2")
    until(watched.page, "film.volume === 1")


def test_a_screen_reader_may_say_the_lines_instead(watched: Watched) -> None:
    watched.page.select_option("#voice", "reader")
    watched.page.locator("#play").focus()
    watched.page.keyboard.press("Enter")
    until(watched.page, "document.getElementById('announce').textContent === 'Anna waves.'")


def test_by_keyboard_alone_a_line_is_reached_edited_and_saved_as_a_file(
    watched: Watched, folder: Path, tmp_path: Path
) -> None:
    page = watched.page
    names = []
    for _ in range(40):  # Tab reaches everything, in the order that is seen
        page.keyboard.press("Tab")
        names.append(
            page.evaluate(
                "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
            )
        )
        if page.evaluate("document.activeElement === document.querySelector('#lines textarea')"):
            break
    assert names[0] == "skip" and {"theme", "film", "play", "voice", "show-boxes", "order", "save", "jump"} <= set(
        names
    )
    page.keyboard.press("Control+A")
    page.keyboard.type("Anna nods k n b.")
    assert page.evaluate("film.paused && !document.getElementById('show-boxes').checked"), "in a field letters are text"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "jump"
    assert page.locator("#status").inner_text() == "1 change is not saved yet."
    with page.expect_download() as saving:
        page.keyboard.press("Control+s")
    (tmp_path / "description.md").write_bytes(Path(saving.value.path()).read_bytes())
    assert [(edit.span, edit.text) for edit in read_edits(tmp_path).kept] == [("0:00.5-0:01.9", "Anna nods k n b.")]
    page.reload()
    until(page, "film.readyState >= 2")
    assert page.locator(ROW.format(1)).input_value() == "Anna nods k n b.", "what was not saved is not lost"


def test_a_pause_is_given_a_line_another_is_taken_out_and_an_alternative_chosen(
    watched: Watched, tmp_path: Path
) -> None:
    page = watched.page
    page.fill(ROW.format(1), "")
    page.locator("#lines li:nth-child(2) summary").click()
    page.get_by_role("button", name="Use: Rain falls on the roof.").click()
    page.fill(ROW.format(3), "A door slams and everybody in the house runs away from it.")
    assert "too many to be heard in 1.0 s" in page.locator("#lines li:nth-child(3) .warning").inner_text()
    page.fill(ROW.format(3), "A door\n slams.")
    with page.expect_download() as saving:
        page.click("#save")
    (tmp_path / "description.md").write_bytes(Path(saving.value.path()).read_bytes())
    edits = read_edits(tmp_path)
    assert [edit.text for edit in edits.kept] == ["Rain falls on the roof.", "A door slams."]
    assert [gone for gone, _ in edits.taken_out] == ["0:00.5-0:01.9"]


def test_the_script_is_ordered_by_doubt_and_filtered(watched: Watched) -> None:
    watched.page.select_option("#order", "doubt")
    assert watched.page.locator(ROW.format(1)).input_value() == "It rains."
    watched.page.select_option("#filter", "silent")
    assert watched.page.locator("#lines textarea").count() == 1
    watched.page.select_option("#filter", "check")
    assert watched.page.locator("#lines textarea").input_value() == "It rains."


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (320, "dark")])
def test_it_is_accessible_at_every_width_and_in_both_colours(
    browser: Any, folder: Path, width: int, scheme: Any
) -> None:
    watched = Watched(browser, (folder / PAGE).as_uri(), viewport={"width": width, "height": 800}, color_scheme=scheme)
    watched.at(3.5)
    page = watched.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is to be scrolled sideways"
    assert [each for each in page.evaluate(CONTRASTS) if each[1] < 4.5] == []
    assert page.evaluate(SMALL) == []
    assert (
        page.evaluate(
            "(ids => ids.filter((id, i) => ids.indexOf(id) < i))([...document.querySelectorAll('[id]')].map(e => e.id))"
        )
        == []
    )
    assert page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(e => e.tagName).join(' ')").startswith(
        "H1 H2"
    )
    tree = watched.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "combobox", "checkbox", "textbox", "link", "listitem", "Video", "region", "group"}
    unnamed = [
        node
        for node in tree
        if not node["ignored"] and node["role"]["value"] in roles - {"listitem", "group"} and not node["name"]["value"]
    ]
    assert unnamed == []
    assert {"button", "combobox", "checkbox", "textbox", "region"} <= {
        n["role"]["value"] for n in tree if not n["ignored"]
    }
    assert watched.wrong == []
    watched.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_axe_finds_nothing_wrong(browser: Any, folder: Path, axe: str, width: int, scheme: Any) -> None:
    """axe-core's rules, WCAG's among them, on the page with everything opened. The videos' captions it cannot see: they
    are a text track that the page makes."""
    watched = Watched(browser, (folder / PAGE).as_uri(), viewport={"width": width, "height": 800}, color_scheme=scheme)
    watched.page.check("#show-boxes")
    watched.at(3.5)
    watched.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    watched.page.evaluate(axe)
    result = watched.page.evaluate("axe.run(document, { resultTypes: ['violations', 'incomplete'] })")
    assert [(each["id"], each["nodes"][0]["html"]) for each in result["violations"]] == []
    assert [each["id"] for each in result["incomplete"]] in ([], ["video-caption"]) and len(result["passes"]) > 30
    assert watched.wrong == []
    watched.context.close()


def test_a_film_that_is_not_where_the_page_expects_it_can_be_chosen(browser: Any, folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(folder / PAGE, tmp_path / PAGE)
    context = browser.new_context()
    page = context.new_page()
    page.goto((tmp_path / PAGE).as_uri())
    page.wait_for_selector("#missing:not([hidden])")
    page.set_input_files("#file", folder / "film.mp4")
    until(page, "film.readyState >= 2 && document.getElementById('missing').hidden")
    context.close()


def test_served_it_saves_into_the_folder(browser: Any, folder: Path, tmp_path: Path) -> None:
    shutil.copyfile(folder / "film.mp4", tmp_path / "film.mp4")
    write_toy(tmp_path, toy_draft())
    with server(tmp_path, SETTINGS, port=0) as serving:
        threading.Thread(target=serving.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://{HOST}:{serving.server_port}/"
        watched = Watched(browser, address)
        watched.at(3.5)  # a jump: the film comes in parts
        watched.page.fill(ROW.format(2), "It pours.")
        watched.page.keyboard.press("Control+s")
        until(watched.page, "document.getElementById('status').textContent.startsWith('Saved')")
        assert [edit.text for edit in read_edits(tmp_path).kept] == ["It pours."]
        assert "It pours." in (tmp_path / "description.vtt").read_text()
        (tmp_path / "description.md").write_text(
            (tmp_path / "description.md").read_text().replace("Anna waves.", "Anna!")
        )
        watched.page.fill(ROW.format(2), "It snows.")
        watched.page.click("#save")
        until(watched.page, "document.getElementById('status').textContent.includes('changed elsewhere')")
        assert [edit.text for edit in read_edits(tmp_path).kept] == ["Anna!", "It pours."]
        assert all(url.startswith((address, "blob:")) for url in watched.asked)
        assert [each for each in watched.wrong if "400" not in each] == []
        watched.context.close()
        serving.shutdown()


def test_what_is_written_during_and_after_a_save_is_unsaved_and_kept_over_a_reload(
    browser: Any, folder: Path, tmp_path: Path
) -> None:
    shutil.copyfile(folder / "film.mp4", tmp_path / "film.mp4")
    write_toy(tmp_path, toy_draft())
    with server(tmp_path, SETTINGS, port=0) as serving:
        threading.Thread(target=serving.serve_forever, args=(0.05,), daemon=True).start()
        watched = Watched(browser, f"http://{HOST}:{serving.server_port}/")
        page = watched.page

        def reloaded() -> list[str]:
            page.reload()
            until(page, "film.readyState >= 2")
            return [page.locator(ROW.format(row)).input_value() for row in (1, 2)]

        # The answer is held back until more has been written.
        page.evaluate(
            "() => { const own = fetch; window.fetch = async (...asked) => {"
            " const answer = await own(...asked); await new Promise((go) => { window.go = go; }); return answer; }; }"
        )
        page.fill(ROW.format(1), "Anna nods.")
        page.keyboard.press("Control+s")
        until(page, "window.go !== undefined")
        page.fill(ROW.format(1), "Anna nods twice.")
        page.keyboard.press("Control+s")  # while the first is under way
        page.evaluate("go()")
        until(page, "document.getElementById('status').textContent.startsWith('Saved')")
        assert "1 change is not saved yet" in page.locator("#status").inner_text()
        assert [edit.text for edit in read_edits(tmp_path).kept] == ["Anna nods."]
        assert reloaded() == ["Anna nods twice.", "It rains."]
        page.click("#save")
        until(page, "document.getElementById('status').textContent.startsWith('Saved')")
        page.fill(ROW.format(1), "Anna waves.")  # what stood there at first is an edit now
        page.fill(ROW.format(2), "It pours.")
        assert reloaded() == ["Anna waves.", "It pours."]
        assert page.evaluate("Object.keys(localStorage).length") == 1, "no other script's texts are left behind"
        assert watched.wrong == []
        watched.context.close()
        serving.shutdown()
