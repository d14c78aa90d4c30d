"""The page in a real browser: quiet, complete, readable in light and dark, on a desk and on a telephone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from evaluation.chart import figure_7
from evaluation.charts import bars, curves
from evaluation.compare import Difference, Order
from evaluation.figures import Box, Example, draw_boxes, png_bytes
from evaluation.published import CLAIMS, MAD
from evaluation.report import About, Figure, Size, Table, write_report
from evaluation.score import Scores
from evaluation.tables import Measured, build_further_table, build_tables

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VIEWS = [("light", 1280), ("dark", 1280), ("light", 375), ("dark", 375)]

# What is seen of every text: its colour against the nearest background that is painted, as WCAG 2.2 counts contrast.
CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour, over) => { canvas.clearRect(0, 0, 1, 1);
    if (over) { canvas.fillStyle = `rgb(${over.slice(0, 3)})`; canvas.fillRect(0, 0, 1, 1); }
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * x + .7152 * y + .0722 * z; };
  const behind = element => { const layers = [];
    for (let at = element; at; at = at.parentElement) layers.unshift(getComputedStyle(at).backgroundColor);
    return layers.reduce((under, colour) => rgba(colour, under), [255, 255, 255, 255]); };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement, style = getComputedStyle(element);
    const hidden = !element.getClientRects().length || style.visibility === 'hidden';
    if (!texts.currentNode.data.trim() || hidden || element.closest('title, desc, style')) continue;
    const ground = behind(element), drawn = element.closest('svg') ? style.fill : style.color;
    const [one, other] = [light(rgba(drawn, ground)), light(ground)].sort((a, b) => b - a);
    found.push([(one + .05) / (other + .05), texts.currentNode.data.trim().slice(0, 60)]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no browser here: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything that a page may hold."""
    clips = pd.DataFrame({"film": "f", "clip_id": ["1", "2"], "METEOR": [20.0, 30.0]})
    scores = Scores(
        summary={"METEOR": 25.0, "R": 40.0, "SPICE": None},
        per_clip=clips,
        missing={"SPICE": f"its jars are not here: {'0123456789abcdef' * 4}"},  # a word longer than a line
        intervals={"METEOR": (20.0, 30.0)},
        film_intervals={"METEOR": (19.0, 31.0)},
        counts={"clips": 2},
    )
    rows = [Measured(row, MAD, scores, run_id="0123456789abcdef", data_version="fedcba98") for row in ("C2", "D1")]
    first, second = build_tables(rows, world="mini world: drawn")
    frame = np.random.default_rng(0).integers(0, 255, size=(90, 160, 3), dtype=np.uint8)
    example = Example("f", "1", MAD, frame, [Box("Nora", (10, 20, 60, 85))], "Nora waits.", "Nora sits.", "the best")
    points = pd.DataFrame({"threshold": [0.5, 1.0], "METEOR": [20.0, 25.0]})
    further = build_further_table(rows, metrics=("METEOR", "R"))
    figures = [
        Figure("Figure 6", png_bytes(draw_boxes(frame, [])), "Clusters of faces.", "Every face."),
        Figure("Figure 7", figure_7(points, chosen=1.0), ""),
        Figure("Kinds", bars(further, title="Kinds"), ""),
        Figure("Curves", curves({"C2": {"seed 0": [3.0, 2.0, 1.0]}}, title="Curves", across="step"), ""),
    ]
    about = About(
        "FocusedAD, reproduced",
        "Drawn films.",
        [Order(CLAIMS[0], "METEOR", 1.4, 2.0, 1.0, 3.0, (0.5, 3.5))],
        {"METEOR": "METEOR 1.5"},
        {"scores/C2": "fedcba98"},
        [Size("2 clips", "of 1 drawn film", "the paper: 6,520")],
        ["Few clips."],
        [Difference("D1", "C2", MAD, "METEOR", 1.0, 0.5, 1.5, (0.2, 1.8), 2)],
    )
    tables = [Table("Table 1", first), Table("Table 2", second, "Other systems."), Table("Further", further)]
    return write_report(tmp_path_factory.mktemp("report"), tables, figures, [example], about)


