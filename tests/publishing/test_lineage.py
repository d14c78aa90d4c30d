"""What lies behind a unit, and whether all of it has passed the gates that stand now."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toy_stages import TOYS, WORDS
from toy_world import FILMS, ToyWorld

from publishing.audits import Auditor
from publishing.lineage import unmet_gates, upstream
from publishing.records import version
from publishing.stage import Stage, expect

ONE, TWO, THREE = FILMS


@pytest.fixture
def made(world: ToyWorld) -> ToyWorld:
    world.publish_all()
    return world


def unmet(world: ToyWorld, *stages: Stage) -> list[str]:
    """Of everything behind the share `half`; `stages` stand in for those of the same name."""
    changed = {stage.name: stage for stage in stages}
    asked = {each.name: Auditor(changed.get(each.name, each), world.settings).digest for each in TOYS}
    return unmet_gates(world.data, upstream(world.data, [("shares", "half")]), asked)


def test_everything_behind_a_unit_is_found_once(made: ToyWorld) -> None:
    links = upstream(made.data, [("shares", "half"), ("total", "")])
    names = [f"{stage}/{film}" for stage in ("lengths", "words") for film in FILMS]
    assert sorted(link.name for link in links) == sorted([*names, "shares/half", "total"])
    assert all(link.wanted == link.found == version(made.data / link.stage / link.unit) for link in links)
    assert unmet(made) == []


def test_data_made_anew_upstream_are_not_what_it_was_made_from(made: ToyWorld) -> None:
    made.raw(TWO, "another text of two")
    made.publish("words")
    assert unmet(made) == [f"words/{TWO}: another version lies there than lengths/{TWO} was made from"]


def test_a_film_taken_out_is_missed(made: ToyWorld) -> None:
    made.values["studio"]["train_films"] = 2
    made.publish("words")
    assert unmet(made) == [f"words/{THREE}: not published any more, and lengths/{THREE} was made from it"]


def test_a_gate_made_stricter_counts_until_it_has_been_passed(made: ToyWorld) -> None:
    def stricter(most: int) -> Stage:
        between = "column_values_to_be_between"
        return replace(WORDS, expectations=lambda settings: [expect("words", between, column="length", max_value=most)])

    named = [f"words/{film}: has not passed its gate as it stands now" for film in FILMS]
    assert unmet(made, stricter(5)) == [f"{each} (not judged yet)" for each in named]
    made.publish(stricter(5))
    assert unmet(made, stricter(5)) == []
    assert not made.publish(stricter(4)).good
    assert unmet(made, stricter(4)) == [f"{each} (rejected, see data/rejected/words)" for each in named]


def test_a_unit_put_aside_has_no_gate(made: ToyWorld) -> None:
    made.raw(ONE, "broken")
    made.publish_all()
    assert unmet(made) == []
