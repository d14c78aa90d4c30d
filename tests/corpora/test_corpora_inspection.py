"""Recognition and inspection: what a path is, how much is in it, and what is wrong by file and row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from common.errors import BadInput
from corpora.formats import Format, recognise
from corpora.ingest import ingest
from corpora.inspection import inspect

MAD = "movie,sentence,movie_duration,start,end,imdb\n1_F,Anna.,4,1,2,tt1\n1_F,Ben.,4,3,2,tt1\n"
FILES = {
    "storyboard20k file": (
        "train.json",
        [
            {
                "movie_id": "tt1",
                "key_frames": ["1_F_00.00.01.000-00.00.02.000_0.jpg"],
                "resolution": [9, 16],
                "synopses": ["A."],
            }
        ],
    ),
    "mad_eval_named file": ("anno.csv", MAD),
    "lsmdc file": (
        "LSMDC16_annos_val.csv",
        "1_F_00.00.01.000-00.00.02.000" + "\t00.00.01.000\t00.00.02.000" * 2 + "\tA.\n",
    ),
    "mad file": (
        "MAD_val.json",
        {"0": {"movie": "1_F", "movie_duration": 9, "ext_timestamps": [1, 2], "sentence": "A."}},
    ),
    "cmdad file": (
        "cmdad_anno.csv",
        "text,start,end,movie,scaled_start,scaled_end,cmd_filename,imdbid,movie_title,cmd_clip_idx\n"
        "A.,1,2,7,1,2,2014/x,tt1,F,1\n",
    ),
    "movienet file": (
        "tt1.json",
        {
            "imdb_id": "tt1",
            "cast": [],
            "scene": [],
            "story": [{"shot": [0, 1], "frame": [0, 9], "duration": [0, 1], "description": "A.", "subtitle": []}],
        },
    ),
    "shot lists file": ("madeval_shot_info.csv", 'imdbid,shot_list\ntt1,"[(0.01, 7.5)]"\n'),
    "cinepile file": ("scene.json", {"movie_scene": "<visual> A. <subtitle> B."}),
    "focusedad mad_eval file": (
        "tt1.json",
        [{"id": 1, "movie": "1_F", "movie_duration": 9, "start": 1, "end": 2, "sentence": "A."}],
    ),
    "focusedad cinepile_ad file": ("yt.json", {"narrations": [{"clip_id": "1", "content": "A."}]}),
    "character bank file": ("bank.json", {"tt1": [{"id": "nm1", "name": "X", "role": "ANNA"}]}),
    "short names file": ("chars_mapping.json", {"nm1": {"name": "X", "role": "Dr. ANNA", "char_in_ad": "ANNA"}}),
    "transcript file": ("speech.json", {"segments": [{"start": 0, "end": 1, "text": "A."}]}),
    "subtitles file": ("film.srt", "1\n00:00:00,000 --> 00:00:01,000\nA.\n"),
    "focusedad storyboard_v2 file": (
        "v2.json",
        [
            {
                "movie_id": "tt1",
                "global_id": 1,
                "type": 2,
                "resolution": [9, 16],
                "main characters": ["ANNA"],
                "synopses": "ANNA.",
                "movie_clips": "1.mp4",
                "detect characters": [],
            }
        ],
    ),
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_file_is_known_by_what_it_holds(tmp_path: Path, name: str) -> None:
    file_name, content = FILES[name]
    (tmp_path / file_name).write_text(content if isinstance(content, str) else json.dumps(content))
    assert recognise(tmp_path / file_name) == name
    found = inspect(tmp_path / file_name)
    films = 0 if name == "short names file" else 1  # which goes by actors, not by films
    assert (found["format"], found["films"]) == (name, films) and found["rows"] >= 1
    assert len(found["problems"]) == (1 if name == "mad_eval_named file" else 0)


def test_every_format_of_file_is_tried() -> None:
    assert set(FILES) == {str(each) for each in Format if str(each).endswith(" file")}


def test_a_bad_row_is_reported_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "anno.csv").write_text(MAD)
    found = inspect(tmp_path / "anno.csv")
    assert (found["films"], found["clips"], found["rows"]) == (1, 1, 1)
    assert found["problems"] == ["anno.csv:3: ends (2) before it starts (3); left out"]


def test_a_film_is_counted_before_and_after_ingestion(plain_folder: Path, tmp_path: Path) -> None:
    for path in (plain_folder, ingest(plain_folder, tmp_path / "films/lantern").folder):
        found = inspect(path, thorough=True)
        assert (found["films"], found["clips"], found["characters"], found["problems"]) == (1, 2, 2, [])
    assert recognise(plain_folder) is Format.FOLDER and recognise(tmp_path / "films/lantern") is Format.NORMAL_FORM


def test_a_folder_of_films_names_the_film_of_each_problem(
    plain_folder: Path, corpus_folder: Callable[..., Path], tmp_path: Path
) -> None:
    corpus_folder("tt1", "mad_eval_named.csv", MAD)
    broken = corpus_folder("tt2", "mad_eval_named.csv", MAD)
    (broken / "film.mp4").unlink()
    (tmp_path / "tt3").mkdir()  # holds nothing and is passed over
    found = inspect(tmp_path)
    assert found["format"] == "folder of films" and found["formats"] == {"folder": 1, "mad_eval_named": 2}
    assert (found["films"], found["clips"], found["characters"]) == (2, 3, 4)
    assert found["problems"][0] == "tt1/mad_eval_named.csv:3: ends (2) before it starts (3); left out"
    assert found["problems"][1].startswith("tt2/") and "holds no film" in found["problems"][1]


def test_a_file_of_which_nothing_can_be_used_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "anno.csv").write_text("movie,sentence,movie_duration,start,end\n1_F,Ben.,4,3,2\n")
    found = inspect(tmp_path / "anno.csv")
    assert found["rows"] == 0 and "no row can be read" in found["problems"][0]


@pytest.mark.parametrize("content", ['{"a": 1}', "[]", "3", '[{"b": 2}]'])
def test_unknown_json_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(BadInput, match=r"x\.json: in no known format"):
        inspect(tmp_path / "x.json")


def test_unknown_paths_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("hello")
    for path, told in (("x.txt", "no known format"), ("missing", "no such file or folder"), (".", "neither a film")):
        with pytest.raises(BadInput, match=told):
            inspect(tmp_path / path)
