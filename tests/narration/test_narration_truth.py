"""Every rule of the craft, held against a draft as a user gets it: each is seen to be broken, and by nothing else."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from corpora.film import Character, Film, write_film
from corpora.subtitles import Subtitle, write_srt
from corpora.video import probe
from narration.settings import NarrationSettings
from narration.truth import RULES, broken_rules, main, names_right

SETTINGS = NarrationSettings()


@pytest.fixture
def film(tiny_film, tmp_path) -> Film:
    """Sixty seconds as it says; Anna is named at 10 s, Bo never."""
    folder = tmp_path / "film"
    folder.mkdir()
    (folder / "film.mp4").write_bytes(tiny_film.read_bytes())
    write_srt(folder / "subtitles.srt", [Subtitle(10.0, 12.0, "Anna, the lights go out!"), Subtitle(30.0, 32.0, "Oh.")])
    cast = (Character("Anna", "A.", "", ()), Character("Bo", "B.", "", ()))
    facts = probe(tiny_film)
    made = Film("film", "Toy", "none", "folder", 10.0, 600, facts.width, facts.height, 60.0, cast, (), (), (), folder)
    write_film(made, folder)
    return made


def line(text: str, start: float = 14.0, end: float = 17.0, seen: tuple[str, ...] = ("Anna", "Bo")) -> dict[str, Any]:
    return {"text": text, "start": start, "end": end, "characters": list(seen), "reasons": {"doubtful": []}}


GOOD = line("Anna waves.", 33.0, 36.0)
BROKEN = {
    "over dialogue": [line("It rains.", 9.0, 11.0)],
    "over another line or the film's end": [line("It rains.", 14.0, 17.0), line("Anna sits down.", 16.0, 18.0)],
    "in a slot too short or too long": [line("Rain.", 14.0, 14.5)],
    "more lines in a minute than are wanted": [  # the one after them is too many
        line(f"It {verb}.", 12.2 + 1.3 * number, 13.4 + 1.3 * number)
        for number, verb in enumerate(
            (
                "rains",
                "snows",
                "cracks",
                "burns",
                "falls",
                "sinks",
                "shines",
                "rings",
                "ends",
                "moves",
                "stops",
                "turns",
            )
        )
    ],
    "more words than can be heard": [
        {**line("Anna walks down to the old gate, slowly.", 14.0, 16.0), "reasons": {"doubtful": ["spoken fast"]}}
    ],
    "fast, and not told so": [line("Anna waves near the old gate.", 14.0, 16.0)],
    "names who was not recognised": [line("Anna kneels down.", seen=())],
    "names whom the film has not named": [line("Bo waves.")],
    "repeats a line": [line("Snow falls on the park.", 14.0, 17.0), line("Snow falls on the park.", 18.0, 21.0)],
    "repeats the dialogue": [line("The lights go out.")],
    "somebody acts on himself": [line("Anna points at Anna.")],
    "no whole sentence": [line("Anna opens the others watch.")],
    "told in the past": [line("Anna opened the door.")],
}


def test_every_rule_has_its_case():
    assert BROKEN.keys() == RULES.keys()


@pytest.mark.parametrize("rule", BROKEN)
def test_a_line_that_breaks_a_rule_is_found_by_that_rule_alone(rule, film):
    found = broken_rules({"lines": [*BROKEN[rule], GOOD]}, film, SETTINGS)
    assert {name for name, texts in found.items() if texts} == {rule}
    breaks = GOOD if "in a minute" in rule else BROKEN[rule][-1]
    assert found[rule] == [breaks["text"]]


def test_a_film_whose_pictures_begin_late_is_held_on_its_own_clock(film):
    late = replace(film, delay=2.0)
    assert broken_rules({"lines": [line("It rains.", 12.0, 13.5)]}, late, SETTINGS)["over dialogue"] == ["It rains."]
    assert not any(broken_rules({"lines": [line("It rains.", 9.0, 11.5)]}, late, SETTINGS).values())


def test_names_are_right_where_the_truth_has_them_before_the_camera(film):
    truth = pd.DataFrame({"frame": [150, 150, 340], "name": ["Anna", "Bo", "Bo"], "face_visible": [True, False, True]})
    found = names_right({"lines": [line("Anna waves at Bo."), GOOD]}, film, truth)
    assert found == {
        "lines": 2,
        "names said": 3,
        "said and there": 2,
        "recognised": 4,
        "recognised and there": 3,
        "shows a face": 2,
    }


def test_a_film_without_truth_is_one_line(film, tmp_path, capsys):
    (tmp_path / "params.yaml").write_text("")
    assert main([str(tmp_path / "data"), "--film", str(film.folder)]) == 2
    assert "has no truth" in capsys.readouterr().err
