"""The code behind the data, in the groups that stages share: what changes here makes their units stale.

A test follows the imports of every stage and holds that none is forgotten.
"""

FILM = ("common", "corpora/film.py", "corpora/reading.py", "corpora/subtitles.py", "corpora/video.py")
REGIONS = ("models/perception/bank_files.py", "models/perception/regions.py", "models/perception/settings.py")
CAPTIONER = ("models/captioner", "models/hub.py", "models/prior")
BASELINES = ("models/baselines",)
BASELINE_ROWS = (
    "assets/baseline_rows.py",
    *BASELINES,
    "corpora/studio/facts_text.py",
    "corpora/studio/language.py",
    "models/hub.py",
    "models/training/language_model.py",
)
RECORDS = ("assets/clips.py", "assets/captioner.py", "assets/experiments.py")


def training(*parts: str) -> tuple[str, ...]:
    return tuple(f"models/training/{part}.py" for part in parts)


# What a fine-tuning runs.
TUNING = (
    *FILM,
    "assets/clips.py",
    "assets/tune.py",
    *CAPTIONER,
    *training("captioner", "draws", "language_model", "loop", "observing", "resuming", "trainable", "tuning"),
)
