"""Whether a sentence holds together: what surely breaks it, as far as that can be seen without a parser.

A small captioner runs two phrases into one ("opens the others watch"). What is found here is wrong in any English
sentence in the present tense; what may be right is left alone, so a sentence without a fault need not be a good one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from narration.english import BEFORE_NOUNS, JOINS, LETS, NEVER_AFTER_ARTICLE, NOUNS_TOO, PLAIN, PREPOSITIONS
from narration.trim import ARTICLES, ONE, SUBORDINATE, verb_like

_BE = frozenset(["is", "are", "has", "does"])
_KNOWN = frozenset(["he", "she", "they", "we", "i"])
_MANY = frozenset(["they", "others", "people", "them", "we", "you", "both"])
_GOVERNS = frozenset(["a", "an", "the", "their", "its", "my", "our", "your"])
_ENDS_NOTHING = _GOVERNS - {"its"} | frozenset(["and", "or", "nor", "but", "as", "while", "because", "into", "than"])
_PIECES = re.compile(r"[\w'’-]+|[^\w\s]")
_AGAIN = re.compile(r"\b(\w+(?:\s+\w+){1,5})\s+\1\b", re.IGNORECASE)
_FRAGMENT = re.compile(
    r"(?:(?:the|an?)\s+\w+|[A-Z]\w+|someone|somebody)?(?:\s*\b(?:in|at|on|by|near|under|behind|inside|outside)\s+"
    r"(?:the|an?)\s+\w+)*[.!]?",
    re.IGNORECASE,
)


def fault(text: str) -> str:
    """What breaks the text, as it can be told to a person; "" where nothing surely does."""
    for sentence in sentences(text):
        for rule in (_says_again, _broken_off, _misjoined, _lonely, _runs_on):
            if told := rule(sentence):
                return told
    return ""


def verbless(text: str) -> bool:
    """Whether it only names what is there ("The station."): a style, or what a sentence broke off to."""
    return all(_FRAGMENT.fullmatch(sentence.strip()) for sentence in sentences(text))


def sentences(text: str) -> list[str]:
    """The sentences of a text, by their full stops."""
    return [each for each in re.split(r"(?<=[.?!])\s+", text.strip()) if each]


def _says_again(sentence: str) -> str:
    """ "In the air in the air"; "again and again and again" and "side by side" are English."""
    for found in _AGAIN.finditer(sentence):
        if len(set(found[1].lower().split()) - {"and", "by"}) > 1:
            return f'says "{found[1]}" twice over'
    return ""


def _broken_off(sentence: str) -> str:
    words = _words(sentence)
    last = words[-1].lower() if words else ""
    return f'breaks off after "{last}"' if last in _ENDS_NOTHING and len(words) > 1 else ""


def _misjoined(sentence: str) -> str:
    """Small words that cannot stand beside each other, and what has no subject."""
    words = [word.lower() for word in _PIECES.findall(sentence)]
    for first, second in pairwise(words):
        if first in _GOVERNS and second in NEVER_AFTER_ARTICLE:
            return f'says "{first} {second}"'
        if first in {"he", "she", "they"} and second in {"a", "an", "the", "into", "onto"}:
            return f'says "{first} {second}", without a verb'
    for first, second, third in zip(words, words[1:], words[2:], strict=False):
        if first in {"a", "an", "the"} and second in PREPOSITIONS and third in ARTICLES:
            return f'says "{first} {second} {third}"'
    if len(words) > 1 and words[0] in {"them", "him", "us", "me"} and (words[1] in PLAIN or _is_form(words[1])):
        return f'begins with "{words[0]}"'
    for start in range(len(words) - 3):
        there, verb, doing, then = words[start : start + 4]
        if there == "there" and verb in _BE and doing.endswith("ing") and then in ARTICLES:
            return f'says "there {verb} {doing}", and not who'
    if len(words) > 1 and _is_form(words[0]) and words[1] in {"the", "his", "her", "their"}:
        return "has no subject"
    return ""


def _lonely(sentence: str) -> str:
    """ "Each other" takes two."""
    words = _words(sentence)
    lowered = [word.lower() for word in words]
    for at in range(2, len(words) - 1):
        if lowered[at : at + 2] != ["each", "other"]:
            continue
        before = words[:at]
        subject = lowered[0] in {"he", "she", "someone", "somebody"} or (
            before[0][:1].isupper() and lowered[0] not in {"the", "a", "an"}
        )
        several = any(
            (word.endswith("s") and not verb_like([word])) or word in _MANY or word in {"and", "two", "three"}
            for word in lowered[:at]
        )
        plural = any(verb_like([word]) for word in lowered[2:at])
        if subject and verb_like(words[1:2]) and not several and not plural:
            return 'says "each other" of one'
    return ""


def _runs_on(sentence: str) -> str:
    """Two verbs of which nothing joins the second to the first, and nobody does it."""
    for words, join in clauses(sentence):
        verbs = [at for at in range(len(words)) if is_verb(words, at)]
        if words and join in {"and", "or", "then", "but"} and _is_form(words[0].lower()):
            verbs.insert(0, 0)  # "reaches out and opens": who did the first does the second
        for first, second in pairwise(verbs):
            if words[first].lower() in LETS or in_aside(words, first) or in_aside(words, second):
                continue
            if join in SUBORDINATE and is_person(words, second - 1):
                continue  # "when the light goes out nobody moves"
            return f'has "{words[first]}" and "{words[second]}" in one clause'
    return ""


def clauses(sentence: str) -> Iterator[tuple[list[str], str]]:
    """The words between what joins or parts clauses, and what stood before them."""
    clause: list[str] = []
    join = ""
    for piece in _PIECES.findall(sentence):
        if piece.lower() in JOINS or not piece[0].isalnum():
            yield clause, join
            clause, join = [], piece.lower()
        else:
            clause.append(piece)
    yield clause, join


def is_verb(words: Sequence[str], at: int) -> bool:
    """Whether a word of a clause is surely its verb: by its form, and by what stands before it."""
    word, before = words[at].lower(), words[at - 1].lower() if at else ""
    if word in _BE:
        return at > 0 and before != "there"
    if not at:
        return False
    if word in PLAIN:
        return before in _MANY or (at == 1 and words[0][:1].isupper() and before.endswith("s"))
    if not _is_form(word) or before in BEFORE_NOUNS or before.endswith(("'s", "’s")):
        return False
    if word not in NOUNS_TOO:
        return True
    if is_person(words, at - 1):
        return True
    return at > 1 and words[at - 2].lower() in {"a", "an"}  # a box hands: of one box nothing has an s


def _is_form(word: str) -> bool:
    """Whether a word is a known verb's form after he, she or it."""
    return any(word.endswith(end) and word[: -len(end)] + plain in PLAIN for end, plain in _ENDINGS)


_ENDINGS = (("s", ""), ("es", ""), ("ies", "y"))


def is_person(words: Sequence[str], at: int) -> bool:
    """A name, somebody or a pronoun; the first word of a sentence has its capital anyhow."""
    word = words[at]
    return word.lower() in ONE | _KNOWN | {"else"} or (word[:1].isupper() and not _is_form(word.lower()))


def in_aside(words: Sequence[str], at: int) -> bool:
    """Whether a verb is of an aside that nothing opens: "the cup Ada holds", "the man she loves waits"."""
    if at < 2 or not is_person(words, at - 1):
        return False
    before = words[at - 2].lower()
    return before not in BEFORE_NOUNS and not is_verb(words, at - 2)


def _words(sentence: str) -> list[str]:
    return [piece for piece in _PIECES.findall(sentence) if piece[0].isalnum()]
