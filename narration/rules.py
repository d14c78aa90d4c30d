"""The craft's rules on a drafted line (docs/narration.md): what may be said, what is mended, what is doubtful.

Plain data in, plain data out: a model's candidates with their scores, and what is known about the slot.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evaluation.redundancy import valid_words
from models.captioner.choice import likeness, word_budget, words_of
from narration.grammar import fault, verbless
from narration.names import called, mentions, without_names, without_second_mentions
from narration.settings import NarrationSettings
from narration.tense import doubtful_tense, past
from narration.trim import shortened, words_in

# What a mended or doubtful line costs against the others, in the score's unit (log probability per token).
STRANGER = 0.7  # the model took somebody for a character: its verb is often right, its picture of the scene is not
TWICE = 0.5
BREAKS_OFF = 0.5
QUICK = 0.3
NARROW = 0.3
OUTSIDE_CAST = 0.3
STAMMER = 0.5
VERBLESS = 0.5
PAST = 0.5
TRIMMED = 0.2
NOT_YET_NAMED = 0.1  # the model was right; "someone" merely says less than another candidate may
# A small model's stumble ("walks walks"); "very very" and "had had" are English.
_DOUBLED = re.compile(r"\b(?!(?:very|so|had|that|far|long|more|no|on|by|round)\b)(\w+)\s+\1\b", re.IGNORECASE)
_MEANWHILE = re.compile(r"\b(?:as|while)\s+$")
_CAPITALISED = re.compile(r"(?<=[\w,;:] )(?!I\b)[A-Z][\w'’-]+")


@dataclass(frozen=True)
class Candidate:
    """A sentence of the model's and its length-normalised log probability."""

    text: str
    score: float


@dataclass(frozen=True)
class Moment:
    """A slot as the rules see it; names as the cast writes them."""

    seconds: float
    cast: tuple[str, ...] = ()
    recognised: tuple[str, ...] = ()  # on screen in this slot
    narrow: tuple[str, ...] = ()  # of those, the ones recognised only just
    named: tuple[str, ...] | None = None  # whom the film has named so far; None: names are free
    said: tuple[str, ...] = ()  # the lines of the last while
    dialogue: tuple[str, ...] = ()  # what is spoken around the slot


@dataclass(frozen=True)
class Judged:
    """A candidate after the rules: as it would be spoken, what is doubtful in it, and why it is refused if it is.

    `value` is the score less what mending and doubt cost; `drafted` the model's own words.
    """

    text: str
    drafted: str
    score: float
    value: float
    doubts: tuple[str, ...] = ()
    refused: str = ""

    @property
    def doubt(self) -> float:
        """0 (none) to 1."""
        return round(1 - math.exp(min(self.value, 0.0)), 4)


@dataclass(frozen=True)
class Choice:
    """The line to speak (none: the slot stays silent), the other candidates best first, and why it came to that."""

    line: Judged | None
    others: tuple[Judged, ...]
    why: str


def choose(candidates: Sequence[Candidate], moment: Moment, settings: NarrationSettings) -> Choice:
    """The candidate that keeps the rules best; of equals the model's first. Candidates come in the model's order."""
    judged = [judge(candidate, moment, settings) for candidate in candidates]
    order = sorted(range(len(judged)), key=lambda i: (bool(judged[i].refused), -judged[i].value, i))
    spoken_once: dict[str, int] = {}
    for index in order:
        spoken_once.setdefault(judged[index].text.casefold(), index)
    ranked = [judged[index] for index in spoken_once.values()]
    if not ranked or ranked[0].refused:
        first = f': the first, "{judged[0].drafted}", {judged[0].refused}' if judged else ""
        return Choice(None, tuple(ranked), f"none of {len(judged)} candidates may be said{first}")
    return Choice(ranked[0], tuple(ranked[1:]), _why(order[0], judged))


def _why(chosen: int, judged: Sequence[Judged]) -> str:
    if chosen == 0:
        return f"the model's first of {len(judged)}"
    first = judged[0]
    against = f", {first.refused}" if first.refused else f": {'; '.join(first.doubts)}"
    return f'the model\'s number {chosen + 1} of {len(judged)}; its first, "{first.drafted}"{against}'


def judge(candidate: Candidate, moment: Moment, settings: NarrationSettings) -> Judged:
    """One candidate: mended where a rule can be kept by mending, refused where it cannot."""
    line = Judged(candidate.text.strip(), candidate.text.strip(), candidate.score, candidate.score)
    for rule in (_says_something, _holds_together, _named, _fits, _repeats, _remarks):
        line = rule(line, moment, settings)
        if line.refused:
            break
    return line


def recent(lines: Sequence[tuple[float, str]], at: float, seconds: float) -> tuple[str, ...]:
    """The texts of (end in s, text) lines that ended at most `seconds` before `at`: an older one may be echoed."""
    return tuple(text for end, text in lines if end >= at - seconds)


def told(words: Sequence[str], dialogue: Sequence[str]) -> float:
    """What share of a line's words a spoken line holds, 0 to 1."""
    own = set(words)
    return len(own & set(dialogue)) / len(own) if own else 0.0


