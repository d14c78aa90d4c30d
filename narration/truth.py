"""Holds a draft against what the studio knows of its own film: `python -m narration.truth DATA [--seconds 180]`.

A film that nobody has trained on is drawn, narrated with the models in DATA, and every rule of the craft is checked on
what came of it, from the files a user gets: the subtitles, the lines, and who truly stands before the camera when.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from common.files import canonical_json, read_json
from corpora.film import Description, Film, read_film
from evaluation.redundancy import valid_words
from models.captioner.choice import likeness, word_budget, words_of
from narration.grammar import fault
from narration.lines import dialogue_around, named_so_far
from narration.measure import Settings, read_parts
from narration.names import introductions, mentions, without_second_mentions
from narration.rules import recent, told
from narration.settings import NarrationSettings
from narration.slots import MINUTE
from narration.tense import past
from narration.trim import words_in

if TYPE_CHECKING:
    import pandas as pd

FILM = "tt9100099"  # of no profile's films
NEAR = 0.06  # seconds: times in a script are tenths


@dataclass(frozen=True)
class Held:
    """A line of a draft and what is known about its place; names as the cast writes them."""

    line: Mapping[str, Any]
    before: Sequence[Mapping[str, Any]]  # the lines before it
    film: Film
    settings: NarrationSettings

    @property
    def text(self) -> str:
        return str(self.line["text"])

    @property
    def seconds(self) -> float:
        return float(self.line["end"] - self.line["start"])

    def names(self) -> set[str]:
        """Whom the line names."""
        found = mentions(self.text, self.cast())
        return {owner for mention in found for owner in mention.owners}

    def cast(self) -> tuple[str, ...]:
        return tuple(character.name for character in self.film.cast)

    def start(self) -> float:
        """On the film's clock."""
        return float(self.line["start"]) - self.film.delay


def _over_dialogue(held: Held) -> bool:
    start, end, margin = held.start(), held.start() + held.seconds, held.settings.margin - NEAR
    return any(line.start - margin < end and start < line.end + margin for line in held.film.subtitles())


def _over_another(held: Held) -> bool:
    ends = max((float(line["end"]) for line in held.before), default=0.0)
    return held.line["start"] < ends - NEAR or held.line["end"] > held.film.duration + held.film.delay + NEAR


def _slot_length(held: Held) -> bool:
    return not held.settings.shortest_slot - NEAR <= held.seconds <= held.settings.longest_slot + NEAR


def _too_many(held: Held) -> bool:
    since = held.line["start"] - MINUTE + NEAR
    return sum(line["start"] > since for line in held.before) + 1 > held.settings.lines_per_minute


def _over_budget(held: Held) -> bool:
    return words_in(held.text) > word_budget(held.seconds, held.settings.fastest_words_per_second)


def _fast_unsaid(held: Held) -> bool:
    fast = words_in(held.text) > word_budget(held.seconds, held.settings.words_per_second)
    return fast and not any("fast" in why for why in held.line["reasons"]["doubtful"])


def _not_recognised(held: Held) -> bool:
    return not held.names() <= set(held.line["characters"])


def _not_named_yet(held: Held) -> bool:
    subtitles = held.film.subtitles()
    known = introductions(subtitles, held.cast()) if subtitles else None
    free = named_so_far(known, at=held.start(), settings=held.settings)
    return free is not None and not held.names() <= set(free)


def _repeats(held: Held) -> bool:
    said = [(float(line["end"]), str(line["text"])) for line in held.before]
    words = valid_words(held.text)
    return any(
        words_of(other) == words_of(held.text) or likeness(words, valid_words(other)) >= held.settings.repetition
        for other in recent(said, float(held.line["start"]), held.settings.echo_seconds)
    )


def _repeats_dialogue(held: Held) -> bool:
    slot = Description(1, held.start(), held.start() + held.seconds, "")
    spoken = dialogue_around(held.film.subtitles(), slot, held.settings)
    words = valid_words(held.text)
    return any(told(words, valid_words(line)) >= held.settings.repetition for line in spoken)


def _on_himself(held: Held) -> bool:
    return bool(without_second_mentions(held.text, held.cast())[1])


def _broken(held: Held) -> bool:
    doubled = any(first == second for first, second in itertools.pairwise(words_of(held.text)))
    return bool(fault(held.text)) or doubled or not held.text.rstrip("\"'”’").endswith((".", "?", "!"))


def _in_the_past(held: Held) -> bool:
    return bool(past(held.text, {word.casefold() for name in held.cast() for word in name.split()}))


