"""The model as MLflow loads it (models from code): a film in, its drafted description out.

A registered version holds a captioner's folder. What it stands on, the face encoder and the frozen base model, lies in
`data/` of this repository and not in every version. The film goes the way of `focusedad narrate`.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import pydantic

if TYPE_CHECKING:
    from narration.given import Given
    from publishing.settings import Settings

log = logging.getLogger(__name__)
# A draft is nested JSON (docs/narration.md), for which MLflow's hints have no word but Any.
warnings.filterwarnings("ignore", message=r".*Any type hint is inferred as AnyType")
# A draft takes a gigabyte and all processors: requests that come in meanwhile are refused, not piled up. A server that
# has answered "too late" goes on drafting, and holds this until it is done.
_AT_WORK = threading.Lock()


class FilmGiven(pydantic.BaseModel):
    """One film as it lies on the machine that serves: film.mp4, or a folder that holds it (docs/corpora.md)."""

    film: str
    subtitles: str | None = None  # in place of the film's own
    cast: str | None = None
    names: str | None = None  # introduced, recognised, never; none: narration.names of params.yaml


class Narrator(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined]
    """Loads nothing before the first film: a version can be looked at without torch."""

    def load_context(self, context: Any) -> None:
        from publishing import places
        from publishing.records import version

        self.folder = Path(context.artifacts["captioner"])
        wanted = (context.model_config or {}).get("base_model")  # the tag input.base_model of the training's run
        found = version(places.data() / "base_model")
        if wanted and wanted != found:
            log.warning("trained on base_model %s, but data/base_model is %s: it will not speak as then", wanted, found)

    # MLflow makes the model's signature from the hint of `model_input`, and knows `context` by name.
    def predict(self, context, model_input: list[FilmGiven]) -> list[dict[str, Any]]:
        """A draft for each film, as `description.json` has it, or `error`: a mistake in one film spoils no other.

        A request of more films than `serving.most_films` is refused whole, before any work, and so is one that comes in
        while another is worked on.
        """
        from common.errors import BadInput
        from publishing import places
        from publishing.settings import load_settings

        try:
            settings = load_settings(places.parameters_file())
            most = settings.serving.most_films
            if len(model_input) > most:
                raise BadInput(f"request: {len(model_input)} films, and {most} are the most; ask for fewer at a time")
            if not _AT_WORK.acquire(blocking=False):
                raise BadInput("request: another one is being worked on; ask again when it is answered")
        except BadInput as mistake:
            return [{"film": film.film, "error": str(mistake)} for film in model_input]
        try:
            return [self._draft(film, settings) for film in model_input]
        finally:
            _AT_WORK.release()

    def _draft(self, given: FilmGiven, settings: Settings) -> dict[str, Any]:
        from common.errors import BadInput
        from narration.given import Given
        from narration.narrate import Models, narrate
        from publishing import places
        from publishing.settings import check_settings

        try:
            narration = settings.narration
            if given.names is not None:
                changed = {"narration": {**narration.model_dump(mode="json"), "names": given.names}}
                narration = check_settings(changed, source="request").narration
            asked = Given(
                Path(given.film),
                Path(given.subtitles) if given.subtitles else None,
                Path(given.cast) if given.cast else None,
                settings.films.corpora.cast,
            )
            _refuse_outside(asked, settings.serving.folder)
            _refuse_long(asked, settings.serving.longest_minutes)
            models = Models(
                face_encoder=places.data() / "face_encoder",
                base_model=places.data() / "base_model",
                captioner=self.folder,
                perception=settings.perception,
                captioner_settings=settings.captioner,
            )
            return {**narrate(asked, models, narration).value(), "film": given.film}
        except BadInput as mistake:
            return {"film": given.film, "error": str(mistake)}
        except OSError as error:  # of a path that was asked for: MLflow would answer with our whole trace
            return {"film": given.film, "error": f"request: cannot be read ({error.strerror}); give other paths"}


def _refuse_outside(asked: Given, folder: str) -> None:
    """`BadInput` where anything that would be read lies elsewhere, also by a link in a folder that was asked for."""
    from narration.given import CAST, check, inputs_of
    from publishing import places

    if not folder:
        return
    allowed = (places.root() / folder).resolve()
    named = [path for path in (asked.source, asked.subtitles, asked.cast) if path is not None]
    _refuse_beyond(allowed, [*named, *(path / CAST for path in named)])  # a cast is read to know its portraits
    check(asked)
    _refuse_beyond(allowed, inputs_of(asked))


def _refuse_beyond(allowed: Path, paths: list[Path]) -> None:
    from common.errors import BadInput

    for path in paths:
        if not Path(os.path.realpath(path)).is_relative_to(allowed):
            raise BadInput(f"{path}: does not lie below serving.folder; give a path there")


def _refuse_long(asked: Given, longest_minutes: float) -> None:
    from common.errors import BadInput
    from corpora.video import probe
    from narration.given import check, video_of

    check(asked)
    video = video_of(asked)
    minutes = probe(video).duration / 60
    if minutes > longest_minutes:
        told = f"{minutes:.1f} minutes, and {longest_minutes:g} are the most"
        raise BadInput(f"{video}: {told}; cut the film, or set serving.longest_minutes")


mlflow.models.set_model(Narrator())
