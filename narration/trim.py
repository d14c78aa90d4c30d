"""Shorter sentences by whole clauses: what is left is a sentence of its own, or nothing is cut.

Without a parser: a cut is made where the words before it are surely complete, so some cuts that a person sees are left.
"""

from __future__ import annotations

import re

_END = re.compile(r"[.?!][\"'”’)]*(?=\s|$)")
_CUT = re.compile(r"[;:—–]\s+|,\s+|\s+(?:and|but|while|as|when|until|before|after|because|then|so|where)\s+")
_JOINS = frozenset({"and", "then"})
SUBORDINATE = frozenset({"while", "as", "when", "until", "before", "after", "because", "if", "once", "since", "where"})
_ASIDE = frozenset({"who", "whom", "whose", "which", "that", "where"})
ONE = frozenset(["he", "she", "it", "someone", "somebody", "everyone", "everybody", "nobody"])
_MANY = frozenset(["they", "people"])
_COUNTS = frozenset(["two", "three", "four", "five", "six", "seven", "several", "many", "some", "all", "both"])
ARTICLES = frozenset(["a", "an", "the", "his", "her", "its", "their", "this", "that", "another"])
_VERBS = frozenset(["is", "has"])
_NO_VERBS = frozenset({"its", "this", "always", "perhaps", "besides", "towards", "upstairs", "downstairs", "across"})

_MARKS = '.,?!;:"“”()'


def words_in(text: str) -> int:
    """How many words a voice has to speak."""
    return sum(any(letter.isalnum() for letter in word) for word in text.split())


def shortened(text: str, most_words: int) -> str:
    """The longest beginning of `text` of at most so many words that is whole sentences, else a whole first clause with
    a full stop; "" where there is none. A text that is short enough is returned as it is."""
    if words_in(text) <= most_words:
        return text
    sentences = [text[: match.end()] for match in _END.finditer(text)]
    fitting = [beginning for beginning in sentences if 0 < words_in(beginning) <= most_words]
    if fitting:
        return fitting[-1]
    first = sentences[0] if sentences else text
    for cut in reversed(list(_CUT.finditer(first))):
        beginning = first[: cut.start()].rstrip(" ,;:—–")
        if words_in(beginning) <= most_words and _may_end(beginning, first[cut.end() :], cut.group()):
            return f"{beginning}."
    return ""


def _may_end(beginning: str, rest: str, join: str) -> bool:
    word = join.strip(" ,;:—–").lower()
    if word not in _JOINS:
        return is_clause(beginning)
    # "The hat and the coat" stay together, and so do "old cats and dogs", where cats look like a verb.
    goes_on = verb_like(_words(rest)[:1]) or is_clause(rest)
    return goes_on and is_clause(beginning) and is_clause(beginning.rsplit(" ", 1)[0])


def is_clause(text: str) -> bool:
    """Whether the words surely begin with a subject and its verb; asides between commas do not count."""
    pieces = [piece for piece in re.split(r",\s+", text) if (_words(piece) or [""])[0] not in _ASIDE]
    words = _words(" ".join(pieces))
    after, many = _after_subject(words)
    rest = [word for word in words[after:] if not word.endswith("ly")]
    return bool(after) and (bool(rest) if many else verb_like(rest[:1]))


def _after_subject(words: list[str]) -> tuple[int, bool]:
    """Where the words go on after the subject (0: no subject is known), and whether it is surely several people."""
    first = words[0].lower() if words else ""
    if first in SUBORDINATE or len(words) < 2:
        return 0, False
    if first in ONE:
        return 1 + (words[1].lower() == "else"), False
    if first in _MANY or (first in _COUNTS and words[1].lower() == "people"):
        return 1 + (first in _COUNTS), True
    if first in _COUNTS:
        return 0, False
    if first in ARTICLES:
        return (2 if verb_like(words[2:3]) else 3), False
    at = 1
    while at < len(words) and words[at][:1].isupper():
        at += 1
    joined = at + 1 < len(words) and words[at] == "and" and words[at + 1][:1].isupper()
    return (at + 2, True) if joined else (at if words[0][:1].isupper() else 0, False)


def verb_like(words: list[str]) -> bool:
    """Whether one of the words looks like a present form after he, she or it, by its ending."""
    return any(
        word in _VERBS or (len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "'s", "’s")))
        for word in (word.strip(_MARKS).lower() for word in words)
        if word not in _NO_VERBS
    )


def _words(text: str) -> list[str]:
    return [word for word in (piece.strip('.,?!;:"“”()') for piece in text.split()) if word]
