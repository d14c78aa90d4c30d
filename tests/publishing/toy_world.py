"""A folder in which the toy lineage can be made: code, raw files, settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toy_stages import TOYS

from publishing.publish import Outcome, publish_stage
from publishing.settings import Settings, check_settings
from publishing.stage import Stage, graph_of

FILMS = ("tt9000001", "tt9000002", "tt9000003")


@dataclass
class ToyWorld:
    root: Path
    values: dict[str, Any] = field(default_factory=lambda: {"studio": {"train_films": 3}, "compute": {"jobs": 1}})

    def __post_init__(self) -> None:
        for code in ("words.py", "lengths/one.py", "total.py"):
            self.code(code, "VALUE = 1\n")
        for number, film in enumerate(FILMS):
            self.raw(film, "a film of words " + "more " * number)

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def settings(self) -> Settings:
        return check_settings(self.values, source="params.yaml")

    def raw(self, film: str, text: str) -> None:
        path = self.data / "raw" / f"{film}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def code(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def publish(self, stage: Stage | str, **more: Any) -> Outcome:
        graph = graph_of(TOYS)
        chosen = graph[stage] if isinstance(stage, str) else stage
        return publish_stage(chosen, self.settings, graph=graph, root=self.root, code_root=self.root, **more)

    def publish_all(self) -> dict[str, Outcome]:
        return {stage.name: self.publish(stage) for stage in TOYS}

    def tree(self, *, but: tuple[str, ...] = (".locks", "raw")) -> dict[str, bytes]:
        """Every file below data/, without the locks and the raw files."""
        files = (path for path in sorted(self.data.rglob("*")) if path.is_file())
        found = {path.relative_to(self.data).as_posix(): path.read_bytes() for path in files}
        return {name: content for name, content in found.items() if name.split("/")[0] not in but}


def in_child(work: Callable[[], None]) -> int:
    """Runs `work` in a forked process; its exit status, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
