"""The version of our own code in the keys of what narrate keeps: a change of it must not be answered from before.

By the files' bytes, comments too: a person's draft is made again in minutes, and nothing else hangs on it.
"""

from __future__ import annotations

from pathlib import Path

from common.files import digest, file_md5

ROOT = Path(__file__).parents[1]
_FILM = ("corpora/*.py", "narration/given.py")
_FACES = (*_FILM, "models/perception/**/*.py", "narration/watching.py", "narration/work.py")
# What decides a stage's result, as patterns under the repository. Not what only reports (`progress`), nor `rules`: they
# choose among sentences that are kept as the captioner said them.
CODE = {
    "film": _FILM,
    "faces": _FACES,
    "sound": (*_FILM, "narration/dialogue.py", "narration/hearing.py", "narration/sound.py"),
    "regions": _FACES,
    "lines": (
        *_FACES,
        "models/captioner/**/*.py",
        "models/prior/*.py",
        "models/training/triplets.py",
        "models/hub.py",
        "narration/speaker.py",
        "narration/lines.py",
    ),
    "voice": ("corpora/video.py", "narration/voice.py", "narration/sound.py", "narration/loudness.py"),
}


def code_files(stage: str) -> list[Path]:
    """The files whose code decides what the stage keeps."""
    return sorted({path for pattern in CODE[stage] for path in ROOT.glob(pattern)})


def code_digest(stage: str) -> str:
    """Digest of the stage's code; `KeyError` for a stage that has none named, a fault of the program."""
    return digest([[path.relative_to(ROOT).as_posix(), file_md5(path)] for path in code_files(stage)])
