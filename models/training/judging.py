"""What is right about a sentence of the mini world: action, names, object, place and pronouns against a clip's facts.

Stock clips and films are judged alike. The sentence is read with the describers' own phrasings, so any of them counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"[A-Za-z']+")
_FORMS = {"he": "he", "his": "he", "him": "he", "she": "she", "her": "she"}


def judge(text: str, facts: Mapping[str, Any]) -> dict[str, float | None]:
    """What is right about a sentence, 1.0 or 0.0; None where the clip does not ask it.

    `facts`: type, subject, verb, second, object, place, `cast` (names), `names` (who is in the picture),
    `texts["description"]` and, where known, `pronouns` by name. "exact": word for word one of the describers' tellings;
    "facts": nothing told is wrong and nobody who acts is missing, whatever the words (see `_all_right`).
    """
    said = _WORD.findall(text)
    names = [word for word in said if word in facts["cast"]]
    subject = facts["subject"] if facts["type"] in (1, 2) else None
    told = {
        "exact": text in facts["texts"]["description"],
        "verb": verb_of(text) == facts["verb"],
        "subject": None if subject is None else names[:1] == [subject],
        "second": None if not facts["second"] or subject is None else facts["second"] in names[1:],
        "object": None if not facts["object"] or subject is None else facts["object"] in said,
        "nameless": not names if facts["type"] in (0, 3) else None,
    }
    told["facts"] = _all_right(text, names, told, facts)
    return {name: None if value is None else float(value) for name, value in told.items()}


def _all_right(text: str, names: list[str], told: Mapping[str, bool | None], facts: Mapping[str, Any]) -> bool:
    """Action, subject, second person and object right (or no name said where none is known), and of what else is said:
    everybody named is in the picture, the place is the place, a pronoun is that of the subject or the second person."""
    asked = ("verb", "subject", "second", "object", "nameless")
    if not all(told[name] in (None, True) for name in asked):
        return False
    acting = {facts["subject"], facts["second"]} - {None}
    if not set(names) <= {*facts["names"], *acting} or not places_of(text) <= {facts["place"]}:
        return False
    pronouns = {_FORMS[word] for word in _WORD.findall(text.lower()) if word in _FORMS}
    known = facts.get("pronouns")
    return known is None or pronouns <= {known[name] for name in acting if name in known}


def verb_of(text: str) -> str | None:
    """The verb or event whose phrasing a sentence uses first; of several there, the longest."""
    found = [(pattern.search(text.lower()), len(pattern.pattern), verb) for pattern, verb in _phrasings()]
    fitting = [(-match.start(), length, verb) for match, length, verb in found if match]
    return max(fitting)[2] if fitting else None


def places_of(text: str) -> set[str]:
    """The places that a sentence speaks of."""
    return {place for pattern, place in _places() if pattern.search(text.lower())}


@lru_cache(maxsize=1)
def _phrasings() -> list[tuple[re.Pattern[str], str]]:
    from corpora.studio import language

    phrases = [(phrase, name) for name, verb in language.VERBS.items() for phrase in verb.phrases]
    phrases += [(phrase, name) for name, some in language.EVENT_PHRASES.items() for phrase in some]
    phrases += [(phrase, "group") for phrase in (*language.GROUP_PHRASES, *language.FACING_PHRASES)]
    phrases += [(phrase, "empty") for phrase in (*language.EMPTY_PHRASES, *language.EMPTY_PROP_PHRASES)]
    return [(_pattern(phrase), name) for phrase, name in phrases]


def _pattern(phrase: str) -> re.Pattern[str]:
    """A phrase whose slots take any word; a place's phrase has several, or stands at the head of the sentence."""
    fixed = re.split(r"(\{\w+\})", phrase.replace(" {in}", ""))
    slots = [r"[\w ]+?" if part == "{in}" else r"\w+" if part.startswith("{") else re.escape(part) for part in fixed]
    return re.compile(r"\b" + "".join(slots) + r"\b")


@lru_cache(maxsize=1)
def _places() -> list[tuple[re.Pattern[str], str]]:
    from corpora.studio.language import PLACES

    return [
        (re.compile(rf"\b{re.escape(phrase)}\b"), name)
        for name, place in PLACES.items()
        for phrase in {name, *place.within}
    ]
