"""Where a film is spoken: by its subtitles, else by its sound."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common.errors import blaming
from common.files import read_json, write_json
from corpora.film import Film
from corpora.subtitles import Subtitle
from narration.progress import Progress
from narration.settings import SpeechSettings
from narration.sound import has_sound, read_sound

log = logging.getLogger(__name__)
_HEARD = "speech.json"

UNHEARD = "There are no subtitles, and no sound to find speech in, so speech was not avoided: the slots are the shots."
NOT_LISTENED = "There are no subtitles, so speech was not avoided (narration.speech.listen): the slots are the shots."
HEARD = (
    "There are no subtitles: speech was found in the sound, in {} of it. Whispers, shouts and songs may be missed or "
    "taken for speech."
)
NOBODY_INTRODUCED = " Nobody can be introduced, so everybody recognised is named."


@dataclass(frozen=True)
class Dialogue:
    """Stretches of speech on the film's clock, in time order; `note` says what cannot be known of them, if anything."""

    lines: tuple[Subtitle, ...]
    note: str = ""


def dialogue_of(film: Film, video: Path, settings: SpeechSettings, folder: Path) -> Dialogue:
    """The dialogue of a film; `video` is the file with its sound, `folder` keeps what was heard in it."""
    subtitles = tuple(film.subtitles())
    listen = settings.listen == "always" or (settings.listen == "without_subtitles" and not subtitles)
    if not listen:
        return Dialogue(subtitles, "" if subtitles else NOT_LISTENED)
    if not has_sound(video):
        return Dialogue(subtitles, "" if subtitles else UNHEARD)
    heard = _heard(film, video, settings, folder)
    if subtitles:
        return Dialogue(tuple(sorted((*subtitles, *heard), key=lambda line: (line.start, line.end))))
    note = HEARD.format(f"{sum(line.end - line.start for line in heard):.0f} s")
    return Dialogue(tuple(heard), note + (NOBODY_INTRODUCED if film.cast else ""))


def _heard(film: Film, video: Path, settings: SpeechSettings, folder: Path) -> list[Subtitle]:
    import numpy as np

    from narration.hearing import RATE, speech_probabilities, stretches

    path = folder / _HEARD
    if not path.is_file():
        progress = Progress("speech", "seconds of sound", math.ceil(film.duration))

        def blocks() -> Iterator[np.ndarray]:
            for block in read_sound(video, rate=RATE, channels=1):
                yield block[0]
                progress.add(min(round(block.shape[1] / RATE), progress.total - progress.done))

        found = stretches(np.concatenate([*speech_probabilities(blocks()), np.zeros(0, np.float32)]), settings)
        write_json(path, [[line.start, line.end] for line in found])
    kept = read_json(path)
    with blaming(path, "remove it, and the sound is heard again"):
        on_film = [(float(start) - film.delay, float(end) - film.delay) for start, end in kept]
        if not all(start <= end < math.inf for start, end in on_film):
            raise ValueError("speech that ends before it begins")
    heard = [Subtitle(max(start, 0.0), min(end, film.duration), "") for start, end in on_film if end > 0]
    log.info("speech: %.0f s of it heard; stretches: %d", sum(line.end - line.start for line in heard), len(heard))
    return heard
