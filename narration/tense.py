"""Whether a sentence is told in the present, as description is: what surely stands in the past, seen without a parser.

"Anna walked in" is past, "a man dressed in black waits" is not, and "a car parked by the road" may be either. What is
said of an earlier time in a clause of its own ("the man who fell") is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from narration.english import (
    ADJECTIVAL,
    BEFORE_NOUNS,
    NO_PAST,
    PAST,
    PAST_AS_PLAIN,
    PAST_OR_PARTICIPLE,
    PREPOSITIONS,
    PRESENT,
)
from narration.grammar import clauses, in_aside, is_verb, sentences
from narration.trim import ARTICLES, verb_like

_SUBJECTS = frozenset(["he", "she", "it", "they", "we", "i"])
_GOES_ON = frozenset(["and", "or", "but", "nor", "then"])  # of the clause before, whatever that is
_TOLD = _GOES_ON | {
    "",
    ",",
    ";",
    ":",
    "–",
    "—",
    "-",
    "so",
    "as",
    "while",
}  # what begins a clause that tells what happens
_BETWEEN = frozenset(["then", "now", "still", "just", "also", "never", "again", "both", "all", "each", "almost"])
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|‘[^’]*’")


def past(text: str, names: Collection[str] = ()) -> str:
    """The verb by which a sentence of `text` is told in the past; "" where none surely is, or one in the present
    stands beside it. `names` are the words of the cast's names: a capital alone may be a sentence's first."""
    for sentence in sentences(_QUOTED.sub(" ", text)):
        found = list(_past_verbs(sentence, names))
        if found and not _has_present(sentence):
            return found[0]
    return ""


def doubtful_tense(text: str, names: Collection[str] = ()) -> str:
    """What to check in a text that `past` lets pass, as it can be told to a person; "" where there is nothing."""
    for sentence in sentences(_QUOTED.sub(" ", text)):
        present = _has_present(sentence)
        if present and (found := next(_past_verbs(sentence, names), "")):
            return f'changes into the past with "{found}"'
        if not present and (found := _perhaps_past(sentence)):
            return f'may be told in the past ("{found}")'
    return ""


def _past_verbs(sentence: str, names: Collection[str]) -> Iterator[str]:
    """What surely is a past verb of a clause that tells what happens."""
    for words, join, first in _told_clauses(sentence):
        words = [word.replace("’", "'") for word in words]
        at = _subject_ends(words, names, first=first)
        if at and at < len(words) and _is_past(words, at, alone=join not in (*_GOES_ON, ",")):
            yield words[at]
            continue
        for place, word in enumerate(words):
            small = word.lower() if "'" in word else word  # "He'd", and never somebody called Drew
            if small in PAST and not in_aside(words, place) and not _of_another_time(words, place):
                yield word
                break


def _told_clauses(sentence: str) -> Iterator[tuple[list[str], str, bool]]:
    """The clauses that tell what happens: their words, what joins them, and whether the sentence begins with it."""
    told, first = True, True
    for words, join in clauses(sentence):
        told = told if join in _GOES_ON else join in _TOLD
        if words and told:
            yield words, join, first
        first = first and not words


def _subject_ends(words: Sequence[str], names: Collection[str], *, first: bool) -> int:
    """How many of a clause's words are surely the person it begins with, adverbs after it too; 0 for none."""
    at = 0
    if words[0].lower() in _SUBJECTS:
        at = 1
    else:
        while at < len(words) and words[at][:1].isupper() and (words[at].casefold() in names or not (first and not at)):
            at += 1
    while at and at < len(words) and (words[at].lower() in _BETWEEN or words[at].lower().endswith("ly")):
        at += 1
    return at


def _is_past(words: Sequence[str], at: int, *, alone: bool) -> bool:
    """Whether the word after a person is past; `alone`: one person, so that a plain form without an s is past too."""
    word = words[at].lower()
    if word in ADJECTIVAL and (at + 1 == len(words) or words[at + 1].lower() in PREPOSITIONS):
        return False
    one = alone and words[0].lower() not in {"they", "we", "i"}
    return word in PAST or _past_form(word) or (one and word in PAST_AS_PLAIN)


def _past_form(word: str) -> bool:
    return word in PAST_OR_PARTICIPLE or (word.endswith("ed") and len(word) > 3 and word not in NO_PAST)


def _of_another_time(words: Sequence[str], at: int) -> bool:
    """ "Has had", "all she had": no past of what is told."""
    before = words[at - 1].lower() if at else ""
    return before in {"has", "have"} or (at > 1 and words[at - 2].lower() in {"all", "everything", "nothing"})


def _perhaps_past(sentence: str) -> str:
    """A past form where a thing's or a stranger's verb could stand: "the door opened", "a car parked"."""
    for words, _, first in _told_clauses(sentence):
        for at in range(1, len(words)):
            word, before = words[at].lower(), words[at - 1].lower()
            behind_noun = before not in BEFORE_NOUNS and not before.endswith(("ed", "ly", "ing"))
            begins = words[0].lower() in ARTICLES or (first and words[0][:1].isupper())
            if begins and behind_noun and _past_form(word) and word not in ADJECTIVAL and not in_aside(words, at):
                return words[at]
    return ""


def _has_present(sentence: str) -> bool:
    """Whether a word of it may be a verb in the present, wherever it stands."""
    for words, join in clauses(sentence):
        for at, word in enumerate(words):
            before = words[at - 1].lower() if at else ""
            begins = at > 0 or join in _GOES_ON  # "and sits down": who did the first does the second
            if word.lower().replace("’", "'") in PRESENT or (at and is_verb(words, at)):
                return True
            if begins and verb_like([word]) and before not in BEFORE_NOUNS:
                return True
    return False
