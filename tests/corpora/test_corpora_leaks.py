"""Training and test films apart: shared films and people are found by id, title and name, and said in one line each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_toys import put_portrait
from hypothesis import given
from hypothesis import strategies as st

from corpora.film import Character, Film
from corpora.inspection import inspect
from corpora.leaks import Shared, same_title, shared, told
from orchestration.cli import main


def film(film_id: str, title: str = "", cast: tuple[tuple[str, str], ...] = ()) -> Film:
    """`cast` is (actor's id, name)."""
    people = tuple(Character(name, "A. Actor", actor, ()) for actor, name in cast)
    return Film(film_id, title, "none", "folder", 10, 40, 64, 48, 4.0, people, (), (), (), Path(film_id))


def test_films_and_people_are_found_in_both() -> None:
    train = [film("tt1", "The Lantern", (("nm1", "ANNA"), ("nm2", "BEN"))), film("tt2", "Signs", (("nm3", "Cleo"),))]
    test = [film("tt1", "Lantern II", (("nm9", "Anna"),)), film("tt3", "1005_Signs", (("nm2", "Max"), ("nm2", "Mo")))]
    assert shared(train, test) == [
        Shared("film", "tt1", ("tt1",), ("tt1",)),
        Shared("title", "Signs", ("tt2",), ("tt3",)),
        Shared("actor", "nm2 A. Actor", ("tt1",), ("tt3",)),
        Shared("character", "ANNA", ("tt1",), ("tt1",)),
    ]
    assert str(shared(train, test)[1]) == "title Signs: in training tt2; in test tt3"
    assert told(shared(train, test)) == (
        "Training and test films share 1 film (tt1), 1 title (Signs), 1 actor (nm2 A. Actor), 1 character (ANNA)."
    )


def test_what_is_apart_shares_nothing() -> None:
    # Ids that are no IMDb actor's ("1", "") and titles without a letter say nothing about who or what is shared.
    train, test = [film("tt1", "--", (("1", "Anna"), ("", "Ben")))], [film("tt2", "", (("1", "Cleo"), ("", "Max")))]
    assert shared(train, test) == []
    assert told([]) == "Training and test films share no film, title, actor or character's name."


def test_what_is_not_shared_is_said_too() -> None:
    found = shared([film("tt1", "A", (("nm1", "Anna"),))], [film("tt2", "B", (("nm2", "Anna"),))])
    assert told(found) == "Training and test films share 1 character (Anna) and no film, no title, no actor."


def test_a_long_list_is_cut_in_the_sentence_alone() -> None:
    cast = tuple((f"nm{number}", f"N{number:02}") for number in range(20))
    found = [each for each in shared([film("tt1", "", cast)], [film("tt2", "", cast)]) if each.kind == "character"]
    assert len(found) == 20 and told(found).startswith("Training and test films share 20 characters (N00, N01, ")
    assert "N11, ...)" in told(found) and "N12" not in told(found)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1005_Signs", "SIGNS", True),
        ("9001_The_Last_Ball", "The Last Ball", True),
        ("Titanic (1997)", "Titanic", True),
        ("Les Misérables", "Les Misérables (2012) ", True),
        ("Signs", "Signs II", False),
        ("10 Things", "Things", False),
    ],
)
def test_titles_are_compared_without_their_trimmings(one: str, other: str, same: bool) -> None:
    assert (same_title(one) == same_title(other)) is same


@given(st.lists(st.integers(0, 5), max_size=4), st.lists(st.integers(0, 5), max_size=4))
def test_a_shared_actor_is_one_that_plays_on_both_sides(one: list[int], other: list[int]) -> None:
    train = [film(f"tt{number}", "", ((f"nm{each}", f"T{each}"),)) for number, each in enumerate(one)]
    test = [film(f"st{number}", "", ((f"nm{each}", f"S{each}"),)) for number, each in enumerate(other)]
    found = shared(train, test)
    assert {each.what.split()[0] for each in found} == {f"nm{each}" for each in set(one) & set(other)}
    assert {each.kind for each in found} <= {"actor"}


def test_inspect_warns_of_films_in_both_splits(
    corpus_folder: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "movie,sentence,movie_duration,start,end,imdb\n9_F,Anna sits.,4,1,2,{}\n"
    for split, film_id in (("train", "tt1"), ("mad_eval_named", "tt2")):
        folder = corpus_folder(film_id, "mad_eval_named.csv", rows.format(film_id))
        bank = {film_id: [{"id": f"nm{film_id}", "name": "A", "role": "ANNA"}]}
        (folder / "charbank.json").write_text(json.dumps(bank))
        put_portrait(folder / "portraits/ANNA.png")
        (tmp_path / "raw" / split).mkdir(parents=True)
        folder.rename(tmp_path / "raw" / split / film_id)
    warnings = ["title 9_F: in training tt1; in test tt2", "character ANNA: in training tt1; in test tt2"]
    found = inspect(tmp_path / "raw")
    assert found["warnings"] == warnings and found["problems"] == []
    assert main(["inspect", str(tmp_path / "raw")]) == 0  # a warning is no mistake
    shown = capsys.readouterr().out
    assert f"shared       {warnings[0]}" in shown and "wrong" not in shown