def _open(browser: Browser, path: Path, scheme: Any, width: int) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(request.url))
    page.on(
        "request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else 0
    )
    page.goto(path.as_uri())
    return page, said


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
def test_it_opens_quietly_fits_and_every_text_stands_out(
    browser: Browser, report: Path, scheme: str, width: int
) -> None:
    page, said = _open(browser, report, scheme, width)
    page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page itself must not scroll sideways"
    assert all(page.eval_on_selector_all("img", "all => all.map(each => each.naturalWidth > 0)"))
    faint = [(round(contrast, 2), text) for contrast, text in page.evaluate(CONTRASTS) if contrast < 4.5]
    assert faint == []
    page.close()


@pytest.mark.parametrize(("scheme", "width"), VIEWS)
def test_axe_finds_nothing_wrong(browser: Browser, report: Path, axe: str, scheme: str, width: int) -> None:
    page, _ = _open(browser, report, scheme, width)
    page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
    page.evaluate(axe)
    result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert [(each["id"], each["nodes"][0]["html"]) for each in result["violations"]] == []
    assert len(result["passes"]) > 20
    page.close()


def test_its_structure_can_be_heard_and_walked_with_a_keyboard(browser: Browser, report: Path) -> None:
    page, _ = _open(browser, report, "light", 1280)
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(each => Number(each.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.eval_on_selector_all("img", "all => all.filter(each => !each.alt).length") == 0
    labels = "all => all.flatMap(each => each.getAttribute('aria-labelledby').split(' '))"
    for label in page.eval_on_selector_all("svg, section", labels):
        assert page.locator(f"[id='{label}']").count() == 1, label
    unnamed = "all => all.filter(each => !(each.getAttribute('aria-label') || each.textContent).trim()).length"
    assert page.eval_on_selector_all("a, summary, [role=region], nav", unnamed) == 0
    ids = page.eval_on_selector_all("[id]", "all => all.map(each => each.id)")
    assert len(ids) == len(set(ids))
    landmarks = page.eval_on_selector_all(
        "section, [role=region]",
        "all => all.map(each => each.getAttribute('aria-label')"
        " || document.getElementById(each.getAttribute('aria-labelledby')).textContent)",
    )
    assert len(landmarks) == len(set(landmarks)), "two places of one name cannot be told apart"
    heads = "all => all.filter(each => !each.scope).length"
    assert page.eval_on_selector_all("th", heads) == 0

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the tables"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0, "a link in focus is seen"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    walked = []
    for _ in range(400):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "(() => { const at = document.activeElement; if (at === document.body) return null;"
            " const style = getComputedStyle(at); return [at.tagName, style.outlineStyle,"
            " [...document.querySelectorAll('*')].indexOf(at)]; })()"
        )
        if place is None:
            break
        walked.append(place)
    assert {tag for tag, _, _ in walked} >= {"A", "DIV", "SUMMARY"}
    assert all(outline != "none" for _, outline, _ in walked), "what has the focus is marked"
    order = [number for _, _, number in walked]
    assert order == sorted(order), "the keyboard goes the way the eye does"
    page.close()


def test_every_number_leads_to_its_run(browser: Browser, report: Path) -> None:
    page, _ = _open(browser, report, "light", 1280)
    links = page.eval_on_selector_all("td a.value", "all => all.map(each => [each.textContent, each.href])")
    assert links and {address for _, address in links} == {"http://127.0.0.1:5000/#/runs/0123456789abcdef"}
    words = page.inner_text("main")
    assert "run 01234567" in " ".join(words.split()) and "fedcba98" in words and "2 clips" in page.inner_text("header")
    page.close()


def test_a_rows_name_stays_in_sight_while_its_numbers_scroll(browser: Browser, report: Path) -> None:
    page, _ = _open(browser, report, "light", 375)
    place = "each => [each.querySelector('tbody th').getBoundingClientRect().left, each.scrollWidth - each.clientWidth]"
    before, hidden = page.eval_on_selector(".scroll", place)
    assert hidden > 0, "on a telephone the table is wider than the page"
    page.eval_on_selector(".scroll", "each => each.scrollLeft = 80")
    after, _ = page.eval_on_selector(".scroll", place)
    assert after == pytest.approx(before, abs=1.5)
    ground = page.eval_on_selector(".scroll tbody th", "each => getComputedStyle(each).backgroundColor")
    assert "rgba" not in ground, "what scrolls below it does not shine through"
    page.close()
