"""Films as moving pictures: facts about them, their frames one at a time, their pictures without the sound.

Frames are counted in the order a decoder shows them, from 0. A film of variable frame rate keeps that count, and its
clock is its average rate: `VideoFacts.variable` says so, and `drift` by how much that clock is wrong. A film with a
rotation flag is turned upright.
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
from av.video.reformatter import VideoReformatter

from common.errors import BadInput
from corpora.encoding import write_video

# Playlists and lists of parts, which FFmpeg knows by their content whatever the file is called, would open other files
# and addresses: only what holds its pictures or its sound itself is opened.
ONLY_FILES = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,asf,flv,ogg,gif,wav,aiff,au,mp3,flac",
}
_MOST_PIXELS = 1 << 26  # of a picture; a film in 8K has half of it
_SLACK = 0.5  # seconds by which a file's stated length may be wrong

__all__ = ["ONLY_FILES", "VideoFacts", "probe", "read_frames", "strip_sound", "write_video"]


@dataclass(frozen=True)
class VideoFacts:
    """`duration` = frames / fps, in seconds; `start`: seconds from the beginning of the file to frame 0.

    `drift`: seconds between a frame's own time and the clock's, where that is most; `variable`: it is over a frame.
    """

    fps: float
    frames: int
    width: int
    height: int
    duration: float
    has_sound: bool
    start: float = 0.0
    variable: bool = False
    drift: float = 0.0


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
        rate, drift = _rate(stream, sorted(times))
        has_sound = bool(container.streams.audio)
        start = min(times) * stream.time_base - Fraction(beginning).limit_denominator(10**6) if times else 0
        counts_itself = bool(stream.frames)
    if not counts_itself:
        _check_length(path)
    frames = len(times) or packets
    height, width = _first_shape(path)
    if thorough:
        decoded = sum(1 for _ in _decoded(path))
        if decoded < frames:
            raise BadInput(f"{path}: only {decoded} of {frames} frames can be decoded; make the file again")
        frames = decoded
    if start < 1 / rate:
        start = 0  # encoder delay, not a late picture
    duration, variable = float(frames / rate), drift * rate > 1
    return VideoFacts(float(rate), frames, width, height, duration, has_sound, float(start), variable, float(drift))


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
    number, converter = -1, VideoReformatter()  # one for all frames: making it costs as much as a picture
    for number, frame in enumerate(_decoded(Path(path))):
        if wanted is not None and number != following:
            continue
        yield number, _picture(frame, size, converter)
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
        raise _not_for_mp4(Path(source), error) from None
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The open container and its first video stream that is not a cover picture."""
    if not path.is_file():
        raise BadInput(f"{path}: no such film file; put it there or name another")
    try:
        container = av.open(str(path), options=dict(ONLY_FILES))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise BadInput(f"{path}: not a readable video ({_reason(error)}); make the file again") from None
    with container:
        cover = av.stream.Disposition.attached_pic
        stream = next((each for each in container.streams.video if not each.disposition & cover), None)
        if stream is None:
            raise BadInput(f"{path}: holds no pictures; give a video file")
        if stream.codec_context is None:
            raise BadInput(f"{path}: its codec is not supported; convert it to H.264")
        if stream.codec_context.width * stream.codec_context.height > _MOST_PIXELS:
            size = f"{stream.codec_context.width}x{stream.codec_context.height}"
            raise BadInput(f"{path}: claims pictures of {size}, larger than any film's; make the file again")
        yield container, stream


def _damaged(path: Path, frame: int, reason: str) -> BadInput:
    return BadInput(f"{path}: damaged at frame {frame} ({reason}); make the file again")


def _not_for_mp4(path: Path, error: Exception) -> BadInput:
    return BadInput(f"{path}: cannot be put into MP4 ({_reason(error)}); convert it to H.264")


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
            "err_detect": "explode",  # else a broken frame is patched up from its neighbours
            "max_pixels": str(_MOST_PIXELS),  # a damaged picture may claim any size
        }
        number, packets, size = 0, 0, None
        try:
            for packet in container.demux(stream):
                packets += bool(packet.size)
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise _damaged(path, number, "its data is incomplete")
                    if (size := size or (frame.width, frame.height)) != (frame.width, frame.height):
                        raise _damaged(path, number, f"its size changes to {frame.width}x{frame.height}")
                    yield frame
                    number += 1
        except av.FFmpegError as error:
            raise _damaged(path, number, _reason(error)) from None
        if number == 0 or (stream.frames and packets < stream.frames):
            raise BadInput(f"{path}: ends at frame {number} of {stream.frames}; the file is cut short, copy it again")


def _picture(frame: Any, size: tuple[int, int] | None, converter: VideoReformatter) -> np.ndarray:
    turns = round(frame.rotation / 90) % 4
    width, height = (None, None) if size is None else size if turns % 2 == 0 else size[::-1]
    picture = converter.reformat(frame, width, height, "rgb24").to_ndarray()
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture


def _first_shape(path: Path) -> tuple[int, int]:
    frame = next(_decoded(path))
    return (frame.width, frame.height) if round(frame.rotation / 90) % 2 else (frame.height, frame.width)


def _rate(stream: Any, times: list[int]) -> tuple[Fraction, Fraction]:
    """Frames per second, and by how many seconds a clock of that rate is wrong at most.

    The file's own average is taken where the distances between frames vary by less than a quarter, so that rounded time
    stamps do not bend it.
    """
    gaps = [later - earlier for earlier, later in pairwise(times)]
    typical = sorted(gaps)[len(gaps) // 2] if gaps else 0
    if stream.average_rate and all(abs(gap - typical) <= typical / 4 for gap in gaps):
        return Fraction(stream.average_rate), Fraction(0)
    if not gaps or times[-1] == times[0]:
        return Fraction(stream.average_rate or 25), Fraction(0)
    rate = Fraction(len(gaps)) / ((times[-1] - times[0]) * stream.time_base)
    shown = ((time - times[0]) * stream.time_base for time in times)
    return rate, max(abs(time - number / rate) for number, time in enumerate(shown))


def _check_length(path: Path) -> None:
    """`BadInput` where a file that does not count its frames (Matroska, WebM) ends before the time it states."""
    with _opened(path) as (container, stream):
        if not container.duration:
            return
        slack = max(_SLACK, 2 / float(stream.average_rate or 4))
        stated, last = container.duration / av.time_base, 0.0
        try:
            for packet in container.demux():
                if packet.size and packet.pts is not None:
                    last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        except av.FFmpegError as error:
            raise BadInput(f"{path}: damaged at {last:.1f} s ({_reason(error)}); make the file again") from None
        last -= (container.start_time or 0) / av.time_base
    if last < stated - max(slack, stated / 1000):
        raise BadInput(f"{path}: ends at {last:.1f} s of {stated:.1f}; the file is cut short, copy it again")


def _remux(source: Path, container: Any, stream: Any, output: Any) -> None:
    try:
        copy = output.add_stream_from_template(stream)
    except ValueError as error:  # a codec that MP4 does not know
        raise _not_for_mp4(source, error) from None
    shift: int | None = None
    for packet in _packets(source, container, stream):
        if shift is None:
            shift = packet.pts if packet.pts is not None else (packet.dts or 0)
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.dts = None if packet.dts is None else packet.dts - shift
        packet.stream = copy
        output.mux(packet)