RULES: dict[str, Callable[[Held], bool]] = {
    "over dialogue": _over_dialogue,
    "over another line or the film's end": _over_another,
    "in a slot too short or too long": _slot_length,
    "more lines in a minute than are wanted": _too_many,
    "more words than can be heard": _over_budget,
    "fast, and not told so": _fast_unsaid,
    "names who was not recognised": _not_recognised,
    "names whom the film has not named": _not_named_yet,
    "repeats a line": _repeats,
    "repeats the dialogue": _repeats_dialogue,
    "somebody acts on himself": _on_himself,
    "no whole sentence": _broken,
    "told in the past": _in_the_past,
}


def broken_rules(draft: Mapping[str, Any], film: Film, settings: NarrationSettings) -> dict[str, list[str]]:
    """Of every rule the lines of a draft (as in description.json) that break it."""
    lines = draft["lines"]
    held = [Held(line, lines[:at], film, settings) for at, line in enumerate(lines)]
    return {name: [each.text for each in held if breaks(each)] for name, breaks in RULES.items()}


def names_right(draft: Mapping[str, Any], film: Film, tracks: pd.DataFrame) -> dict[str, int]:
    """Names spoken and recognised in the lines' slots, and how many of them truly stand before the camera there.

    `tracks` is the studio's truth: frame, name, face_visible. What is recognised rightly is the most the lines can say
    rightly; who shows a face there is the most that perception could.
    """
    count = dict.fromkeys(
        ("lines", "names said", "said and there", "recognised", "recognised and there", "shows a face"), 0
    )
    cast = tuple(character.name for character in film.cast)
    for line in draft["lines"]:
        first, last = ((float(line[side]) - film.delay) * film.fps for side in ("start", "end"))
        here = tracks[(tracks["frame"] >= first - 1) & (tracks["frame"] <= last + 1)]
        there, seen = set(here["name"]), set(line["characters"])
        said = {owner for mention in mentions(line["text"], cast) for owner in mention.owners}
        count["lines"] += 1
        count["names said"] += len(said)
        count["said and there"] += len(said & there)
        count["recognised"] += len(seen)
        count["recognised and there"] += len(seen & there)
        count["shows a face"] += len(set(here[here["face_visible"]]["name"]) & set(cast))
    return count


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m narration.truth", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the published stages, whose models narrate")
    parser.add_argument("--seconds", type=float, default=180.0, help="how long a film is drawn (default: 180)")
    parser.add_argument("--film", type=Path, help="a studio film in normal form instead, with its truth/")
    parser.add_argument("--variant", default="C2.0", help="which trained captioner speaks (default: C2.0)")
    parser.add_argument(
        "--params", type=Path, help="the parameters it was made with (default: params.yaml beside DATA)"
    )
    asked = parser.parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        settings = read_parts(asked.params or asked.data.resolve().parent / "params.yaml")
        with tempfile.TemporaryDirectory() as scratch:
            film = asked.film or _drawn(Path(scratch), asked.seconds)
            if not (film / "truth" / "tracks.parquet").is_file():
                raise BadInput(f"{film}: has no truth; give a film of the studio, or leave --film out")
            found = hold(film, asked.data, asked.variant, settings, Path(scratch) / "draft")
    except BadInput as mistake:
        print(mistake, file=sys.stderr)
        return 2
    print(canonical_json(found, indent=1))
    return int(any(found["rules broken"].values()))


def hold(film: Path, data: Path, variant: str, settings: Settings, out: Path) -> dict[str, Any]:
    """Narrates a studio film into `out`, and says which rules the draft breaks and how many of its names are right."""
    import pandas as pd

    from narration.given import Given
    from narration.narrate import Models, narrate

    folders = (data / "face_encoder", data / "base_model", data / "captioner" / variant)
    narrate(Given(film), Models(*folders, settings.perception, settings.captioner), settings.narration, out=out)
    draft, known = read_json(out / "description.json"), read_film(film)
    tracks = pd.read_parquet(film / "truth" / "tracks.parquet")
    return {
        "film": f"{known.duration:.0f} s, {len(known.subtitles())} subtitles, {len(known.cast)} in the cast",
        "silences": len(draft["silences"]),
        "rules broken": broken_rules(draft, known, settings.narration),
        "names": names_right(draft, known, tracks),
    }


def _drawn(folder: Path, seconds: float) -> Path:
    from corpora.ingest import ingest
    from corpora.studio.production import produce
    from corpora.studio.settings import StudioSettings

    produce(FILM, "mad_eval_named", StudioSettings(seconds=seconds), folder / "source")
    ingest(folder / "source", folder / FILM, film_id=FILM)
    return folder / FILM


if __name__ == "__main__":
    raise SystemExit(main())
