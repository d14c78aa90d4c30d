"""The character perception against the peer's loop, and against the length of the film."""

from __future__ import annotations

import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import BadInput
from orchestration.bench.harness import Result, interleaved

if TYPE_CHECKING:
    from corpora.film import Film
    from models.perception.detection import FaceDetector
    from models.perception.encoders import FaceEncoder

log = logging.getLogger(__name__)
FRAMES = 24
ROUNDS = 3
MINUTES = (1, 4, 16)


def against_the_peer(film: Film, encoder_folder: Path) -> Result:
    """Key frames named per second of CPU time, from frames in memory and portraits on disk to a name per face."""
    import cv2
    import torch

    from corpora.video import read_frames
    from models.perception.detection import load_detector
    from models.perception.encoders import load_encoder
    from models.perception.settings import DetectorSettings

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    detector, encoder = load_detector(DetectorSettings()), load_encoder(encoder_folder)
    numbers = np.linspace(0, film.frames - 1, FRAMES).round().astype(int).tolist()
    frames = [frame for _, frame in read_frames(film.video, numbers)]
    ours, peer = interleaved(
        lambda: name_batched(film, frames, detector, encoder),
        lambda: name_like_the_peer(film, frames, detector, encoder),
        rounds=ROUNDS,
    )
    portraits = sum(len(character.portraits) for character in film.cast)
    return Result(
        "perception: key frames named",
        FRAMES / ours,
        FRAMES / peer,
        peer / ours,
        "key frames / s",
        note=f"{FRAMES} key frames, {portraits} portraits of {len(film.cast)} characters; "
        "the peer detects every frame twice and detects and embeds every portrait again for every face",
    )


def name_batched(
    film: Film, frames: Sequence[np.ndarray], detector: FaceDetector, encoder: FaceEncoder
) -> dict[int, str]:
    """This project's way: one pass over the frames, one over the portraits, tracks named one to one."""
    from models.perception.encoders import unit_rows
    from models.perception.faces import survey_frames
    from models.perception.query_bank import embed_portraits
    from models.perception.recognition import name_tracks
    from models.perception.settings import PerceptionSettings
    from models.perception.tracks import embeddings_of, link_tracks

    settings = PerceptionSettings(key_frame_stride=1)
    faces, _ = survey_frames(enumerate(frames), detector, encoder, settings)
    portraits = embed_portraits(film, detector, encoder)
    actor = {name: unit_rows(rows.mean(0)) for name, rows in portraits.items()}
    tracks = link_tracks(faces, threshold=encoder.threshold, stride=1, settings=settings.recognition)
    naming = name_tracks(
        faces["frame"].to_numpy(), tracks, embeddings_of(faces), actor, threshold=encoder.portrait_threshold
    )
    return {track: named.name for track, named in naming.items()}


def name_like_the_peer(
    film: Film, frames: Sequence[np.ndarray], detector: FaceDetector, encoder: FaceEncoder
) -> list[str]:
    """The order of work of the paper's published demo: nothing batched, nothing kept.

    Every frame goes through the detector for its boxes and again for its crops; for every face every portrait is read,
    detected and embedded, and the nearest below the threshold gives the name.
    """
    from models.perception.query_bank import read_portrait

    names = []
    for frame in frames:
        boxes = detector.detect([frame])[0]
        crops = [encoder.crop(frame, face.box) for face in detector.detect([frame])[0]]
        for _, crop in zip(boxes, crops, strict=True):
            embedding = encoder.encode([crop])[0]
            best = ("", encoder.portrait_threshold)
            for character in film.cast:
                for path in film.portrait_paths(character.name):
                    picture = read_portrait(path, character.name)
                    for portrait in detector.detect([picture])[0][:1]:
                        query = encoder.encode([encoder.crop(picture, portrait.box)])[0]
                        best = min(best, (character.name, float(((embedding - query) ** 2).sum())), key=lambda x: x[1])
            names.append(best[0])
    return names


