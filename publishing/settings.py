"""Every parameter in one typed schema: `params.yaml`, where an unknown key is an error.

Each part declares its own parameters beside its code, with reasons and bounds; here they are put together with what
belongs to no single part: which films, which experiments, and with how many processes. Light to import on purpose.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from common.errors import BadInput
from common.parameters import Parameters
from common.safe_yaml import read_yaml
from corpora.studio.settings import StudioSettings
from evaluation.settings import EvaluationSettings
from models.baselines.settings import BASELINES, SANITY, SYSTEMS, BaselinesSettings
from models.captioner.settings import BaseModelSettings, CaptionerSettings
from models.perception.settings import PerceptionSettings
from narration.settings import NarrationSettings
from publishing.thresholds import GateSettings

Split = Literal["train", "mad_eval_named", "cinepile_ad"]
SPLITS: tuple[Split, ...] = ("train", "mad_eval_named", "cinepile_ad")
Benchmark = Literal["mad_eval_named", "cinepile_ad"]
RAW = "data/raw"  # where the real corpora lie, inside the repository; DVC watches this folder
FilmId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]  # the name of a folder, and of nothing outside it


class CorporaFilms(Parameters):
    """Films of the real corpora: folders `data/raw/<split>/<film>`; an empty list takes every folder that is there."""

    train: tuple[FilmId, ...] = Field(default=(), description="films annotated as Storyboard20K; empty: every folder")
    mad_eval_named: tuple[FilmId, ...] = Field(default=(), description="films of MAD-eval-Named; empty: every folder")
    cinepile_ad: tuple[FilmId, ...] = Field(default=(), description="films of Cinepile-AD; empty: every folder")
    cast: int = Field(default=8, ge=1, description="main characters: the first so many credits (the paper: 5 to 8)")


class FilmsSettings(Parameters):
    """Which films the lineage is made of."""

    source: Literal["studio", "corpora"] = Field(
        default="studio", description="studio: generated; corpora: yours, from data/raw"
    )
    corpora: CorporaFilms = CorporaFilms()
    set_aside: dict[str, str] = Field(
        default={}, description="film -> reason: leaves it out until this line is deleted"
    )


class ExperimentsSettings(Parameters):
    """Which rows are predicted on which benchmark: Table 1's (`captioner.rows`), other systems', and sanity rows."""

    rows: dict[Benchmark, tuple[str, ...]] = Field(
        default={
            "mad_eval_named": (
                "A1",
                "A2",
                "B1",
                "B2",
                "C1",
                "C2",
                *("D1", "D2"),
                *SYSTEMS,
                *SANITY,
                *("U010", "U020", "U040", "U200"),
            ),
            "cinepile_ad": ("C2", *SYSTEMS),
        },
        description="Table 1 is its six rows on MAD-eval-Named; Table 2 is C2 and other systems on both",
    )


class PromotionSettings(Parameters):
    """When a captioner may become champion; enters no key."""

    row: str = Field(default="C2", description="row of the tables whose model is put forward")
    metrics: tuple[str, ...] = Field(
        default=("METEOR", "BertScore", "R"), description="none may be clearly worse, one must be clearly better"
    )
    fewest_clips: int = Field(default=30, ge=1, description="clips a benchmark's evidence rests on")
    largest_mib: float = Field(default=256.0, gt=0, description="size of the model's folder, MiB")
    largest_millions: float = Field(
        default=5.0, gt=0, description="parameters of all that speaks, the base model's among them, in millions"
    )
    dearest_gflops: float = Field(default=1.0, gt=0, description="1e9 floating-point operations to describe a clip")
    largest_working_mib: float = Field(
        default=64.0, gt=0, description="tensors held at once while it is loaded and describes, MiB"
    )


class RejectedSettings(Parameters):
    """What is kept of data that a gate refused (`data/rejected`); enters no key."""

    most_mib: float = Field(
        default=2048.0, ge=0, description="MiB of refused data kept of a stage; beyond, the oldest go, never the newest"
    )


class ServingSettings(Parameters):
    """What the registered model takes on in one request; enters no key."""

    most_films: int = Field(default=4, ge=1, description="films in one request; they are drafted one after the other")
    longest_minutes: float = Field(default=180.0, gt=0, description="minutes of a film; a longer one is refused")
    folder: str = Field(
        default="", description="films, subtitles and casts are read below this folder; empty: anywhere"
    )


class ComputeSettings(Parameters):
    """How it is computed: enters no key, so that another machine remakes nothing."""

    stages: int = Field(default=3, ge=1, le=64, description="stages that `make repro` makes side by side")
    jobs: int = Field(default=2, ge=1, le=1024, description="units of a stage made side by side, one process each")
    threads: int = Field(default=2, ge=1, le=1024, description="threads of one training process")


class Settings(Parameters):
    """All parameters; the defaults are the profile `mini`."""

    films: FilmsSettings = FilmsSettings()
    studio: StudioSettings = StudioSettings()
    perception: PerceptionSettings = PerceptionSettings()
    base_model: BaseModelSettings = BaseModelSettings()
    captioner: CaptionerSettings = CaptionerSettings()
    baselines: BaselinesSettings = BaselinesSettings()
    narration: NarrationSettings = NarrationSettings()
    experiments: ExperimentsSettings = ExperimentsSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    gates: GateSettings = GateSettings()
    promotion: PromotionSettings = PromotionSettings()
    rejected: RejectedSettings = RejectedSettings()
    serving: ServingSettings = ServingSettings()
    compute: ComputeSettings = ComputeSettings()

    @model_validator(mode="after")
    def _parts_agree(self) -> Settings:
        for row, settings in self.captioner.rows.items():
            _known("captioner.rows", f"{row}: variant", settings.variant, self.captioner.variants)
        for benchmark, rows in self.experiments.rows.items():
            for row in rows:
                _known("experiments.rows", benchmark, row, dict.fromkeys((*self.captioner.rows, *BASELINES)))
        for row in set(self.captioner.rows) & set(BASELINES):
            raise ValueError(f"captioner.rows: {row} is a baseline's name; give the row another one")
        _known("promotion", "row", self.promotion.row, self.captioner.rows)
        unknown = sorted(set(self.films.set_aside) - set(self.studio.film_ids()))
        if self.films.source == "studio" and unknown:
            raise ValueError(f"films.set_aside: no such film: {', '.join(map(_word, unknown))}")
        return self


def _known(where: str, what: str, found: str, known: Mapping[str, Any]) -> None:
    if found not in known:
        raise ValueError(f"{where}: {what}: {found!r} is not among {', '.join(known)}")


def load_settings(path: Path) -> Settings:
    """Reads and checks a parameters file; every mistake is named with its key, in one `BadInput` line."""
    return check_settings(read_yaml(path, advice="write it with `focusedad profile mini`"), source=path.name)


def check_settings(values: Any, *, source: str) -> Settings:
    """`source` is the file's name for messages."""
    if not isinstance(values, dict):
        raise BadInput(f"{source}: not a table of parameters; write one with `focusedad profile mini`")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise BadInput("; ".join(_mistake(source, dict(found)) for found in error.errors())) from None


