"""Films encoded so that the same frames give the same bytes, in any process of the same machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np

# The default veryfast preset gives different packets for identical input, depending on memory, even with one thread.
# With these three set, the packets were the same in every process tried; no one of them suffices alone.
_X264 = "mbtree=0:weightp=0:rc-lookahead=0"
_AUDIO_BLOCK = 1024  # samples in one AAC frame


def write_video(
    path: Path, frames: Iterable[np.ndarray], *, fps: float, sound: tuple[np.ndarray, int] | None = None
) -> None:
    """Encodes RGB frames uint8 (height, width, 3), even sizes, as H.264 in MP4: the same frames give the same bytes.

    `sound` = (mono samples float32 in -1..1, rate in Hz) is encoded as AAC beside it. The file appears whole or not at
    all. Raises `ValueError` for no frames, or frames of odd or changing size.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with av.open(str(partial), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
            _encode(container, iter(frames), Fraction(fps).limit_denominator(100_000), sound)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _encode(container: Any, frames: Iterator[np.ndarray], fps: Fraction, sound: tuple[np.ndarray, int] | None) -> None:
    first = next(frames, None)
    if first is None:
        raise ValueError("a video needs at least one frame")
    height, width = first.shape[:2]
    if height % 2 or width % 2:
        raise ValueError(f"H.264 with halved colour needs even sizes, not {width}x{height}")
    video = container.add_stream("libx264", rate=fps)
    video.width, video.height, video.pix_fmt = width, height, "yuv420p"
    video.codec_context.thread_count = 1
    video.options = {"preset": "veryfast", "threads": "1", "x264-params": _X264}
    voice = _Voice(container, *sound) if sound is not None else None
    number = 0
    for picture in chain([first], frames):
        if picture.shape != first.shape or picture.dtype != np.uint8:
            raise ValueError(f"frame {number}: {picture.shape} {picture.dtype}, but frame 0 is {first.shape} uint8")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = number, 1 / fps
        container.mux(video.encode(frame))
        number += 1
        if voice is not None:
            voice.encode_until(number / fps)
    container.mux(video.encode(None))
    if voice is not None:
        voice.finish(number / fps)


class _Voice:
    """The sound track, encoded alongside the pictures, so that neither waits in memory; silence fills up its end."""

    def __init__(self, container: Any, samples: np.ndarray, rate: int) -> None:
        self.container, self.samples, self.rate, self.at = (
            container,
            np.asarray(samples, np.float32).reshape(-1),
            rate,
            0,
        )
        self.stream = container.add_stream("aac", rate=rate, layout="mono")
        self.stream.codec_context.bit_rate = 64_000

    def encode_until(self, seconds: Fraction) -> None:
        while self.at + _AUDIO_BLOCK <= int(seconds * self.rate):
            self._block(_AUDIO_BLOCK)

    def finish(self, seconds: Fraction) -> None:
        self.encode_until(seconds)
        rest = int(seconds * self.rate) - self.at
        if rest > 0:
            self._block(rest)
        self.container.mux(self.stream.encode(None))

    def _block(self, length: int) -> None:
        block = np.zeros((1, length), np.float32)
        heard = self.samples[self.at : self.at + length]
        block[0, : len(heard)] = heard
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = self.rate, self.at, Fraction(1, self.rate)
        self.at += length
        self.container.mux(self.stream.encode(frame))