def against_length(film: Film, encoder_folder: Path, minutes: Sequence[int]) -> list[Result]:
    """CPU seconds per film minute and the peak of memory, for a film played over and over, each in its own process."""
    results = []
    for count in minutes:
        with tempfile.TemporaryDirectory() as scratch:
            long = lengthened(film, Path(scratch) / "film", minutes=count)
            done = subprocess.run(
                [sys.executable, "-m", "orchestration.bench.perception", str(long.folder), str(encoder_folder)],
                check=False,
                capture_output=True,
                text=True,
            )
        if done.returncode:
            raise BadInput(f"bench: a film of {count} minutes could not be perceived: {done.stderr.strip()[-500:]}")
        measured = json.loads(done.stdout.splitlines()[-1])
        log.info("bench: perception of %d minutes, %s", count, measured)
        name = f"perception: a film of {count} min"
        note = f"{long.duration / 60:.1f} min, {measured['faces']} faces, {measured['regions']} regions"
        results += [
            Result(
                f"{name}, time",
                measured["seconds"] / (long.duration / 60),
                None,
                None,
                "CPU s / film minute",
                note=note,
            ),
            Result(f"{name}, memory", measured["peak_mib"], None, None, "MiB at the peak", note=note),
        ]
    return results


def lengthened(film: Film, folder: Path, *, minutes: int) -> Film:
    """The film played over and over until it lasts `minutes`: packets copied, descriptions, subtitles and portraits
    with them."""
    import shutil

    from corpora.film import write_film
    from corpora.subtitles import Subtitle, write_srt

    folder.mkdir(parents=True)
    times = max(1, round(60 * minutes / film.duration))
    _repeat(film.video, folder / "film.mp4", times)
    shutil.copytree(film.folder / "portraits", folder / "portraits")
    described = tuple(
        replace(
            each,
            id=each.id + turn * len(film.descriptions),
            start=each.start + turn * film.duration,
            end=each.end + turn * film.duration,
        )
        for turn in range(times)
        for each in film.descriptions
    )
    spoken = [
        Subtitle(line.start + turn * film.duration, line.end + turn * film.duration, line.text)
        for turn in range(times)
        for line in film.subtitles()
    ]
    write_srt(folder / "subtitles.srt", spoken)
    longer = replace(
        film,
        frames=film.frames * times,
        duration=film.duration * times,
        descriptions=described,
        labelled_boxes=(),
        folder=folder,
    )
    write_film(longer, folder)
    return longer


def _repeat(source: Path, target: Path, times: int) -> None:
    import av

    from corpora.video import ONLY_FILES

    with av.open(str(target), "w") as output:
        stream: Any = None
        for turn in range(times):
            with av.open(str(source), options=dict(ONLY_FILES)) as container:
                video = container.streams.video[0]
                stream = stream or output.add_stream_from_template(video)
                ticks = int(turn * video.frames / (Fraction(video.average_rate or 1) * Fraction(video.time_base or 1)))
                for packet in container.demux(video):
                    if packet.pts is None or packet.dts is None:
                        continue  # the empty packet that ends a stream
                    packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                    packet.stream = stream
                    output.mux(packet)


def perceive_once(film_folder: Path, encoder_folder: Path) -> dict[str, float]:
    """Both perception stages of one film in this process: CPU seconds of the work and the process's peak memory."""
    import cv2
    import torch

    from corpora.film import read_film
    from models.perception.detection import load_detector
    from models.perception.encoders import load_encoder
    from models.perception.faces import read_faces
    from models.perception.perceive import character_regions, make_query_banks
    from models.perception.settings import PerceptionSettings

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    settings, film = PerceptionSettings(), read_film(film_folder)
    detector, encoder = load_detector(settings.detector), load_encoder(encoder_folder)
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        banks = make_query_banks(film, Path(scratch), detector, encoder, settings)
        faces, shots = read_faces(Path(scratch))
        regions = character_regions(film, faces, shots, banks, film.clips(), settings)
    return {
        "seconds": time.process_time() - begun,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "faces": len(faces),
        "regions": len(regions.regions),
    }


if __name__ == "__main__":
    print(json.dumps(perceive_once(Path(sys.argv[1]), Path(sys.argv[2]))))
