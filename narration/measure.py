"""What the rules change, on test films with a reference: `python -m narration.measure DATA [--variant C2.0]`.

On the described slots of both benchmarks: how often the model's first sentence breaks a rule, how often another is said
or none, and whether the names spoken stand in the reference. Everything published is used as it lies there.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common.files import canonical_json
from corpora.film import Description, Film, read_film
from models.captioner.choice import word_budget
from narration.lines import BANK, moments
from narration.names import mentions
from narration.rules import Candidate, Choice, Judged, Moment, choose, judge
from narration.settings import NarrationSettings
from narration.trim import words_in

BENCHMARKS = ("mad_eval_named", "cinepile_ad")
FIRST = "first sentence"
POLICIES = (FIRST, "recognised", "introduced")


@dataclass(frozen=True)
class Said:
    """One slot: the reference, what the model said first, and what was chosen under a policy of names."""

    policy: str
    moment: Moment
    reference: frozenset[str]  # whom the reference names
    first: Judged
    choice: Choice
    text: str


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m narration.measure", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the published stages")
    parser.add_argument("--variant", default="C2.0", help="which trained captioner speaks (default: C2.0)")
    asked = parser.parse_args(words)
    if not (asked.data / "captioner" / asked.variant / "config.json").is_file():
        print(f"{asked.data / 'captioner' / asked.variant}: no trained captioner; run `make repro`", file=sys.stderr)
        return 2
    found = list(_said(asked.data, asked.variant))
    print(
        canonical_json(
            {policy: figures([each for each in found if each.policy == policy]) for policy in POLICIES}, indent=1
        )
    )
    return 0


def figures(found: Sequence[Said]) -> dict[str, int]:
    """Counts over slots and over the names in what was said."""
    count: Counter[str] = Counter(slots=len(found))
    pace = NarrationSettings().words_per_second
    for each in found:
        named = {owner for mention in mentions(each.text, each.moment.cast) for owner in mention.owners}
        words = words_in(each.text)
        chosen = each.choice.line
        count["silent"] += not each.text
        count["over the comfortable pace"] += words > word_budget(each.moment.seconds, pace)
        count["not the model's first"] += chosen is not None and chosen.drafted != each.first.drafted
        count["to be checked"] += chosen is not None and bool(chosen.doubts)
        count["first refused"] += bool(each.first.refused)
        count["names"] += len(named)
        count["names not recognised in the slot"] += len(named - set(each.moment.recognised))
        count["names in the reference too"] += len(named & each.reference)
        count["names of the reference"] += len(each.reference)
    return dict(count)


def _said(data: Path, variant: str) -> Iterator[Said]:
    from models.captioner.checkpoints import load_captioner

    speaker = load_captioner(data / "captioner" / variant, data / "base_model")
    for benchmark in BENCHMARKS:
        for folder in sorted((data / benchmark).iterdir()):
            if (folder / "clips.jsonl").is_file():
                film = read_film(data / "films" / folder.name)
                for policy in POLICIES:
                    yield from _film_said(data, film, speaker, policy)


def _film_said(data: Path, film: Film, speaker: Any, policy: str) -> Iterator[Said]:
    from models.captioner.describe import describe_samples
    from models.captioner.features import read_features
    from models.captioner.records import record_sample
    from models.captioner.settings import CaptionerSettings
    from models.perception.bank_files import read_banks
    from models.perception.regions import read_regions
    from models.perception.settings import PerceptionSettings
    from models.training.triplets import named_in, text_prior

    settings = NarrationSettings(names="introduced" if policy == "introduced" else "recognised")
    captioner = CaptionerSettings()
    regions = read_regions(data / "character_regions" / film.id)
    threshold = read_banks(data / "query_banks" / film.id).threshold
    features = {film.id: read_features(data / "clip_features" / film.id)}
    casts = {film.id: [character.name for character in film.cast]}
    subtitles = film.subtitles()
    said: list[Description] = []
    for record, slot, moment in moments(film, regions, PerceptionSettings(), settings, threshold, said):
        record["prior"] = text_prior([*said, slot], len(said), subtitles)
        sample = record_sample(
            record,
            features,
            casts,
            speaker.vocabulary,
            bank=BANK,
            settings=captioner,
            with_text=False,
            shot_context=speaker.plan.shot_context,
        )
        beams = captioner.generation.beams
        found = describe_samples(speaker, [sample], settings=captioner.generation, hypotheses=beams)[0]
        candidates = [Candidate(each.text, each.score) for each in found]
        choice = choose(candidates, moment, settings)
        text = candidates[0].text if policy == FIRST else choice.line.text if choice.line else ""
        if text:
            said.append(replace(slot, text=text))
        reference = frozenset(named_in(slot.text, film.cast))
        yield Said(policy, moment, reference, judge(candidates[0], moment, settings), choice, text)


if __name__ == "__main__":
    raise SystemExit(main())
