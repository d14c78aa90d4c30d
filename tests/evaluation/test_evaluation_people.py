"""Names and CRITIC: who is spoken of, and whose a pronoun is."""

from __future__ import annotations

import math
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.critic import clusters_by_rule, critic, identity, people_of
from evaluation.local_models import ModelMissing
from evaluation.naming import Cast, CastMissing, name_precision_recall
from evaluation.settings import CriticSettings
from evaluation.texts import Item

NAMES = ("Nora", "Jonas Vale", "Mr. Tyree")
CASTS = {"f": Cast(NAMES, lambda text: [name for name in NAMES if name.split()[0] in text])}


def _items(*pairs: tuple[str, str]) -> list[Item]:
    return [Item("f", str(number), None, (truth,), said) for number, (truth, said) in enumerate(pairs)]


def _people(*sentences: str) -> list[set[str]]:
    return people_of(sentences, NAMES, clusters_by_rule)


def test_precision_is_of_the_names_said_and_recall_of_those_to_be_said() -> None:
    items = _items(("Nora and Jonas wait.", "Nora runs."), ("Nora sits.", "Jonas sits."), ("Rain.", "Rain falls."))
    precision, recall = name_precision_recall(items, CASTS)
    assert precision.tolist()[:2] == [1.0, 0.0] and recall.tolist()[:2] == [0.5, 0.0]
    assert math.isnan(precision[2]) and math.isnan(recall[2]), "nobody named is neither right nor wrong"


def test_a_name_said_for_nobody_costs_precision_alone() -> None:
    precision, recall = name_precision_recall(_items(("A woman waits.", "Nora waits.")), CASTS)
    assert precision.tolist() == [0.0] and math.isnan(recall[0])


some_texts = st.lists(st.sampled_from(["Nora waits.", "Jonas and Nora.", "He runs.", "Rain.", ""]), min_size=1)


@settings(max_examples=50, deadline=None)
@given(some_texts, some_texts)
def test_shares_are_shares_and_a_copy_is_right(said: list[str], truth: list[str]) -> None:
    pairs = list(zip(truth, said, strict=False))
    turned = name_precision_recall(_items(*((b, a) for a, b in pairs)), CASTS)
    found = name_precision_recall(_items(*pairs), CASTS)
    for values, other in zip(found, reversed(turned), strict=True):
        assert np.array_equal(values, other, equal_nan=True), "one's precision is the other's recall"
        assert all(math.isnan(value) or 0 <= value <= 1 for value in values)
    copies = _items(*((text, text) for text in truth))
    for values in (*name_precision_recall(copies, CASTS), critic(copies, CASTS, CriticSettings())):
        assert all(math.isnan(value) or value == 1 for value in values)


def test_a_film_without_a_cast_is_a_reason() -> None:
    for casts, told in (({}, "no cast is given"), ({"g": CASTS["f"]}, "the cast of 1 of the films is not given")):
        with pytest.raises(CastMissing, match=told):
            name_precision_recall(_items(("Nora.", "Nora.")), casts)


def test_a_pronoun_is_the_person_named_first_in_the_nearest_sentence() -> None:
    assert _people("Nora hugs Jonas.", "She smiles.") == [{"Nora", "Jonas Vale"}, {"Nora"}]
    assert _people("Nora hugs Jonas.", "She smiles.", "He leaves.") == [
        {"Nora", "Jonas Vale"},
        {"Nora"},
        {"Jonas Vale"},
    ]
    assert _people("Nora opens her bag.") == [{"Nora"}]


def test_a_clip_ends_a_sentence_with_a_full_stop_or_without() -> None:
    assert _people("Nora waves to Tyree", "Jonas nods as he leaves")[1] == {"Jonas Vale"}
    assert _people("Nora waves to Tyree.", "Jonas nods as he leaves.")[1] == {"Jonas Vale"}
    for stop in ('."', ".”", "!'", ".)"):
        assert _people(f"Nora reads: (Go{stop} Jonas nods as he leaves.") == [{"Nora", "Jonas Vale"}]
        found = clusters_by_rule(f"Nora. Nora reads: (Go{stop} Jonas nods as he leaves.", ["Nora", "Jonas"], [6])
        assert [len(cluster) for cluster in found] == [2, 2], "he is Jonas"


def test_the_list_of_the_cast_is_nobodys_sentence() -> None:
    assert _people("He waits.", "Rain falls.") == [set(), set()]


def test_a_word_of_a_name_is_the_name_unless_it_is_a_word() -> None:
    assert _people("Tyree looks at Vale.") == [{"Mr. Tyree", "Jonas Vale"}]
    assert people_of(["Jonas, jonas and Will, who will."], ["Will", "Jonas"], clusters_by_rule) == [{"Jonas", "Will"}]
    assert people_of(["A vale. The Vale sisters."], ["Ann Vale", "Eve Vale"], clusters_by_rule) == [set()]


def test_critic_is_the_overlap_of_people_where_the_reference_has_any() -> None:
    items = _items(("Nora hugs Jonas.", "Nora waits."), ("She smiles.", "She smiles."), ("Rain falls.", "Nora runs."))
    found = critic(items, CASTS, CriticSettings())
    assert found.tolist()[:2] == [0.5, 1.0] and math.isnan(found[2])
    only_first = critic(items, CASTS, CriticSettings(cast=1))
    assert only_first.tolist()[:2] == [1.0, 1.0]


def test_films_are_told_apart() -> None:
    items = [Item("f", "1", None, ("Nora waits.",), "Nora waits."), Item("g", "1", None, ("She waits.",), "She waits.")]
    found = critic(items, CASTS | {"g": CASTS["f"]}, CriticSettings())
    assert found[0] == 1.0 and math.isnan(found[1]), "a pronoun does not reach into another film"


def test_clusters_of_two_people_or_across_sentences_count_for_nobody() -> None:
    sentences = ("Nora waits.", "She runs.")

    def resolve(text: str, *_: object) -> list[list[tuple[int, int]]]:
        nora, she = text.rindex("Nora"), text.index("She")
        jonas = text.index("Jonas Vale")
        return [[(nora, nora + 4), (she, she + 3), (jonas, jonas + 10)], [(0, 4), (nora, she + 3)]]

    assert people_of(sentences, NAMES, resolve) == [set(), set()]


def test_fcoref_is_asked_where_it_is_there_and_missed_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = CriticSettings(coreference="fastcoref")
    items = _items(("Nora waits.", "Nora waits."))
    monkeypatch.setitem(sys.modules, "fastcoref", None)
    with pytest.raises(ModelMissing, match="fastcoref is not installed"):
        critic(items, CASTS, chosen)

    class FCoref:
        def __init__(self, **_: object) -> None:
            pass

        def predict(self, *, texts: list[str]) -> list[SimpleNamespace]:
            start = texts[0].rindex("Nora")
            return [SimpleNamespace(get_clusters=lambda as_strings: [[(0, 4), (start, start + 4)]])]

    module = ModuleType("fastcoref")
    module.FCoref = FCoref  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fastcoref", module)
    assert critic(items, CASTS, chosen).tolist() == [1.0]
    assert "FCoref" in identity(chosen) and "not FCoref" in identity(CriticSettings())
