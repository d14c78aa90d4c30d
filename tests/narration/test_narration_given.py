"""A film is taken with what lies beside it, or with the subtitles and the cast that are named apart."""

import os
import shutil
from pathlib import Path

import pytest

from common.errors import BadInput
from corpora.film import Film
from narration import given as given_film
from narration.given import Given, check, inputs_of, prepare, video_of

SRT = "1\n00:00:00,500 --> 00:00:01,000\n{}\n"


def subtitles(folder: Path, text: str, *, name: str = "other.srt") -> Path:
    path = folder / name
    path.write_text(SRT.format(text), encoding="utf-8")
    return path


def spoken(film: Film) -> list[str]:
    return [line.text for line in film.subtitles()]


def names(film: Film) -> list[str]:
    return [character.name for character in film.cast]


def test_a_file_alone_is_taken_with_the_subtitles_beside_it(tiny_film, tmp_path):
    subtitles(tmp_path, "Beside.", name="The Tiny Film.srt")
    film = prepare(Given(tiny_film), tmp_path / "out")
    assert (film.title, names(film), spoken(film)) == ("The Tiny Film", [], ["Beside."])


@pytest.mark.parametrize("as_file", [True, False])
def test_subtitles_and_cast_that_are_named_stand_for_the_films_own(tiny_film, cast_folder, tmp_path, as_file):
    subtitles(tmp_path, "Beside.", name="The Tiny Film.srt")
    given = Given(tiny_film, subtitles(tmp_path, "Named."), cast_folder / "cast.json" if as_file else cast_folder)
    film = prepare(given, tmp_path / "out")
    assert (film.title, names(film), spoken(film)) == ("The Tiny Film", ["Anna", "Bo", "Cy"], ["Named."])
    assert [bool(each.portraits) for each in film.cast] == [True, True, False]
    assert all(path.is_file() for each in film.cast for path in film.portrait_paths(each.name))
    assert any("Cy" in reason for reason in film.put_aside), "who cannot be known is told"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("out")) == ["out"]


def test_broken_subtitles_beside_a_film_do_not_matter_where_others_are_named(tiny_film, tmp_path):
    (tmp_path / "The Tiny Film.srt").write_text("no subtitles at all")
    with pytest.raises(BadInput, match="no readable subtitle"):
        prepare(Given(tiny_film), tmp_path / "out")
    assert spoken(prepare(Given(tiny_film, subtitles(tmp_path, "Named.")), tmp_path / "out")) == ["Named."]


def test_a_link_out_of_a_films_folder_is_refused_where_subtitles_are_named_apart(tiny_film, cast_folder, tmp_path):
    folder, secret = tmp_path / "given", tmp_path / "secret"
    secret.mkdir()
    shutil.copytree(cast_folder, folder)
    shutil.copyfile(tiny_film, folder / "film.mp4")
    (folder / "truth").symlink_to(secret)
    with pytest.raises(BadInput, match="truth: a link out of the film's folder"):
        prepare(Given(folder, subtitles=subtitles(tmp_path, "Elsewhere.")), tmp_path / "out")


def test_a_films_folder_keeps_its_cast_where_only_subtitles_are_named(tiny_film, cast_folder, tmp_path):
    (cast_folder / "film.mp4").write_bytes(tiny_film.read_bytes())
    subtitles(cast_folder, "Its own.", name="subtitles.srt")
    assert spoken(prepare(Given(cast_folder), tmp_path / "own")) == ["Its own."]
    film = prepare(Given(cast_folder, subtitles(tmp_path, "Named.")), tmp_path / "out")
    assert (names(film), spoken(film)) == (["Anna", "Bo", "Cy"], ["Named."])


def test_a_film_in_normal_form_is_read_in_place_and_can_get_other_subtitles(tiny_film, cast_folder, tmp_path):
    ready = tmp_path / "ready"
    prepare(Given(tiny_film, subtitles(tmp_path, "First."), cast_folder), ready)
    assert prepare(Given(ready), tmp_path / "out").folder == ready
    film = prepare(Given(ready, subtitles(tmp_path, "Second.")), tmp_path / "out")
    assert (names(film), spoken(film)) == (["Anna", "Bo", "Cy"], ["Second."])
    assert [len(each.portraits) for each in film.cast] == [1, 1, 0]
    assert spoken(prepare(Given(ready), tmp_path / "again")) == ["First."], "what was given stays as it was"


def test_only_the_main_characters_may_be_named_as_in_the_lineage(tiny_film, cast_folder, tmp_path):
    given = Given(tiny_film, cast=cast_folder, main_characters=1)
    assert names(prepare(given, tmp_path / "out")) == ["Anna"]


