"""The harness of faults: kills spread over everything, and a verdict that a changed byte turns."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections import Counter
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_repository import commit

from common.errors import BadInput
from common.files import file_md5, read_json
from orchestration.faults import clock, kills, servers
from orchestration.faults.__main__ import MARK, main
from orchestration.faults.kills import TURNS, Kill, Kills, State, kill_rows
from orchestration.faults.moments import (
    BETWEEN,
    COMMITTING,
    LOCKING,
    PHASES,
    PUBLISHING,
    STARTING,
    WRITING,
    Target,
    Watch,
    lengths,
    spread,
    unit_files,
)
from orchestration.faults.pairs import refusal
from orchestration.faults.report import Row, kill_table, page, write_part
from orchestration.faults.runs import left_by
from orchestration.faults.scratch import Clone, Ended, differences, published_units, unequal
from publishing.records import write_record

STAGES = tuple(f"stage_{number:02d}" for number in range(14))


@pytest.mark.parametrize("seed", range(5))
def test_kills_are_spread_over_all_stages_and_phases(seed: int) -> None:
    targets = [spread(28, STAGES, seed=seed, turn=turn) for turn in range(2)]
    for some in targets:
        assert Counter(target.stage for target in some) == dict.fromkeys(STAGES, 2)
        places = [(STAGES.index(target.stage), target.phase) for target in some]
        assert places == sorted(set(places)), "in the order in which they come, none twice"
    both = [*targets[0], *targets[1]]
    assert min(Counter(target.phase for target in both)[phase] for phase in range(len(PHASES))) >= 6
    for stage in STAGES[:-1]:
        assert len({target.phase for target in both if target.stage == stage}) == 4, "other phases in the second turn"
    assert all((target.stage, target.phase) != (STAGES[-1], BETWEEN) for target in both)
    assert all(0 <= target.share < 1 for target in both)
    assert targets[0] == spread(28, STAGES, seed=seed) != spread(28, STAGES, seed=seed + 1)


def test_few_kills_are_spread_over_the_whole_lineage() -> None:
    assert [target.stage for target in spread(3, STAGES, seed=0)] == [STAGES[0], STAGES[4], STAGES[9]]


def publish(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.json").write_text(text)
    write_record(folder, key="k", made_from={}, audit="")


def test_a_run_is_followed_from_outside(tmp_path: Path) -> None:
    publish(tmp_path / "reference/words/tt1", "[]")
    publish(tmp_path / "reference/total", "{}")
    files = unit_files(tmp_path / "reference")
    assert files == {"words/tt1": ["words.json"], "total/_whole": ["words.json"]}
    log = tmp_path / "log"
    log.write_text("")
    watch = Watch(tmp_path, log, os.getpid(), files)
    order = ["words", "total"]

    def said(line: str) -> None:
        with log.open("a") as stream:
            stream.write(line + "\n")

    try:
        assert watch.look() == ("", BETWEEN) and not watch.reached(Target("words", STARTING, 0), order)
        said("Running stage 'words':")
        assert watch.look() == ("words", STARTING)
        unit = tmp_path / "data/.staging/words/new/tt1"
        unit.mkdir(parents=True)
        assert watch.look() == ("words", WRITING)
        (unit / "words.json").write_text("[]")
        assert PHASES[watch.look()[1]] == "auditing"
        write_record(unit, key="k", made_from={}, audit="")
        assert watch.look() == ("words", PUBLISHING)
        for path in (unit / "words.json", unit / "_made.json"):
            path.unlink()
        unit.rmdir()
        unit.parent.rmdir()
        assert PHASES[watch.look()[1]] == "reporting"
        watch._command = 2**22 + 1  # no process has this number
        assert watch.look() == ("words", COMMITTING)
        said("Updating lock file 'dvc.lock'")
        assert watch.look() == ("words", LOCKING)
        assert watch.reached(Target("words", LOCKING, 0), order)
        assert not watch.reached(Target("total", STARTING, 0), order)
        said("Stage 'total' didn't change, skipping")
        assert watch.look() == ("total", BETWEEN)
    finally:
        watch.close()
    assert watch.order == order
    assert list(lengths(watch.began))[:2] == [("words", STARTING), ("words", WRITING)]


def test_a_changed_byte_is_torn_and_neither_old_nor_new(tmp_path: Path) -> None:
    for film in ("a", "b", "c"):
        publish(tmp_path / "words" / film, "[]")
    publish(tmp_path / "total", "{}")
    before = published_units(tmp_path)
    assert set(before) == {"words/a", "words/b", "words/c", "total"}
    publish(tmp_path / "words/a", '["new"]')
    new = published_units(tmp_path)
    assert differences(before, new, new) == [], "the new version"
    assert differences(before, before, new) == [], "the old version"
    assert differences(new, before, {}, whole_is_enough=["words/a"]) == []
    assert differences(new, before, {}) == ["words/a is neither the old version nor the new"]
    (tmp_path / "words/a/words.json").write_text('["now"]')
    publish(tmp_path / "words/b", '["something else"]')
    shutil.rmtree(tmp_path / "words/c")
    assert differences(before, published_units(tmp_path), new) == [
        "words/a is torn",
        "words/b is neither the old version nor the new",
        "words/c is lost",
    ]


def test_tables_of_hashes_are_compared_name_by_name() -> None:
    assert unequal({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "0", "d": "4"}) == [
        "b differs",
        "c extra",
        "d missing",
    ]
    assert unequal({"a": "1"}, {"a": "1"}) == []


class Lineage:
    """A clone whose whole lineage is made: a film, and tables that name a run of MLflow."""

    def __init__(self, root: Path, *, run: str, film: str = "[]", hash_of_films: str = "1", times: int = 1) -> None:
        self.root, self.run_id, self.times = root, run, times
        publish(root / "data/films/a", film)
        publish(root / "data/paper_tables", f"C2,23.8,{run},<code>{run[:8]}</code>")
        outs = {"films": hash_of_films, "paper_tables": run}
        locked = {"stages": {name: {"outs": [{"md5": md5, "size": 1}]} for name, md5 in outs.items()}}
        (root / "dvc.lock").write_text(json.dumps(locked))

    def files(self) -> dict[str, str]:
        found = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        return {path.relative_to(self.root).as_posix(): file_md5(path) for path in found}

    def must_run(self, *words: str) -> Ended:
        run = ["run", "captioner", "C2.0", "v1", "FINISHED", self.run_id]
        killed = ["run", "captioner", "C2.0", None, "KILLED", "0" * 32]
        return Ended(0, "\n".join(json.dumps(row) for row in [run] * self.times + [killed]))


def test_lineages_are_equal_but_for_the_names_of_runs(tmp_path: Path) -> None:
    wanted = left_by(Lineage(tmp_path / "undisturbed", run="a1b2c3d4" * 4))  # type: ignore[arg-type]

    def wrong(name: str, **given: Any) -> list[str]:
        return left_by(Lineage(tmp_path / name, **given)).differs_from(wanted)  # type: ignore[arg-type]

    assert wrong("same", run="99887766" * 4) == []
    assert wrong("film", run="99887766" * 4, film="[1]") == [
        "data/films/a/_made.json differs",
        "data/films/a/words.json differs",
    ]
    assert wrong("lock", run="99887766" * 4, hash_of_films="2") == ["dvc.lock differs"]
    assert wrong("twice", run="99887766" * 4, times=2) == ["MLflow: run of captioner/C2.0 v1: FINISHED differs"]


def test_what_is_done_is_kept_and_the_page_says_how_far_it_came(tmp_path: Path) -> None:
    state = State("abc", 0, 4)
    state.undisturbed["0"] = {"seconds": 170.0, "left": {"files": {"dvc.lock": "x"}, "trainings": {}}}
    state.kills = [Kill(0, "films, writing", "films", "auditing", mended=[".dvc/tmp/rwlock is torn: DVC refuses"])]
    state.write(tmp_path / "kills.json")
    assert State.read(tmp_path / "kills.json") == state and State.read(tmp_path / "none.json") is None
    kills, compared, second = kill_rows(state)
    assert second.times == 0 and "not reached" in second.found
    assert (kills.times, kills.wrong) == (1, []) and ".dvc/tmp/rwlock is torn" in kills.found
    assert compared.times == 0 and "not reached" in compared.found
    state.kills.append(Kill(0, "films, between", "face_encoder", "starting", wrong=["films/a is torn"]))
    state.compared["0"] = ["dvc.lock differs"]
    kills, compared, second = kill_rows(state)
    assert second.times == 0 and "not reached" in second.found
    assert kills.wrong == ["face_encoder, starting: films/a is torn"] and compared.wrong == ["dvc.lock differs"]
    assert TURNS[0].name in kills.what


def test_a_part_that_is_run_again_takes_its_own_place_alone(tmp_path: Path) -> None:
    write_part("pairs", [Row("two runs", 1, ["both failed"])], tmp_path, commit="abc")
    kills = [{"turn": 0, "stage": "films", "phase": "writing"}, {"turn": 0, "stage": "films", "phase": "locking"}]
    write_part("kills", [Row("killed", 2, [], "whole | each")], tmp_path, commit="abc", more={"kills": kills})
    text = (tmp_path / "FAULTS.md").read_text()
    assert "| two runs | 1 | 1 | both failed |" in text and "| killed | 2 | 0 | whole \\| each |" in text
    assert "| films |  | 1 |  |  |  |  | 1 |  | 2 |" in text
    assert text.index("## SIGKILL") < text.index("## Two runs") and "kills, pairs: " in text
    write_part("pairs", [Row("two runs", 1)], tmp_path, commit="abc")
    assert "both failed" not in (tmp_path / "FAULTS.md").read_text()
    assert page(read_json(tmp_path / "FAULTS.json")) == (tmp_path / "FAULTS.md").read_text()


def test_a_refusal_is_the_line_that_names_who_has_the_stage() -> None:
    ours = "words is being written or read by process 12 (python -m orchestration.run words); wait for it or stop it"
    assert refusal(Ended(1, f"noise\n{ours}\n")) == ours
    assert refusal(Ended(255, "ERROR: 'data/words' is busy, it is being blocked by:\n  (PID 3): dvc")) is not None
    assert refusal(Ended(1, "Traceback")) is None


def test_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--kills", "0", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "--kills 0: at least one\n"
    with pytest.raises(SystemExit):
        main(["--only", "fire"])


def test_kills_of_another_commit_are_not_mixed_in(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kills, "Clone", partial(Clone, source=source))
    state = State(Clone(tmp_path / "killed", source=source).commit, 1, 56)
    state.write(tmp_path / "kills.json")

    def begin(seed: int = 1) -> Kills:
        return Kills(tmp_path, count=56, seed=seed, minutes=None, told=lambda _: None)

    assert begin().state == state, "the same commit, seed and number: gone on with"
    with pytest.raises(BadInput, match="another commit, seed or number"):
        begin(seed=0)
    commit(source, "params.yaml", "studio: {seed: 9}\n")
    with pytest.raises(BadInput, match="undisturbed: a clone of another commit"):
        begin()
    for name in ("undisturbed", "killed"):
        shutil.rmtree(tmp_path / name)
    with pytest.raises(BadInput, match="another commit, seed or number"):
        begin()
    assert State.read(tmp_path / "kills.json") == state, "nothing is thrown away"


def test_only_what_the_finished_parts_made_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [0]
    (tmp_path / "FAULTS.md").touch()

    def part(name: str, asked: argparse.Namespace) -> int:
        for folder in ("toys", "killed"):
            (asked.scratch / folder).mkdir(exist_ok=True)
        (asked.scratch / "kills.json").touch()
        return wrong[0]

    def left(*more: str) -> set[str]:
        main(["--only", "pairs", "--scratch", "made", "--out", str(tmp_path), *more])
        return {path.name for path in (tmp_path / "made").iterdir()}

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("orchestration.faults.__main__._part", part)
    unfinished = {MARK, "killed", "kills.json"}
    assert left() == unfinished, "kills that were stopped go on"
    assert left("--keep") == unfinished | {"toys"}
    wrong[0] = 1
    assert left() == unfinished | {"toys"}, "where something was wrong one looks at it"


def test_a_folder_of_anothers_is_no_scratch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "work.txt").touch()
    assert main(["--only", "pairs", "--scratch", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "holds what this command did not make" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["work.txt"]


class Refused:
    """A clone whose lineage cannot be resumed."""

    root = Path()

    def units(self) -> dict[str, str]:
        return {}

    def must_run(self, *words: str) -> Ended:
        return Ended(0, "")


def test_a_resumption_that_fails_is_wrong_and_no_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"unit_files": {}, "order": ["films"], "seconds": 1.0, "left": {"files": {}, "trainings": {}}}
    harness = Kills.__new__(Kills)
    harness.state, harness.subject = State("abc", 0, 4, undisturbed={"0": known}), Refused()  # type: ignore[assignment]
    monkeypatch.setattr(harness, "_follow", lambda *_: (SimpleNamespace(stage="films"), Ended(1, "no such thing")))

    def resume() -> None:
        kill = harness._kill(0, Target("films", WRITING, 0.5), 0.0, known)
        assert kill is not None
        harness.state.kills.append(kill)

    resume()
    row = kill_rows(harness.state)[0]
    assert (row.times, row.wrong) == (0, ["films, refused: not resumed: no such thing"]), "no kill was before it"
    harness.state.kills = [Kill(0, "films, writing", "films", "writing")]
    resume()
    row = kill_rows(harness.state)[0]
    assert (row.times, row.wrong) == (1, ["films, writing: not resumed: no such thing"]), "the kill's before it"
    assert kill_table(harness.state.as_table())[-1].endswith("| 1 |")


def test_a_table_whose_scoring_hangs_is_given_up(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = Clone(tmp_path / "clone", source=source)
    monkeypatch.setattr(servers, "WAITED", 0.5)
    with pytest.raises(BadInput, match="not done after"):
        servers._score(clone, ("sleep", "60"), None)
    assert clone.survivors() == []


def test_a_clock_that_does_not_jump_is_wrong(tmp_path: Path, source: Path) -> None:
    clone = Clone(tmp_path / "clone", source=source)
    absent = {"LD_PRELOAD": str(tmp_path / "absent.so"), "FAULTS_CLOCK": "0"}
    (told,) = clock.steady(clone, absent)
    assert told.startswith("the clock did not jump")
    library = clock.build(tmp_path / "jumping_clock.so")
    if library is None:
        pytest.skip("no C compiler here")
    assert clock.steady(clone, {**absent, "LD_PRELOAD": str(library)}) == []
