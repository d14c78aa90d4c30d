"""Names are variables: any name can be read and spoken, and everything else comes from a closed list."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from models.captioner.vocabulary import UNKNOWN, Cast, Vocabulary, build_vocabulary, read_vocabulary

WORDS = ["walks to the door", "and waits", "waves at", "don't", "in the park", "looks", "she"]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return build_vocabulary(WORDS)


def spelled(vocabulary: Vocabulary, ids: list[int]) -> list[str]:
    return [vocabulary.words[number] for number in ids]


def test_names_never_seen_in_training_survive_the_round_trip(vocabulary: Vocabulary) -> None:
    cast = vocabulary.bind(["LIN-MANUEL", "MR. TYREE", "Zoë", "O'BRIEN"])
    text = "Lin-Manuel waves at Mr. Tyree and Zoë waves at O'Brien."
    assert vocabulary.decode(vocabulary.encode(text, cast), cast) == text
    assert vocabulary.ids[UNKNOWN] not in vocabulary.encode(text, cast)


def test_the_longest_name_wins_and_parts_of_words_are_no_names(vocabulary: Vocabulary) -> None:
    cast = vocabulary.bind(["ANN", "MARY ANN", "ANNE-MARIE"])
    ids = vocabulary.encode("Mary Ann waves at Anne-Marie and Annie.", cast)
    assert spelled(vocabulary, ids) == ["<name_1>", "waves", "at", "<name_2>", "and", UNKNOWN, "."]


def test_the_possessive_belongs_to_the_name(vocabulary: Vocabulary) -> None:
    cast = vocabulary.bind(["ANNA"])
    ids = vocabulary.encode("she looks in Anna's park", cast)
    assert spelled(vocabulary, ids)[3:5] == ["<name_0>", "'s"]
    assert vocabulary.decode(ids, cast) == "She looks in Anna's park"


def test_a_name_follows_its_token_not_its_letters(vocabulary: Vocabulary) -> None:
    first = vocabulary.bind(["ANNA", "BEN"], [7, 3])
    second = vocabulary.bind(["Carla", "Dan"], [7, 3])
    assert vocabulary.encode("Anna waves at Ben.", first) == vocabulary.encode("CARLA waves at dan.", second)


def test_sentences_start_with_a_capital_and_punctuation_is_joined(vocabulary: Vocabulary) -> None:
    cast = vocabulary.bind([])
    ids = vocabulary.encode("in the park, she waits. she don't look?", cast)
    assert vocabulary.decode(ids, cast) == "In the park, she waits. She don't?"


def test_a_larger_cast_than_there_are_tokens_keeps_the_first(vocabulary: Vocabulary) -> None:
    cast = vocabulary.bind([f"PERSON{number}" for number in range(60)])
    assert len(cast.names) == vocabulary.names
    assert vocabulary.encode("Person59", cast) == [vocabulary.ids[UNKNOWN]]


def test_the_same_name_twice_is_one_name(vocabulary: Vocabulary) -> None:
    assert len(vocabulary.bind(["Anna", "ANNA", " "]).names) == 1


def test_two_names_cannot_share_a_token() -> None:
    with pytest.raises(ValueError, match="token of its own"):
        Cast(("A", "B"), (1, 1))


def test_an_unbound_name_token_is_someone(vocabulary: Vocabulary) -> None:
    assert vocabulary.decode([vocabulary.name_id(5), vocabulary.ids["waits"]], vocabulary.bind([])) == "Someone waits"


def test_it_reads_what_it_wrote(vocabulary: Vocabulary, tmp_path: Path) -> None:
    vocabulary.write(tmp_path / "vocabulary.json")
    assert read_vocabulary(tmp_path / "vocabulary.json") == vocabulary
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(BadInput, match="not a vocabulary"):
        read_vocabulary(tmp_path / "other.json")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=12), max_size=6))
def test_any_text_and_any_names_encode_to_known_ids(text: str, names: list[str]) -> None:
    vocabulary = build_vocabulary(WORDS)
    cast = vocabulary.bind(names)
    ids = vocabulary.encode(text, cast)
    assert all(0 <= number < len(vocabulary) for number in ids)
    vocabulary.decode(ids, cast)
