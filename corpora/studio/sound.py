"""A film's sound: a hum for every place, and speech-like syllables wherever somebody talks.

Nobody listens to it for its words. It is there so that sound has to be removed, mixed and read over as in a real film.
"""

from __future__ import annotations

import numpy as np

from corpora.studio.screenplay import PLACES, Line, Screenplay, Shot

RATE = 16_000  # samples per second


def sound_of(screenplay: Screenplay) -> np.ndarray:
    """Mono samples float32 in -1..1 at `RATE`, as long as the film."""
    samples = np.zeros(round(screenplay.duration * RATE), np.float32)
    for shot in screenplay.shots:
        _add(samples, shot.start, _hum(shot))
    for index, line in enumerate(screenplay.lines):
        _add(samples, line.start, _speech(line, screenplay.member(line.speaker).person, index))
    return np.clip(samples, -1, 1)


def _add(samples: np.ndarray, start: float, part: np.ndarray) -> None:
    first = round(start * RATE)
    room = samples[first : first + len(part)]
    room += part[: len(room)]


def _hum(shot: Shot) -> np.ndarray:
    """A soft chord that belongs to the place, with a hiss outdoors; it swells in and out, so that cuts do not click."""
    count = round((shot.end - shot.start) * RATE)
    t = np.arange(count, dtype=np.float32) / RATE
    root = 82.4 * 2 ** (PLACES.index(shot.place) / 9)
    chord = sum(np.sin(2 * np.pi * root * ratio * t) / k for k, ratio in enumerate((1.0, 1.5, 2.0), start=1))
    rng = np.random.default_rng([61, PLACES.index(shot.place), round(shot.start * 100)])
    hiss = rng.standard_normal(count, np.float32) * (0.010 if shot.event in ("rain", "fire", "snow") else 0.003)
    swell = np.minimum(np.minimum(t / 0.15, (count / RATE - t) / 0.15), 1)
    return ((0.02 * np.asarray(chord) + hiss) * swell).astype(np.float32)


def _speech(line: Line, person: int, index: int) -> np.ndarray:
    """Syllables of a voice: a buzzing pitch that wanders, opened and closed about four times a second."""
    count = round((line.end - line.start) * RATE)
    t = np.arange(count, dtype=np.float32) / RATE
    voice = np.random.default_rng([62, person])
    pitch = float(voice.uniform(95, 220))
    rng = np.random.default_rng([63, person, index])
    wander = np.interp(t, np.arange(0, t[-1] + 1.0, 0.25), rng.uniform(0.9, 1.15, int((t[-1] + 1.0) / 0.25) + 1))
    angle = 2 * np.pi * np.cumsum(pitch * wander) / RATE
    buzz = sum(np.sin(k * angle) / k**1.3 for k in range(1, 9))
    opened = np.clip(np.sin(2 * np.pi * 4.1 * t + rng.uniform(0, 6)) + 0.35, 0, 1) ** 0.7
    fade = np.minimum(np.minimum(t / 0.05, (count / RATE - t) / 0.05), 1)
    return (0.13 * np.asarray(buzz) * opened * fade).astype(np.float32)
