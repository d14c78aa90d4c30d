"""The benchmark: both sides in turn, on the same work, and a page that keeps what other runs measured."""

import json
import subprocess
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from assets import STAGES
from common.errors import BadInput
from common.files import read_json, write_json
from corpora.film import Character, Clip, Description, Film, write_film
from corpora.subtitles import Subtitle, write_srt
from corpora.video import probe, read_frames, write_video
from models.perception.detection import Face
from models.perception.encoders import unit_rows
from orchestration.bench import banks, narration
from orchestration.bench.__main__ import main
from orchestration.bench.captioner import as_transformers_searches, transformers_search
from orchestration.bench.engines import up_to_date
from orchestration.bench.harness import Result, interleaved, write_results
from orchestration.bench.history import stages
from orchestration.bench.perception import lengthened, name_batched, name_like_the_peer
from orchestration.bench.scratch import Cost, Timed


class Squares:
    """Finds the one coloured square; embeds it by its colour; counts the pictures it was asked about."""

    name, size, threshold, portrait_threshold = "squares", 3, 0.2, 0.2

    def __init__(self) -> None:
        self.looked_at = 0

    def detect(self, frames: Sequence[np.ndarray]) -> list[list[Face]]:
        self.looked_at += len(frames)
        found = []
        for frame in frames:
            rows, columns = np.nonzero(frame.max(2) > 200)
            box = np.array([columns.min(), rows.min(), columns.max(), rows.max()], np.float32)
            found.append([Face(box, 0.99)])
        return found

    def crop(self, frame_hwc: np.ndarray, box: np.ndarray) -> np.ndarray:
        x1, y1, x2, y2 = box.astype(int)
        return frame_hwc[y1:y2, x1:x2]

    def encode(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        rows = np.array([crop.mean((0, 1)) for crop in crops], np.float32).reshape(-1, 3)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def picture(colour: tuple[int, int, int]) -> np.ndarray:
    frame = np.full((60, 80, 3), 20, np.uint8)
    frame[20:40, 30:50] = colour
    return frame


RED, GREEN = (250, 20, 20), (20, 250, 20)


@pytest.fixture
def film(tmp_path: Path) -> Film:
    import cv2

    folder = tmp_path / "film"
    (folder / "portraits").mkdir(parents=True)
    for name, colour in (("Ada", RED), ("Ben", GREEN)):
        cv2.imwrite(str(folder / "portraits" / f"{name}.png"), picture(colour)[:, :, ::-1])
    write_video(folder / "film.mp4", [picture(RED)] * 15 + [picture(GREEN)] * 15, fps=10)
    cast = tuple(Character(name, "", "", (f"portraits/{name}.png",)) for name in ("Ada", "Ben"))
    said = (Description(1, 0.5, 2.0, "Ada waits."),)
    made = Film("tt1", "Toy", "none", "folder", 10.0, 30, 80, 60, 3.0, cast, said, (), (), folder)
    write_film(made, folder)
    return made


def test_both_sides_run_in_turn_and_once_unmeasured() -> None:
    order: list[str] = []
    ours, peer = interleaved(lambda: order.append("ours"), lambda: order.append("peer"), rounds=2)
    assert order == ["ours", "peer"] * 3 and ours >= 0 and peer >= 0


def test_ours_and_the_peer_give_the_same_names_but_the_peer_looks_far_oftener(film: Film) -> None:
    frames = [frame for _, frame in read_frames(film.video, [2, 6, 18, 25])]
    ours, peer = Squares(), Squares()
    named = name_batched(film, frames, ours, ours)
    assert sorted(set(named.values())) == ["Ada", "Ben"]
    assert name_like_the_peer(film, frames, peer, peer) == ["Ada", "Ada", "Ben", "Ben"]
    assert ours.looked_at == 4 + 2 and peer.looked_at == 4 * (2 + 2)


def test_a_lengthened_film_has_every_frame_and_description_again(film: Film, tmp_path: Path) -> None:
    write_srt(film.folder / "subtitles.srt", [Subtitle(1.0, 1.5, "Hello.")])
    longer = lengthened(film, tmp_path / "long", minutes=1)
    assert longer.frames == 600 and probe(longer.video).frames == 600
    assert [line.start for line in longer.subtitles()][:2] == pytest.approx([1.0, 4.0])
    assert (
        len(longer.subtitles()) == 20
        and len(longer.descriptions) == 20
        and longer.descriptions[-1].end == pytest.approx(59.0)
    )
    frames = dict(read_frames(longer.video, [5, 20, 305, 590]))
    assert [int(frames[i][30, 40].argmax()) for i in (5, 20, 305, 590)] == [0, 1, 0, 1]
    assert len({clip.id for clip in longer.clips()}) == 20


def test_results_of_other_names_stay_and_the_same_name_is_replaced(tmp_path: Path) -> None:
    write_results([Result("a", 2.0, 1.0, 2.0, "x / s"), Result("b", 1.0, None, None, "s")], tmp_path)
    write_results([Result("a", 3.0, 1.0, 3.0, "x / s")], tmp_path)
    rows = {row["name"]: row["ours"] for row in read_json(tmp_path / "BENCHMARKS.json")}
    assert rows == {"a": 3.0, "b": 1.0}
    assert "| b | 1 | – | – | s |" in (tmp_path / "BENCHMARKS.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("part", ["perception", "narration", "generation", "training"])
def test_a_part_without_its_data_says_what_to_do(part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", part, "--data", str(tmp_path), "--out", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "run `make repro` first, or give --" in told and told.count("\n") == 1
    assert not (tmp_path / "BENCHMARKS.json").exists()


def test_an_unknown_part_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "speed"])
    assert "generation" in capsys.readouterr().err


def test_the_peer_searches_as_transformers_does_and_afterwards_all_is_as_before() -> None:
    from models.captioner import describe

    ours = describe.beam_search
    with transformers_search():
        assert describe.beam_search is as_transformers_searches
    assert describe.beam_search is ours


def test_a_training_step_from_pixels_looks_at_the_clips_of_the_step_alone(
    film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    from orchestration.bench import captioner

    described = tuple(Description(place, place / 2, place / 2 + 0.4, "Ada waits.") for place in (1, 2, 3, 4))
    film = replace(film, descriptions=described)
    table = pd.DataFrame({"clip": [1, 3, 4], "track": 0, "frame": 0, "mask": ""})
    looked_at: list[tuple[list[int], list[int]]] = []

    def extract(_: Film, clips: Sequence[Clip], regions: pd.DataFrame, *__: object, **___: object) -> None:
        looked_at.append(([clip.id for clip in clips], list(regions["clip"])))

    monkeypatch.setattr(captioner, "TRIPLETS", 6)
    monkeypatch.setattr(captioner, "_films", lambda *_: iter([film, film, film]))
    monkeypatch.setattr(captioner, "_records", lambda *_: [{"clip_id": place} for place in (1, 2, 3, 4)])
    monkeypatch.setattr(captioner, "_film_samples", lambda *_, clips, **__: list(clips))
    monkeypatch.setattr("models.captioner.features.extract", extract)
    monkeypatch.setattr("models.perception.regions.read_regions", lambda _: SimpleNamespace(regions=table))
    step = captioner.clips_of_a_step(tmp_path)
    assert [clips for _, clips in step] == [[1, 2, 3, 4], [1, 2]]
    for each, clips in step:
        assert captioner.seen_again(tmp_path, each, clips, None, None) == clips  # type: ignore[arg-type]
    assert looked_at == [([1, 2, 3, 4], [1, 3, 4]), ([1, 2], [1])]


def test_narrating_is_measured_by_the_length_of_the_film(film: Film, tmp_path: Path, monkeypatch) -> None:
    asked: list[list[str]] = []

    def run(words: list[str], **_: object) -> SimpleNamespace:
        asked.append(words)
        figures = {"seconds": 30.0, "peak_mib": 900.0, "slots": 40, "lines": 38, "written_mib": 0.25}
        return SimpleNamespace(returncode=0, stdout=f"noise\n{json.dumps(figures)}\n")

    monkeypatch.setattr(subprocess, "run", run)
    found = narration.against_length(film, tmp_path / "data", [1, 3])
    assert [(each.name, each.ours) for each in found] == [
        ("narration: a film of 1 min, time", 30.0),
        ("narration: a film of 1 min, memory", 900.0),
        ("narration: a film of 3 min, time", 10.0),
        ("narration: a film of 3 min, memory", 900.0),
    ]
    assert all(words[-1] == str(tmp_path / "data") for words in asked)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=2, stdout=""))
    with pytest.raises(BadInput, match="could not be narrated"):
        narration.against_length(film, tmp_path / "data", [1])


