"""Trainings as MLflow knows them: parameters, curves, data versions, and the model as a registered version.

One database and one artifact folder under the shared home, found at run time; `publishing.postgres` can hold the
database instead. A training that is made again with the same data is the same run: nothing is logged twice.
"""

from __future__ import annotations

import fcntl
import logging
import math
import os
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.files import digest
from publishing import places
from publishing.card import is_drawn, model_card
from publishing.lineage import upstream
from publishing.postgres import store_url
from publishing.records import listing, version
from publishing.run_inputs import note_inputs
from publishing.usage import PREFIX, Sample, points
from publishing.versions import git_commit

EXPERIMENT = "focusedad"
MODEL = "focusedad-captioner"  # the registered model
LOGGED = "data_version"  # the tag that a run gets last: one that was killed before is not taken for a whole one
_BATCH = 1000  # MLflow's limit of metrics in one request


def tracking_uri(home: Path | None = None) -> str:
    return store_url("mlflow") or f"sqlite:///{_folder(home) / 'mlflow.db'}"


def is_begun(home: Path | None = None) -> bool:
    """Whether anything can have been logged yet; asking so makes no database."""
    return store_url("mlflow") is not None or (_folder(home) / "mlflow.db").is_file()


def _folder(home: Path | None) -> Path:
    return (home or places.home()) / "mlflow"


def client(home: Path | None = None) -> Any:
    """An MlflowClient of the shared store, which is made at first use by one process while the others wait."""
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    import mlflow

    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    uri = tracking_uri(home)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    with _alone(folder / "store.lock"):
        _begin_store(folder, uri)
        found = mlflow.MlflowClient(uri, uri)
        if found.get_experiment_by_name(EXPERIMENT) is None:
            found.create_experiment(EXPERIMENT, artifact_location=(folder / "artifacts").as_uri())
    return found


def _begin_store(folder: Path, uri: str) -> None:
    """A new database appears whole: MLflow can never use one that was killed while it made the tables."""
    import mlflow

    database, scratch = folder / "mlflow.db", folder / "beginning"
    shutil.rmtree(scratch, ignore_errors=True)
    if database.exists() or uri != f"sqlite:///{database}":
        return
    scratch.mkdir()
    beginning = f"sqlite:///{scratch / database.name}"
    mlflow.MlflowClient(beginning, beginning).search_experiments(max_results=1)
    (scratch / database.name).replace(database)
    scratch.rmdir()


@contextmanager
def writing(home: Path | None = None) -> Iterator[None]:
    """One writer at a time: SQLite gives up on a second one after a few seconds."""
    with _alone(_folder(home) / "store.lock"):
        yield


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def data_version(folder: Path) -> str:
    """The data version that this folder will have once it is published."""
    return digest(listing(folder))


def find_run(stage: str, unit: str, data: str, *, home: Path | None = None) -> str | None:
    """The id of the run that made this unit with this data version, or None."""
    if not is_begun(home):
        return None
    found = client(home)
    experiment = found.get_experiment_by_name(EXPERIMENT)
    query = (
        f"tags.stage = '{stage}' and tags.unit = '{unit}' and tags.data_version = '{data}'"
        " and attributes.status = 'FINISHED'"
    )
    runs = found.search_runs([experiment.experiment_id], query, max_results=1) if experiment else []
    return str(runs[0].info.run_id) if runs else None


def log_training_run(
    *,
    stage: str,
    unit: str,
    folder: Path,
    data: Path,
    inputs: Mapping[str, Sequence[str]],
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    curves: Mapping[str, Sequence[float]],
    model: str | None = None,
    run: str | None = None,
    home: Path | None = None,
) -> str:
    """Logs one finished training; gives back the run's id.

    `run` is the run that watched the training (`publishing.live`), if one did: it gets what it lacks, unless the same
    data are known from another run, which then stays the only one. `folder` holds what the unit will publish; `data`
    and `inputs` are those of its `Work`, whose versions become tags. `model` names the registered model that gets a
    version for it.
    """
    made = data_version(folder)
    known = find_run(stage, unit, made, home=home)
    if known is not None:
        if run is not None and run != known:
            client(home).delete_run(run)
        return known
    found = client(home)
    tags = {**training_tags(stage, unit, data, inputs), LOGGED: made}
    if run is None or not is_there(found, run):
        from publishing.live import PROCESS, end_dead_runs, this_process

        end_dead_runs(found)
        tags[PROCESS] = this_process()  # by which a run whose logging was killed is known, and ended
        run = start_run(found, f"{stage}/{unit}".rstrip("/"), {name: tags[name] for name in tags if name != LOGGED})
    else:
        for tag, value in tags.items():
            if tag != LOGGED:
                found.set_tag(run, tag, value)
    try:
        _log(found, run, parameters, metrics, curves)
        _log_folder(found, run, folder)
        with writing(home):  # of two trainings that end together, one makes the run above both
            note_inputs(found, run, tags)
        if model is not None:
            _register(found, run, model, folder=folder, tags=tags, card=_card(model, unit, made, data, inputs))
        found.set_tag(run, LOGGED, made)
    except BaseException:
        found.set_terminated(run, status="FAILED")
        raise
    found.set_terminated(run)
    return run


