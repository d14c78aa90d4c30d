"""The captioner that narrates: of the lineage, in a folder, or registered in MLflow (`models:/name@champion`)."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

from common.errors import BadInput

log = logging.getLogger(__name__)
REGISTERED = "models:/"
_ADDRESS = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))")


def captioner_folder(model: str, *, base_model: Path, home: Path | None = None) -> Path:
    """The folder of a captioner's files, as `save_captioner` wrote them.

    `model` is such a folder, or `models:/NAME@ALIAS` or `models:/NAME/VERSION` of the registry under `home`. A
    registered one that was trained on another base model than `base_model` is told: it will not speak as then. Raises
    `BadInput` where there is no such model.
    """
    if not model.startswith(REGISTERED):
        folder = Path(model)
        if not (folder / "config.json").is_file():
            raise BadInput(f"{model}: no trained captioner; give its folder (config.json), or models:/NAME@champion")
        return folder
    found = _registered(model, home)
    wanted, lies = found["config"].get("base_model"), _version(base_model)
    if wanted and wanted != lies:
        log.warning(
            "%s was trained on base_model %s, not on the one that lies here: it will not speak as then", model, wanted
        )
    return Path(found["folder"])


def _registered(address: str, home: Path | None) -> dict[str, Any]:
    """The folder of a registered version's files and the configuration it was logged with."""
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model
    from mlflow.utils.file_utils import local_file_uri_to_path

    from publishing import tracking

    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise BadInput(f"{address}: not an address of the registry; write models:/NAME@ALIAS or models:/NAME/VERSION")
    if not tracking.is_begun(home):
        raise BadInput(f"{address}: there is no registry here yet; `make repro` fills it")
    client = tracking.client(home)
    try:
        if match["alias"]:
            version = client.get_model_version_by_alias(match["name"], match["alias"])
        else:
            version = client.get_model_version(match["name"], match["version"])
        folder = Path(local_file_uri_to_path(client.get_model_version_download_uri(version.name, version.version)))
        code = Model.load(str(folder)).flavors["python_function"]
        captioner = folder / code["artifacts"]["captioner"]["path"]
    except (MlflowException, KeyError, OSError) as error:
        told = str(error).splitlines()[0]
        raise BadInput(f"{address}: {_absent(match, told)}") from None
    if not (captioner / "config.json").is_file():
        raise BadInput(f"{address}: its files are not a captioner's; give another version")
    log.info("%s: version %s", address, version.version)
    return {"folder": captioner, "config": code.get("config") or {}}


def _absent(match: re.Match[str], told: str) -> str:
    from publishing.champion import ALIAS

    if match["alias"] == ALIAS:
        return f"nothing bears this alias ({told}); `focusedad promote` gives it"
    return f"no such registered model ({told}); `make ui` shows those there are"


def _version(base_model: Path) -> str | None:
    from publishing.records import version

    return version(base_model)
