"""Ingestion: every corpus becomes the same normal form, bad rows are put aside, and failures leave nothing behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_toys import FRAMES, HEIGHT, WIDTH, put_portrait

from common.errors import BadInput
from corpora.film import Film, LabelledBox, read_film
from corpora.ingest import ingest
from corpora.video import probe, read_frames

HAMILTON = Path(__file__).parents[2].parent / "shared" / "real" / "hamilton"
HEADER = "movie,sentence,movie_duration,start,end,imdb\n"


def told(film: Film) -> list[tuple[float, float, str]]:
    return [(each.start, each.end, each.text) for each in film.descriptions]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_plain_folder_becomes_the_normal_form(plain_folder: Path, tmp_path: Path) -> None:
    film = ingest(plain_folder, tmp_path / "films/lantern")
    assert read_film(tmp_path / "films/lantern") == film
    assert (film.id, film.split, film.source, film.put_aside) == ("lantern", "none", "folder", ())
    assert (film.fps, film.frames, film.width, film.height, film.duration) == (10, FRAMES, WIDTH, HEIGHT, 4.0)
    assert told(film) == [(0.0, 0.9, "Anna walks."), (2.0, 3.0, "Ben sits.")]
    assert [(each.name, each.actor, each.portraits) for each in film.cast] == [
        ("ANNA", "A. Actor", ("portraits/ANNA.png",)),
        ("BEN", "B. Actor", ("portraits/BEN.png",)),
    ]
    assert not probe(film.video).has_sound
    assert [cue.text for cue in film.subtitles()] == ["Hello."]
    assert (film.folder / "source/descriptions.csv").read_bytes() == (plain_folder / "descriptions.csv").read_bytes()


def test_the_same_film_gives_the_same_files(plain_folder: Path, tmp_path: Path) -> None:
    ingest(plain_folder, tmp_path / "one/lantern")
    ingest(plain_folder, tmp_path / "two/lantern")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert str(tmp_path) not in (tmp_path / "one/lantern/film.json").read_text()


def test_a_normal_form_is_taken_as_it_is(plain_folder: Path, tmp_path: Path) -> None:
    film = ingest(plain_folder, tmp_path / "one/lantern")
    again = ingest(film.folder, tmp_path / "two/lantern")
    assert files_of(again.folder) == files_of(film.folder)
    with pytest.raises(BadInput, match="holds the film lantern"):
        ingest(film.folder, tmp_path / "three", film_id="other")


def test_a_storyboard20k_film(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    clip = "1_F_00.00.01.000-00.00.02.500"
    board = {
        "movie_id": "tt1",
        "title": "The Lantern",
        "key_frames": [f"f/{clip}_{k}.jpg" for k in range(3)],
        "resolution": [HEIGHT, WIDTH],
        "synopses": [["ANNA walks.", "ANNA goes."]],
        "bboxes_person": [[{"anna": [0, 0, 0.5, 0.5, 0.9]}], [{"Dog": [0, 0, 0.5, 0.5, 0.9]}], []],
    }
    folder = corpus_folder("tt1", "storyboard20k.json", [board])
    (folder / "truth").mkdir()
    (folder / "truth/people.json").write_text("{}")
    film = ingest(folder, tmp_path / "films/tt1")
    assert (film.title, film.split, told(film)) == ("The Lantern", "train", [(1.0, 2.5, "ANNA walks.")])
    assert film.labelled_boxes == (LabelledBox(12, "ANNA", (0.0, 0.0, 32.0, 32.0), 0.9),)
    assert film.put_aside == ("storyboard20k.json: boxes of Dog, who are not in the cast; left out",)
    assert film.cast[0].portraits == ("portraits/ANNA.png", "portraits/ANNA_2.png")
    assert (film.folder / "truth/people.json").exists() and (film.folder / "source/charbank.json").exists()


def test_a_mad_eval_film_with_bad_rows(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    rows = "9_F,B\xe9n sits.,4,2.0,2.1,tt2\n9_F,Anna.,4,3,2,tt2\n9_F,Anna runs.,4,1.5,2.05,tt2\n9_F,Late.,4,4.5,5,tt2\n"
    film = ingest(corpus_folder("tt2", "mad_eval_named.csv", (HEADER + rows).encode("cp1252")), tmp_path / "films/tt2")
    assert (film.title, film.split) == ("9_F", "mad_eval_named")
    assert told(film) == [(1.5, 2.05, "Anna runs."), (2.0, 2.1, "Bén sits.")]  # they overlap, and one lasts .1 s
    assert [(clip.first_frame, clip.last_frame) for clip in film.clips()] == [(15, 20), (20, 20)]
    assert film.put_aside == (
        "mad_eval_named.csv:3: ends (2) before it starts (3); left out",
        "mad_eval_named.csv:5: starts at 4.5 s, after the film's end (4 s); left out",
    )


def test_a_films_rows_are_found_in_the_whole_corpus(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    rows = HEADER + "8_G,Other.,4,0,1,tt8\n9_F,Mine.,4,1,2,tt2\n"
    film = ingest(corpus_folder("tt2", "mad_eval_named.csv", rows), tmp_path / "films/tt2")
    assert told(film) == [(1.0, 2.0, "Mine.")]
    folder = corpus_folder("tt3", "mad_eval_named.csv", rows)
    with pytest.raises(BadInput, match="holds several films, and none is tt3"):
        ingest(folder, tmp_path / "films/tt3")


def test_a_cinepile_film(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    scene = {
        "movie_name": "The Lantern",
        "movie_scene": "<visual descriptions> Anna waits.\n<subtitle> We must go now.",
    }
    folder = corpus_folder("st920000001", "cinepile.json", scene)
    (folder / "transcript.json").write_text(
        json.dumps({"segments": [{"start": 2, "end": 3, "text": "We must go now."}]})
    )
    film = ingest(folder, tmp_path / "films/st920000001")
    assert (film.title, film.split, told(film)) == ("The Lantern", "cinepile_ad", [(0.0, 2.0, "Anna waits.")])
    (folder / "transcript.json").unlink()
    with pytest.raises(BadInput, match=r"transcript\.json: no such file"):
        ingest(folder, tmp_path / "films/again", film_id="st920000001")


def test_an_lsmdc_film(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    times = "00.00.01.000\t00.00.02.000\t00.00.00.500\t00.00.02.500"
    row = f"3009_F_00.00.01.000-00.00.02.000\t{times}\tSOMEONE looks up.\n"
    film = ingest(corpus_folder("tt4", "lsmdc.csv", row), tmp_path / "films/tt4")
    assert told(film) == [(1.0, 2.0, "SOMEONE looks up.")]


def test_a_bare_film_has_no_cast(plain_folder: Path, tmp_path: Path) -> None:
    film = ingest(plain_folder / "film.mp4", tmp_path / "films/film")
    assert (film.id, film.cast, film.descriptions, film.subtitles()) == ("film", (), (), [])


def break_nothing_left(folder: Path) -> None:
    (folder / "descriptions.csv").write_text("start,end,text\n3,2,Ben sits.\n")


def break_all_outside(folder: Path) -> None:
    (folder / "descriptions.csv").write_text("start,end,text\n30,32,Ben sits.\n")


def break_video(folder: Path) -> None:
    (folder / "film.mp4").write_bytes(b"not a film")


def break_portraits(folder: Path) -> None:
    shutil.rmtree(folder / "portraits")


def break_escape(folder: Path) -> None:
    put_portrait(folder.parent / "secret.png")
    (folder / "cast.json").write_text(json.dumps([{"role": "ANNA", "portrait": "../secret.png"}]))


def break_cast(folder: Path) -> None:
    (folder / "cast.json").write_text("[{")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (break_nothing_left, r"descriptions\.csv: no row can be read .*:2: ends \(2\) before it starts \(3\)"),
        (
            break_all_outside,
            r"lantern: no row of it lies in the film|no row of it lies in the film \(descriptions\.csv:2",
        ),
        (break_video, r"film\.mp4: not a readable video"),
        (lambda folder: (folder / "film.mp4").unlink(), r"lantern: holds no film; put film\.mp4 there"),
        (break_portraits, r"cast\.json:1: nobody in the cast has a readable portrait"),
        (break_escape, r"cast\.json:1: portrait .* leads outside"),
        (break_cast, r"cast\.json:1: not valid JSON"),
    ],
)
def test_failures_say_one_line_and_leave_nothing(
    plain_folder: Path, tmp_path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    spoil(plain_folder)
    with pytest.raises(BadInput, match=told) as caught:
        ingest(plain_folder, tmp_path / "films/lantern")
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "films").glob("*")) and not list((tmp_path / "films").glob(".*"))


def test_what_is_there_is_not_overwritten(plain_folder: Path, tmp_path: Path) -> None:
    film = ingest(plain_folder, tmp_path / "films/lantern")
    before = files_of(film.folder)
    with pytest.raises(BadInput, match="exists already"):
        ingest(plain_folder, film.folder)
    assert files_of(film.folder) == before


@pytest.mark.parametrize("film_id", ["../lantern", "a b", "", "é"])
def test_a_film_id_is_a_partition_key(plain_folder: Path, tmp_path: Path, film_id: str) -> None:
    if not film_id:
        plain_folder = plain_folder.rename(plain_folder.with_name("a film"))
    with pytest.raises(BadInput, match="cannot be a film's id"):
        ingest(plain_folder, tmp_path / "films/x", film_id=film_id or None)


def test_missing_portraits_and_colliding_names_are_said(plain_folder: Path, tmp_path: Path) -> None:
    (plain_folder / "portraits/BEN.jpg").unlink()
    cast = json.loads((plain_folder / "cast.json").read_text())
    (plain_folder / "cast.json").write_text(json.dumps([*cast, {**cast[0], "role": "Anna"}]))
    film = ingest(plain_folder, tmp_path / "films/lantern")
    assert [each.name for each in film.cast] == ["ANNA", "BEN"]
    assert [reason.split(":")[0] for reason in film.put_aside] == ["cast.json", "portraits/BEN.jpg", "portraits"]


def test_the_first_credits_with_a_portrait_are_the_main_characters(plain_folder: Path, tmp_path: Path) -> None:
    cast = json.loads((plain_folder / "cast.json").read_text())
    extra = {"id": "nm9", "name": "An Extra", "role": "EXTRA", "portrait": "portraits/EXTRA.png"}
    (plain_folder / "cast.json").write_text(json.dumps([extra, *cast]))  # credited first, but there is no picture
    film = ingest(plain_folder, tmp_path / "two", film_id="lantern", cast=2)
    assert [each.name for each in film.cast] == ["ANNA", "BEN"]
    assert any("the first 2 of 3 credits are the main characters" in reason for reason in film.put_aside)
    assert len(ingest(plain_folder, tmp_path / "all", film_id="lantern").cast) == 3
    assert len(ingest(plain_folder, tmp_path / "three", film_id="lantern", cast=3).cast) == 3


@pytest.mark.skipif(
    not HAMILTON.is_dir(), reason="the real clip (shared/real/hamilton beside the repository) is missing"
)
def test_a_real_clip(tmp_path: Path) -> None:
    film = ingest(HAMILTON, tmp_path / "hamilton")
    assert (film.frames, film.width, film.height, round(film.fps, 2)) == (275, 640, 360, 29.97)
    assert [each.name for each in film.cast] == ["LIN-MANUEL", "ALEX"]
    assert 0.8 < film.delay < 0.9  # its pictures begin later than its sound
    assert not probe(film.video).has_sound and probe(film.video).start == 0
    pairs = zip(read_frames(HAMILTON / "film.mp4", [0, 90, 274]), read_frames(film.video, [0, 90, 274]), strict=True)
    assert all((before[1] == after[1]).all() for before, after in pairs)
