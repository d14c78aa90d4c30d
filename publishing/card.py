"""The model's card: what it was trained on, what it must not be used for, and what was measured.

One text for a registered version in MLflow, which has no scores yet when it is registered, and for the crate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from publishing.lineage import Link

NOT_FOR = (
    "**Not for** describing real films that nobody checks: every line is for a person to judge before an audience "
    "hears it. Not for identifying people: it tells the characters of one film's given cast apart, and nothing it "
    "says is evidence of who somebody is, on film or off it."
)
_DRAWN = (
    "Trained and measured on films drawn by this project's studio: the numbers are that world's, and on real films "
    "its sentences describe nothing that is seen."
)
_REAL = "Trained and measured on the corpora that the parameters name; their terms of use bind its use too."
_LICENCE = {
    True: "Licence: Apache-2.0.",
    False: "Licence: the project's code is Apache-2.0; the weights were made from corpora whose terms bind their use.",
}


def is_drawn(links: Iterable[Link]) -> bool:
    """Whether every film behind a result was drawn by the studio: then its frames and sentences are the project's."""
    films = [link.record for link in links if link.stage == "films"]
    return not any(
        record is None or (record.made_from.get("parameters") or {}).get("source") == "corpora" for record in films
    )


def model_card(
    name: str, unit: str, made: str, *, links: Sequence[Link], drawn: bool, measured: Sequence[str] = ()
) -> str:
    """Markdown. `made` is the data version of `unit`, `links` everything behind it, `measured` the lines of a table."""
    films = sorted({link.unit for link in links if link.stage == "storyboard_v2"})
    stages = sorted({link.stage for link in links if (link.stage, link.unit) != ("captioner", unit)})
    trained = f"**Made from** {', '.join(stages) or 'nothing that is published'}"
    told = f"; {len(films)} training films" if films else ""
    return "\n".join(
        [
            f"# {name}, {unit}",
            "",
            f"Drafts audio description: one sentence for a pause of a film. Data version `{made}`.",
            "",
            f"**Limits.** {_DRAWN if drawn else _REAL} A draft is for a person to check.",
            "",
            NOT_FOR,
            "",
            f"{trained}{told}.",
            "",
            *([*measured, ""] if measured else []),
            _LICENCE[drawn],
            "",
        ]
    )
