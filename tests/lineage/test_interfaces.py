"""Both interfaces in a real browser, as `make ui` starts them: the lineage is seen, a film is made by clicking, its
check and its picture appear, DVC finds everything in order; the champion is seen in the registry."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from repository import Repository

from assets import STAGES
from evaluation.settings import IntervalSettings
from publishing import champion, tracking
from publishing.promotion import Cost, Evidence
from publishing.settings import PromotionSettings
from publishing.usage import Sample

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.slow
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PROGRAM = next((path for name in BROWSERS if (path := shutil.which(name))), None)
PATIENCE = 120.0  # seconds for what takes a few on an idle machine
FILM, OTHERS = "tt9000001", ("tt9100001", "st920000001")
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if PROGRAM is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: `make setup` installs it")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Three films of six seconds, of which one is still to make; no other stage is made."""
    found = Repository(tmp_path_factory.mktemp("interfaces"))
    found.change("studio", "seconds", value=6.0)
    found.change("studio", "train_films", value=1)
    told = found.run("-m", "orchestration.run", "films", "--units", ",".join(OTHERS))
    assert f"not committed: still to make: films/{FILM}" in told
    return found


@pytest.fixture(scope="module")
def trained(repository: Repository) -> str:
    """The run of a small model that is registered and champion."""
    folder, home = repository.folder / "trained", repository.folder / ".home"
    folder.mkdir()
    (folder / "training.json").write_text('{"loss": [3.0, 2.0]}')
    (folder / "model.safetensors").write_bytes(b"weights")
    what = {"stage": "captioner", "unit": "C2.0", "folder": folder}
    told = {"data": repository.folder / "data", "inputs": {}, "parameters": {"seed": 0}, "metrics": {"final_loss": 2.0}}
    run = tracking.log_training_run(**what, **told, curves={"loss": [3.0, 2.0]}, model=tracking.MODEL, home=home)  # type: ignore[arg-type]
    samples = [Sample(1e9 + 10 * each, {"process_memory_usage_megabytes": 100.0 + each}) for each in range(3)]
    tracking.log_usage("captioner", "C2.0", folder, samples, home=home)
    scores = pd.DataFrame({"film": "tt9100001", "clip_id": range(20), "METEOR": 20 + np.linspace(-1, 1, 20)})
    made, versions = tracking.data_version(folder), {"mad_eval_named": {"tt9100001": "v1"}}
    cost = Cost(millions=0.7, gflops=0.1, working_mib=5.0)
    evidence = Evidence(made, versions, {"mad_eval_named": scores}, {"METEOR": "1.5"}, 1.0, cost=cost)
    settings = PromotionSettings(metrics=("METEOR",), fewest_clips=5)
    assert champion.promote(evidence, settings, IntervalSettings(draws=100), home=home).champion == "1"
    return run


@dataclass(frozen=True)
class Interfaces:
    dagster: str
    mlflow: str


@pytest.fixture(scope="module")
def interfaces(repository: Repository, trained: str, browser: Browser) -> Iterator[Interfaces]:
    """`make ui` on free ports; everything ends with it."""
    ports = free_ports(3)
    names = ("--dagster-port", "--mlflow-port", "--pages-port")
    asked = [f"{name}={port}" for name, port in zip(names, ports, strict=True)]
    apart = ("DVC_", "DAGSTER_", "FOCUSED", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(apart)}
    command = [".venv/bin/python", "-m", "orchestration.ui", *asked]
    running = subprocess.Popen(command, cwd=repository.folder, env=kept, stdout=subprocess.DEVNULL)
    try:
        found = Interfaces(*(f"http://{HOST}:{port}" for port in ports[:2]))
        until_it_answers(f"{found.dagster}/server_info", running)
        until_it_answers(f"{found.mlflow}/health", running)
        yield found
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=PATIENCE) == 0
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex((HOST, port)) != 0, "everything ends with `make ui`"


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]


def until_it_answers(address: str, running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except OSError:
            assert running.poll() is None and time.monotonic() < end, address
            time.sleep(0.25)


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page as wide as the lineage, which asks nobody but this machine."""
    found = browser.new_page(viewport={"width": 2600, "height": 1800})
    found.set_default_timeout(1000 * PATIENCE)
    asked: list[str] = []
    found.on("request", lambda request: asked.append(request.url))
    yield found
    abroad = [url for url in asked if not url.startswith((f"http://{HOST}:", "data:", "blob:"))]
    assert asked and not abroad
    found.close()


def seen(where: Page, text: str) -> Locator:
    """What shows this text, once it is there."""
    found = where.get_by_text(text, exact=True).and_(where.locator(":visible")).first
    found.wait_for()
    return found


def test_the_whole_lineage_is_seen(page: Page, interfaces: Interfaces) -> None:
    page.goto(f"{interfaces.dagster}/asset-groups")
    graph = page.locator("svg foreignObject")
    for group in {stage.group for stage in STAGES}:
        graph.get_by_text(group, exact=True).first.wait_for()
    page.keyboard.press("Alt+e")  # expands all groups
    page.wait_for_url("**expanded**")
    assets = [*(stage.name for stage in STAGES), "champion"]
    end = time.monotonic() + PATIENCE
    while hidden := [asset for asset in assets if not graph.get_by_text(asset, exact=True).first.is_visible()]:
        assert time.monotonic() < end, hidden
        page.get_by_role("img", name="zoom_out").click()  # only what lies inside the window is drawn
        page.wait_for_timeout(500)


def test_a_film_is_made_by_clicking_and_its_check_and_picture_are_shown(
    page: Page, interfaces: Interfaces, repository: Repository
) -> None:
    before = repository.files()
    page.goto(f"{interfaces.dagster}/assets/films")
    seen(page, "Materialize…").click()
    seen(page, "Select a partition or create one").click()
    seen(page, FILM).click()
    page.keyboard.press("Escape")
    page.get_by_role("button").filter(has_text=re.compile("^Launch")).click()
    seen(page, "View").click()  # of what was launched
    seen(page, "Success")

    page.goto(f"{interfaces.dagster}/assets/films?view=checks")
    seen(page, "audit")
    seen(page, "Passed")

    page.goto(f"{interfaces.dagster}/assets/films?view=partitions&partition={FILM}")
    seen(page, "Materialized")
    seen(page, "storyboard20k")
    seen(page, "[Show Markdown]").click()
    picture = page.get_by_role("img", name="still")
    picture.wait_for()
    assert picture.evaluate("each => each.decode().then(() => each.naturalWidth)") == 320

    assert "up to date" in repository.dvc("status", "films")
    after = repository.files()
    assert {name: after.get(name) for name in before} == before, "the other films are as they were"


def test_the_champion_is_seen_in_the_registry_and_what_its_training_took(
    page: Page, interfaces: Interfaces, trained: str
) -> None:
    page.goto(f"{interfaces.mlflow}/#/models/{tracking.MODEL}")
    row = page.get_by_role("row").filter(has_text="Version 1")
    row.wait_for()
    assert champion.ALIAS in row.inner_text()

    page.goto(f"{interfaces.mlflow}/#/experiments/1/runs/{trained}/system-metrics")
    seen(page, "process_memory_usage_megabytes")
