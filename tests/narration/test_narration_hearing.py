"""Speech is found where it is, as the authors' own program finds it, in a stream of any blocks."""

import itertools
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.film import Film
from corpora.subtitles import Subtitle, write_srt
from corpora.video import write_video
from narration import hearing
from narration.dialogue import HEARD, NOT_LISTENED, UNHEARD, dialogue_of
from narration.hearing import FRAME_SECONDS, RATE, speech_probabilities, stretches
from narration.settings import SpeechSettings
from narration.sound import has_sound, read_sound

SETTINGS = SpeechSettings()


def vowels(seconds: float) -> np.ndarray:
    """Something like a voice: a buzz whose pitch wanders, opened and closed at the pace of syllables."""
    t = np.arange(round(seconds * RATE)) / RATE
    angle = 2 * np.pi * np.cumsum(140 * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * t))) / RATE
    buzz = sum(np.sin(k * angle) / k**1.3 for k in range(1, 9))
    opened = np.clip(np.sin(2 * np.pi * 4.1 * t) + 0.35, 0, 1) ** 0.7
    return (0.13 * buzz * opened).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def heard(*blocks: np.ndarray) -> np.ndarray:
    return np.concatenate([*speech_probabilities(blocks), np.zeros(0, np.float32)])


def test_the_network_is_the_authors_one(monkeypatch):
    """With the weights of their TorchScript it gives their numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pytest.importorskip("silero_vad").load_silero_vad()
    state = theirs.state_dict()
    names = {
        "stft_conv.weight": "stft.forward_basis_buffer",
        **{f"lstm_cell.{name}": f"decoder.rnn.{name}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")},
        **{f"final_conv.{name}": f"decoder.decoder.2.{name}" for name in ("weight", "bias")},
        **{f"conv{i + 1}.{name}": f"encoder.{i}.reparam_conv.{name}" for i in range(4) for name in ("weight", "bias")},
    }
    assert set(names) == set(hearing._weights())
    monkeypatch.setattr(hearing, "_weights", lambda: {own: state[f"_model.{name}"] for own, name in names.items()})
    import torch

    sound = np.concatenate([vowels(0.7), silence(0.4), 0.1 * np.random.default_rng(0).normal(size=8000)]).astype(
        np.float32
    )
    frames = torch.from_numpy(np.pad(sound, (0, -len(sound) % 512))).reshape(-1, 512)
    expected = [theirs(frame, RATE).item() for frame in frames]
    np.testing.assert_allclose(heard(sound), expected, atol=1e-4)


def test_a_stream_in_any_blocks_is_heard_alike():
    sound = np.concatenate([vowels(1.0), silence(0.5)])
    whole = heard(sound)
    assert len(whole) == -(-len(sound) // 512)
    np.testing.assert_allclose(heard(*np.array_split(sound, [1, 700, 701, 9000])), whole, atol=1e-5)
    assert len(heard()) == 0


def test_a_voice_is_found_between_silences():
    found = stretches(heard(silence(1.5), vowels(2.0), silence(1.5)), SETTINGS)
    assert len(found) == 1
    assert found[0].start == pytest.approx(1.5, abs=0.4) and found[0].end == pytest.approx(3.5, abs=0.4)
    assert stretches(heard(silence(2.0)), SETTINGS) == []


def test_noises_are_left_out_and_breath_is_bridged():
    steps = [(20, 0.9), (5, 0.1), (20, 0.9), (40, 0.1), (3, 0.9), (40, 0.1), (20, 0.4), (10, 0.6), (10, 0.4), (9, 0.2)]
    found = stretches(np.concatenate([np.full(count, value, np.float32) for count, value in steps]), SETTINGS)
    frames = [(round(line.start / FRAME_SECONDS, 1), round(line.end / FRAME_SECONDS, 1)) for line in found]
    wide = SETTINGS.widen / FRAME_SECONDS
    assert frames == [(0.0, round(45 + wide, 1)), (round(148 - wide, 1), round(168 + wide, 1))]


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=80))
def test_stretches_are_apart_in_order_and_hold_every_sure_second_of_long_speech(values):
    found = stretches(np.array(values, np.float32), SETTINGS)
    assert all(a.end < b.start for a, b in itertools.pairwise(found))
    assert all(line.end - line.start >= SETTINGS.shortest for line in found)


@pytest.fixture
def film(tmp_path) -> Film:
    return Film("f", "F", "none", "video", 10.0, 50, 64, 36, 5.0, (), (), (), (), tmp_path)


def with_sound(folder: Path, sound: np.ndarray | None) -> Path:
    path = folder / "film.mp4"
    frames = (np.full((36, 64, 3), number, np.uint8) for number in range(50))
    write_video(path, frames, fps=10, sound=None if sound is None else (sound, RATE))
    return path


def test_without_subtitles_the_film_is_listened_to_once(film, tmp_path, monkeypatch):
    video = with_sound(tmp_path, np.concatenate([silence(1.5), vowels(2.0), silence(1.5)]))
    assert has_sound(video)
    assert sum(block.shape[1] for block in read_sound(video, rate=RATE, channels=1)) == pytest.approx(
        5 * RATE, abs=2048
    )
    first = dialogue_of(film, video, SETTINGS, tmp_path)
    assert len(first.lines) == 1 and first.note == HEARD.format(f"{first.lines[0].end - first.lines[0].start:.0f} s")
    monkeypatch.setattr(hearing, "speech_probabilities", None)
    assert dialogue_of(film, video, SETTINGS, tmp_path) == first


def test_subtitles_are_enough_unless_both_are_wanted(film, tmp_path):
    video = with_sound(tmp_path, np.concatenate([silence(1.5), vowels(2.0), silence(1.5)]))
    write_srt(tmp_path / "subtitles.srt", [Subtitle(0.2, 0.9, "Hello.")])
    assert [line.text for line in dialogue_of(film, video, SETTINGS, tmp_path).lines] == ["Hello."]
    both = dialogue_of(film, video, SpeechSettings(listen="always"), tmp_path)
    assert [line.text for line in both.lines] == ["Hello.", ""] and both.note == ""


def test_what_cannot_be_heard_is_told(film, tmp_path):
    video = with_sound(tmp_path, None)
    assert not has_sound(video)
    assert dialogue_of(film, video, SETTINGS, tmp_path).note == UNHEARD
    assert dialogue_of(film, video, SpeechSettings(listen="never"), tmp_path).note == NOT_LISTENED
