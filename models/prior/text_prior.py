"""Text prior (section 3.2): what was described and said just before, oldest first, each piece under its tag.

Figure 2 shows the tags and that subtitles stand between the descriptions they came between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

TAGS = {"description": "<visual descriptions>", "subtitle": "<subtitle>"}


def newest(prior: Sequence[Mapping[str, str]], *, descriptions: int) -> list[Mapping[str, str]]:
    """The last `descriptions` descriptions and the subtitles that come after the first of them; with none, nothing.

    With fewer descriptions than asked for, everything is kept.
    """
    if descriptions == 0:
        return []
    at = [index for index, piece in enumerate(prior) if piece["kind"] == "description"]
    return list(prior[at[-descriptions] :] if len(at) >= descriptions else prior)


def prior_tokens(
    prior: Sequence[Mapping[str, str]],
    encode: Callable[[str], list[int]],
    tags: Mapping[str, Sequence[int]],
    *,
    longest: int,
) -> list[int]:
    """Token ids of the prior, tagged, at most `longest`; what does not fit is cut at the old end, and a piece that is
    cut keeps its tag (a tag alone is dropped)."""
    if unknown := sorted({piece["kind"] for piece in prior} - set(tags)):
        raise ValueError(f"text prior of kind {unknown[0]!r}; known are {sorted(tags)}")
    pieces: list[list[int]] = []
    left = longest
    for piece in reversed(prior):
        tag = tags[piece["kind"]]
        room = left - len(tag)
        ids = encode(piece["text"])[-room:] if room > 0 else []
        if not ids:
            break
        pieces.append([*tag, *ids])
        left = room - len(ids)
    return [token for piece in reversed(pieces) for token in piece]
