"""Films as moving pictures: facts about them, their frames one at a time, their pictures without the sound.

Frames are counted in the order a decoder shows them, from 0. A film of variable frame rate keeps that count, and its
clock is its average rate: `VideoFacts.variable` says so. A film with a rotation flag is turned upright.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np

from common.errors import BadInput
from corpora.encoding import write_video

__all__ = ["VideoFacts", "probe", "read_frames", "strip_sound", "write_video"]


@dataclass(frozen=True)
class VideoFacts:
    """`duration` = frames / fps, in seconds; `start`: seconds from the beginning of the file to frame 0."""

    fps: float
    frames: int
    width: int
    height: int
    duration: float
    has_sound: bool
    start: float = 0.0
    variable: bool = False


def probe(path: Path, *, thorough: bool = False) -> VideoFacts:
    """Facts about a video, with frames counted from its packets rather than read from its header.

    `thorough` decodes every frame, which finds damage in the middle. Raises `BadInput` for a missing, unreadable or
    truncated file, naming the frame where it can.
    """
    path = Path(path)
    with _opened(path) as (container, stream):
        beginning = (container.start_time or 0) / av.time_base
        times, packets = [], 0
        for packet in _packets(path, container, stream):
            packets += 1
            if not packet.is_discard and packet.pts is not None:
                times.append(packet.pts)
        if stream.frames and packets < stream.frames:
            raise BadInput(f"{path}: ends at frame {packets} of {stream.frames}; the file is cut short, copy it again")
        rate, variable = _rate(stream, sorted(times))
        has_sound = bool(container.streams.audio)
        start = min(times) * stream.time_base - Fraction(beginning).limit_denominator(10**6) if times else 0
    frames = len(times) or packets
    height, width = _first_shape(path)
    if thorough:
        decoded = sum(1 for _ in _decoded(path))
        if decoded < frames:
            raise BadInput(f"{path}: only {decoded} of {frames} frames can be decoded; make the file again")
        frames = decoded
    if start < 1 / rate:
        start = 0  # encoder delay, not a late picture
    return VideoFacts(float(rate), frames, width, height, float(frames / rate), has_sound, float(start), variable)


def read_frames(
    path: Path, indices: Iterable[int] | None = None, *, size: tuple[int, int] | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Yields (frame number, RGB picture uint8 (height, width, 3)) in one pass, one frame in memory at a time.

    `indices` are the wanted frames (any order, yielded sorted), all where None; `size` = (width, height) to scale to.
    Raises `BadInput` that names the frame where the film is damaged or ends too early.
    """
    wanted = None if indices is None else iter(sorted(set(indices)))
    following = next(wanted, None) if wanted is not None else None
    if wanted is not None and following is None:
        return
    if following is not None and following < 0:
        raise ValueError(f"frame {following}: frames count from 0")
    number = -1
    for number, frame in enumerate(_decoded(Path(path))):
        if wanted is not None and number != following:
            continue
        yield number, _picture(frame, size)
        if wanted is not None:
            following = next(wanted, None)
            if following is None:
                return
    if wanted is not None:
        raise BadInput(f"{path}: has no frame {following}, it ends at frame {number}; take the numbers from its facts")


def strip_sound(source: Path, target: Path) -> None:
    """Copies the pictures of `source` into an MP4 without sound, packet by packet, beginning at time 0."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    try:
        with (
            _opened(Path(source)) as (container, stream),
            av.open(str(partial), "w", format="mp4", options={"fflags": "+bitexact"}) as output,
        ):
            _remux(Path(source), container, stream, output)
        partial.replace(target)
    except av.FFmpegError as error:
        raise BadInput(f"{source}: cannot be put into MP4 ({_reason(error)}); convert it to H.264") from None
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The open container and its first video stream."""
    if not path.is_file():
        raise BadInput(f"{path}: no such film file; put it there or name another")
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise BadInput(f"{path}: not a readable video ({_reason(error)}); make the file again") from None
    with container:
        if not container.streams.video:
            raise BadInput(f"{path}: holds no pictures; give a video file")
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise BadInput(f"{path}: its codec is not supported; convert it to H.264")
        yield container, stream


def _damaged(path: Path, frame: int, reason: str) -> BadInput:
    return BadInput(f"{path}: damaged at frame {frame} ({reason}); make the file again")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _packets(path: Path, container: Any, stream: Any) -> Iterator[Any]:
    """The stream's packets with data, undecoded."""
    number = 0
    demuxed = container.demux(stream)
    while True:
        try:
            packet = next(demuxed, None)
        except av.FFmpegError as error:
            raise _damaged(path, number, _reason(error)) from None
        if packet is None:
            return
        if packet.size:
            yield packet
            number += 1


def _decoded(path: Path) -> Iterator[Any]:
    """Decoded frames in shown order; a broken packet or a missing tail is `BadInput` with the frame's number."""
    with _opened(path) as (container, stream):
        stream.codec_context.options = {
            "err_detect": "explode"
        }  # else a broken frame is patched up from its neighbours
        number, packets = 0, 0
        try:
            for packet in container.demux(stream):
                packets += bool(packet.size)
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise _damaged(path, number, "its data is incomplete")
                    yield frame
                    number += 1
        except av.FFmpegError as error:
            raise _damaged(path, number, _reason(error)) from None
        if number == 0 or (stream.frames and packets < stream.frames):
            raise BadInput(f"{path}: ends at frame {number} of {stream.frames}; the file is cut short, copy it again")


def _picture(frame: Any, size: tuple[int, int] | None) -> np.ndarray:
    turns = round(frame.rotation / 90) % 4
    if size is not None:
        width, height = size if turns % 2 == 0 else size[::-1]
        picture = frame.to_ndarray(format="rgb24", width=width, height=height)
    else:
        picture = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture


def _first_shape(path: Path) -> tuple[int, int]:
    frame = next(_decoded(path))
    return (frame.width, frame.height) if round(frame.rotation / 90) % 2 else (frame.height, frame.width)


def _rate(stream: Any, times: list[int]) -> tuple[Fraction, bool]:
    """Frames per second and whether the distances between frames vary by more than a quarter."""
    gaps = [later - earlier for earlier, later in pairwise(times)]
    typical = sorted(gaps)[len(gaps) // 2] if gaps else 0
    variable = any(abs(gap - typical) > typical / 4 for gap in gaps)
    if stream.average_rate and not variable:
        return Fraction(stream.average_rate), False
    if gaps and times[-1] > times[0]:
        return Fraction(len(gaps)) / ((times[-1] - times[0]) * stream.time_base), variable
    return Fraction(stream.average_rate or 25), variable


def _remux(source: Path, container: Any, stream: Any, output: Any) -> None:
    copy = output.add_stream_from_template(stream)
    shift: int | None = None
    for packet in _packets(source, container, stream):
        if shift is None:
            shift = packet.pts if packet.pts is not None else (packet.dts or 0)
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.dts = None if packet.dts is None else packet.dts - shift
        packet.stream = copy
        output.mux(packet)