def _doubtful(line: Judged, why: str, cost: float) -> Judged:
    return replace(line, doubts=(*line.doubts, why), value=line.value - cost)


def _refused(line: Judged, why: str) -> Judged:
    return replace(line, refused=why)


def _says_something(line: Judged, moment: Moment, settings: NarrationSettings) -> Judged:
    if not words_in(line.text):
        return _refused(line, "says nothing")
    if doubled := _DOUBLED.search(line.text):
        return _refused(line, f'says "{doubled[0]}"')
    return line if line.text[-1] in ".?!\"'”’" else _doubtful(line, "breaks off", BREAKS_OFF)


def _holds_together(line: Judged, moment: Moment, settings: NarrationSettings) -> Judged:
    """Of the model's own words: what they run into each other is not to be mended."""
    if broken := fault(line.text):
        return _refused(line, broken)
    names = frozenset(word.casefold() for name in moment.cast for word in name.split())
    if verb := past(line.text, names):
        return _refused(line, f'is told in the past ("{verb}")')
    if remark := doubtful_tense(line.text, names):
        line = _doubtful(line, remark, PAST)
    return _doubtful(line, "has no verb", VERBLESS) if verbless(line.text) else line


def _named(line: Judged, moment: Moment, settings: NarrationSettings) -> Judged:
    """Who was not recognised in the slot is someone; so is, to the listener, whom the film has not named yet."""
    keep = [name for name in moment.recognised if moment.named is None or name in moment.named]
    # Before names are taken out: afterwards "someone hugs someone" is two people.
    _, twice = without_second_mentions(line.text, moment.cast)
    text, removed = without_names(line.text, moment.cast, keep=keep)
    text, _ = without_second_mentions(text, moment.cast)
    line = replace(line, text=text)
    if strangers := [mention for mention in removed if not mention.means(moment.recognised)]:
        line = _doubtful(line, f"the model named {called(strangers)}, who was not recognised here", STRANGER)
    if unnamed := [mention for mention in removed if mention.means(moment.recognised)]:
        line = _doubtful(line, f"this is {called(unnamed)}, whom the film has not named yet", NOT_YET_NAMED)
    if twice:
        line = _doubtful(line, f"the model had {called(twice)} act on the same person", TWICE)
    left = [mention for mention in mentions(line.text, moment.cast) if not mention.means(keep)]
    return _refused(line, f"names {called(left)}, who was not recognised") if left else line


def _fits(line: Judged, moment: Moment, settings: NarrationSettings) -> Judged:
    """The comfortable pace; if trimming by clause does not reach it, the fastest; never more."""
    count, budget = words_in(line.text), word_budget(moment.seconds, settings.words_per_second)
    limit = word_budget(moment.seconds, settings.fastest_words_per_second)
    if count <= budget:
        return line
    if shorter := shortened(line.text, budget):
        return _doubtful(replace(line, text=shorter), f"trimmed from {count} words to fit", TRIMMED)
    if shorter := shortened(line.text, limit):
        if shorter != line.text:
            line = _doubtful(replace(line, text=shorter), f"trimmed from {count} words to fit", TRIMMED)
        return _doubtful(line, f"{words_in(shorter)} words in {moment.seconds:.1f} s are spoken fast", QUICK)
    return _refused(line, f"has {count} words, and {moment.seconds:.1f} s hold {limit}")


def _repeats(line: Judged, moment: Moment, settings: NarrationSettings) -> Judged:
    words = valid_words(line.text)
    for said in moment.said:
        if words_of(said) == words_of(line.text) or likeness(words, valid_words(said)) >= settings.repetition:
            return _refused(line, f'repeats "{said}"')
    for spoken in moment.dialogue:
        if told(words, valid_words(spoken)) >= settings.repetition:
            return _refused(line, f'repeats the dialogue, "{spoken}"')
    return line


def _remarks(line: Judged, moment: Moment, settings: NarrationSettings) -> Judged:
    """What a person should look at although nothing is to be mended."""
    words = words_of(line.text)
    pairs = list(itertools.pairwise(words))
    again = [
        pair
        for at, pair in enumerate(pairs)
        if pair in pairs[:at]
        and (valid_words(" ".join(pair)) or pair == pairs[max(at - 2, 0)])  # "at someone at someone"
    ]
    if again:
        line = _doubtful(line, f'says "{" ".join(again[0])}" twice', STAMMER)
    found = mentions(line.text, moment.cast)
    for first, second in itertools.pairwise(found):
        if first.owners == second.owners and _MEANWHILE.search(line.text[: second.start]):
            line = _doubtful(line, f"{called([second])} does two things at once", TWICE)
    for name in moment.narrow:
        if any(name in mention.owners for mention in found):
            line = _doubtful(line, f"{name} was recognised only just", NARROW)
    known = {at for mention in found for at in range(mention.start, mention.end)}
    others = [match.group() for match in _CAPITALISED.finditer(line.text) if match.start() not in known]
    if others:
        line = _doubtful(line, f"{', '.join(others)} may be a name that the cast does not have", OUTSIDE_CAST)
    return line
