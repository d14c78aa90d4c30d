"""The base model: everything that the paper takes ready-made, trained on the studio's labels.

Stock clips are rendered; the tower's nets and the text-only language model are trained side by side in processes; the
tower encodes the clips; connectors and language model are aligned on them. No film of any split is seen.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.captioner.settings import BaseModelSettings

if TYPE_CHECKING:
    from corpora.studio.settings import StudioSettings


def train_base_model(settings: BaseModelSettings, out: Path, *, jobs: int, studio: StudioSettings) -> dict[str, Any]:
    """Makes the base model in `out` with `jobs` processes; returns its facts (steps, final losses, sizes)."""
    raise NotImplementedError
