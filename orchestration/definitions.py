"""Dagster's entry point: this repository's stages with the parameters of `params.yaml`, and what runs by itself."""

from __future__ import annotations

import dagster as dg

import assets
from orchestration.automation import build_automation
from orchestration.champion_asset import build_promotion
from orchestration.factory import build_definitions
from publishing import places
from publishing.settings import load_settings
from publishing.stage import Stage

STAGES: tuple[Stage, ...] = tuple(getattr(assets, "STAGES", ()))

settings = load_settings(places.parameters_file())
defs = dg.Definitions.merge(
    build_definitions(STAGES, settings, root=places.root()),
    build_promotion(settings),
    build_automation(root=places.root()),
)
