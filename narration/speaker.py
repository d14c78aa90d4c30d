"""The captioner as narrate asks it: sentences for one slot at a time, loaded when first asked, never asked twice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.files import digest
from corpora.film import Clip, Film
from narration.progress import Progress
from narration.rules import Candidate
from narration.watching import windows
from narration.work import Journal

if TYPE_CHECKING:
    from models.captioner.checkpoints import Captioner
    from models.captioner.features import FilmFeatures
    from models.captioner.settings import CaptionerSettings
    from models.perception.regions import Regions
    from models.perception.shots import Shot

BANK = "best query"


def candidates(
    captioner: Captioner,
    film: Film,
    record: Mapping[str, Any],
    features: FilmFeatures,
    settings: CaptionerSettings,
) -> list[Candidate]:
    """The captioner's best sentences for a clip record, best first, as many as it has beams."""
    from models.captioner.describe import describe_samples
    from models.captioner.records import record_sample

    casts = {film.id: [character.name for character in film.cast]}
    sample = record_sample(
        record,
        {film.id: features},
        casts,
        captioner.vocabulary,
        bank=BANK,
        settings=settings,
        with_text=False,
        shot_context=captioner.plan.shot_context,
    )
    generation = settings.generation
    found = describe_samples(captioner, [sample], settings=generation, hypotheses=generation.beams)[0]
    return [Candidate(each.text, each.score) for each in found]


@dataclass
class Speaker:
    """A captioner's folders and what it needs of a film; features are made a window of slots at a time.

    `journal` keeps what it has said: the same question about the same film is answered from there.
    """

    film: Film
    regions: Regions
    settings: CaptionerSettings
    base_model: Path
    captioner: Path
    shots: Sequence[Shot]
    stride: int  # of key frames
    journal: Journal
    progress: Progress | None = None  # is told what was said before, and how long features take

    def __post_init__(self) -> None:
        self._known = {record["asked"]: record["said"] for record in self.journal.records}
        self._models: tuple[Any, Captioner] | None = None
        self._window: tuple[Sequence[Clip], FilmFeatures] | None = None

    def __call__(self, record: Mapping[str, Any]) -> list[Candidate]:
        """The sentences for a clip record, with what was said before in its prior."""
        asked = digest([record["clip_id"], record["prior"]])
        if asked in self._known:
            if self.progress is not None:
                self.progress.known()
        else:
            captioner = self._loaded()[1]
            found = candidates(captioner, self.film, record, self._features(record["clip_id"]), self.settings)
            # A score that is no number is no sentence: JSON could not hold it either.
            said = [[each.text, each.score] for each in found if math.isfinite(each.score)]
            self.journal.add({"asked": asked, "said": said})
            self._known[asked] = said
        return [Candidate(text, score) for text, score in self._known[asked]]

    def _loaded(self) -> tuple[Any, Captioner]:
        from models.captioner.checkpoints import load_captioner, load_tower

        if self._models is None:
            with self._preparing(0):
                self._models = load_tower(self.base_model), load_captioner(self.captioner, self.base_model)
        return self._models

    def _features(self, clip: int) -> FilmFeatures:
        from models.captioner.features import extract

        if self._window is None or clip not in {each.id for each in self._window[0]}:
            window = next(some for some in windows(self.film.clips()) if clip in {each.id for each in some})
            tower, captioner = self._loaded()
            ids = {each.id for each in window}
            self._window = None  # before the next is made: two are never held
            with self._preparing(len(window)):
                made = extract(
                    self.film,
                    window,
                    self.regions.regions[self.regions.regions["clip"].isin(ids)],
                    tower,
                    stride=self.stride,
                    mirror=False,
                    shots=self.shots if captioner.plan.shot_context else (),
                )
            self._window = window, made
        return self._window[1]

    def _preparing(self, count: int) -> AbstractContextManager[None]:
        return nullcontext() if self.progress is None else self.progress.preparing(count)
