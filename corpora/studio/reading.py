"""A screenplay as text to read, the way a describer's script looks: `python -m corpora.studio.reading tt9100001`."""

from __future__ import annotations

import argparse
import sys

from corpora.studio.screenplay import Screenplay
from corpora.studio.settings import StudioSettings
from corpora.studio.stories import write_screenplay


def as_text(screenplay: Screenplay) -> str:
    """Title and cast, then lines and descriptions in the order of the film; each description after its type."""
    cast = ", ".join(f"{member.name} ({member.actor})" for member in screenplay.cast)
    out = [f"{screenplay.title} ({screenplay.film_id}, {screenplay.duration:g} s)", f"With {cast}."]
    heard = [(line.start, line.end, f"{line.speaker}: “{line.text}”") for line in screenplay.lines]
    told = [(one.start, one.end, f"[{one.type}] {one.text}") for one in screenplay.descriptions]
    place = None
    for start, end, text in sorted(heard + told):
        here = next(shot.place for shot in screenplay.shots if shot.start <= start < shot.end)
        if here != place:
            out += ["", here.upper()]
            place = here
        out.append(f"{start:6.1f} {end:6.1f}  {text}")
    return "\n".join(out) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Prints the screenplay of one of the mini profile's films."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", choices=StudioSettings().film_ids(), metavar="film", help="such as tt9100001")
    parser.add_argument("--seed", type=int, default=StudioSettings().seed, help="another mini world")
    chosen = parser.parse_args(arguments)
    settings = StudioSettings(seed=chosen.seed)
    sys.stdout.write(as_text(write_screenplay(chosen.film, settings.split_of(chosen.film), settings)))


if __name__ == "__main__":
    main()
