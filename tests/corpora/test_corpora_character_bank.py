"""Character banks and casts: dirty roles, colliding names, portraits that lead astray."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from corpus_toys import put_portrait

from common.errors import BadInput
from corpora import character_bank, folder
from corpora.cast import CastEntry, characters, copy_portrait, distinct, file_name, portraits_named, readable_portraits
from corpora.character_bank import BankEntry, clean_role


@pytest.mark.parametrize(
    ("role", "clean"),
    [
        ("Graham Hess", "Graham Hess"),
        ("'Dancer'", "Dancer"),
        ('William "Bill" Smith', "William Bill Smith"),
        ("Robert(as Alan Marshall)", "Robert"),
        ("Reporter(voice) (uncredited)", "Reporter"),
        ("Guard (as Jo (Mo) Ro)", "Guard"),
        ("Waiter (unclosed", "Waiter"),
        ("O'Brien", "O'Brien"),
        ("D’Artagnan", "D’Artagnan"),
        ("(uncredited)", ""),
    ],
)
def test_roles_are_cleaned(role: str, clean: str) -> None:
    assert clean_role(role) == clean


@pytest.mark.parametrize(
    ("role", "clean"), [("Mr. Tyree", "Tyree"), ("Sgt. Lt. Nantz", "Nantz"), ("Doctor", "Doctor"), ("Mr.", "Mr.")]
)
def test_titles_go_where_asked(role: str, clean: str) -> None:
    assert clean_role(role, titles=True) == clean
    assert clean_role(role) == role


def test_a_bank_comes_back(tmp_path: Path) -> None:
    films = {"tt1": (BankEntry("nm1", "Mel", "Graham Hess"), BankEntry("nm2", "", "Bo")), "tt2": ()}
    character_bank.write(tmp_path / "bank.json", films)
    bank = character_bank.read(tmp_path / "bank.json")
    assert bank.films == films and bank.problems == ()


def test_bad_credits_are_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "bank.json"
    path.write_text(json.dumps({"tt1": [{"id": "nm1", "name": "A"}, {"role": "(voice)"}, {"role": "Bo"}, 7]}))
    bank = character_bank.read(path)
    assert bank.films["tt1"] == (BankEntry("", "", "Bo"),)
    assert [problem.split(": ")[1] for problem in bank.problems] == [f"tt1, credit {row}" for row in (1, 2, 4)]
    path.write_text(json.dumps({"tt1": [{"name": "A"}]}))
    with pytest.raises(BadInput, match="no credit can be read"):
        character_bank.read(path)
    path.write_text("[]")
    with pytest.raises(BadInput, match="not a character bank"):
        character_bank.read(path)


def entry(name: str, *portraits: Path, row: int = 1) -> CastEntry:
    return CastEntry(name, "", "", portraits, f"cast.json:{row}")


def test_names_that_differ_only_in_case_are_a_problem() -> None:
    kept, problems = distinct([entry("Anna"), entry("BEN", row=2), entry("ANNA", row=3)])
    assert [each.name for each in kept] == ["Anna", "BEN"]
    assert problems == ["cast.json:3: the name 'ANNA' is also 'Anna' at cast.json:1; left out"]


def test_portraits_belong_to_the_longest_name(tmp_path: Path) -> None:
    for name in ("anna.png", "ANNA_2.jpg", "ANNA_3.png", "Mr. Tyree.png", "notes.txt", "CARL.png"):
        put_portrait(tmp_path / name) if not name.endswith("txt") else (tmp_path / name).write_text("x")
    found = portraits_named(tmp_path, ["ANNA", "ANNA_2", "Mr. Tyree", "BEN"])
    assert {name: [path.name for path in paths] for name, paths in found.items()} == {
        "ANNA": ["ANNA_3.png", "anna.png"],
        "ANNA_2": ["ANNA_2.jpg"],
        "Mr. Tyree": ["Mr. Tyree.png"],
        "BEN": [],
    }


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "..", ".", "a\\b", "a\x00b", "C:x", "", "A/B", "é" * 300, "A" * 47 + ". "],
)
def test_no_name_becomes_a_path(name: str, tmp_path: Path) -> None:
    stem = file_name(name)
    assert stem and stem not in (".", "..") and not stem.startswith(".")
    assert (tmp_path / f"{stem}.png").resolve().parent == tmp_path.resolve()
    ((character, _),) = characters([entry(name, tmp_path / "x.png")])
    assert (tmp_path / character.portraits[0]).resolve().parent == (tmp_path / "portraits").resolve()


def test_portraits_of_different_people_never_share_a_file() -> None:
    source = Path("x.png")
    made = characters([entry("A/B", source, source), entry("A_B", source), entry("a_b_2", source)])
    targets = [target.casefold() for character, _ in made for target in character.portraits]
    assert len(set(targets)) == 4


def test_unreadable_portraits_are_put_aside(tmp_path: Path) -> None:
    put_portrait(tmp_path / "ANNA.png")
    (tmp_path / "ANNA_2.png").write_bytes(b"no picture")
    entries = [entry("ANNA", tmp_path / "ANNA.png", tmp_path / "ANNA_2.png"), entry("BEN", tmp_path / "missing.png")]
    kept, problems = readable_portraits(entries)
    assert [len(each.portraits) for each in kept] == [1, 0]
    assert [problem.split(":")[0] for problem in problems] == [
        "portraits/ANNA_2.png",
        "portraits/missing.png",
        "portraits",
    ]
    with pytest.raises(
        BadInput, match=r"cast\.json:1: nobody in the cast has a readable portrait; put portraits/BEN\.png"
    ):
        readable_portraits(entries[1:])


def test_a_jpeg_becomes_a_png(tmp_path: Path) -> None:
    put_portrait(tmp_path / "a.jpg")
    copy_portrait(tmp_path / "a.jpg", tmp_path / "out/a.png")
    assert (tmp_path / "out/a.png").read_bytes().startswith(b"\x89PNG")


def test_a_portrait_path_may_not_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    put_portrait(tmp_path / "secret.png")
    for portrait in ("../secret.png", str(tmp_path / "secret.png")):
        (tmp_path / "film/cast.json").write_text(json.dumps([{"role": "ANNA", "portrait": portrait}]))
        with pytest.raises(BadInput, match=r"film/cast\.json:1: portrait .* leads outside"):
            folder.read_cast(tmp_path / "film")
    (tmp_path / "film/portraits").mkdir()
    (tmp_path / "film/portraits/ANNA.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(BadInput, match="leads outside"):
        portraits_named(tmp_path / "film/portraits", ["ANNA"])


def test_bad_cast_entries_are_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "cast.json"
    path.write_text(
        json.dumps([{"role": "ANNA"}, {"name": "X"}, {"role": "BEN", "portrait": 5}, {"role": "C", "portrait": "a\0"}])
    )
    cast, problems = folder.read_cast(tmp_path)
    assert [each.name for each in cast] == ["ANNA"]
    assert [problem.split(": ")[0] for problem in problems] == ["cast.json:2", "cast.json:3", "cast.json:4"]
    for content in ("[]", "{}", '[{"name": "X"}]'):
        path.write_text(content)
        with pytest.raises(BadInput, match=r"cast\.json: n"):
            folder.read_cast(tmp_path)
