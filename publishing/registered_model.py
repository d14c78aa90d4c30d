"""The model as MLflow loads it (models from code): a film in, its drafted description out.

A registered version holds a captioner's folder. What it stands on, the face encoder and the frozen base model, lies in
`data/` of this repository and not in every version. The film goes the way of `focusedad narrate`.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import mlflow
import pydantic

log = logging.getLogger(__name__)


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
        """A draft for each film, as `description.json` has it, or `error`: a mistake in one film spoils no other."""
        return [self._draft(film) for film in model_input]

    def _draft(self, given: FilmGiven) -> dict[str, Any]:
        from common.errors import BadInput
        from narration.given import Given
        from narration.narrate import Models, narrate
        from publishing import places
        from publishing.settings import check_settings, load_settings

        try:
            settings = load_settings(places.parameters_file())
            narration = settings.narration
            if given.names is not None:
                changed = {"narration": {**narration.model_dump(mode="json"), "names": given.names}}
                narration = check_settings(changed, source="request").narration
            models = Models(
                face_encoder=places.data() / "face_encoder",
                base_model=places.data() / "base_model",
                captioner=self.folder,
                perception=settings.perception,
                captioner_settings=settings.captioner,
            )
            asked = Given(
                Path(given.film),
                Path(given.subtitles) if given.subtitles else None,
                Path(given.cast) if given.cast else None,
                settings.films.corpora.cast,
            )
            return {"film": given.film, **narrate(asked, models, narration).value()}
        except BadInput as mistake:
            return {"film": given.film, "error": str(mistake)}


mlflow.models.set_model(Narrator())
