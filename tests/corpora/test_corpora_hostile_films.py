"""Films as they come: odd, turned, damaged, without pictures. Each is read rightly or refused in one line, alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from corpus_toys import FRAMES, HEIGHT, WIDTH, noisy_frames, numbered_frames, put_portrait
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora.ingest import ingest
from corpora.inspection import inspect
from corpora.video import probe, read_frames, strip_sound


def encode(path: Path, pictures: Iterable[np.ndarray], codec: str = "libx264", colours: str = "yuv420p") -> None:
    with av.open(str(path), "w") as container:
        stream: Any = None
        for picture in pictures:
            if stream is None:
                stream = container.add_stream(codec, rate=10)
                stream.height, stream.width, stream.pix_fmt = *picture.shape[:2], colours
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def encode_sound(path: Path, *, cover: bool = False) -> None:
    """A second of silence, perhaps with a picture of its cover, as music files have."""
    with av.open(str(path), "w", format="mp4") as container:
        sound = container.add_stream("aac", rate=16000)
        if cover:
            picture = container.add_stream("png", rate=1)
            picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "rgb24"
            picture.disposition = av.stream.Disposition.attached_pic
            container.mux(picture.encode(av.VideoFrame.from_ndarray(next(noisy_frames()), format="rgb24")))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.rate = 16000
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))


@pytest.mark.parametrize(("name", "codec", "colours"), [("a.mp4", "libx264", "yuv444p"), ("a.mkv", "mpeg4", "yuv420p")])
def test_odd_sizes_are_kept(tmp_path: Path, name: str, codec: str, colours: str) -> None:
    picture = np.full((49, 65, 3), 200, np.uint8)
    encode(tmp_path / name, [picture] * 5, codec, colours)
    strip_sound(tmp_path / name, tmp_path / "silent.mp4")
    facts = probe(tmp_path / "silent.mp4", thorough=True)
    assert (facts.width, facts.height, facts.frames) == (65, 49, 5)
    assert {shown.shape for _, shown in read_frames(tmp_path / "silent.mp4")} == {(49, 65, 3)}


def test_a_film_of_one_frame_is_a_film(tmp_path: Path) -> None:
    encode(tmp_path / "film.mp4", noisy_frames(1))
    facts = probe(tmp_path / "film.mp4", thorough=True)
    assert (facts.frames, facts.duration, facts.variable) == (1, 0.1, False)


@pytest.mark.parametrize("cover", [False, True])
def test_sound_without_pictures_is_no_film(tmp_path: Path, cover: bool) -> None:
    encode_sound(tmp_path / "film.mp4", cover=cover)
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert len(container.streams.video) == cover
    with pytest.raises(BadInput, match=r"film\.mp4: holds no pictures; give a video file"):
        probe(tmp_path / "film.mp4")


def test_a_film_that_lasts_no_time_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "film.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        container.start_encoding()
    with pytest.raises(BadInput, match=r"film\.mkv: (not a readable video|ends at frame 0)"):
        probe(tmp_path / "film.mkv")


def test_a_codec_that_mp4_does_not_know_is_named(tmp_path: Path) -> None:
    encode(tmp_path / "film.gif", noisy_frames(3), "gif", "rgb8")
    with pytest.raises(BadInput, match=r"film\.gif: cannot be put into MP4 \(.*gif.*\); convert it to H\.264"):
        strip_sound(tmp_path / "film.gif", tmp_path / "film.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["film.gif"]


def test_a_file_that_counts_no_frames_is_held_to_its_length(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    encode(path, noisy_frames())
    assert probe(path).frames == FRAMES
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadInput, match=r"film\.mkv: ends at [12]\.\d s of 4\.0; the file is cut short, copy it again"):
        probe(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    for ending in ("mp4", "mkv"):
        encode(folder / f"film.{ending}", noisy_frames(20))
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


@settings(max_examples=60, deadline=None)
@given(
    ending=st.sampled_from([".mp4", ".mkv"]),
    holes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=400)), max_size=4),
    kept=st.floats(0, 1) | st.just(1.0),
)
def test_a_damaged_film_is_read_whole_or_refused(
    ending: str, holes: list[tuple[float, bytes]], kept: float, whole: dict[str, bytes], tmp_path_factory
) -> None:
    """Nothing but `BadInput`, and what passed the check can be read to its end."""
    folder = tmp_path_factory.getbasetemp()
    content = bytearray(whole[ending])
    for place, hole in holes:
        at = int(place * len(content))
        content[at : at + len(hole)] = hole[: len(content) - at]
    path, silent = folder / f"hurt{ending}", folder / "silent.mp4"
    path.write_bytes(content[: int(kept * len(content))])
    try:
        probe(path)
        strip_sound(path, silent)
        facts = probe(silent, thorough=True)
    except BadInput as error:
        assert "\n" not in str(error) and (path.name in str(error) or silent.name in str(error))
    else:
        assert sum(1 for _ in read_frames(silent)) == facts.frames > 0


def vary(path: Path) -> None:
    """Ten frames in the first second, ten in the five seconds after it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 10)
        for number, picture in enumerate(numbered_frames(20)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number if number < 10 else 10 + 5 * (number - 10), Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_how_far_a_varying_rate_leads_astray_is_said(plain_folder: Path, tmp_path: Path) -> None:
    vary(plain_folder / "film.mp4")
    film = ingest(plain_folder, tmp_path / "films/lantern")
    # The last of 20 frames stands at 5.5 s, so the clock counts 19 / 5.5 a second; frame 10 stands at 1 s.
    off = f"{10 / (19 / 5.5) - 1:.2f} s off"
    assert film.put_aside == (
        f"film: its frame rate varies; at 3.455 frames a second on average, times are up to {off}; "
        "convert it to a constant rate",
    )
    assert inspect(plain_folder)["problems"] == list(film.put_aside)


def test_one_late_frame_is_no_varying_rate(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 100)
        for number, picture in enumerate(noisy_frames(20)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = 10 * number + 5 * (number == 7), Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    facts = probe(path)
    assert not facts.variable and facts.drift == pytest.approx(0.05) and facts.fps == pytest.approx(10)


def test_one_bad_film_spoils_no_other(plain_folder: Path, corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    rows = "movie,sentence,movie_duration,start,end,imdb\n9_F,Anna sits.,4,1,2,{}\n"
    for film_id in ("tt1", "tt2", "tt3"):
        corpus_folder(film_id, "mad_eval_named.csv", rows.format(film_id))
    encode(tmp_path / "tt1/film.mp4", noisy_frames())
    content = bytearray((tmp_path / "tt1/film.mp4").read_bytes())
    half = len(content) // 2
    content[half : half + 4000] = bytes(4000)
    (tmp_path / "tt1/film.mp4").write_bytes(content)
    encode_sound(tmp_path / "tt2/film.mp4")
    (tmp_path / "tt3/film.mp4").write_bytes(b"")
    with pytest.raises(BadInput, match=r"tt1/film\.mp4: damaged at frame \d+"):  # and not the copy being made
        ingest(tmp_path / "tt1", tmp_path / "films/copy")
    found = inspect(tmp_path, thorough=True)
    assert (found["films"], found["clips"]) == (1, 2)  # the plain folder's
    told = [problem.split("/film.mp4: " if "/film.mp4: " in problem else "film.mp4: ") for problem in found["problems"]]
    assert [film.rstrip("/") for film, _ in told] == ["tt1", "tt2", "tt3"]
    assert [reason.split(" (")[0].split(" at ")[0] for _, reason in told] == [
        "damaged",
        "holds no pictures; give a video file",
        "not a readable video",
    ]


LONG = "Anna" * 75


@pytest.mark.parametrize("name", [LONG, "é" * 120, "/" * 90, "An\u200bna"])
def test_a_name_that_is_no_name_is_put_aside(plain_folder: Path, tmp_path: Path, name: str) -> None:
    cast = json.loads((plain_folder / "cast.json").read_text())
    (plain_folder / "cast.json").write_text(json.dumps([*cast, {"id": "nm3", "name": "X", "role": name}]))
    film = ingest(plain_folder, tmp_path / "films/lantern")
    assert [each.name for each in film.cast] == ["ANNA", "BEN"]
    (reason,) = film.put_aside
    assert reason.startswith("cast.json:3: ") and reason.endswith("too long or unprintable for a name; left out")
    assert len(reason) < 120


def test_a_long_name_that_a_file_can_bear_is_kept(plain_folder: Path, tmp_path: Path) -> None:
    name = "Customer in Bar Who Warns Curtin and Dobbs about Pat McCormick"
    (plain_folder / "cast.json").write_text(json.dumps([{"role": name, "portrait": "portraits/ANNA.png"}]))
    film = ingest(plain_folder, tmp_path / "films/lantern")
    assert film.cast[0].name == name and film.portrait_paths(name)[0].is_file()


@pytest.mark.parametrize("film_id", ["x" * 101, "x" * 300])
def test_a_film_id_is_no_longer_than_a_folders_name(plain_folder: Path, tmp_path: Path, film_id: str) -> None:
    with pytest.raises(BadInput, match="cannot be a film's id; use letters, digits, _ and - only, at most 100"):
        ingest(plain_folder, tmp_path / "films/x", film_id=film_id)
    assert not (tmp_path / "films").exists()


def test_names_in_two_letter_cases_are_one_character(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    board = {
        "movie_id": "tt1",
        "key_frames": ["f/1_F_00.00.01.000-00.00.02.500_0.jpg"],
        "resolution": [HEIGHT, WIDTH],
        "synopses": [["Anna walks."]],
        "bboxes_person": [[{"aNNa": [0, 0, 0.5, 0.5, 0.9]}]],
    }
    folder = corpus_folder("tt1", "storyboard20k.json", [board])
    credits = [{"id": f"nm{number}", "name": "", "role": role} for number, role in enumerate(("Anna", "ANNA", "ben"))]
    (folder / "charbank.json").write_text(json.dumps({"tt1": credits}))
    put_portrait(folder / "portraits/Ben.png")
    film = ingest(folder, tmp_path / "films/tt1")
    assert [(each.name, len(each.portraits)) for each in film.cast] == [("Anna", 2), ("ben", 2)]
    assert [box.name for box in film.labelled_boxes] == ["Anna"]
    assert film.character("ANNA") is film.cast[0]
    assert len(film.put_aside) == 1 and "the name 'ANNA' is also 'Anna'" in film.put_aside[0]


def test_slots_of_every_kind_become_clips_of_at_least_a_frame(plain_folder: Path, tmp_path: Path) -> None:
    rows = ["-2,0.35,Begins early.", "0.2,0.3,A tenth.", "0.2,3.9,Overlaps.", "3.95,99,Ends late.", "-5,-1,Before."]
    rows += ["4,5,After.", "1.01,1.02,Between frames.", "2,2,No time."]
    (plain_folder / "descriptions.csv").write_text("start,end,text\n" + "\n".join(rows))
    film = ingest(plain_folder, tmp_path / "films/lantern")
    clips = {each.text: (each.start, each.end) for each in film.descriptions}
    assert clips == {
        "Begins early.": (0.0, 0.35),
        "A tenth.": (0.2, 0.3),
        "Overlaps.": (0.2, 3.9),
        "Between frames.": (1.01, 1.02),
        "Ends late.": (3.95, 4.0),
    }
    assert [(clip.first_frame, clip.last_frame) for clip in film.clips()] == [
        (0, 3),
        (2, 2),
        (2, 38),
        (10, 10),
        (39, 39),
    ]
    assert [reason.split(": ")[0] for reason in film.put_aside] == [f"descriptions.csv:{line}" for line in (6, 7, 9)]
