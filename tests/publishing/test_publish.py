"""How results become data: what is made again, what is kept, and what every failure leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from toy_stages import LENGTHS, TOTAL, WORDS, make_words, words_expectations
from toy_world import FILMS, ToyWorld

from common.errors import BadInput
from publishing.gates import Audit
from publishing.keys import stage_digest
from publishing.locks import Busy, stage_locks
from publishing.records import ASIDE, RECORD, version
from publishing.stage import Work, expect, graph_of

ONE, TWO, THREE = FILMS


def test_everything_is_made_once(world: ToyWorld) -> None:
    first = world.publish_all()
    assert first["words"].made == list(FILMS)
    assert json.loads((world.data / "total/total.json").read_text())["films"] == {ONE: 12, TWO: 16, THREE: 20}
    before = world.tree()
    second = world.publish_all()
    assert all(not outcome.made and outcome.good for outcome in second.values())
    assert world.tree() == before


def test_published_files_hold_no_time_and_no_place(world: ToyWorld, tmp_path_factory: pytest.TempPathFactory) -> None:
    world.publish_all()
    other = ToyWorld(tmp_path_factory.mktemp("elsewhere"))
    other.publish_all()
    assert world.tree() == other.tree()


def test_whoever_may_read_the_record_may_read_the_data(world: ToyWorld, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")

    def make(work: Work) -> None:
        make_words(work)
        os.link(elsewhere, work.out / "linked")
        for path in (work.out / "words.json", work.out / "more" / "seed.txt", elsewhere):
            path.chmod(0o600)  # as safetensors leaves its files

    masked = os.umask(0o022)
    try:
        world.publish(replace(WORDS, make=make))
    finally:
        os.umask(masked)
    folder = world.data / "words" / ONE
    plain = (folder / RECORD).stat().st_mode
    assert plain & 0o777 != 0o600
    assert {(folder / name).stat().st_mode for name in ("words.json", "more/seed.txt")} == {plain}
    assert elsewhere.stat().st_mode & 0o777 == 0o600, "a file that lies elsewhere too keeps its own"


def test_worker_processes_make_the_same(world: ToyWorld, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = ToyWorld(tmp_path_factory.mktemp("side_by_side"))
    other.publish(replace(WORDS, jobs=lambda settings: 2))
    world.publish("words")
    assert other.tree() == world.tree()


def test_one_changed_film_remakes_only_what_depends_on_it(world: ToyWorld) -> None:
    world.publish_all()
    world.raw(TWO, "another text")
    outcomes = world.publish_all()
    assert outcomes["words"].made == [TWO]
    assert outcomes["lengths"].made == [TWO]
    assert outcomes["total"].made == [""]


def test_a_parameter_reaches_only_its_units(world: ToyWorld) -> None:
    world.publish_all()
    world.values["studio"]["overrides"] = {THREE: {"seed": 11}}
    assert world.publish("words").made == [THREE]


def test_equal_data_from_changed_code_stops_there(world: ToyWorld) -> None:
    world.publish_all()
    world.code("words.py", "VALUE = 2\n")
    outcomes = world.publish_all()
    assert outcomes["words"].made == list(FILMS)
    assert outcomes["lengths"].made == []


def test_comments_and_docstrings_remake_nothing(world: ToyWorld) -> None:
    world.publish_all()
    world.code("words.py", '"""Why."""\n# because\nVALUE  =  1\n')
    assert world.publish("words").made == []
    world.code("lengths/two.py", "")
    assert world.publish("lengths").made == list(FILMS), "a new module is new code"


def test_a_hand_edit_is_healed(world: ToyWorld) -> None:
    world.publish_all()
    before = world.tree()
    (world.data / "words" / ONE / "words.json").write_text("[]")
    (world.data / "words" / TWO / "stray.tmp").write_text("")
    (world.data / "words" / THREE / RECORD).write_text("{")
    assert world.publish("words").made == list(FILMS)
    assert world.tree() == before


def test_films_taken_out_are_removed_and_come_back(world: ToyWorld) -> None:
    world.publish_all()
    before = world.tree()
    world.values["studio"]["train_films"] = 2
    outcomes = world.publish_all()
    assert outcomes["words"].removed == [THREE] and outcomes["lengths"].removed == [THREE]
    assert not (world.data / "words" / THREE).exists()
    world.values["studio"]["train_films"] = 3
    assert world.publish_all()["words"].made == [THREE]
    assert world.tree() == before


def test_asked_units_only(world: ToyWorld) -> None:
    outcome = world.publish("words", only=[TWO])
    assert outcome.made == [TWO] and outcome.left == [ONE, THREE]
    with pytest.raises(BadInput, match="no unit tt404"):
        world.publish("words", only=["tt404"])


def test_a_rejected_film_keeps_its_last_version_and_the_others_are_published(world: ToyWorld) -> None:
    world.publish_all()
    old = version(world.data / "words" / TWO)
    world.raw(ONE, "a new text")
    world.raw(TWO, "an incomprehensible text")
    outcome = world.publish("words")
    assert outcome.made == [ONE] and list(outcome.rejected) == [TWO]
    assert "word incomprehensible = 16" in outcome.complaint()
    assert "too long a word" in outcome.complaint()
    assert version(world.data / "words" / TWO) == old
    assert "incomprehensible" in (world.data / "rejected/words" / TWO / "words.json").read_text()
    assert json.loads((world.data / "rejected/words" / TWO / "_rejected.json").read_text())["failures"]
    assert list((world.data / "rejected/words/_data_docs").rglob("index.html"))
    assert world.publish("lengths").made == [ONE], "downstream of the rejected film nothing changed"
    world.raw(TWO, "a plain text")
    assert world.publish("words").made == [TWO]
    assert not (world.data / "rejected").exists()


def test_an_expectation_on_a_count_names_the_film_that_breaks_it(world: ToyWorld) -> None:
    world.raw(THREE, "")
    outcome = world.publish("words")
    assert list(outcome.rejected) == [THREE]
    assert "row count" in outcome.rejected[THREE][0]


def test_an_expectation_on_a_missing_column_fails_every_unit(world: ToyWorld) -> None:
    asks = replace(
        WORDS, expectations=lambda settings: [expect("words", "column_values_to_not_be_null", column="colour")]
    )
    outcome = world.publish(asks)
    assert list(outcome.rejected) == list(FILMS)
    assert "could not be evaluated" in outcome.rejected[ONE][0]


def test_a_film_that_was_never_published_is_waited_for(world: ToyWorld) -> None:
    world.raw(TWO, "an incomprehensible text")
    world.publish("words")
    outcome = world.publish("lengths")
    assert outcome.made == [ONE, THREE] and not outcome.good
    assert f"lengths is waiting for words/{TWO}" in outcome.complaint()
    assert "waiting for lengths/" in world.publish("total").complaint()


def test_bad_input_puts_the_film_aside_and_the_rest_goes_on(world: ToyWorld) -> None:
    world.raw(TWO, "broken")
    outcomes = world.publish_all()
    assert outcomes["words"].aside == {TWO: f"raw/{TWO}.txt:1: broken; mend that line"}
    assert sorted(path.name for path in (world.data / "words" / TWO).iterdir()) == [ASIDE, RECORD]
    assert "is put aside" in outcomes["lengths"].aside[TWO]
    assert set(json.loads((world.data / "total/total.json").read_text())["films"]) == {ONE, THREE}
    assert all(not outcome.made for outcome in world.publish_all().values()), "it is not tried again for nothing"
    world.raw(TWO, "mended now")
    assert world.publish_all()["words"].made == [TWO]
    assert set(json.loads((world.data / "total/total.json").read_text())["films"]) == set(FILMS)


def test_a_person_sets_a_film_aside(world: ToyWorld) -> None:
    world.publish_all()
    world.values["films"] = {"set_aside": {ONE: "the sound is stolen"}}
    assert world.publish_all()["words"].aside == {ONE: "the sound is stolen"}
    assert set(json.loads((world.data / "total/total.json").read_text())["films"]) == {TWO, THREE}


@pytest.mark.parametrize("unit", ["../../docs", "..", ".", "a/b", "/docs", "a\x00b"])
def test_a_units_name_never_leaves_the_stages_folder(world: ToyWorld, unit: str) -> None:
    leaving = replace(WORDS, units=lambda settings: [ONE, unit], raw=None)
    with pytest.raises(BadInput, match="no folder's name"):
        world.publish(leaving)
    with pytest.raises(BadInput, match="no folder's name"):
        WORDS.folder(world.data, unit)
    assert not (world.data / "words" / ONE).exists()


def test_a_published_reason_names_no_place_of_this_machine(world: ToyWorld) -> None:
    def complain(work: Work) -> None:
        if work.unit == ONE:
            raise BadInput(f"{world.data}/raw/{ONE}.txt:3: broken, see '{world.root}'; mend it")
        if work.unit == TWO:
            beside = work.out.with_name(f"{TWO}.corpus") / "film.mp4"
            raise BadInput(f"{work.out / 'cast.json'} and {beside} differ, in {work.out}; {world.root}-2/x is another")
        make_words(work)

    reasons = world.publish(replace(WORDS, make=complain)).aside
    assert reasons[ONE] == f"data/raw/{ONE}.txt:3: broken, see '.'; mend it"
    assert reasons[TWO] == f"cast.json and {TWO}.corpus/film.mp4 differ, in {TWO}; {world.root}-2/x is another"
    assert str(world.root).encode() not in world.tree()[f"words/{ONE}/{ASIDE}"]


def test_a_rejections_reason_names_no_place_of_this_machine(world: ToyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    told = [f"words: could not be evaluated: {world.root}/data/x.json is torn"]
    monkeypatch.setattr(
        "publishing.audits.gates.audit", lambda *_, units: Audit({unit: told for unit in units if unit == TWO}, 1)
    )
    assert world.publish("words").rejected == {TWO: ["words: could not be evaluated: data/x.json is torn"]}
    assert str(world.root) not in (world.data / "rejected/words" / TWO / "_rejected.json").read_text()


def test_no_raw_film_at_all_is_bad_input(world: ToyWorld) -> None:
    world.publish("words")
    before = world.tree()
    with pytest.raises(BadInput, match=r"words: there are none; put each into data/raw/<split>/<film> \(docs/corpora"):
        world.publish(replace(WORDS, units=lambda settings: []))
    assert world.tree() == before


def test_what_passed_its_audit_is_tracked_before_it_is_published(world: ToyWorld) -> None:
    tracked: list[str] = []

    def track(work: Work) -> None:
        assert (work.out / "words.json").exists() and not (world.data / "words" / work.unit).exists()
        assert work.inputs == {} and work.out != work.data / "words" / work.unit
        tracked.append(work.unit)

    world.raw(ONE, "broken")
    world.raw(TWO, "an incomprehensible text")
    stage = replace(WORDS, track=track, jobs=lambda settings: 2)
    assert world.publish(stage).made == [THREE, ONE]
    assert tracked == [THREE], "neither what was put aside nor what was rejected"
    more = replace(stage, expectations=lambda settings: [*words_expectations(settings), ROWS])
    assert world.publish(more, only=[THREE]).judged == [THREE]
    assert tracked == [THREE], "nothing was made"


ROWS = expect("words", "table_row_count_to_be_between", max_value=99)


def test_nothing_left_fails_and_touches_nothing(world: ToyWorld) -> None:
    world.publish_all()
    before = world.tree()
    for film in FILMS:
        world.raw(film, "broken")
    with pytest.raises(BadInput, match="every unit is put aside"):
        world.publish("words")
    assert world.tree() == before


def test_bad_input_of_a_whole_stage_fails_and_touches_nothing(world: ToyWorld) -> None:
    world.publish_all()
    before = world.tree()
    world.raw(ONE, "word " * 5000)
    world.publish("words")
    world.publish("lengths")
    with pytest.raises(BadInput, match="more than anyone can count"):
        world.publish("total")
    assert world.tree()["total/total.json"] == before["total/total.json"]
    assert not (world.data / ".staging").exists() or not list((world.data / ".staging").rglob("*.json"))


def test_a_crash_keeps_what_was_finished_before_it(world: ToyWorld) -> None:
    world.raw(TWO, "crash")
    with pytest.raises(RuntimeError, match="a fault of the program"):
        world.publish("words")
    assert [path.name for path in sorted((world.data / "words").iterdir())] == [ONE]
    world.raw(TWO, "well")
    assert world.publish("words").made == [TWO, THREE]


def test_reading_what_was_not_declared_is_refused(world: ToyWorld) -> None:
    work = Work(world.settings, ONE, world.root, world.data, {"words": (ONE,)})
    assert work.read("words") == world.data / "words" / ONE
    with pytest.raises(KeyError, match="not among the units"):
        work.read("words", TWO)
    with pytest.raises(KeyError, match="not among the stages"):
        work.read("total")


def test_the_order_of_stages_is_checked() -> None:
    with pytest.raises(ValueError, match="reads words, not made before it"):
        graph_of((LENGTHS, WORDS))
    with pytest.raises(ValueError, match="twice"):
        graph_of((WORDS, WORDS))


def test_code_that_does_not_exist_is_a_fault(world: ToyWorld) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.py"):
        world.publish(replace(WORDS, code=("nowhere.py",)))


def test_locks_are_refused_at_once_with_the_holder(world: ToyWorld, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time, pathlib; from publishing.locks import stage_locks\n"
            "with stage_locks(pathlib.Path(sys.argv[1]), write='lengths', read=['words']):\n"
            "    pathlib.Path(sys.argv[2]).touch(); time.sleep(60)",
            str(world.data),
            str(ready),
        ]
    )
    try:
        while not ready.exists():
            assert holder.poll() is None
            time.sleep(0.02)
        for stage in ("words", "lengths", "total"):
            with pytest.raises(Busy, match=rf"being written.* by process {holder.pid} .*wait for it or stop it"):
                world.publish(stage)
        with stage_locks(world.data, write="shares", read=["words"]):
            pass  # readers go together
    finally:
        holder.kill()
        holder.wait()
    world.publish("words")  # a lock goes with its process


def test_the_commit_comes_last_and_only_for_a_whole_stage(world: ToyWorld) -> None:
    committed: list[str] = []

    def commit(stage: str) -> str:
        with pytest.raises(Busy), stage_locks(world.data, write=stage, read=[]):
            pass  # the stage's lock is held
        committed.append(stage)
        return "committed"

    assert "still to make" in world.publish("words", only=[ONE], commit=commit).committed
    assert committed == []
    assert world.publish("words", commit=commit).committed == "committed"
    world.raw(TWO, "an incomprehensible text")
    assert TWO in world.publish("words", commit=commit).committed
    assert committed == ["words"]


def test_a_whole_stage_replaces_its_folder(world: ToyWorld) -> None:
    world.publish_all()
    (world.data / "total" / "stray").write_text("")
    assert world.publish(TOTAL).made == [""]
    assert sorted(path.name for path in (world.data / "total").iterdir()) == [RECORD, "total.json"]


def test_a_changed_gate_judges_again_without_making_again(world: ToyWorld) -> None:
    world.publish_all()
    strict = [expect("words", "column_values_to_be_between", column="length", max_value=5, rows=("word",))]
    assert (outcome := world.publish(replace(WORDS, expectations=lambda settings: strict))).judged == list(FILMS)
    assert not outcome.made and world.publish("lengths").made == []
    stricter = [expect("words", "column_values_to_be_between", column="length", max_value=3, rows=("word",))]
    outcome = world.publish(replace(WORDS, expectations=lambda settings: stricter))
    assert list(outcome.rejected) == list(FILMS)
    assert (world.data / "words" / ONE / "words.json").exists(), "the last good version stays"


def test_the_module_of_make_is_code_but_not_what_judges_and_shows(
    world: ToyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "def make(work):\n    {make}\n\ndef facts(folder):\n    {facts}\n\nSTAGE = {stage}\n"

    def digest_of(make: str, facts: str, stage: str) -> str:
        world.code("asset.py", source.format(make=make, facts=facts, stage=stage))
        return stage_digest(replace(WORDS, facts=facts_function), code_root=world.root)

    def facts_function(folder: Path) -> dict[str, object]:
        return {}

    facts_function.__name__ = "facts"
    monkeypatch.setattr("publishing.keys.make_module", lambda stage, code_root: "asset.py")
    first = digest_of("return 1", "return 2", "3")
    assert digest_of("return 1", "return 22", "33") == first
    assert digest_of("return 11", "return 2", "3") != first
