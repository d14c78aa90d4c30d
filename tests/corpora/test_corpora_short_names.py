"""Short names: taken where they name somebody in this film, refused where they are an article or somebody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_toys import put_portrait
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora import character_bank, short_names
from corpora.character_bank import BankEntry, clean_role
from corpora.ingest import ingest
from corpora.short_names import ShortName, shortened

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=12)
KEYS = WORDS.filter(str.isprintable)  # a message names an entry by its key


@settings(max_examples=60, deadline=None)
@given(actors=st.dictionaries(KEYS, st.builds(ShortName, WORDS, WORDS, WORDS), min_size=1, max_size=4))
def test_short_names_come_back(actors, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "chars_mapping.json"
    short_names.write(path, actors)
    read = short_names.read(path)
    assert read.actors == actors and read.problems == ()


def test_bad_entries_are_named_by_actor(tmp_path: Path) -> None:
    path = tmp_path / "chars_mapping.json"
    path.write_text(json.dumps({"nm1": {"role": "Anna", "char_in_ad": "Anna"}, "nm2": {"role": "Ben"}, "nm3": []}))
    read = short_names.read(path)
    assert list(read.actors) == ["nm1"]
    assert read.problems == (
        "chars_mapping.json:nm2: has no 'char_in_ad'; left out",
        "chars_mapping.json:nm3: not an object; left out",
    )
    path.write_text("[]")
    with pytest.raises(BadInput, match="not short names"):
        short_names.read(path)


def names(*credits: tuple[str, str | None]) -> list[str]:
    """(role, short name of its actor) of one film."""
    roles = [(f"nm{number}", clean_role(role)) for number, (role, _) in enumerate(credits)]
    short = {f"nm{number}": ShortName("", role, said) for number, (role, said) in enumerate(credits) if said}
    return shortened(roles, short)


# Entries of the published files.
@pytest.mark.parametrize(
    ("role", "short", "name"),
    [
        ("Lieutenant Worf", "Worf", "Worf"),
        ("Count Dracula", "Dracula", "Dracula"),
        ("Lieutenant Natasha 'Tasha' Yar", "Yar", "Yar"),
        ("Acting Ensign Wesley Crusher", "Crusher", "Crusher"),
        ("Chief Miles O'Brien", "O'Brien", "O'Brien"),
        ("The Living Torso", "The", "The Living Torso"),
        ("Charles Hamilton - Her Brother", "Her", "Charles Hamilton"),
        ("Major Amberson", "Major", "Major Amberson"),
        ("Scarlett O'Hara", "Blanche", "Scarlett O'Hara"),  # the actor's role in another film
        ("Pilot of Plane That Kills Kong", "Kong", "Pilot of Plane That Kills Kong"),
        ("Woman With Elaine", "Elaine", "Woman With Elaine"),
        ("Hans' Butler", "Hans'", "Hans Butler"),
        ("Concertgoer Outside Theatre", "Outside", "Concertgoer Outside Theatre"),
    ],
)
def test_a_short_name_is_taken_where_it_names_its_bearer(role: str, short: str, name: str) -> None:
    assert names((role, short)) == [name]


def test_a_name_that_two_would_bear_is_neithers() -> None:
    assert names(("Mary Kane", "Kane"), ("Emily Norton Kane", "Kane")) == ["Mary Kane", "Emily Norton Kane"]
    assert names(("Beverly Crusher", "Crusher"), ("Crusher", None)) == ["Beverly Crusher", "Crusher"]
    assert names(("Kane III", "Kane"), ("Kane", "Kane")) == ["Kane III", "Kane"]
    roses = names(("Rose Kane", "Rose"), ("Rose Smith", "Rose"), ("Big Rose Kane", "Rose Kane"))
    assert roses == ["Rose Kane", "Rose Smith", "Big Rose Kane"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), max_size=6, unique_by=lambda pair: pair[0].casefold()))
def test_different_roles_never_get_one_name(credits) -> None:
    roles = [(f"nm{number}", role) for number, (role, _) in enumerate(credits)]
    found = shortened(roles, {f"nm{number}": ShortName("", "", short) for number, (_, short) in enumerate(credits)})
    assert len({name.casefold() for name in found}) == len(roles)


@pytest.mark.parametrize(
    ("role", "clean"),
    [
        ("'Zeke' / The Cowardly Lion", "Zeke"),
        ("Professor Marvel / The Gatekeeper / The Guard", "Professor Marvel"),
        ("Ellen - His Wife", "Ellen"),
        ("Jean-Luc Picard", "Jean-Luc Picard"),
        ("/ Bo", "/ Bo".strip("/ ")),
    ],
)
def test_of_several_roles_the_first_is_taken(role: str, clean: str) -> None:
    assert clean_role(role) == clean


def test_a_films_cast_bears_its_short_names(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    rows = "movie,sentence,movie_duration,start,end,imdb\n9_F,Picard sits.,4,1,2,tt6\n"
    folder = corpus_folder("tt6", "mad_eval_named.csv", rows)
    films = {
        "tt6": (BankEntry("nm1", "P", "Captain Jean-Luc Picard"), BankEntry("nm2", "F", "Lieutenant Worf")),
        "tt0094030": (BankEntry("nm1", "P", "Somebody Else"),),  # an episode of the same bank
    }
    character_bank.write(folder / "charbank.json", films)
    mapping = {"nm1": ShortName("P", "Captain Jean-Luc Picard", "Picard"), "nm2": ShortName("F", "", "")}
    short_names.write(folder / "chars_mapping.json", mapping)
    put_portrait(folder / "portraits/Picard.png")
    put_portrait(folder / "portraits/Captain Jean-Luc Picard_2.png")
    put_portrait(folder / "portraits/Lieutenant Worf.png")
    film = ingest(folder, tmp_path / "films/tt6")
    assert [(each.name, len(each.portraits)) for each in film.cast] == [("Picard", 2), ("Lieutenant Worf", 1)]
    assert film.put_aside == ("chars_mapping.json:nm2: role is empty or not text; left out",)
    assert (film.folder / "source/chars_mapping.json").exists()
