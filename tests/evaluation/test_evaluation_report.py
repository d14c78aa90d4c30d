"""The page and its pictures: whole, accessible, alone, and the same every time."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from evaluation.compare import Order
from evaluation.figures import Box, Example, choose_examples, draw_boxes, figure_7, figure_8
from evaluation.published import CLAIMS
from evaluation.report import About, Figure, Table, write_report
from evaluation.tables import build_tables

VOID = {"meta", "link", "img", "br", "hr", "input"}
SVG_EMPTY = {"line", "circle", "path"}


class Page(HTMLParser):
    """Collects elements and checks that every one that opens is closed in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def attributes(self, tag: str, name: str) -> list[str | None]:
        return [attributes.get(name) for element, attributes in self.elements if element == tag]


@pytest.fixture
def points() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "threshold": [1.3, 1.1, 1.2],
            "METEOR": [8.1, 7.0, float("nan")],
            "METEOR low": [7.9, 6.5, float("nan")],
            "METEOR high": [8.4, 7.5, float("nan")],
            "R": [44.0, 46.0, 45.0],
        }
    )


@pytest.fixture
def example() -> Example:
    frame = np.random.default_rng(0).integers(0, 255, size=(90, 160, 3), dtype=np.uint8)
    return Example(
        film="tt9100001",
        clip_id="7",
        benchmark="MAD-eval-Named",
        frame=frame,
        boxes=[Box("Nora <b>", (10, 20, 60, 85)), Box("", (-5, 0, 300, 40))],
        prediction="",
        reference="Nora opens <the> door & smiles.",
        chosen="1 of 90 by METEOR",
        others={"B1": "A woman."},
    )


def _page(folder: Path, points: pd.DataFrame, example: Example) -> tuple[str, Page]:
    first, second = build_tables([])
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, format="PNG")
    order = Order(CLAIMS[0], "METEOR", 1.4, 2.0, 1.0, 3.0)
    path = write_report(
        folder,
        [Table("Table 1", first), Table("Table 2", second, "Other systems.")],
        [
            Figure("Figure 6", picture.getvalue(), "Clusters of faces"),
            Figure("Figure 7", figure_7(points, chosen=1.3), ""),
        ],
        [example],
        About("Tables & figures", "The mini world.", [order], {"METEOR": "1.5"}, {"Data version": "v1"}),
    )
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    return text, page


def test_the_page_is_whole_and_asks_nobody(tmp_path: Path, points: pd.DataFrame, example: Example) -> None:
    text, page = _page(tmp_path, points, example)
    assert page.attributes("html", "lang") == ["en"]
    sources = [
        value for name in ("src", "href") for value in page.attributes("img", name) + page.attributes("link", name)
    ]
    assert all(source is None or source.startswith("data:") for source in sources)
    assert "<script" not in text and "@import" not in text and "url(" not in text
    assert [tag for tag, _ in page.elements].count("h1") == 1
    for said in ("57.7", "34.8", "The mini world.", "Data version", "the same order as the paper", "not run here"):
        assert said in page.words, said


def test_the_page_can_be_read_without_seeing_and_used_without_a_mouse(
    tmp_path: Path, points: pd.DataFrame, example: Example
) -> None:
    _, page = _page(tmp_path, points, example)
    assert all(page.attributes("img", "alt"))
    assert any("Boxes: Nora <b>" in (alternative or "") for alternative in page.attributes("img", "alt"))
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    links = [link for link in page.attributes("a", "href") if link]
    assert links and all(link.startswith("#") and link[1:] in ids for link in links)
    scopes = page.attributes("th", "scope")
    assert scopes and all(scopes)
    regions = [attributes for tag, attributes in page.elements if tag == "div" and attributes.get("role") == "region"]
    assert regions and all(region.get("aria-label") and region.get("tabindex") == "0" for region in regions)


def test_texts_from_data_stay_texts(tmp_path: Path, points: pd.DataFrame, example: Example) -> None:
    text, page = _page(tmp_path, points, example)
    assert "Nora opens <the> door & smiles." in page.words
    assert "<the>" not in text and "Nora <b>" not in text


def test_the_same_input_is_the_same_page(tmp_path: Path, points: pd.DataFrame, example: Example) -> None:
    one, _ = _page(tmp_path / "a", points, example)
    two, _ = _page(tmp_path / "b", points, example)
    assert one == two
    assert str(tmp_path) not in one


def test_figure_7_draws_a_panel_a_metric_and_tells_its_numbers(points: pd.DataFrame) -> None:
    tree = ElementTree.fromstring(figure_7(points, chosen=1.3))
    told = {child.tag.rpartition("}")[2]: child.text or "" for child in tree}
    assert told["desc"] == "METEOR: 1.1: 7.0, 1.2: none, 1.3: 8.1. R: 1.1: 46.0, 1.2: 45.0, 1.3: 44.0. In use: 1.3."
    tags = [element.tag.rpartition("}")[2] for element in tree.iter()]
    assert tags.count("g") == 2 and tags.count("circle") == 2 + 3
    words = [element.text for element in tree.iter() if element.tag.endswith("text")]
    assert "R ↓" in words and "METEOR" in words


def test_figure_7_of_one_or_no_value_is_still_a_picture() -> None:
    for values in ([5.0], [float("nan")]):
        svg = figure_7(pd.DataFrame({"threshold": [1.3], "METEOR": values}), chosen=1.3)
        ElementTree.fromstring(svg)
        assert "nan" not in svg


def test_examples_are_chosen_by_rule_from_best_to_worst() -> None:
    clips = pd.DataFrame({"film": "f", "clip_id": list("abcdefg"), "METEOR": [5, 90, 10, 40, 70, 20, 0]})
    chosen = choose_examples(clips.sample(frac=1, random_state=3), 4)
    assert [clip for _, clip, _ in chosen] == ["b", "d", "c", "g"]
    assert [reason for _, _, reason in chosen] == [
        "the best: 1 of 7 by METEOR",
        "3 of 7 by METEOR",
        "5 of 7 by METEOR",
        "the worst: 7 of 7 by METEOR",
    ]
    assert len(choose_examples(clips, 20)) == 7
    assert choose_examples(clips.rename(columns={"METEOR": "BertScore"}), 1)[0][2] == "the best: 1 of 7 by BertScore"


def test_boxes_are_drawn_where_they_are_and_cut_at_the_edge(example: Example) -> None:
    plain, drawn = example.frame, np.asarray(draw_boxes(example.frame, example.boxes))
    assert drawn.shape == plain.shape
    changed = (drawn != plain).any(axis=2)
    assert changed[84:86, 10:60].all(), "the lower edge of the first box"
    assert not changed[50:80, 20:50].any(), "its inside"


def test_figure_8_is_the_same_picture_every_time(example: Example) -> None:
    sheet = figure_8([example] * 3)
    assert sheet == figure_8([example] * 3)
    assert Image.open(io.BytesIO(sheet)).width > 2 * 500
