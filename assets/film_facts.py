"""What gates look at in a film itself: whether it plays to its end, and whether anybody speaks during a slot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from publishing.stage import expect

if TYPE_CHECKING:
    from corpora.film import Film
    from publishing.thresholds import ClipsGate, FilmsGate

TAIL_SECONDS = 1.0  # decoded at the end; all packets before it are counted, and query_banks decodes the whole film


def lost_frames(film: Film) -> int:
    """Frames that `film.json` counts and the file does not give; all, where it cannot be read to its end."""
    from corpora.video import probe

    try:
        there = probe(film.video).frames
    except BadInput:
        return film.frames
    return film.frames - there if _plays_its_end(film) else film.frames


def _plays_its_end(film: Film) -> bool:
    """Whether the last second decodes, from the nearest place before it where decoding can begin."""
    import av

    from corpora.video import ONLY_FILES

    last = max(0.0, film.frames / film.fps - TAIL_SECONDS)
    try:
        with av.open(str(film.video), options=dict(ONLY_FILES)) as container:
            stream = container.streams.video[0]
            container.seek(int(last * av.time_base))
            shown = [frame.time for frame in container.decode(stream) if not frame.is_corrupt]
    except (av.FFmpegError, IndexError):
        return False
    return bool(shown) and max(time or 0.0 for time in shown) >= last - 1 / film.fps


def seconds_over(start: float, end: float, talk: Sequence[tuple[float, float]]) -> float:
    """Seconds between `start` and `end` in which somebody speaks; `talk` holds the lines' starts and ends."""
    return sum(max(0.0, min(end, until) - max(start, since)) for since, until in talk)


def clear_of_dialogue(gates: FilmsGate | ClipsGate) -> Any:
    """What is expected of `seconds_over` in a table of slots."""
    return expect(
        "slots",
        "column_values_to_be_between",
        column="over_dialogue",
        max_value=gates.longest_overlap_seconds,
        mostly=gates.clear_of_dialogue,
        rows=("clip",),
        why="descriptions stand over dialogue: are the subtitles of this cut?",
    )
