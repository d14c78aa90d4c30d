"""Lines are spoken where they fit, by any command, and mixed under the film at a loudness that is measured."""

import math
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from narration_toys import SETTINGS, toy_draft

from common.errors import BadInput
from corpora.video import write_video
from narration.loudness import RATE, LoudnessMeter
from narration.mixing import CHANNELS, mixed, write_voice
from narration.script import Draft, Line, Speech
from narration.settings import MixingSettings, VoiceSettings
from narration.sound import read_sound
from narration.voice import Utterance, Voice, room_of, speak_draft

# Stands in for a voice: 150 ms of a tone for every word at 160 words a minute.
TOY = """
import struct, sys, wave, math
rate, where = int(sys.argv[1]), sys.argv[2]
count = int(len(sys.stdin.read().split()) * 0.3 * 160 / rate * 22050)
samples = [int(9000 * math.sin(i / 9)) for i in range(count)]
with wave.open(where, "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(22050)
    out.writeframes(b"\\0\\0" * 4000 + struct.pack(f"<{count}h", *samples) + b"\\0\\0" * 4000)
"""


@pytest.fixture
def toy(tmp_path) -> Voice:
    return Voice(f"{sys.executable} -c '{TOY}' {{rate}} {{wav}}", language="en", folder=tmp_path)


def sine(level: float, seconds: float, *, hertz: float = 1000.0) -> np.ndarray:
    """A stereo sine whose peaks are `level` dBFS."""
    wave = 10 ** (level / 20) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.stack([wave, wave])


def loudness(*pieces: np.ndarray) -> float:
    meter = LoudnessMeter(len(pieces[0]))
    for piece in pieces:
        for block in np.array_split(piece, max(1, piece.shape[1] // 30011), axis=1):
            meter.push(block)
    return meter.integrated()


def test_a_full_scale_tone_of_997_hertz_in_one_channel_is_minus_3_01():
    """ITU-R BS.1770: the value that calibrates a meter."""
    assert loudness(sine(0, 5, hertz=997)[:1]) == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(-23, 20)], -23.0),
        ([(-33, 20)], -33.0),
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
    ],
)
def test_the_minimum_requirements_of_ebu_tech_3341(steps, expected):
    """Cases 1 to 5: stereo tones of 1 kHz, with the relative and the absolute gate."""
    assert loudness(*(sine(level, seconds) for level, seconds in steps)) == pytest.approx(expected, abs=0.1)


def test_silence_has_no_loudness():
    assert loudness(np.zeros((2, RATE))) == -math.inf == loudness(np.zeros((2, 100)))


def test_a_line_is_hurried_within_limits_and_never_said_over_what_follows(toy):
    lines = (Line(0.0, 1.4, "One two three four.", (), 1.0), Line(2.0, 3.0, "One two three four.", (), 1.0))
    late = Line(4.0, 4.5, "One two three four.", (), 1.0)
    draft = Draft(
        "F", (), (*lines, late), (), duration=9.0, dialogue=(Speech(1.5, 2.0), Speech(3.05, 3.9), Speech(4.6, 9))
    )
    assert [round(room_of(line, draft.lines[i + 1 :], draft), 2) for i, line in enumerate(draft.lines)] == [
        1.5,
        1.05,
        0.6,
    ]
    said, left_out = speak_draft(draft, toy, VoiceSettings())
    assert [each.start for each in said] == [0.0, 2.0]
    assert said[0].end == pytest.approx(1.2, abs=0.02), "at the comfortable rate, without the silence around it"
    assert said[1].end <= 3.05
    assert len(left_out) == 1 and "too long to be spoken in 0.6 s" in left_out[0]


def test_what_was_said_is_kept(toy, monkeypatch):
    first = toy.say("One two.", 160)
    monkeypatch.setattr(toy, "_run", None)
    assert np.array_equal(toy.say("One two.", 160), first)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-voice {wav}", "no such program; name one"),
        ("'unclosed", "mend its quotes"),
        ("false", "false failed"),
        ("true", "gave no sound"),
        ("echo no sound", "gave no sound"),
    ],
)
def test_a_voice_that_is_none_is_one_line(tmp_path, command, said):
    with pytest.raises(BadInput, match=said):
        Voice(command, language="en", folder=tmp_path).say("Anna waves.", 160)


def test_a_voice_that_cannot_be_started_is_one_line(tmp_path):
    program = tmp_path / "voice"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    with pytest.raises(BadInput, match=r"cannot be run \(.+\); take another"):
        Voice(str(program), language="en", folder=tmp_path).say("Anna waves.", 160)


def test_without_espeak_the_default_voice_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(BadInput, match="install the package espeak-ng"):
        Voice("", language="en", folder=tmp_path)


