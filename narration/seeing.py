"""What narrate knows of a film before a word is said: its shots, who is in them, where it is spoken, and the slots."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.files import file_md5
from corpora.film import Description, Film
from corpora.subtitles import Subtitle
from narration.dialogue import Dialogue, dialogue_of
from narration.script import ShotSheet, Silence, Speech, Track
from narration.settings import NarrationSettings
from narration.slots import Slot, find_slots, pauses, thinned
from narration.watching import Watched, face_tracks, faceless, follow, shot_sheets, watch
from narration.work import Work

if TYPE_CHECKING:
    from models.perception.encoders import FaceEncoder
    from models.perception.regions import Regions
    from models.perception.settings import PerceptionSettings

log = logging.getLogger(__name__)

STUDIO_ONLY = (
    "The captioner was trained on studio films alone: on a real film its lines show how the parts work together, "
    "they do not describe what is seen."
)
DRAWN_FACES = (
    "Faces were recognised by an encoder that knows drawn faces alone: on a real film its names are guesses and may be "
    "wrong; `make dlib`, then `--encoder dlib`."
)
NO_PAUSE = "There is no pause long enough for a line: the longest is {:.1f} s, and narration.shortest_slot {:.1f} s."
MUSIC = " If what was heard is music, `narration.speech.listen: never` does not avoid it."
NO_CAST = "There is no cast with portraits: nobody can be named."


@dataclass(frozen=True)
class Seen:
    """A film with an unsaid description for every slot, and what perception found in it.

    `key` is what decided all this, for the keys of what is made from it.
    """

    film: Film
    watched: Watched
    regions: Regions
    sheets: tuple[ShotSheet, ...]
    dialogue: Dialogue
    notes: tuple[str, ...]
    key: Any
    silent: tuple[Silence, ...] = ()  # pauses that are left silent before a word is said, on the file's clock

    def tracks(self) -> tuple[Track, ...]:
        """The faces of whoever was recognised, on the file's clock."""
        return face_tracks(self.film, self.watched.faces, self.watched.tracks, self.watched.naming)

    def speech(self) -> tuple[Speech, ...]:
        """The dialogue on the file's clock."""
        delay, duration = self.film.delay, self.film.duration
        return tuple(
            Speech(round(line.start + delay, 3), round(min(line.end, duration) + delay, 3), line.text)
            for line in self.dialogue.lines
        )


def see(
    film: Film,
    video: Path,
    source: Any,
    encoder: FaceEncoder,
    version: Any,
    perception: PerceptionSettings,
    settings: NarrationSettings,
    work: Work,
) -> Seen:
    """Looks and listens through a film; `video` is its file with sound.

    `source` is what decided the film in normal form, `version` what the face encoder's files are.
    """
    looked = [*source, perception.model_dump(mode="json"), encoder.name, version]
    watched = watch(film, encoder, perception, work.stage("faces", looked))
    sheets = shot_sheets(film, watched.shots, watched.faces, watched.tracks, watched.naming)
    heard = [source[0], settings.speech.model_dump()]
    dialogue = dialogue_of(film, video, settings.speech, work.stage("sound", heard))
    slots = _slots(dialogue.lines, film, sheets, settings)
    slots, left = thinned(slots, settings.lines_per_minute)
    why = f"more than {settings.lines_per_minute:g} lines in a minute are too many (narration.lines_per_minute)"
    silent = tuple(Silence(slot.start + film.delay, slot.end + film.delay, why) for slot in left)
    told = f", {len(left)} more left silent" if left else ""
    log.info("%s: %d shots, %d slots%s", film.title, len(watched.shots), len(slots), told)
    film = replace(film, descriptions=tuple(_unsaid(slots)))
    key = [looked, [[slot.start, slot.end] for slot in slots]]
    regions = follow(film, watched, perception, work.stage("regions", key))
    notes = _notes(film, watched, dialogue, settings, drawn=encoder.name == "studio")
    return Seen(film, watched, regions, sheets, dialogue, tuple(notes), key, silent)


def version_of(folder: Path) -> Any:
    """What a model's files are."""
    return sorted([path.name, file_md5(path)] for path in folder.rglob("*") if path.is_file() and path.name[0] != "_")


def _slots(
    dialogue: Sequence[Subtitle], film: Film, sheets: Sequence[ShotSheet], settings: NarrationSettings
) -> list[Slot]:
    return find_slots(dialogue, film.duration, settings, cuts=[sheet.end - film.delay for sheet in sheets])


def _unsaid(slots: Sequence[Slot]) -> list[Description]:
    return [Description(number, slot.start, slot.end, "") for number, slot in enumerate(slots, 1)]


def _notes(film: Film, watched: Watched, dialogue: Dialogue, settings: NarrationSettings, *, drawn: bool) -> list[str]:
    banks = watched.banks
    notes = [STUDIO_ONLY]
    if drawn and banks.actor and not (film.folder / "truth").is_dir():  # what carries truth is drawn itself
        notes.append(DRAWN_FACES)
    if dialogue.note:
        notes.append(dialogue.note)
    if not banks.actor and not banks.best:
        notes.append(NO_CAST)
    notes += [
        f"{name}: no face was found in the portraits, so that they help nobody." for name in faceless(film, banks)
    ]
    if not film.descriptions:
        free = pauses(dialogue.lines, film.duration, margin=settings.margin)
        longest = max((pause.seconds for pause in free), default=0.0)
        heard = any(not line.text for line in dialogue.lines)
        notes.append(NO_PAUSE.format(longest, settings.shortest_slot) + (MUSIC if heard else ""))
    return notes + [f"Of the input: {reason}" for reason in film.put_aside]
