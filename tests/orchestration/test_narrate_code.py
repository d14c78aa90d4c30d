"""What narrate keeps is keyed by all of our code that decides it."""

from __future__ import annotations

import pytest
from code_reach import ROOT, reach

from narration.code import CODE, code_files

# Where each stage's result is made.
MADE = {
    "film": ("narration.given", "prepare"),
    "faces": ("narration.watching", "watch"),
    "sound": ("narration.dialogue", "dialogue_of"),
    "regions": ("narration.watching", "follow"),
    "lines": ("narration.speaker", "Speaker"),
    "voice": ("narration.voice", "Voice"),
}
# They report, say what a parameter may be (its value is in the key), or choose among what is kept.
BESIDE = {f"narration/{name}.py" for name in ("code", "progress", "settings", "rules")}


@pytest.mark.parametrize("stage", CODE)
def test_no_code_is_forgotten(stage: str) -> None:
    named = {path.relative_to(ROOT).as_posix() for path in code_files(stage)}
    reached = {path for path in reach(*MADE[stage]) if not path.startswith("common/")}
    assert sorted(reached - named - BESIDE) == []
