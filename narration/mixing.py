"""The spoken lines as a track of their own, and mixed with the film's sound, which is turned down under them.

Everything is read, measured and written in blocks: memory holds a few seconds of film and of what is said there.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from narration.loudness import RATE, LoudnessMeter
from narration.progress import Progress
from narration.settings import MixingSettings, VoiceSettings
from narration.sound import has_sound, read_sound
from narration.voice import Utterance

log = logging.getLogger(__name__)
CHANNELS = 2
TRACK, MIX = "description.voice", "description.mix"
HIGHEST_PEAK = 10 ** (-1 / 20)  # -1 dBFS: room for what an encoder adds
_BLOCK = 4 * RATE
_FRAME = 1024  # samples of an AAC frame


@dataclass(frozen=True)
class Loudness:
    """LKFS of the film as it was, of the spoken lines by themselves, and of the mix; -inf is silence."""

    film: float
    voice: float
    mix: float


def write_voice(
    folder: Path,
    said: Sequence[Utterance],
    film: Path,
    *,
    duration: float,
    mixing: MixingSettings,
    settings: VoiceSettings,
) -> Loudness:
    """Writes the track of the lines alone and the mix, both `duration` seconds long, in `settings.format`.

    The lines are as loud as the film by itself; the mix has `settings.loudness`, or less where its peaks forbid it.
    """
    ending = ".m4a" if settings.format == "aac" else ".wav"
    heard = has_sound(film)
    progress = Progress("mix", "seconds of sound", math.ceil(duration) * (4 if heard else 3))

    def told(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The blocks, counted: the film is gone through again and again."""
        for block in blocks:
            yield block
            progress.add(min(round(block.shape[1] / RATE), progress.total - progress.done))

    before = measured(told(_film(film, duration, heard=heard))) if heard else LoudnessMeter(CHANNELS)
    alone = measured(np.stack([each.sound()] * CHANNELS) * math.sqrt(0.5) for each in said)
    own = alone.integrated()
    wanted = before.integrated() if math.isfinite(before.integrated()) else settings.loudness
    gain = 10 ** ((wanted - own) / 20) if math.isfinite(own) else 1.0
    gain = min(gain, HIGHEST_PEAK / alone.peak) if alone.peak else gain
    voice = [replace(each, gain=gain) for each in said]

    def mix() -> Iterator[np.ndarray]:
        return mixed(told(_film(film, duration, heard=heard)), voice, mixing)

    whole = measured(mix())
    level = 10 ** ((settings.loudness - whole.integrated()) / 20) if math.isfinite(whole.integrated()) else 1.0
    level = min(level, HIGHEST_PEAK / whole.peak) if whole.peak else level
    write_sound(folder / f"{TRACK}{ending}", mixed(told(_silence(duration)), voice, mixing))
    write_sound(folder / f"{MIX}{ending}", (block * level for block in mix()))
    found = Loudness(before.integrated(), own + 20 * math.log10(gain), whole.integrated() + 20 * math.log10(level))
    parts = {"film": found.film, "lines": found.voice, "mix": found.mix}
    levels = [f"{name} {'silent' if math.isinf(value) else f'{value:.1f} LKFS'}" for name, value in parts.items()]
    log.info("loudness: %s", ", ".join(levels))
    return found


def measured(blocks: Iterable[np.ndarray]) -> LoudnessMeter:
    meter = LoudnessMeter(CHANNELS)
    for block in blocks:
        meter.push(block)
    return meter


def mixed(blocks: Iterable[np.ndarray], said: Sequence[Utterance], mixing: MixingSettings) -> Iterator[np.ndarray]:
    """A programme (2, n) block by block with the utterances in it, turned down under each of them."""
    left, right = (math.cos((mixing.pan + 1) * math.pi / 4), math.sin((mixing.pan + 1) * math.pi / 4))
    at = 0
    for block in blocks:
        length = block.shape[1]
        if not length:
            continue
        time = (at + np.arange(length)) / RATE
        found = block.astype(np.float64)
        for each in said:
            if each.end < time[0] or each.start > time[-1]:
                continue
            found *= _turned_down(time, each, mixing)
            first = round(each.start * RATE) - at
            begin, end = max(first, 0), min(first + each.length, length)
            if begin < end:
                found[:, begin:end] += np.outer([left, right], each.sound()[begin - first : end - first])
        yield found
        at += length


def _turned_down(time: np.ndarray, said: Utterance, mixing: MixingSettings) -> np.ndarray:
    """What the programme is multiplied by: down within the fade at the beginning, up again within it at the end."""
    fade = min(mixing.fade_seconds, (said.end - said.start) / 4)
    corners = [said.start, said.start + fade, said.end - fade, said.end]
    return np.interp(time, corners, [1.0, mixing.gain, mixing.gain, 1.0])


def _film(path: Path, duration: float, *, heard: bool) -> Iterator[np.ndarray]:
    """The film's sound, cut or filled up to its length."""
    left = round(duration * RATE)
    for block in read_sound(path, rate=RATE, channels=CHANNELS) if heard else ():
        yield block[:, :left]
        left -= min(left, block.shape[1])
    yield from _silence(left / RATE)


def _silence(seconds: float) -> Iterator[np.ndarray]:
    left = round(seconds * RATE)
    while left > 0:
        yield np.zeros((CHANNELS, min(_BLOCK, left)), np.float32)
        left -= _BLOCK


def write_sound(path: Path, blocks: Iterable[np.ndarray]) -> None:
    """Encodes blocks (2, n) at 48 kHz as AAC (.m4a) or 16-bit WAV (.wav); the file appears whole or not at all."""
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    kind = {".m4a": ("ipod", "aac"), ".wav": ("wav", "pcm_s16le")}[path.suffix]
    try:
        with av.open(str(partial), "w", format=kind[0], options={"fflags": "+bitexact"}) as container:
            stream: Any = container.add_stream(kind[1], rate=RATE, layout="stereo")
            if kind[1] == "aac":
                stream.codec_context.bit_rate = 160_000
            at = 0
            for block in _frames(blocks):
                integer = kind[1] == "pcm_s16le"
                samples = np.clip(block, -1, 1)
                if integer:
                    packed = np.round(samples * 32767).astype(np.int16).T.reshape(1, -1)
                    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(packed), format="s16", layout="stereo")
                else:
                    planes = np.ascontiguousarray(samples, np.float32)
                    frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
                at += block.shape[1]
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _frames(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same samples in the frames that an AAC encoder takes."""
    rest = np.zeros((CHANNELS, 0))
    for block in blocks:
        sound = np.concatenate([rest, block], axis=1)
        whole = sound.shape[1] // _FRAME * _FRAME
        for first in range(0, whole, _FRAME):
            yield sound[:, first : first + _FRAME]
        rest = sound[:, whole:]
    if rest.shape[1]:
        yield rest
