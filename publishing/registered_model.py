"""The model as MLflow loads it (models from code): a captioner's folder, and the base model of this repository.

A registered version is evidence and an address: `predict` describes films through the same code that the lineage runs.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import mlflow
import pydantic

log = logging.getLogger(__name__)


class FilmFolders(pydantic.BaseModel):
    """One film as the lineage published it: its folders under `data/films`, a clip stage and `data/clip_features`."""

    film: str
    clips: str
    features: str


class Captioner(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined]
    """Loads lazily: the frozen base model lies in `data/base_model`, not in every registered version."""

    def load_context(self, context: Any) -> None:
        from publishing import places
        from publishing.records import version

        self.folder = Path(context.artifacts["captioner"])
        wanted = (context.model_config or {}).get("base_model")  # the tag input.base_model of the training's run
        found = version(places.data() / "base_model")
        if wanted and wanted != found:
            log.warning("trained on base_model %s, but data/base_model is %s: it will not speak as then", wanted, found)

    # MLflow makes the model's signature from the hint of `model_input`, and knows `context` and `params` by name.
    def predict(self, context, model_input: list[FilmFolders], params=None) -> list[str]:
        """A description per clip record, films in order; `params` may name the `bank`."""
        from corpora.film import read_film
        from models.captioner.checkpoints import load_captioner
        from models.captioner.describe import describe
        from models.captioner.features import read_features
        from publishing import places
        from publishing.settings import load_settings

        captioner = load_captioner(self.folder, places.data() / "base_model")
        settings = load_settings(places.parameters_file()).captioner
        said: list[str] = []
        for row in model_input:
            film = read_film(Path(row.film))
            lines = (Path(row.clips) / "clips.jsonl").read_text(encoding="utf-8").splitlines()
            said += describe(
                captioner,
                [json.loads(line) for line in lines],
                {film.id: read_features(Path(row.features))},
                {film.id: [character.name for character in film.cast]},
                bank=(params or {}).get("bank", "best query"),
                settings=settings,
            )
        return said


mlflow.models.set_model(Captioner())
