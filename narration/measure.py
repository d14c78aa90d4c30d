"""What the rules change, on test films with a reference: `python -m narration.measure DATA [--params FILE]`.

On the described slots of both benchmarks: how often the model's first sentence breaks a rule, how often another is said
or none, and whether the names spoken stand in the reference. Everything published is used as it lies there.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from common.files import canonical_json
from common.safe_yaml import read_yaml
from corpora.film import Description, Film, read_film
from models.captioner.choice import word_budget
from narration.lines import speak
from narration.names import mentions
from narration.rules import Candidate, Choice, Judged, Moment, judge
from narration.settings import NarrationSettings
from narration.speaker import BANK, candidates
from narration.trim import words_in

if TYPE_CHECKING:
    from models.captioner.settings import CaptionerSettings
    from models.perception.settings import PerceptionSettings

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
    parser.add_argument(
        "--params", type=Path, help="the parameters it was made with (default: params.yaml beside DATA)"
    )
    asked = parser.parse_args(words)
    try:
        return _print(asked)
    except BadInput as mistake:
        print(mistake, file=sys.stderr)
        return 2


def _print(asked: argparse.Namespace) -> int:
    if not (asked.data / "captioner" / asked.variant / "config.json").is_file():
        raise BadInput(f"{asked.data / 'captioner' / asked.variant}: no trained captioner; run `make repro`")
    settings = read_parts(asked.params or asked.data.resolve().parent / "params.yaml")
    found = list(_said(asked.data, asked.variant, settings))
    print(
        canonical_json(
            {
                policy: figures([each for each in found if each.policy == policy], settings.narration)
                for policy in POLICIES
            },
            indent=1,
        )
    )
    return 0


@dataclass(frozen=True)
class Settings:
    """The sections of params.yaml that decide what is said."""

    perception: PerceptionSettings
    captioner: CaptionerSettings
    narration: NarrationSettings


def read_parts(path: Path) -> Settings:
    """The sections `perception`, `captioner` and `narration` of a parameters file; what it does not say is default.

    Narration stands below the whole schema (`publishing.settings`), so it reads its parts by itself.
    """
    from models.captioner.settings import CaptionerSettings
    from models.perception.settings import PerceptionSettings

    values = read_yaml(path, name=str(path), advice="give the parameters with --params")
    try:
        return Settings(
            PerceptionSettings(**values.get("perception", {})),
            CaptionerSettings(**values.get("captioner", {})),
            NarrationSettings(**values.get("narration", {})),
        )
    except (ValueError, TypeError, AttributeError) as error:
        told = str(error).splitlines()[0]
        raise BadInput(f"{path}: not the parameters of this version ({told}); give others with --params") from None


def figures(found: Sequence[Said], settings: NarrationSettings) -> dict[str, int]:
    """Counts over slots and over the names in what was said."""
    count: Counter[str] = Counter(slots=len(found))
    pace = settings.words_per_second
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


def _said(data: Path, variant: str, settings: Settings) -> Iterator[Said]:
    from models.captioner.checkpoints import load_captioner

    speaker = load_captioner(data / "captioner" / variant, data / "base_model")
    for benchmark in BENCHMARKS:
        for folder in sorted((data / benchmark).iterdir()):
            if (folder / "clips.jsonl").is_file():
                film = read_film(data / "films" / folder.name)
                for policy in POLICIES:
                    yield from _film_said(data, film, speaker, policy, settings)


def _film_said(data: Path, film: Film, captioner: Any, policy: str, settings: Settings) -> Iterator[Said]:
    from models.captioner.features import read_features
    from models.perception.bank_files import read_banks
    from models.perception.recognition import threshold_of
    from models.perception.regions import read_regions
    from models.training.triplets import named_in

    names = "introduced" if policy == "introduced" else "recognised"
    narration = settings.narration.model_copy(update={"names": names})
    features = read_features(data / "clip_features" / film.id)
    banks = read_banks(data / "query_banks" / film.id)
    first: dict[int, Candidate] = {}

    def ask(record: Mapping[str, Any]) -> list[Candidate]:
        found = candidates(captioner, film, record, features, settings.captioner)
        first[record["clip_id"]] = found[0]
        return found

    def say(slot: Description, choice: Choice) -> str:
        return first[slot.id].text if policy == FIRST else choice.line.text if choice.line else ""

    for spoken in speak(
        film,
        read_regions(data / "character_regions" / film.id),
        ask,
        perception=settings.perception,
        settings=narration,
        threshold=threshold_of(settings.perception.recognition, banks.threshold_of(BANK)),
        say=say,
    ):
        reference = frozenset(named_in(spoken.slot.text, film.cast))
        judged = judge(spoken.candidates[0], spoken.moment, narration)
        yield Said(policy, spoken.moment, reference, judged, spoken.choice, spoken.text)


if __name__ == "__main__":
    raise SystemExit(main())
