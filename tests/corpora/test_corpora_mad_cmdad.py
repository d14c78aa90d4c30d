"""MAD, CMD-AD and the shot lists: round trips, clamped times, both clocks, bad rows by their place."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora import cmdad, mad, shot_lists
from corpora.cmdad import CmdadRow
from corpora.ingest import ingest
from corpora.mad import MadRow
from corpora.shot_lists import ShotList, parse_shots

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=12)
SENTENCES = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
SECONDS = st.floats(0, 9000)
SPANS = st.tuples(SECONDS, SECONDS).map(sorted)
KEYS = st.integers(0, 99999).map(str) | WORDS.filter(str.isprintable)  # a message names a row by its key
# The first rows of the two published layouts, the second without its sentence.
SHOT_BY_SHOT = (
    "text,start,end,movie,scaled_start,scaled_end,cmd_filename,imdbid,movie_title,cmd_clip_idx\n"
    "Emmerich's eyebrows twitch as he watches her.,1395.463,1397.345,7212,4.3803,6.3803,2014/ewEreSjPyC4,tt0042208,"
    "The Asphalt Jungle,1\n"
)
AUTOAD_ZERO = (
    "start,end,movie,scaled_start,scaled_end,cmd_filename,imdbid,movie_title,cmd_clip_idx,duration,num_words,num_string\n"
    "1395.463,1397.345,7212,4.5,6.5,2014/ewEreSjPyC4,tt0042208,The Asphalt Jungle,1,2.0,7,45\n"
)


@settings(max_examples=60, deadline=None)
@given(rows=st.dictionaries(KEYS, st.tuples(SPANS.filter(lambda span: span[0] < span[1]), SENTENCES), min_size=1))
def test_mad_rows_come_back(rows, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "mad.json"
    written = [MadRow(key, "10142", 9000.0, *span, sentence) for key, (span, sentence) in rows.items()]
    mad.write(path, written)
    read = mad.read(path)
    assert sorted(read.rows, key=lambda row: row.id) == sorted(written, key=lambda row: row.id)
    assert read.problems == ()
    mad.write(path, read.rows)
    assert mad.read(path) == read  # in the same order again


def mad_entry(**changed: object) -> dict[str, object]:
    entry = {"movie": "10142", "movie_duration": 100.0, "ext_timestamps": [1.0, 2.0], "sentence": "She sits."}
    return {**entry, **changed}


def test_mads_times_are_clamped_and_bad_ones_are_named_by_id(tmp_path: Path) -> None:
    path = tmp_path / "MAD_val.json"
    entries = {
        "10": mad_entry(ext_timestamps=[99.0, 130.0]),
        "9": mad_entry(ext_timestamps=[-3, 2]),
        "2": mad_entry(ext_timestamps=[5.0, 4.0]),
        "3": mad_entry(ext_timestamps=[100.0, 101.0]),
        "4": mad_entry(ext_timestamps=[1.0]),
        "a\nb": mad_entry(sentence=" "),
        "5": {"movie": "10142"},
    }
    path.write_text(json.dumps(entries))
    read = mad.read(path)
    assert [(row.id, row.start, row.end) for row in read.rows] == [("9", 0.0, 2.0), ("10", 99.0, 100.0)]
    assert read.problems == (
        "MAD_val.json:2: lasts no time within the film's 100 s (5 to 4); left out",
        "MAD_val.json:3: lasts no time within the film's 100 s (100 to 100); left out",
        "MAD_val.json:4: ext_timestamps is not [start, end] ([1.0]); left out",
        "MAD_val.json:5: has no 'movie_duration'; left out",
        "MAD_val.json:'a\\nb': its id cannot be printed; left out",
    )


def test_mads_own_times_serve_where_there_are_no_others(tmp_path: Path) -> None:
    path = tmp_path / "mad.json"
    entry = mad_entry(timestamps=[3.0, 4.0])
    path.write_text(json.dumps({"1": entry}))
    assert (mad.read(path).rows[0].start, mad.read(path).rows[0].end) == (1.0, 2.0)
    del entry["ext_timestamps"]
    path.write_text(json.dumps({"1": entry}))
    assert (mad.read(path).rows[0].start, mad.read(path).rows[0].end) == (3.0, 4.0)


def test_a_mad_film_is_found_by_mads_own_movie_id(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    entries = {"1": mad_entry(movie="1005_Signs"), "2": mad_entry(sentence="Anna sits.", ext_timestamps=[1.0, 9.0])}
    film = ingest(corpus_folder("10142", "mad.json", entries), tmp_path / "films/10142")
    assert (film.title, film.split, film.source) == ("10142", "train", "mad")
    assert [(each.start, each.end, each.text) for each in film.descriptions] == [(1.0, 4.0, "Anna sits.")]
    assert (film.folder / "source/mad.json").exists()
    with pytest.raises(BadInput, match="holds several films, and none is tt1"):
        ingest(corpus_folder("tt1", "mad.json", entries), tmp_path / "films/tt1")


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(SPANS, SPANS, SENTENCES, st.integers(0, 60)), min_size=1, max_size=5),
    told=st.booleans(),
    counted=st.booleans(),
)
def test_cmdad_rows_come_back_in_every_layout(
    rows, told: bool, counted: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "cmdad.csv"
    written = []
    for line, (film, scene, said, number) in enumerate(rows, 2):
        counts = (number, number * 5) if counted else (None, None)
        place = ("2014/-nboVp_nTkg", "tt0042208", said, number)
        written.append(CmdadRow(said if told else "", *film, "7212", *scene, *place, *counts, line))
    cmdad.write(path, written)
    read = cmdad.read(path)
    assert list(read.rows) == written and read.problems == ()


def test_both_published_layouts_of_cmdad_are_read_and_written(tmp_path: Path) -> None:
    path, again = tmp_path / "cmdad_anno.csv", tmp_path / "again.csv"
    for content, said, words in (
        (SHOT_BY_SHOT, "Emmerich's eyebrows twitch as he watches her.", None),
        (AUTOAD_ZERO, "", 7),
    ):
        path.write_text(content)
        (row,) = cmdad.read(path).rows
        assert (row.text, row.words, row.start, row.video) == (said, words, 1395.463, "ewEreSjPyC4")
        assert (row.imdb, row.title, row.scene_number, row.row) == ("tt0042208", "The Asphalt Jungle", 1, 2)
        cmdad.write(again, [row])
        assert again.read_text() == content


def test_bad_cmdad_rows_are_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "cmdad_anno.csv"
    good = SHOT_BY_SHOT.splitlines(keepends=True)[1]
    bad = (
        good.replace("1397.345", "1.5"),
        good.replace("4.3803", "nan"),
        good.replace("tt0042208", ""),
        good.replace(",1\n", ",first\n"),
    )
    path.write_text(SHOT_BY_SHOT + "".join(bad))
    assert [problem.split("; ")[0] for problem in cmdad.read(path).problems] == [
        "cmdad_anno.csv:3: ends (1.5) before it starts (1395.46)",
        "cmdad_anno.csv:4: scaled_start is not a number ('nan')",
        "cmdad_anno.csv:5: imdbid is empty or not text",
        "cmdad_anno.csv:6: cmd_clip_idx is not a number ('first')",
    ]


def cmdad_table() -> str:
    header, row = SHOT_BY_SHOT.splitlines(keepends=True)
    scene = row.replace("1395.463,1397.345", "0.5,1.5").replace("4.3803,6.3803", "2.0,4.0")
    return header + scene + scene.replace("ewEreSjPyC4", "48kV7uKAzEU").replace("tt0042208", "tt7")


def test_the_folders_name_says_which_of_cmdads_clocks(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    for film_id, time in (("ewEreSjPyC4", (2.0, 4.0)), ("tt0042208", (0.5, 1.5))):
        film = ingest(corpus_folder(film_id, "cmdad.csv", cmdad_table()), tmp_path / "films" / film_id)
        assert [(each.start, each.end) for each in film.descriptions] == [time]
        assert (film.title, film.source) == ("The Asphalt Jungle", "cmdad")
    with pytest.raises(BadInput, match="no row is of tt5; name the folder after the scene's YouTube id"):
        ingest(corpus_folder("tt5", "cmdad.csv", cmdad_table()), tmp_path / "films/tt5")


def test_a_cmdad_table_without_sentences_describes_nothing(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cmdad\.csv: has no column text; take the layout with sentences"):
        ingest(corpus_folder("ewEreSjPyC4", "cmdad.csv", AUTOAD_ZERO), tmp_path / "films/x", film_id="ewEreSjPyC4")


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(SECONDS, max_size=6).map(sorted), min_size=1, max_size=4), scenes=st.booleans())
def test_shot_lists_come_back(rows, scenes: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "shots.csv"
    place = ("2014/ewEreSjPyC4", "7212", "The Asphalt Jungle") if scenes else ("", "", "")
    written = []
    for line, times in enumerate(rows, 2):
        shots = tuple(zip(times[0::2], times[1::2], strict=False))
        written.append(ShotList("tt0042208", shots, *place, line))
    shot_lists.write(path, written)
    read = shot_lists.read(path)
    assert list(read.rows) == written and read.problems == ()


def test_a_published_shot_list_is_read(tmp_path: Path) -> None:
    path, again = tmp_path / "cmdad_shot_info.csv", tmp_path / "again.csv"
    content = (
        "cmd_filename,imdbid,movie,movie_title,shot_list\n"
        '2014/ewEreSjPyC4,tt0042208,7212,The Asphalt Jungle,"[(0.01, 7.539000000000001), (7.559, 9.833)]"\n'
        "2011/ojydQ3_FDqI,tt0056592,10124,To Kill a Mockingbird,[]\n"
    )
    path.write_text(content)
    first, second = shot_lists.read(path).rows
    assert (first.shots, second.shots) == (((0.01, 7.539000000000001), (7.559, 9.833)), ())
    shot_lists.write(again, [first, replace(second, row=9)])
    assert again.read_text() == content


@pytest.mark.parametrize(
    "cell",
    [
        "__import__('os').system('true')",
        "[__import__('os')]",
        "[(1, 2), f()]",
        "[(1, 2) (3, 4)]",
        "[(1, 2, 3)]",
        "[,]",
        "[(2, 1)]",
        "[(5, 6), (1, 2)]",
        "[(1, 1e999)]",
        "[" * 5000,
        "[(1, \0)]",
        "",
    ],
)
def test_a_shot_list_is_matched_and_never_evaluated(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "shots.csv"
    path.write_text('imdbid,shot_list\ntt1,"[(0, 1)]"\ntt2,"' + cell + '"\n')
    read = shot_lists.read(path)
    assert [row.imdb for row in read.rows] == ["tt1"]
    assert len(read.problems) == 1 and read.problems[0].startswith("shots.csv:3: ")
    with pytest.raises(ValueError, match=r"shot|not a number"):
        parse_shots(cell)