def test_a_folder_with_nothing_but_a_film_is_that_film(tiny_film, tmp_path):
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "film.mp4").write_bytes(tiny_film.read_bytes())
    subtitles(folder, "Beside.", name="subtitles.srt")
    assert spoken(prepare(Given(folder), tmp_path / "out")) == ["Beside."]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda film, cast, near: Given(near / "none.mp4"), "none.mp4: no such film or folder"),
        (lambda film, cast, near: Given(film, near / "none.srt"), "none.srt: cannot be read"),
        (lambda film, cast, near: Given(film, film), "no readable subtitle"),
        (lambda film, cast, near: Given(film, cast=near / "none"), "cast.json: no such file"),
        (lambda film, cast, near: Given(film, cast=film), "call it cast.json"),
    ],
)
def test_what_is_not_there_or_not_that_is_one_line_before_the_work(tiny_film, cast_folder, tmp_path, change, said):
    with pytest.raises(BadInput, match=said):
        check(change(tiny_film, cast_folder, tmp_path))


@pytest.mark.parametrize("what", ["film", "subtitles", "cast"])
def test_what_never_ends_is_refused_unread(tiny_film, tmp_path, what):
    """A pipe would be waited for, and a device read until the memory is full."""
    pipe = tmp_path / "cast.json"
    os.mkfifo(pipe)
    given = {"film": Given(pipe), "subtitles": Given(tiny_film, pipe), "cast": Given(tiny_film, cast=tmp_path)}[what]
    with pytest.raises(BadInput, match="no such film" if what == "film" else "it is no file"):
        check(given)


@pytest.mark.parametrize("what", ["subtitles", "cast", "beside"])
def test_a_film_in_place_of_its_subtitles_is_refused_unread(tiny_film, cast_folder, tmp_path, monkeypatch, what):
    beside = subtitles(tmp_path, "Beside.", name="The Tiny Film.srt")
    named = subtitles(tmp_path, "Named.")
    check(Given(tiny_film, named, cast_folder))
    monkeypatch.setattr(given_film, "LARGEST_TABLE", 10)
    given = {"subtitles": Given(tiny_film, named), "cast": Given(tiny_film, cast=cast_folder)}
    if what == "cast":
        beside.unlink()
    with pytest.raises(BadInput, match="MB, and such a file has at most 0"):
        check(given.get(what, Given(tiny_film)))


def test_a_cast_of_unknown_portraits_is_told_by_the_names_that_were_given(tiny_film, cast_folder, tmp_path):
    for path in (cast_folder / "pictures").iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"nobody in the cast has a readable portrait"):
        prepare(Given(tiny_film, cast=cast_folder), tmp_path / "out")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("out")]


def test_a_damaged_film_is_told_by_its_own_path(tiny_film, cast_folder, tmp_path):
    tiny_film.write_bytes(tiny_film.read_bytes()[:900])
    with pytest.raises(BadInput, match=r"The Tiny Film\.mp4"):
        prepare(Given(tiny_film, cast=cast_folder), tmp_path / "out")


def test_the_inputs_are_all_files_that_decide(tiny_film, cast_folder, tmp_path):
    named = subtitles(tmp_path, "Named.")
    found = {path.name for path in inputs_of(Given(tiny_film, named, cast_folder))}
    assert found == {"The Tiny Film.mp4", "other.srt", "cast.json", "a.png", "b.png"}
    assert video_of(Given(tiny_film)) == tiny_film


SHUFFLED = "2\n00:00:01,200 --> 00:00:01,900\nSecond.\n\n1\n00:00:00,100 --> 00:00:01,500\nFirst, café.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_subtitles_in_disorder_over_each_other_and_in_other_encodings_are_read_or_told(tiny_film, tmp_path, encoding):
    path = tmp_path / "other.srt"
    path.write_bytes(SHUFFLED.encode(encoding))
    given = Given(tiny_film, path)
    if encoding == "utf-16":
        with pytest.raises(BadInput, match=r"other\.srt: "):
            check(given)
        return
    assert spoken(prepare(given, tmp_path / "out")) == ["First, café.", "Second."]


def test_too_little_space_for_the_film_is_told_before_it_is_copied(tiny_film, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10))
    with pytest.raises(BadInput, match="make room, or name another --out"):
        prepare(Given(tiny_film), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_film_that_was_prepared_before_is_taken_as_it_lies(tiny_film, tmp_path):
    first = prepare(Given(tiny_film), tmp_path / "out")
    before = (tmp_path / "out" / "film.mp4").stat().st_mtime_ns
    assert prepare(Given(tiny_film), tmp_path / "out") == first
    assert (tmp_path / "out" / "film.mp4").stat().st_mtime_ns == before
