"""The parameters say Table 1: which variants are trained, and which rows are read from which weights."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from models.captioner.settings import CaptionerSettings, OptimiserSettings


def test_variants_have_the_parts_that_table_1_marks() -> None:
    marked = {
        name: (each.text_prior, each.soft_prompt, each.region) for name, each in CaptionerSettings().variants.items()
    }
    assert marked == {
        "A1": (True, False, False),
        "A2": (True, True, False),
        "C1": (False, True, True),
        "C2": (True, True, True),
    }


def test_every_row_is_read_from_a_variant_that_is_trained() -> None:
    settings = CaptionerSettings()
    assert {row.variant for row in settings.rows.values()} <= set(settings.variants)
    assert [settings.rows[name].bank for name in ("B1", "B2", "C2")] == ["none", "actor", "best query"]
    for row in settings.rows.values():
        assert settings.variants[row.variant].region or not row.region, "a row cannot be given what was never trained"


def test_unknown_keys_and_values_out_of_bounds_are_refused() -> None:
    with pytest.raises(ValidationError, match="stepps"):
        CaptionerSettings.model_validate({"stepps": 3})
    with pytest.raises(ValidationError):
        OptimiserSettings(steps=-1, batch=1, rate=1)
    with pytest.raises(ValidationError):
        CaptionerSettings(seeds=())


def test_reading_parameters_does_not_load_torch() -> None:
    code = "import sys, models.captioner.settings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
