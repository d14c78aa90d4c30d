"""Lines as sound: any program that turns text into a WAV file is a voice.

Every line is spoken at the comfortable rate, and faster within limits where its place is too short. What does not fit
even so is not spoken: nothing is ever said over dialogue.
"""

from __future__ import annotations

import logging
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from common.errors import BadInput
from common.files import digest, write_bytes
from narration.loudness import RATE
from narration.progress import Progress
from narration.script import Draft, Line, span
from narration.settings import VoiceSettings
from narration.sound import read_sound

log = logging.getLogger(__name__)
ESPEAK = "espeak-ng -v {language} -s {rate} -w {wav} --stdin"
SLOWEST_SECONDS = 120  # a voice may take for one line
_SILENCE = 10 ** (-50 / 20)  # below this the beginning and the end of an utterance are not heard
_TRIES = 4


@dataclass(frozen=True)
class Utterance:
    """A line as it is heard: from `start` (s) for `length` samples, float32 mono at 48 kHz, which `samples` reads from
    where they are kept, times `gain`. A film's lines together are too many to be held."""

    start: float
    length: int
    samples: Callable[[], np.ndarray]
    gain: float = 1.0

    @property
    def end(self) -> float:
        return self.start + self.length / RATE

    def sound(self) -> np.ndarray:
        """The samples (n,) as loud as they are to be."""
        return self.samples() * np.float32(self.gain)


class Voice:
    """A command with the places {rate} (words a minute), {language} and {wav}; the text goes to its standard input.

    Without {wav} the file is read from its standard output. What it said is kept in `folder`.
    """

    def __init__(self, command: str, *, language: str, folder: Path) -> None:
        try:
            self.words = shlex.split(command or ESPEAK)
        except ValueError as error:
            raise BadInput(f"--voice: {command!r} is no command ({error}); mend its quotes") from None
        if not self.words or shutil.which(self.words[0]) is None:
            name = self.words[0] if self.words else "nothing"
            told = (
                "install the package espeak-ng, or name another command"
                if not command
                else "name one that is installed"
            )
            raise BadInput(f"--voice: {name}: no such program; {told}")
        self.language, self.folder = language, folder
        self.has_rate = any("{rate}" in word for word in self.words)

    def say(self, text: str, rate: int) -> np.ndarray:
        """The text as float32 mono at 48 kHz, without the silence around it. `BadInput` where the command fails."""
        kept = self.folder / f"{digest([self.words, self.language, text, rate if self.has_rate else 0])}.f32"
        if not kept.is_file() or kept.stat().st_size % 4:  # samples of four bytes
            write_bytes(kept, _trimmed(self._spoken(text, rate)).astype("<f4").tobytes())
        return np.frombuffer(kept.read_bytes(), "<f4")

    def _spoken(self, text: str, rate: int) -> np.ndarray:
        with tempfile.TemporaryDirectory(prefix="voice-") as scratch:
            wav = Path(scratch) / "said.wav"
            places = {"rate": str(rate), "language": self.language, "wav": str(wav)}
            words = [_filled(word, places) for word in self.words]
            output = self._run(words, text)
            if not wav.is_file():
                wav.write_bytes(output)
            try:
                blocks = [block[0] for block in read_sound(wav, rate=RATE, channels=1)]
            except BadInput:
                blocks = []
            if not blocks:
                raise BadInput(f"--voice: {self.words[0]} gave no sound that can be read; it must write a WAV file")
            return np.concatenate(blocks)

    def _run(self, words: list[str], text: str) -> bytes:
        """What the command writes to its output."""
        program = self.words[0]
        try:
            return subprocess.run(
                words, input=text.encode(), capture_output=True, timeout=SLOWEST_SECONDS, check=True
            ).stdout
        except subprocess.CalledProcessError as error:
            told = error.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"status {error.returncode}"]
            raise BadInput(f"--voice: {program} failed ({told[0]}); try it by itself") from None
        except subprocess.TimeoutExpired:
            raise BadInput(f"--voice: {program} took over {SLOWEST_SECONDS} s for a line; take another") from None
        except OSError as error:
            raise BadInput(f"--voice: {program} cannot be run ({error.strerror}); take another") from None


def speak_draft(draft: Draft, voice: Voice, settings: VoiceSettings) -> tuple[list[Utterance], list[str]]:
    """Every line that fits in its place, in time order, and the reasons of those that do not."""
    said, left_out = [], []
    progress = Progress("voice", "lines", len(draft.lines))
    for number, line in enumerate(draft.lines):
        room = room_of(line, draft.lines[number + 1 :], draft)
        rate, length = _fitted(line.text, room, voice, settings)
        if rate is None:
            left_out.append(f'{span(line.start, line.end)} "{line.text}" is too long to be spoken in {room:.1f} s')
        elif length:
            said.append(Utterance(line.start, length, partial(voice.say, line.text, rate)))
        progress.add()
    if draft.lines:
        log.info("voice: %d of %d lines spoken", len(said), len(draft.lines))
    else:
        log.info("voice: there is no line to speak")
    for reason in left_out:
        log.warning("voice: %s", reason)
    return said, left_out


def room_of(line: Line, following: Sequence[Line], draft: Draft) -> float:
    """Seconds from a line's start to what must not be spoken over: dialogue, the next line, the film's end."""
    ends = [each.start for each in following[:1]] + [
        each.start for each in draft.dialogue if each.start >= line.end - 1e-6
    ]
    talk = [each.end for each in draft.dialogue if each.start < line.end and each.end > line.start]
    if talk:  # a line by hand may stand over dialogue: it keeps to its own times
        return line.end - line.start
    return min([*ends, max(draft.duration, line.end)]) - line.start


def _fitted(text: str, room: float, voice: Voice, settings: VoiceSettings) -> tuple[int | None, int]:
    """The words a minute with which the text fits into `room` (s), None where none does, and how many samples it is."""
    rate = settings.rate
    for _ in range(_TRIES):
        length = len(voice.say(text, rate))
        seconds = length / RATE
        if seconds <= room:
            return rate, length
        faster = min(settings.fastest, max(rate + 5, round(rate * seconds / room * 1.03)))
        if faster == rate or not voice.has_rate:
            return None, 0
        rate = faster
    return None, 0


def _trimmed(samples: np.ndarray) -> np.ndarray:
    heard = np.flatnonzero(np.abs(samples) > _SILENCE)
    return samples[heard[0] : heard[-1] + 1] if len(heard) else samples[:0]


def _filled(word: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        word = word.replace(f"{{{name}}}", value)
    return word
