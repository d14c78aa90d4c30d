"""Where a film cuts: tracks and masks must never cross from one shot to the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from common.errors import blaming
from common.files import read_json
from models.perception.settings import ShotSettings

LOW = (64, 36)  # pixels; the histogram of a thumbnail is as good as the frame's and costs nothing
BINS = 16  # per colour channel
GRID = (3, 4)  # rows and columns of cells with a histogram each
_CELL_COUNT = GRID[0] * GRID[1] * 3


def _cells() -> np.ndarray:
    """For every pixel and channel of a thumbnail, where its cell's histogram begins (36, 64, 3)."""
    row = np.arange(LOW[1]) * GRID[0] // LOW[1]
    column = np.arange(LOW[0]) * GRID[1] // LOW[0]
    cell_hw = row[:, None] * GRID[1] + column[None, :]
    return (cell_hw[..., None] * 3 + np.arange(3)) * BINS


_CELLS = _cells()


@dataclass(frozen=True)
class Shot:
    """Frames `first` to `last`, both inclusive; `id` counts from 0 in time order."""

    id: int
    first: int
    last: int


class ShotFinder:
    """Takes a film's frames one by one, keeps two numbers for each, and says at the end where the cuts are."""

    def __init__(self, settings: ShotSettings) -> None:
        self._settings = settings
        self._recent: deque[np.ndarray] = deque(maxlen=2 * settings.shortest + 1)
        self._steps: list[float] = []  # distance of each frame to the one before it
        self._lasting: list[float] = []  # least distance of the `shortest` frames before it to the frame as many later

    def push(self, frame_hwc: np.ndarray) -> None:
        """The next frame, uint8 RGB of any size."""
        self._recent.append(_histogram(frame_hwc))
        self._steps.append(_distance(self._recent[-2], self._recent[-1]) if len(self._recent) > 1 else 0.0)
        if len(self._recent) == self._recent.maxlen:
            before = list(self._recent)[: self._settings.shortest]
            self._lasting.append(min(_distance(histogram, self._recent[-1]) for histogram in before))

    def shots(self) -> tuple[Shot, ...]:
        """All frames pushed so far as shots without gaps; () before the first frame."""
        if not self._steps:
            return ()
        lasting_t = np.zeros(len(self._steps))
        first = self._settings.shortest
        lasting_t[first : first + len(self._lasting)] = self._lasting
        cuts = find_cuts(np.array(self._steps), lasting_t, self._settings)
        firsts = [0, *cuts]
        lasts = [*(cut - 1 for cut in cuts), len(self._steps) - 1]
        return tuple(Shot(i, first, last) for i, (first, last) in enumerate(zip(firsts, lasts, strict=True)))


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    """0 for equal histograms, 1 for disjoint ones, mean over cells and channels."""
    return 1.0 - float(np.minimum(first, second).sum(1).mean())


def _histogram(frame_hwc: np.ndarray) -> np.ndarray:
    """Histograms (cells x channels, BINS), each summing to 1, of a thumbnail's cells.

    Cells tell pictures of one room apart, which share their colours. The root of the intensity spreads the dark tones,
    where night scenes differ. Pixels count for the two nearest bins, so that a slight dimming moves little.
    """
    low = frame_hwc if frame_hwc.shape[1::-1] == LOW else cv2.resize(frame_hwc, LOW, interpolation=cv2.INTER_AREA)
    position_hwc = np.sqrt(low.astype(np.float32) / 255) * (BINS - 1)
    below_hwc = np.minimum(position_hwc.astype(np.int64), BINS - 2)
    share_hwc = position_hwc - below_hwc
    index = (_CELLS + below_hwc).ravel()
    counts = np.bincount(index, (1 - share_hwc).ravel(), _CELL_COUNT * BINS)
    counts += np.bincount(index + 1, share_hwc.ravel(), _CELL_COUNT * BINS)
    counts = counts.reshape(_CELL_COUNT, BINS)
    return counts / counts.sum(1, keepdims=True)


def find_cuts(steps_t: np.ndarray, lasting_t: np.ndarray, settings: ShotSettings) -> list[int]:
    """Indices of the first frames of new shots.

    `steps_t`: distance of each frame to the one before; `lasting_t`: least distance of the frames of a shortest shot
    before it to the frame a shortest shot later. A fade spreads its change over many frames: each step stays near its
    neighbours' and is no cut. After a flash of light the picture is what it was: nothing lasts, and it is no cut.
    """
    cuts: list[int] = []
    for t in np.flatnonzero((steps_t > settings.threshold) & (lasting_t > settings.threshold)):
        low, high = max(0, t - settings.window), t + settings.window + 1
        around = np.concatenate([steps_t[low:t], steps_t[t + 1 : high]])
        if len(around) and steps_t[t] < settings.ratio * float(np.median(around)):
            continue
        if t - (cuts[-1] if cuts else 0) >= settings.shortest:
            cuts.append(int(t))
    return cuts


def shots_of_frames(frames: Iterable[np.ndarray], settings: ShotSettings) -> tuple[Shot, ...]:
    """Shots of a stream of frames, held one at a time."""
    finder = ShotFinder(settings)
    for frame in frames:
        finder.push(frame)
    return finder.shots()


def find_shots(video: Path, settings: ShotSettings) -> tuple[Shot, ...]:
    """Shots of a video file, decoded once at low resolution."""
    from corpora.video import read_frames

    return shots_of_frames((frame for _, frame in read_frames(video, size=LOW)), settings)


def shot_of(shots: Sequence[Shot], frame: int) -> int:
    """Id of the shot that holds `frame`; a frame past the end belongs to the last shot."""
    firsts = [shot.first for shot in shots]
    return shots[max(0, int(np.searchsorted(firsts, frame, side="right")) - 1)].id


def read_shots(path: Path) -> tuple[Shot, ...]:
    """The shots beside a film's faces; `BadInput` for what is none."""
    listed = read_json(path)
    with blaming(path, "run the query_banks stage again"):
        shots = tuple(Shot(**{name: int(value) for name, value in shot.items()}) for shot in listed)
        if any(not 0 <= shot.first <= shot.last for shot in shots):
            raise ValueError("a shot ends before it begins")
        return shots