def _mistake(source: str, error: dict[str, Any]) -> str:
    place = ".".join(_word(part) for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        known = _keys_at(error["loc"][:-1])
        close = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
        advice = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
        return f"{source}: {place}: unknown parameter; {advice}"
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f"{source}: {place + ': ' if place else ''}{message}; change it"
    return f"{source}: {place}: {message}, not {error['input']!r}; change it"


def _word(part: int | str) -> str:
    """A key for a message of one line, whatever characters the key is made of."""
    return str(part) if str(part).isprintable() else repr(part)


def _keys_at(place: tuple[int | str, ...]) -> list[str]:
    """The parameters beside an unknown one."""
    model: Any = Settings()
    for part in place:
        model = model[part] if isinstance(model, Mapping) and part in model else getattr(model, str(part), None)
    return list(type(model).model_fields) if isinstance(model, Parameters) else []


def film_ids(settings: Settings, split: Split | None = None, *, root: Path | None = None) -> list[str]:
    """The films' ids, all or one split's, in order; films set aside are among them.

    For real corpora a split without a list takes the folders found below `data/raw`; `root` is the repository's folder.
    """
    if settings.films.source == "studio":
        return list(settings.studio.film_ids(split))
    from publishing.places import root as usual_root

    found: list[str] = []
    for name in [split] if split else SPLITS:
        listed = list(getattr(settings.films.corpora, name))
        folder = (root or usual_root()) / RAW / name
        found += (
            listed or sorted(path.name for path in folder.iterdir() if path.is_dir())
            if folder.is_dir() or listed
            else []
        )
    return found


def split_of(settings: Settings, film: str, *, root: Path | None = None) -> Split:
    """The split a film belongs to; `BadInput` for an id that is none of these settings' films."""
    for split in SPLITS:
        if film in film_ids(settings, split, root=root):
            return split
    raise BadInput(f"{film}: no film of the parameters; its films are {', '.join(film_ids(settings))}")
