"""Video: the same bytes again, frames found by number, damage named by file and frame."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from corpus_toys import FPS, FRAMES, HEIGHT, WIDTH, noisy_frames, numbered_frames

from common.errors import BadInput
from corpora.video import probe, read_frames, strip_sound, write_video

TWICE = """
import sys, numpy as np
from pathlib import Path
from corpora.video import write_video
rng = np.random.default_rng(7)
frames = [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(40)]
write_video(Path(sys.argv[1]), frames, fps=10, sound=(np.linspace(-0.5, 0.5, 64000, dtype=np.float32), 16000))
"""


@pytest.fixture
def film(tmp_path: Path, film_bytes: bytes) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(film_bytes)
    return path


def test_the_same_frames_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    sound = (np.linspace(-0.5, 0.5, 64000, dtype=np.float32), 16000)
    write_video(tmp_path / "here.mp4", noisy_frames(), fps=10, sound=sound)
    subprocess.run([sys.executable, "-c", TWICE, str(tmp_path / "there.mp4")], check=True)
    assert (tmp_path / "here.mp4").read_bytes() == (tmp_path / "there.mp4").read_bytes()


def test_facts_are_counted(film: Path) -> None:
    facts = probe(film, thorough=True)
    assert (facts.fps, facts.frames, facts.width, facts.height) == (FPS, FRAMES, WIDTH, HEIGHT)
    assert facts.duration == FRAMES / FPS
    assert facts.has_sound and not facts.variable and facts.start == 0


def test_every_frame_is_found_by_its_number(film: Path) -> None:
    seen = dict(read_frames(film, [39, 0, 7, 7]))
    assert list(seen) == [0, 7, 39]
    for number, picture in seen.items():
        assert picture.shape == (HEIGHT, WIDTH, 3) and picture.dtype == np.uint8
        assert abs(int(picture.mean()) - 6 * number) <= 2


def test_all_frames_come_in_order_and_in_the_size_asked_for(film: Path) -> None:
    frames = list(read_frames(film, size=(32, 24)))
    assert [number for number, _ in frames] == list(range(FRAMES))
    assert {picture.shape for _, picture in frames} == {(24, 32, 3)}


def test_a_frame_past_the_end_is_named(film: Path) -> None:
    with pytest.raises(BadInput, match=r"film\.mp4: has no frame 40, it ends at frame 39"):
        list(read_frames(film, [3, 40]))


def test_no_frame_asked_for_is_no_frame(film: Path) -> None:
    assert list(read_frames(film, [])) == []


def test_stripping_removes_the_sound_and_no_picture(film: Path, tmp_path: Path) -> None:
    strip_sound(film, tmp_path / "silent.mp4")
    assert not probe(tmp_path / "silent.mp4").has_sound
    pairs = zip(read_frames(film), read_frames(tmp_path / "silent.mp4"), strict=True)
    assert all(np.array_equal(before, after) for (_, before), (_, after) in pairs)
    strip_sound(film, tmp_path / "again.mp4")
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "silent.mp4").read_bytes()


def test_damage_in_the_middle_names_file_and_frame(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_video(path, noisy_frames(), fps=10)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8000] = bytes(8000)
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"film\.mp4: damaged at frame \d+") as caught:
        probe(path, thorough=True)
    frame = int(str(caught.value).split("frame ")[1].split()[0])
    assert 5 < frame < 35
    with pytest.raises(BadInput, match="damaged at frame"):
        list(read_frames(path))
    assert len(list(read_frames(path, range(5)))) == 5  # before the damage the film can be used


def encode(path: Path, pictures: Iterable[np.ndarray], *, turned: int = 0, **options: str) -> None:
    """A film that `write_video` would not write."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.set_display_rotation(turned)
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("options", "told"), [({}, "not a readable video"), ({"movflags": "faststart"}, "ends at frame")]
)
def test_a_film_cut_short_is_refused(tmp_path: Path, options: dict[str, str], told: str) -> None:
    path = tmp_path / "film.mp4"
    encode(path, noisy_frames(), **options)
    assert probe(path).frames == FRAMES
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadInput, match=rf"film\.mp4: {told}"):
        probe(path)
    with pytest.raises(BadInput, match=r"film\.mp4"):
        list(read_frames(path))


def test_other_containers_are_counted_too(tmp_path: Path) -> None:
    encode(tmp_path / "film.mkv", noisy_frames())
    assert probe(tmp_path / "film.mkv", thorough=True).frames == FRAMES
    strip_sound(tmp_path / "film.mkv", tmp_path / "film.mp4")
    facts = probe(tmp_path / "film.mp4", thorough=True)
    assert (facts.frames, round(facts.fps, 3), facts.variable) == (FRAMES, 10, False)


@pytest.mark.parametrize("content", [b"", b"no video at all" * 99])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"film\.mp4: not a readable video"):
        probe(path)


def test_a_missing_film_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"film\.mp4: no such film file"):
        probe(tmp_path / "film.mp4")
    with pytest.raises(BadInput, match="no such film file"):
        strip_sound(tmp_path / "film.mp4", tmp_path / "out.mp4")
    assert not any(tmp_path.iterdir())


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    sizes = [np.zeros((48, 64, 3), np.uint8), np.zeros((48, 32, 3), np.uint8)]
    with pytest.raises(ValueError, match="frame 1"):
        write_video(tmp_path / "film.mp4", sizes, fps=10)
    with pytest.raises(ValueError, match="even sizes"):
        write_video(tmp_path / "film.mp4", [np.zeros((47, 64, 3), np.uint8)], fps=10)
    with pytest.raises(ValueError, match="at least one frame"):
        write_video(tmp_path / "film.mp4", [], fps=10)
    assert not any(tmp_path.iterdir())


def test_a_varying_frame_rate_is_said_and_counted_as_decoded(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 30)
        for number, picture in enumerate(numbered_frames(20)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number if number < 10 else 10 + 5 * (number - 10), Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    facts = probe(path, thorough=True)
    assert facts.variable and facts.frames == 20
    (_, picture), *_ = read_frames(path, [15])
    assert abs(int(picture.mean()) - 6 * 15) <= 2


def test_a_turned_film_is_set_upright(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[: HEIGHT // 2] = 200  # the upper half as stored
    encode(path, [picture] * 5, turned=90)
    strip_sound(path, tmp_path / "silent.mp4")
    for film in (path, tmp_path / "silent.mp4"):
        facts = probe(film)
        assert (facts.width, facts.height) == (HEIGHT, WIDTH)
        (_, upright), *_ = read_frames(film, [2])
        assert upright.shape == (WIDTH, HEIGHT, 3)
        assert upright[:, : HEIGHT // 4].mean() > 150 > upright[:, -HEIGHT // 4 :].mean()
        (_, small), *_ = read_frames(film, [2], size=(24, 32))
        assert small.shape == (32, 24, 3)
