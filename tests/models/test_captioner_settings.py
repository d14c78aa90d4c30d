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
    paper = {name: parts for name, parts in marked.items() if not name.startswith("D")}
    assert paper == {
        "A1": (True, False, False),
        "A2": (True, True, False),
        "C1": (False, True, True),
        "C2": (True, True, True),
    }


def test_what_is_past_the_paper_is_off_in_the_papers_rows_and_one_thing_each_in_the_others() -> None:
    settings = CaptionerSettings()
    c2, trained = settings.rows["C2"], settings.variants["C2"]
    for name in ("A1", "A2", "B1", "B2", "C1", "C2"):
        row = settings.rows[name]
        assert (row.distinctness, row.words_per_second, row.about) == (0.0, None, "")
        assert (settings.variants[row.variant].shot_context, settings.variants[row.variant].positions) == (False, True)
    changes = {
        name: {key for key, value in settings.rows[name] if value != getattr(c2, key)} - {"about", "variant"}
        | {key for key, value in settings.variants[settings.rows[name].variant] if value != getattr(trained, key)}
        for name in ("D1", "D2", "D3", "D4")
    }
    assert changes == {"D1": {"distinctness"}, "D2": {"words_per_second"}, "D3": {"shot_context"}, "D4": {"positions"}}
    assert all(settings.rows[name].about for name in changes)


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
