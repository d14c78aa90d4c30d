"""From a film's clip records (`clips.jsonl`) and its cached features to samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.errors import BadInput
from models.captioner.features import FilmFeatures
from models.captioner.inputs import Sample, encode_sample
from models.captioner.settings import CaptionerSettings
from models.captioner.speech import Speech

NO_BANK = "none"


def record_sample(
    record: Mapping[str, Any],
    features: Mapping[str, FilmFeatures],
    casts: Mapping[str, Sequence[str]],
    vocabulary: Speech,
    *,
    bank: str,
    settings: CaptionerSettings,
    with_text: bool = True,
    shot_context: bool = False,
) -> Sample:
    """One record as a sample, with the shots around it where `shot_context` asks for them. `BadInput` where the record,
    its features or its film's cast do not fit together."""
    film, clip = record["film"], record["clip_id"]
    if film not in features or film not in casts:
        raise BadInput(f"{film}:{clip}: no features or cast for this film; make clip_features again")
    named = known_characters(record, bank)
    views, rows = features[film].clip(clip, around=shot_context)
    # Characters first: in a cast with more names than name tokens, those on screen must be speakable.
    cast = vocabulary.bind([*(name for name, _ in named), *casts[film]])
    return encode_sample(
        vocabulary,
        cast,
        views=views,
        characters=[(name, rows.get(track, -1)) for name, track in named],
        prior=record["prior"],
        text=record["text"] if with_text else "",
        previous_descriptions=settings.previous_descriptions,
        prior_words=settings.prior_words,
    )


def known_characters(record: Mapping[str, Any], bank: str) -> list[tuple[str, int]]:
    """Names and tracks that a bank recognised in the clip, in order of appearance, every name once (its first track);
    none without a bank."""
    if bank == NO_BANK:
        return []
    try:
        found = record["characters"][bank]
    except KeyError:
        raise BadInput(
            f"{record['film']}:{record['clip_id']}: no characters by the bank {bank!r}; "
            f"the record knows {', '.join(map(repr, sorted(record['characters'])))}"
        ) from None
    first: dict[str, int] = {}
    for character in found:
        first.setdefault(character["name"], int(character["track"]))
    return list(first.items())