def test_one_that_cannot_be_narrated_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert narration.main(str(tmp_path / "none"), str(tmp_path)) == 2
    assert "no such film or folder" in capsys.readouterr().err


def test_the_cost_of_a_command_is_that_of_all_its_processes(source: Path, tmp_path: Path) -> None:
    clone = Timed(tmp_path / "clone", source=source)
    work = "sum(range(6_000_000))"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}]); print('done')"
    cost = clone.cost("python", "-c", child)
    assert cost.said == "done\n"
    assert cost.cpu > clone.cost("python", "-c", "").cpu, "the child of the child counts too"


def test_a_command_that_fails_in_the_copy_is_told_with_its_last_line(source: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="failed in a clone of this repository: no such thing"):
        Timed(tmp_path / "clone", source=source).cost("python", "-c", "raise SystemExit('no such thing')")


@pytest.mark.parametrize(
    "said, good", [("films:\n\tchanged deps:", False), ("Data and pipelines are up to date.", True)]
)
def test_data_of_other_parameters_are_not_measured(source: Path, tmp_path: Path, said: str, good: bool) -> None:
    class Fixed(Timed):
        def cost(self, *words: str) -> Cost:
            return Cost(0.0, 0.0, said)

    clone = Fixed(tmp_path / "clone", source=source)
    with nullcontext() if good else pytest.raises(BadInput, match="make repro"):
        up_to_date(clone)


