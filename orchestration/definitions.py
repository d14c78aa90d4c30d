"""Dagster's entry point: the stages of this repository with the parameters of `params.yaml`."""

from __future__ import annotations

import assets
from orchestration.factory import build_definitions
from publishing import places
from publishing.settings import load_settings
from publishing.stage import Stage

STAGES: tuple[Stage, ...] = tuple(getattr(assets, "STAGES", ()))

settings = load_settings(places.parameters_file())
defs = build_definitions(STAGES, settings, root=places.root())
