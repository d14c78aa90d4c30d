"""A film's sound as a stream of blocks on the file's clock, so that a sample's number tells its time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from common.errors import BadInput
from corpora.video import ONLY_FILES

BLOCK_SECONDS = 8.0
_SLACK_SECONDS = 0.05  # by which a packet may come early or late before silence is put in, or sound left out


def has_sound(path: Path) -> bool:
    """Whether the file holds a sound track that can be decoded."""
    with _opened(path) as container:
        return _stream(container) is not None


def read_sound(path: Path, *, rate: int, channels: int) -> Iterator[np.ndarray]:
    """Yields blocks float32 (channels, n) at `rate` Hz from the file's beginning on; nothing for a film without sound.

    Where the track begins late or has holes there is silence, so that sample i is heard at i / rate seconds. What is
    damaged is silent too: a word more or less is no reason to refuse a film. `channels` is 1 or 2.
    """
    with _opened(path) as container:
        stream = _stream(container)
        if stream is None:
            return
        layout = "mono" if channels == 1 else "stereo"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
        beginning = (container.start_time or 0) / av.time_base
        size = round(BLOCK_SECONDS * rate)
        waiting: list[Any] = []
        have = at = 0  # `at`: samples put out or waiting
        for frame in _frames(container, stream):
            late = 0 if frame.time is None else round((frame.time - beginning) * rate) - at
            pieces: list[Any] = [piece.to_ndarray() for piece in resampler.resample(frame)]
            if late > _SLACK_SECONDS * rate:
                pieces.insert(0, np.zeros((channels, late), np.float32))
            elif late < -_SLACK_SECONDS * rate:
                pieces = [np.concatenate([np.zeros((channels, 0), np.float32), *pieces], 1)[:, -late:]]
            for piece in pieces:
                waiting.append(piece.astype(np.float32, copy=False))
                have, at = have + piece.shape[1], at + piece.shape[1]
            while have >= size:
                whole = np.concatenate(waiting, 1)
                yield whole[:, :size]
                waiting, have = [whole[:, size:]], have - size
        waiting += [piece.to_ndarray() for piece in resampler.resample(None)]
        if waiting and (rest := np.concatenate(waiting, 1)).shape[1]:
            yield rest


def _opened(path: Path) -> Any:
    try:
        return av.open(str(path), options=dict(ONLY_FILES))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); give a film") from None


def _stream(container: Any) -> Any:
    return next((each for each in container.streams.audio if each.codec_context is not None), None)


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """Decoded frames; packets that cannot be decoded are passed over, a file that breaks off ends there."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            frames = packet.decode()
        except av.EOFError:
            return
        except av.FFmpegError:
            continue
        yield from frames
