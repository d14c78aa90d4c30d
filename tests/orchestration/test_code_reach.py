"""No stage forgets code: what its `make` can reach is named in `code`, so that a change of it remakes the data."""

from __future__ import annotations

import pytest
from code_reach import reach

from assets import STAGES
from publishing.keys import make_module
from publishing.stage import Stage


def test_what_is_imported_inside_a_function_is_reached() -> None:
    assert {"corpora/film.py", "models/perception/perceive.py"} <= reach("assets.query_banks", "make")
    assert "models/perception/perceive.py" not in reach("assets.query_banks", "summary")


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_names_all_the_code_that_it_reaches(stage: Stage) -> None:
    make = getattr(stage.make, "func", stage.make)
    named = [*stage.code, make_module(stage)]
    reached = reach(make.__module__, make.__name__)
    forgotten = sorted(
        path for path in reached if not any(path == name or path.startswith(f"{name}/") for name in named)
    )
    assert not forgotten
