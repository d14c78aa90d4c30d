"""The text prior: oldest first, tagged, and cut at the old end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.prior.text_prior import newest, prior_tokens

TAGS = {"description": (1,), "subtitle": (2,)}


def encode(text: str) -> list[int]:
    return [int(word) for word in text.split()]


def described(text: str) -> dict[str, str]:
    return {"kind": "description", "text": text}


def said(text: str) -> dict[str, str]:
    return {"kind": "subtitle", "text": text}


PRIOR = [said("10"), described("11 12"), said("13"), said("14"), described("15"), described("16"), said("17")]


def test_pieces_are_tagged_and_stand_oldest_first() -> None:
    ids = prior_tokens(PRIOR, encode, TAGS, longest=99)
    assert ids == [2, 10, 1, 11, 12, 2, 13, 2, 14, 1, 15, 1, 16, 2, 17]


def test_too_long_a_prior_keeps_the_newest() -> None:
    assert prior_tokens(PRIOR, encode, TAGS, longest=6) == [1, 15, 1, 16, 2, 17]
    assert prior_tokens(PRIOR, encode, TAGS, longest=7) == [1, 15, 1, 16, 2, 17]  # a tag alone says nothing
    assert prior_tokens([described("11 12 13")], encode, TAGS, longest=3) == [1, 12, 13]
    assert prior_tokens(PRIOR, encode, TAGS, longest=0) == []


def test_a_tag_of_several_tokens_counts_with_its_piece() -> None:
    tags = {"description": (1, 2, 3), "subtitle": (4,)}
    assert prior_tokens([described("11 12")], encode, tags, longest=5) == [1, 2, 3, 11, 12]
    assert prior_tokens([described("11 12")], encode, tags, longest=4) == [1, 2, 3, 12]
    assert prior_tokens([described("11 12"), said("13")], encode, tags, longest=5) == [4, 13]


def test_an_empty_prior_is_no_tokens() -> None:
    assert prior_tokens([], encode, TAGS, longest=10) == []


def test_only_so_many_descriptions_are_kept_with_what_was_said_since() -> None:
    assert newest(PRIOR, descriptions=2) == PRIOR[4:]
    assert newest(PRIOR, descriptions=3) == PRIOR[1:]
    assert newest(PRIOR, descriptions=9) == PRIOR
    assert newest(PRIOR, descriptions=0) == []


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'song'"):
        prior_tokens([{"kind": "song", "text": "1"}], encode, TAGS, longest=5)


@given(st.lists(st.tuples(st.booleans(), st.lists(st.integers(10, 99), max_size=5)), max_size=8), st.integers(0, 40))
def test_never_longer_than_allowed_and_always_an_end_of_the_whole(pieces: list, longest: int) -> None:
    prior = [(described if is_description else said)(" ".join(map(str, ids))) for is_description, ids in pieces if ids]
    ids = prior_tokens(prior, encode, TAGS, longest=longest)
    whole = [token for token in prior_tokens(prior, encode, TAGS, longest=999) if token >= 10]
    kept = [token for token in ids if token >= 10]
    assert len(ids) <= longest
    assert kept == whole[len(whole) - len(kept) :]
