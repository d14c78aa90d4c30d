"""Films: each damaged one is taken into the normal form whole, so every frame of it is decoded, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from corpora.ingest import ingest
from corpora.video import probe, read_frames, write_video
from orchestration.damage import samples
from orchestration.damage.kinds import Kind

FRAMES, WIDTH, HEIGHT = 20, 64, 48
_CODECS = {"mp4": "libx264", "mkv": "libx264", "avi": "mpeg4", "webm": "libvpx-vp9"}


def kinds() -> list[Kind]:
    return [
        Kind(
            f"film, {ending}",
            f"film.{ending}",
            "mp4" if ending == "mp4" else "binary",
            _lay(ending, codec),
            _ingest,
            (f"film.{ending}", "lies in the film"),  # of which too little may be left
        )
        for ending, codec in _CODECS.items()
    ]


def _lay(ending: str, codec: str) -> Callable[[Path], None]:
    def lay(folder: Path) -> None:
        samples.put_portraits(folder / "portraits")
        (folder / "charbank.json").write_text(json.dumps(samples.CHARACTER_BANK))
        (folder / "mad_eval_named.csv").write_text(samples.MAD_EVAL_NAMED)
        _encode(folder / f"film.{ending}", codec)

    return lay


def _encode(path: Path, codec: str) -> None:
    """Two seconds of noise; in MP4 beside silence."""
    import av
    import numpy as np

    if path.suffix == ".mp4":
        return write_video(path, _noise(), fps=10, sound=(np.zeros(32000, np.float32), 16000))
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.thread_count = 1
        for picture in _noise():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def _noise() -> Iterator[Any]:
    import numpy as np

    rng = np.random.default_rng(7)
    for _ in range(FRAMES):
        yield rng.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def _ingest(folder: Path) -> Any:
    film = ingest(folder, folder.parent / "normal")
    facts = probe(film.video)
    shapes = {picture.shape for _, picture in read_frames(film.video)}
    assert shapes == {(film.height, film.width, 3)}, f"pictures of {shapes} in a film of {film.width}x{film.height}"
    assert facts.frames == film.frames, f"{facts.frames} frames in a film of {film.frames}"
    assert abs(facts.fps - film.fps) < 1e-6 and 0 < film.duration < 1e6, f"{film.duration} s at {film.fps}"
    return film, film.clips()