def test_kmeans_is_given_to_the_characters_it_fits() -> None:
    draw = np.random.default_rng(0)
    film = {
        name: unit_rows(centre + 0.05 * draw.standard_normal((30, 8)))
        for name, centre in zip("ab", np.eye(8)[:2], strict=True)
    }
    _, ours = banks._our_queries(film, (0.0, 0.2))
    _, share = banks._kmeans(film, ours, banks.STARTS)
    assert 0.9 < share < 1.1, "two clear clusters: both searches find the same"


def test_where_the_time_goes_is_told_of_a_run_that_made_everything(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="run `make repro` first"):
        stages(tmp_path / "data")
    took = {stage.name: {"status": 0, "seconds": 2.0, "cpu": 3.0} for stage in STAGES}
    write_json(tmp_path / ".home/repro.json", {"seconds": 20.0, "stages": took | {"films": {"status": 0, "cpu": 61.0}}})
    whole, dearest, *others = stages(tmp_path / "data")
    assert (whole.name, whole.ours, whole.note) == (
        "make repro",
        100.0,
        "all stages; 20 s of time, several side by side",
    )
    assert (dearest.name, dearest.note) == ("make repro: films", "61%") and len(others) == len(STAGES) - 1

    took["captioner"]["status"] = 1
    write_json(tmp_path / ".home/repro.json", {"seconds": 20.0, "stages": took})
    with pytest.raises(BadInput, match="did not make captioner"):
        stages(tmp_path / "data")
