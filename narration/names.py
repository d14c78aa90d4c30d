"""Names in a sentence: who is meant, whether the film has named them yet, and how a stranger is called instead.

Plain text in, plain text out. The listener cannot check a name, so a wrong one is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from corpora.subtitles import Subtitle
from narration.trim import verb_like

SOMEONE, SOMEONE_ELSE = "someone", "someone else"
GROUPS = {2: "two people", 3: "three people", 4: "four people"}
TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "sir", "lady", "lord", "the", "of", "and", "von", "van", "de"})
_PART = re.compile(r"[\w'’-]+")
_SOUND = re.compile(r"\[[^\]]*\]|\([^)]*\)|♪[^♪]*♪?")  # what is heard, or sung, not said
_SPEAKER = re.compile(r"^\s*-?\s*[^\W\d][\w .'’-]{0,30}:\s+")  # `WALTER: Come.` names him to readers alone
_JOINED = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+")
_CLAUSE_BEGINS = re.compile(r"(?:^|[.?!,;:]|\b(?:and|but|or|then|while|as|when|until|before|after|because|that))\s*$")


@dataclass(frozen=True)
class Mention:
    """Where a name stands in a text, and which of the cast it may mean: one, or all who share that part of a name."""

    start: int
    end: int
    owners: tuple[str, ...]

    def means(self, names: Collection[str]) -> bool:
        return any(owner in names for owner in self.owners)


def mentions(text: str, cast: Sequence[str], *, any_case: bool = False) -> list[Mention]:
    """The names of `cast` in `text`, in order, the longest match first.

    A name of several words may stand in full or by one of its words (no title). What is written small is a word
    (`will`, `grace`), unless `any_case`.
    """
    pattern, owners = _forms(tuple(cast))
    found = pattern.finditer(text) if pattern else ()
    return [
        Mention(match.start(), match.end(), owners[_folded(match.group())])
        for match in found
        if any_case or match.group() != match.group().lower() or match.group() == match.group().upper()
    ]


def introductions(subtitles: Sequence[Subtitle], cast: Sequence[str]) -> dict[str, float]:
    """When (s) the dialogue begins to name whom it names beyond doubt: speaker labels and sounds are not heard as
    names, and a part of a name that two share names neither."""
    small = all(line.text == line.text.lower() for line in subtitles)  # a transcript without capitals
    found: dict[str, float] = {}
    for line in sorted(subtitles, key=lambda line: line.start):
        heard = _SPEAKER.sub("", _SOUND.sub(" ", line.text))
        for mention in mentions(heard, cast, any_case=small):
            if len(mention.owners) == 1:
                found.setdefault(mention.owners[0], line.start)
    return found


def without_names(text: str, cast: Sequence[str], *, keep: Collection[str]) -> tuple[str, tuple[Mention, ...]]:
    """The text with strangers where it named others than `keep`, and what was taken out.

    "Anna and Walter wave at Noah" without any of the three: "Two people wave at someone else"; "Anna waits and Anna
    leaves" without her: "Someone waits and someone leaves".
    """
    strangers = [mention for mention in mentions(text, cast) if not mention.means(keep)]
    groups = [group for together in _joined(text, strangers) for group in _apart(text, together)]
    pieces, at = [], 0
    called: dict[tuple[str, ...], str] = {}
    for number, group in enumerate(groups):
        new = SOMEONE_ELSE if number else SOMEONE
        if len(group) == 1 and _CLAUSE_BEGINS.search(text[: group[0].start]):
            word = called.setdefault(group[0].owners, new)  # whoever begins another clause is called as before
        elif len(group) == 1:
            word = new
            called.setdefault(group[0].owners, new)
        else:
            word = GROUPS.get(len(group), "several people")
        pieces += [text[at : group[0].start], _as_begun(text[: group[0].start], word)]
        at = group[-1].end
    return "".join(pieces) + text[at:], tuple(strangers)


def _joined(text: str, found: Sequence[Mention]) -> list[list[Mention]]:
    """Mentions that only a comma or "and" parts, together."""
    groups: list[list[Mention]] = []
    for mention in found:
        if groups and _JOINED.fullmatch(text, groups[-1][-1].end, mention.start):
            groups[-1].append(mention)
        else:
            groups.append([mention])
    return groups


def _apart(text: str, group: list[Mention]) -> list[list[Mention]]:
    """One group, or two where the last begins a clause of its own: "points at Anna and Walter watches"."""
    follows = text[group[-1].end :].split()[:1]
    return [group[:-1], group[-1:]] if len(group) > 1 and verb_like(follows) else [group]


def without_second_mentions(text: str, cast: Sequence[str]) -> tuple[str, tuple[Mention, ...]]:
    """The text with "someone" where a clause does something to the very person who does it ("Ada points at Ada"), and
    what was taken out. A name that begins a further clause may stand again."""
    seen: set[tuple[str, ...]] = set()
    twice: list[Mention] = []
    for mention in mentions(text, cast):
        if mention.owners in seen and not _CLAUSE_BEGINS.search(text[: mention.start]):
            twice.append(mention)
        seen.add(mention.owners)
    for mention in reversed(twice):
        text = text[: mention.start] + SOMEONE + text[mention.end :]
    return text, tuple(twice)


def called(found: Sequence[Mention]) -> str:
    """The names as the cast writes them, each once: `Anna, Noah and Walter or Wendy`."""
    names = list(dict.fromkeys(" or ".join(mention.owners) for mention in found))
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])


def _as_begun(before: str, word: str) -> str:
    """With a capital where a sentence begins."""
    return word[:1].upper() + word[1:] if not before.strip() or before.rstrip()[-1:] in ".?!" else word


def _folded(form: str) -> str:
    return " ".join(form.casefold().split())


@lru_cache(maxsize=64)
def _forms(cast: tuple[str, ...]) -> tuple[re.Pattern[str] | None, dict[str, tuple[str, ...]]]:
    """A pattern over every form of every name, longest first, and whom each form may mean.

    A full name is its owner's alone; one of its words is everybody's who has it.
    """
    owners: dict[str, tuple[str, ...]] = {}
    for name in cast:
        for word in _PART.findall(name):
            if len(word) > 2 and word.casefold() not in TITLES:
                form = word.casefold()
                owners[form] = tuple(dict.fromkeys((*owners.get(form, ()), name)))
    owners |= {_folded(name): (name,) for name in cast if name.strip()}
    choices = "|".join(_bounded(form) for form in sorted(owners, key=lambda form: (-len(form), form)))
    return (re.compile(choices, re.IGNORECASE) if choices else None), owners


def _bounded(form: str) -> str:
    """A form between word boundaries; scripts without capitals may write without spaces too."""
    escaped = r"\s+".join(re.escape(part) for part in form.split())
    written_without_spaces = form.isalpha() and form.upper() == form.lower()
    return escaped if written_without_spaces else rf"(?<!\w){escaped}(?!\w)"
