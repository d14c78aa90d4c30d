"""The community's validator on what `focusedad crate` writes, without a network."""

from __future__ import annotations

import importlib.util
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from test_crate import made, packed  # noqa: F401
from toy_world import ToyWorld

from publishing.crate import CONTEXT, METADATA

PROFILE = "provenance-run-crate-0.5"
TERMS = "https://w3id.org/ro/terms/workflow-run#"


def contexts() -> dict[str, bytes]:
    """What the crate's two contexts say: RO-Crate's from a package, the terms of workflow runs by their namespace."""
    package = importlib.util.find_spec("rocrate")
    assert package is not None and package.origin is not None
    crate = (Path(package.origin).parent / "data/ro-crate.jsonld").read_bytes()
    assert json.loads(crate)["@id"] == CONTEXT[0]
    return {CONTEXT[0]: crate, CONTEXT[1]: json.dumps({"@context": {"sha256": f"{TERMS}sha256"}}).encode()}


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    known = contexts()

    def send(_adapter: Any, request: Any, **_: Any) -> requests.Response:
        if request.url not in known:
            raise requests.ConnectionError(f"{request.url}: there is no network in this test")
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = 200, request.url, request
        answer.headers["Content-Type"] = "application/ld+json"
        answer.raw = BytesIO(known[request.url])
        return answer

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)


def complaints(crate: Path) -> list[str]:
    from rocrate_validator import services
    from rocrate_validator.models import Severity, ValidationSettings

    settings = ValidationSettings(
        rocrate_uri=str(crate),
        profile_identifier=PROFILE,
        requirement_severity=Severity.REQUIRED,
        abort_on_first=False,
        no_cache=True,
    )
    return [f"{issue.check.identifier}: {issue.message}" for issue in services.validate(settings).get_issues()]


@pytest.mark.usefixtures("no_network")
def test_the_validator_accepts_the_crate(made: ToyWorld) -> None:  # noqa: F811
    assert complaints(packed(made)) == []


@pytest.mark.usefixtures("no_network")
def test_the_validator_does_look(made: ToyWorld) -> None:  # noqa: F811
    crate = packed(made)
    (crate / "card.md").unlink()
    content = json.loads((crate / METADATA).read_text())
    for entity in content["@graph"]:
        if entity["@id"] == "#organised":
            del entity["instrument"]
    (crate / METADATA).write_text(json.dumps(content))
    found = " ".join(complaints(crate))
    assert "card.md" in found and "instrument" in found
