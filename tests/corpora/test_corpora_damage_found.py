"""Faults that damaged files once found in the readers, each kept as the file that showed it."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from corpus_toys import put_portrait

from common.errors import BadInput
from common.files import read_json
from corpora import character_bank, cinepile, cmdad, folder, lsmdc, mad, movienet, shot_lists, storyboard20k
from corpora.cast import CastEntry, readable_portraits
from corpora.film import read_film
from corpora.formats import film_folders
from corpora.ingest import ingest
from corpora.subtitles import parse_srt, read_srt
from corpora.transcript import Segment
from corpora.video import probe

CUE = "1\n00:00:01,000 --> 00:00:02,000\n{}\n"


@pytest.mark.parametrize(
    ("text", "spoken"),
    [("A <i>b</i> " + "<i " * 100_000, "A b <i <i"), ("A " + "{\\" * 100_000, "A {\\{\\")],
    ids=["tags", "styles"],
)
def test_markup_that_never_closes_is_read_in_the_time_of_its_length(text: str, spoken: str) -> None:
    """Here and below: a reader that takes the square of the length would not end while anyone waits."""
    (cue,) = parse_srt(CUE.format(text), name="x", problems=[])
    assert cue.text.startswith(spoken)


def test_tags_that_never_close_are_read_in_the_time_of_their_length() -> None:
    lines, problems = cinepile.parse_scene("<visual> Anna walks. " + "<visual " * 50_000 + "</ " * 100_000)
    assert lines[0].text.startswith("Anna walks.") and not problems


def test_notes_in_notes_are_removed_as_deep_as_any_are() -> None:
    assert character_bank.clean_role("Anna (as (the (old))) one") == "Anna one"
    assert character_bank.clean_role("Anna " + "(" * 20_000 + ")" * 20_000) == "Anna"


def test_digits_without_end_are_no_shot() -> None:
    with pytest.raises(ValueError, match="not a list of"):
        shot_lists.parse_shots(f"[({'1' * 40_000}]")


def test_a_storyboard_of_many_key_frames_takes_time_in_their_number() -> None:
    names = tuple(f"1_F_00.00.01.000-00.00.02.000_{number}.jpg" for number in range(9_000))
    board = storyboard20k.Storyboard("tt1", 1, "", "F", (9, 16), names, (("A.",),), ((),) * len(names), 1)
    assert storyboard20k.labelled_boxes([board], fps=10, frames=99, size=(16, 9)) == []


def test_words_repeated_without_end_are_refused() -> None:
    lines = [cinepile.SceneLine("subtitle", "no " * 10_000, 1)]
    with pytest.raises(BadInput, match="repeat the same words too often"):
        cinepile.slots(lines, [Segment(0, 9, "no " * 10_000)], duration=9, name="x")


def test_a_character_reference_of_a_thousand_digits_is_one_unknown_character() -> None:
    cues = parse_srt(CUE.format("A &#" + "9" * 6000 + "; B &#65;"), name="x", problems=[])
    assert [cue.text for cue in cues] == ["A \ufffd B A"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"a": "\\ud800"}', "half a character"),
        ("[" * 150 + "]" * 150, "nested more than 100 deep"),
    ],
)
def test_json_that_no_reader_stands_is_refused(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(BadInput, match=rf"x\.json: .*{told}"):
        read_json(tmp_path / "x.json")


def test_json_with_a_byte_order_mark_and_whole_characters_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b'\xef\xbb\xbf{"a": "\\ud83c\\udfac"}')
    assert read_json(tmp_path / "x.json") == {"a": "\U0001f3ac"}


def test_a_file_larger_than_any_annotation_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "cast.json").open("wb") as stream:
        stream.truncate(1 << 40)  # takes no room
    for read in (read_json, lsmdc.read, read_srt):
        with pytest.raises(BadInput, match=r"cast\.json: 1099512 MB, and such a file has at most"):
            read(tmp_path / "cast.json")


@pytest.mark.parametrize("value", ["1_0", "1e300", "-1e16", 10**40, True])
def test_numbers_that_no_file_means_are_none(tmp_path: Path, value: object) -> None:
    (tmp_path / "descriptions.csv").write_text(f"start,end,text\n{value},1e301,A.\n1,2,B.\n")
    slots, problems = folder.read_descriptions(tmp_path / "descriptions.csv")
    assert [slot.text for slot in slots] == ["B."] and problems[0].startswith("descriptions.csv:2: start")


def test_control_characters_are_spaces(tmp_path: Path) -> None:
    (tmp_path / "descriptions.csv").write_text("start,end,text\n1,2,A\x00nna\x1b[31m walks.\n")
    assert folder.read_descriptions(tmp_path / "descriptions.csv")[0][0].text == "A nna [31m walks."
    (tmp_path / "mad.json").write_text(json.dumps({"1\x00": {"movie": "x"}}))
    with pytest.raises(BadInput, match="cannot be printed"):
        mad.read(tmp_path / "mad.json")


def test_counts_come_back_where_only_one_of_them_is_there(tmp_path: Path) -> None:
    header = ",".join((*cmdad.SCENES, "num_string"))
    (tmp_path / "cmdad.csv").write_text(f"{header}\n1,2,1_F,1,3,2010/abc,tt1,F,1,11\n")
    rows = cmdad.read(tmp_path / "cmdad.csv").rows
    cmdad.write(tmp_path / "again.csv", rows)
    assert cmdad.read(tmp_path / "again.csv").rows == rows and rows[0].letters == 11


def test_a_title_longer_than_any_is_cut_where_it_comes_back(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(
        json.dumps({"imdb_id": "Anna " * 9000, "scene": [{"shot": [0, 1], "frame": [0, 9]}]})
    )
    assert len(movienet.read(tmp_path / "m.json").imdb) == 19_999


def png_claiming(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))


def test_portraits_cut_short_or_of_any_size_are_put_aside(tmp_path: Path) -> None:
    put_portrait(tmp_path / "good.png")
    put_portrait(tmp_path / "good.jpg")
    (tmp_path / "huge.png").write_bytes(png_claiming(60_000, 60_000))
    for name in ("good.png", "good.jpg"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / f"cut_{name}").write_bytes(content[: len(content) * 2 // 3])
    paths = tuple(sorted(tmp_path.iterdir()))
    kept, problems = readable_portraits([CastEntry("ANNA", "", "", paths, "cast.json:1")])
    assert [path.name for path in kept[0].portraits] == ["good.jpg", "good.png"]
    assert [problem.split(":")[0] for problem in problems] == [
        "portraits/cut_good.jpg",
        "portraits/cut_good.png",
        "portraits/huge.png",
    ]


def test_a_film_that_claims_pictures_of_any_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.mov"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("rawvideo", rate=10)  # which says its size in the stream's header alone
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
    assert probe(path).width == 64
    content = path.read_bytes()
    at = content.index(b"raw ") + 28  # width and height of the sample entry
    assert content[at : at + 4] == struct.pack(">HH", 64, 48)
    path.write_bytes(content[:at] + struct.pack(">HH", 10_000, 10_000) + content[at + 4 :])
    with pytest.raises(BadInput, match=r"film\.mov: claims pictures of 10000x10000, larger than any film's"):
        probe(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("fps", "ten"), ("frames", 0), ("duration", float("inf")), ("id", "../x"), ("split", "all"), ("cast", [1])],
)
def test_a_normal_form_that_no_film_has_is_refused(
    plain_folder: Path, tmp_path: Path, name: str, value: object
) -> None:
    ingest(plain_folder, tmp_path / "films/lantern")
    path = tmp_path / "films/lantern/film.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    with pytest.raises(BadInput, match=r"film\.json: (not a film in normal form|.* inf is no number)"):
        read_film(path.parent)


def test_a_normal_forms_portraits_stay_in_its_folder(plain_folder: Path, tmp_path: Path) -> None:
    ingest(plain_folder, tmp_path / "films/lantern")
    path = tmp_path / "films/lantern/film.json"
    value = json.loads(path.read_text())
    value["cast"][0]["portraits"] = ["../../lantern/portraits/ANNA.png"]
    path.write_text(json.dumps(value))
    with pytest.raises(BadInput, match="leads outside"):
        read_film(path.parent)


# ---- links


@pytest.mark.parametrize(
    "name", ["descriptions.csv", "portraits/ANNA.png", "portraits", "truth/clips.json", "transcript.json"]
)
def test_a_link_out_of_a_films_folder_is_refused(plain_folder: Path, tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    link = plain_folder / name
    link.parent.mkdir(exist_ok=True)
    if link.exists():
        link.rename(secret / link.name)
    link.symlink_to(secret / link.name if (secret / link.name).exists() else secret)
    with pytest.raises(BadInput, match=rf"{name}: a link out of the film's folder; put the file itself there"):
        ingest(plain_folder, tmp_path / "films/lantern")
    assert not (tmp_path / "films/lantern").exists()


def test_the_film_itself_may_be_a_link_and_so_may_links_that_stay(plain_folder: Path, tmp_path: Path) -> None:
    (plain_folder / "film.mp4").rename(tmp_path / "elsewhere.mp4")
    (plain_folder / "film.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    (plain_folder / "portraits/BEN_2.png").symlink_to("ANNA.png")
    film = ingest(plain_folder, tmp_path / "films/lantern")
    assert film.video.is_file() and not film.video.is_symlink()


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_no_other_file_is_published_as_a_film(plain_folder: Path, tmp_path: Path, name: str) -> None:
    ingest(plain_folder, tmp_path / "given/lantern")
    normal_form, secret = tmp_path / "given/lantern", tmp_path / "secret.txt"
    secret.write_text("PRIVATE")
    (normal_form / name).unlink(missing_ok=True)
    (normal_form / name).symlink_to(secret)
    with pytest.raises(BadInput, match=r"not a readable video|a link out of the film's folder"):
        ingest(normal_form, tmp_path / "films/lantern")
    assert not (tmp_path / "films/lantern").exists()


def test_of_a_normal_form_only_what_belongs_to_it_is_taken(plain_folder: Path, tmp_path: Path) -> None:
    ingest(plain_folder, tmp_path / "given/lantern")
    (tmp_path / "given/lantern/notes.txt").write_text("not of the film")
    film = ingest(tmp_path / "given/lantern", tmp_path / "films/lantern")
    assert not (film.folder / "notes.txt").exists()
    assert film.subtitles() and film.video.is_file()


def test_links_in_a_ring_are_walked_once(plain_folder: Path) -> None:
    films = plain_folder.parent
    for name in ("a", "b", "c"):
        (films / name).mkdir()
        (films / name / "up").symlink_to(films)
        (films / name / "again").symlink_to(films / name)
    assert film_folders(films) == [plain_folder]


# ---- messages


def test_a_message_shows_what_a_file_holds_and_does_not_obey_it() -> None:
    assert str(BadInput("x.csv: \x1b[2Jgone\u202e\n twice")) == "x.csv: \\x1b[2Jgone\\u202e twice"
    assert len(str(BadInput("x.csv: " + "Anna " * 100_000))) < 1600


def test_a_byte_order_mark_written_twice_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    times = ["00.00.01.000", "00.00.02.000"] * 2
    (tmp_path / "x.csv").write_text("\t".join(["\ufeff\ufeff1_F_00.00.01.000-00.00.03.000", *times, "Anna walks."]))
    (row,) = lsmdc.read(tmp_path / "x.csv").rows
    assert row.clip.movie == "1_F"
