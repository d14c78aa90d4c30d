"""MM-Narrator's examples (Zhang et al., CVPR 2024): training clips like the one in question, told as humans told them.

Near is what looks alike to the frozen tower and stands in a like context. Of the near ones some are taken by their
complexity, which is the paper's idea; here it is how much a description has to put together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from common.errors import blaming
from common.files import read_json, write_json
from models.baselines.names import SOMEONE
from models.baselines.perceived import Perceived, perceive
from models.baselines.settings import MMNarratorSettings
from models.captioner.features import FilmFeatures
from models.captioner.tower import Tower

LEAST_SPREAD = 0.05
_WORD = re.compile(r"[a-z']+")


@dataclass(frozen=True)
class Example:
    """A training clip: its film's cast, what is perceived of it, its context, and how it was told."""

    film: str
    cast: tuple[str, ...]
    perceived: Perceived
    prior: tuple[dict[str, str], ...]
    text: str

    @property
    def complexity(self) -> int:
        """How much the description had to put together: people, pieces of context, words."""
        return len(self.perceived.people) + len(self.prior) + len(self.text.split())

    def told_of(self, people: Sequence[str]) -> str:
        """The text with its people replaced by `people`, in order from left to right; who has no counterpart is
        someone, for a name of another film must not be spoken."""
        own = [name for name, _ in self.perceived.people]
        others = {name.casefold(): SOMEONE for name in self.cast}
        others |= {name.casefold(): other for name, other in zip(own, people, strict=False)}
        # All at once, the longest first: a name that was put in may be one of this film's too.
        names = sorted(self.cast, key=lambda name: (-len(name), name))
        pattern = rf"\b(?:{'|'.join(map(re.escape, names))})\b" if names else r"(?!)"
        replaced = re.compile(pattern, re.IGNORECASE)
        text = replaced.sub(lambda found: others.get(found.group().casefold(), SOMEONE), self.text)
        return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class Collection:
    """The examples and their looks (n, features), by which they are found."""

    examples: tuple[Example, ...]
    looks_nf: np.ndarray

    def nearest(
        self,
        film: str,
        look_f: np.ndarray,
        prior: Sequence[Mapping[str, str]],
        cast: Sequence[str],
        settings: MMNarratorSettings,
    ) -> list[Example]:
        """Examples for a clip of `film`, least like it first, so that the nearest stands last. Nothing of its own film
        is among them."""
        spread = np.maximum(self.looks_nf.std(0), LEAST_SPREAD)
        mean = self.looks_nf.mean(0)
        looks = _unit((self.looks_nf - mean) / spread) @ _unit(((look_f - mean) / spread)[None])[0]
        context = _words(prior, cast)
        near = looks + settings.context_weight * np.array(
            [_likeness(context, _words(each.prior, each.cast)) for each in self.examples]
        )
        order = [int(at) for at in np.argsort(-near, kind="stable") if self.examples[int(at)].film != film]
        sign = 1 if settings.complexity == "simplest" else -1
        pool = sorted(order[: settings.pool], key=lambda at: (sign * self.examples[at].complexity, at))
        chosen = sorted(pool[: settings.examples], key=lambda at: (near[at], at))
        return [self.examples[at] for at in chosen]

    def write(self, folder: Path) -> None:
        """Writes `examples.json` and `looks.safetensors`."""
        rows = [
            {
                "film": each.film,
                "cast": list(each.cast),
                "scene": list(each.perceived.scene),
                "people": [[name, list(words)] for name, words in each.perceived.people],
                "prior": list(each.prior),
                "text": each.text,
            }
            for each in self.examples
        ]
        write_json(folder / "examples.json", rows)
        save_file({"looks": np.ascontiguousarray(self.looks_nf)}, folder / "looks.safetensors")


def read_collection(folder: Path) -> Collection:
    """What `Collection.write` wrote."""
    rows = read_json(folder / "examples.json")
    with blaming(folder / "examples.json", "make it again"):
        examples = [
            Example(
                film=row["film"],
                cast=tuple(row["cast"]),
                perceived=Perceived(tuple(row["scene"]), tuple((name, tuple(words)) for name, words in row["people"])),
                prior=tuple(row["prior"]),
                text=row["text"],
            )
            for row in rows
        ]
    with blaming(folder / "looks.safetensors", "make it again"):
        looks = load_file(folder / "looks.safetensors")["looks"]
        if len(looks) != len(examples):
            raise ValueError(f"{len(looks)} looks of {len(examples)} examples")
    return Collection(tuple(examples), looks)


def collect(
    records: Sequence[Mapping[str, Any]],
    features: Mapping[str, FilmFeatures],
    casts: Mapping[str, Sequence[str]],
    tower: Tower,
    *,
    bank: str,
) -> Collection:
    """The training clips as examples."""
    examples = [
        Example(
            film=record["film"],
            cast=tuple(casts[record["film"]]),
            perceived=perceive(record, features[record["film"]], tower, bank=bank),
            prior=tuple({"kind": each["kind"], "text": each["text"]} for each in record["prior"]),
            text=record["text"],
        )
        for record in records
    ]
    return Collection(tuple(examples), np.stack([look_of(record, features) for record in records]))


def look_of(record: Mapping[str, Any], features: Mapping[str, FilmFeatures]) -> np.ndarray:
    """(features,): the mean of a clip's scene features."""
    return features[record["film"]].clip(record["clip_id"])[0][0].scene.mean(0)


def _words(prior: Sequence[Mapping[str, str]], cast: Sequence[str]) -> Counter[str]:
    names = {word for name in cast for word in _WORD.findall(name.lower())}
    return Counter(word for each in prior for word in _WORD.findall(each["text"].lower()) if word not in names)


def _likeness(first: Counter[str], second: Counter[str]) -> float:
    """Cosine of two bags of words; 0 where one is empty."""
    lengths = np.sqrt(sum(n * n for n in first.values()) * sum(n * n for n in second.values()))
    return float(sum(count * second[word] for word, count in first.items()) / lengths) if lengths else 0.0


def _unit(rows_nf: np.ndarray) -> np.ndarray:
    return rows_nf / np.maximum(np.linalg.norm(rows_nf, axis=1, keepdims=True), 1e-8)