def test_espeak_speaks(tmp_path):
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    voice = Voice("", language="en", folder=tmp_path)
    slow, fast = (len(voice.say("Anna waves at somebody near the door.", rate)) / RATE for rate in (160, 220))
    assert 1.0 < fast < slow < 4.0


def test_the_film_is_turned_down_under_a_line_alone_and_blocks_do_not_matter():
    said = [Utterance(1.0, RATE, lambda: np.full(RATE, 0.5, np.float32), gain=0.5)]
    mixing = MixingSettings(gain=0.4, fade_seconds=0.2)
    film = np.full((CHANNELS, 4 * RATE), 0.1)
    whole = np.concatenate(list(mixed([film], said, mixing)), 1)
    parts = np.concatenate(list(mixed(np.array_split(film, 7, axis=1), said, mixing)), 1)
    np.testing.assert_allclose(whole, parts)
    beside = 0.25 * math.sqrt(0.5)
    middle = whole[0, round(1.5 * RATE)] - beside
    assert (whole[0, RATE // 2], middle, whole[0, 3 * RATE]) == pytest.approx((0.1, 0.04, 0.1))
    assert np.abs(np.diff(whole[0] - np.where(np.arange(4 * RATE) // RATE == 1, beside, 0))).max() < 1e-4, "no click"


@pytest.mark.parametrize("kind", ["aac", "wav"])
def test_the_mix_has_the_loudness_asked_for_and_the_track_is_silent_between_the_lines(tmp_path, toy, kind):
    film = tmp_path / "film.mp4"
    hum = 0.02 * np.sin(np.arange(6 * 16000) / 20).astype(np.float32)
    write_video(film, (np.full((36, 64, 3), n, np.uint8) for n in range(60)), fps=10, sound=(hum, 16000))
    settings = VoiceSettings(loudness=-20.0, format=kind)
    said, _ = speak_draft(toy_draft(), toy, settings)
    told = write_voice(tmp_path, said, film, duration=6.0, mixing=SETTINGS.mixing, settings=settings)
    assert told.mix == pytest.approx(-20.0, abs=0.05) and told.voice == pytest.approx(told.film, abs=0.05)
    ending = "m4a" if kind == "aac" else "wav"
    mix, track = (
        np.concatenate(list(read_sound(tmp_path / f"description.{name}.{ending}", rate=RATE, channels=2)), 1)
        for name in ("mix", "voice")
    )
    assert mix.shape[1] == pytest.approx(6 * RATE, abs=2 * 1024) and np.abs(mix).max() <= 1
    assert loudness(mix) == pytest.approx(-20.0, abs=0.3), "as it is read back"
    levels = [float(np.abs(track[:, round(a * RATE) : round(b * RATE)]).max()) for a, b in ((0.55, 0.9), (1.9, 2.9))]
    assert levels[0] > 0.01 and levels[1] < 1e-3


def test_what_is_said_is_read_where_it_is_heard_and_never_held_together(toy, tmp_path):
    """Ten lines of a second: no more than two are in memory at a time, however many a film has."""
    lines = tuple(Line(2.0 * number, 2.0 * number + 1.5, f"One {number}.", (), 1.0) for number in range(10))
    said, left_out = speak_draft(Draft("F", (), lines, (), duration=20.0), toy, VoiceSettings())
    assert len(said) == 10 and left_out == []
    assert not any(isinstance(value, np.ndarray) for each in said for value in vars(each).values())
    asked: list[float] = []
    watched = [replace(each, samples=lambda each=each: asked.append(each.start) or each.samples()) for each in said]
    blocks = mixed((np.zeros((CHANNELS, 4 * RATE)) for _ in range(5)), watched, MixingSettings())
    next(blocks)
    assert asked == [0.0, 2.0]
    whole = np.concatenate([*blocks], 1)
    assert asked[2:] == [4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0] and np.abs(whole).max() > 0.1


def test_a_film_without_sound_gets_the_lines_alone(tmp_path, toy):
    film = tmp_path / "film.mp4"
    write_video(film, (np.full((36, 64, 3), n, np.uint8) for n in range(60)), fps=10)
    settings = VoiceSettings(format="wav")
    told = write_voice(
        tmp_path,
        speak_draft(toy_draft(), toy, settings)[0],
        film,
        duration=6.0,
        mixing=SETTINGS.mixing,
        settings=settings,
    )
    assert told.film == -math.inf and told.mix == pytest.approx(-23.0, abs=0.05)


def test_a_draft_without_lines_is_silence(tmp_path):
    film = tmp_path / "film.mp4"
    write_video(film, (np.full((36, 64, 3), n, np.uint8) for n in range(60)), fps=10)
    draft = replace(toy_draft(), lines=())
    told = write_voice(tmp_path, [], film, duration=draft.duration, mixing=SETTINGS.mixing, settings=VoiceSettings())
    assert told.mix == -math.inf and (Path(tmp_path) / "description.voice.m4a").is_file()