def log_usage(stage: str, unit: str, folder: Path, samples: Sequence[Sample], *, home: Path | None = None) -> None:
    """What a training took of the machine, to the run of its data; a run that has such samples keeps its own."""
    run = find_run(stage, unit, data_version(folder), home=home) if samples else None
    if run is None:
        return
    found = client(home)
    if not any(name.startswith(PREFIX) for name in found.get_run(run).data.metrics):
        with writing(home):
            log_points(found, run, points(samples))


def training_tags(stage: str, unit: str, data: Path, inputs: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What a training's run is found by, and the versions of what it reads."""
    return {
        "stage": stage,
        "unit": unit,
        "git_commit": git_commit(places.root()),
        **{f"input.{read}": _versions(data, read, units) for read, units in sorted(inputs.items())},
    }


def start_run(found: Any, name: str, tags: Mapping[str, str]) -> str:
    """A new run of that name."""
    experiment = found.get_experiment_by_name(EXPERIMENT)
    tags = {**tags, "mlflow.runName": name}
    return str(found.create_run(experiment.experiment_id, tags=tags, run_name=name).info.run_id)


def is_there(found: Any, run: str) -> bool:
    """Whether a run of that id exists and was not deleted."""
    from mlflow.exceptions import MlflowException

    try:
        return bool(found.get_run(run).info.lifecycle_stage == "active")
    except MlflowException:
        return False


def flat(values: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Nested tables as one, its keys joined by dots: MLflow knows no other."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{place}{key}.") if isinstance(value, Mapping) else {f"{place}{key}": value}
    return found


def figures(values: Mapping[str, Any]) -> dict[str, float]:
    """The finite numbers of nested tables, by their keys joined with dots and without what MLflow forbids in them."""
    return {
        re.sub(r"[^\w. /-]", "_", key): float(value)
        for key, value in flat(values).items()
        if isinstance(value, int | float) and math.isfinite(value)
    }


def _versions(data: Path, stage: str, units: Sequence[str]) -> str:
    """One version for a stage read: of its only unit, or of all units that were read."""
    found = {unit: version(data / stage / unit) or "" for unit in units}
    return next(iter(found.values())) if len(found) == 1 else digest(found)


def _log(
    found: Any,
    run: str,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, float],
    curves: Mapping[str, Sequence[float]],
) -> None:
    """What the run does not have yet."""
    log_parameters(found, run, parameters)
    points = [(name, float(value), 0.0, 0) for name, value in metrics.items()]
    for name, values in curves.items():
        known = {point.step for point in found.get_metric_history(run, name)}
        points += [(name, float(value), 0.0, step) for step, value in enumerate(values, 1) if step not in known]
    log_points(found, run, points)


def log_parameters(found: Any, run: str, parameters: Mapping[str, Any]) -> None:
    """Those that the run lacks: MLflow lets none change."""
    from mlflow.entities import Param

    known = found.get_run(run).data.params
    found.log_batch(run, params=[Param(name, str(value)) for name, value in parameters.items() if name not in known])


def log_points(found: Any, run: str, points: Sequence[tuple[str, float, float, int]]) -> None:
    """Name, value, seconds of the clock, step; in batches, for a single call a value costs 50 ms each."""
    from mlflow.entities import Metric

    for start in range(0, len(points), _BATCH):
        some = [Metric(name, value, int(1000 * at), step) for name, value, at, step in points[start : start + _BATCH]]
        found.log_batch(run, metrics=some)


def _log_folder(found: Any, run: str, folder: Path) -> None:
    """What describes the training (curves, configuration); weights go with the model."""
    for path in sorted(folder.glob("*.json")):
        found.log_artifact(run, str(path), "training")


def _card(model: str, unit: str, made: str, data: Path, inputs: Mapping[str, Sequence[str]]) -> str:
    links = upstream(data, [(stage, each) for stage, units in inputs.items() for each in units])
    return model_card(model, unit, made, links=links, drawn=is_drawn(links))


def _register(found: Any, run: str, model: str, *, folder: Path, tags: Mapping[str, str], card: str) -> None:
    """A registered version whose model is code plus the published folder's files: nothing pickled.

    A run whose logging was killed and is taken up may have its version already.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    if any(version.run_id == run for version in found.search_model_versions(f"name='{model}'")):
        return
    try:
        found.create_registered_model(model)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    base = tags.get("input.base_model")
    config = {"base_model": base} if base else None  # what the model compares when it is loaded
    with warnings.catch_warnings(), mlflow.start_run(run_id=run):
        # Its advice is for people who write the call by hand; it sets filters of its own, so nobody listens.
        warnings.showwarning = lambda *_, **__: None
        info = mlflow.pyfunc.log_model(
            name=model,
            python_model=str(Path(__file__).with_name("registered_model.py")),
            artifacts={"captioner": str(folder)},
            model_config=config,
            pip_requirements=[],
            registered_model_name=None,
        )
    kept = {name: tags[name] for name in ("stage", "unit", "data_version")}
    found.create_model_version(model, info.model_uri, run, tags=kept, description=card)
