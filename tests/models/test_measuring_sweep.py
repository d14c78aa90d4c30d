"""The sweep over the recognition threshold on faces whose distances are set by hand; the section on a real clip."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from common.errors import BadInput
from common.tables import table
from corpora.film import Character, Film
from models.measuring import real_clip
from models.measuring.figures import Figure
from models.measuring.real_clip import real_section, shots_table
from models.measuring.sweep import COLUMNS, SWEPT, Point, Sweep, best, observe_sweep, points
from models.measuring.sweep_page import picture, picture_name, sweep_json, sweep_section, verdict, write_pictures
from models.measuring.truth import Perceived
from models.perception.bank_files import Banks
from models.perception.faces import FACE_COLUMNS
from models.perception.regions import REGION_COLUMNS, TRACK_COLUMNS, Regions
from models.perception.settings import PerceptionSettings, RecognitionSettings
from models.perception.shots import Shot
from models.training.thresholds import in_distance, names_at

ADA, BOB, FAR = np.eye(3, dtype=np.float32)
SETTINGS = PerceptionSettings()
THRESHOLD = 0.5


def at(distance: float, query: np.ndarray, aside: np.ndarray = FAR) -> np.ndarray:
    """A unit vector at this squared distance from `query`, leaning towards `aside`."""
    along = 1 - distance / 2
    return (along * query + np.sqrt(1 - along**2) * aside).astype(np.float32)


def film_of(rows: list[tuple[str, np.ndarray]], banks: Banks) -> tuple[Perceived, pd.DataFrame]:
    """A film with a face a shot, each of who it says."""
    faces, truth = [], []
    for index, (name, embedding) in enumerate(rows):
        faces.append((index * 5, index, 10.0, 5.0, 20.0, 17.0, 0.99, embedding))
        box = {"face_x1": 10.0, "face_y1": 5.0, "face_x2": 20.0, "face_y2": 17.0}
        truth.append({"frame": index * 5, "name": name, "yaw": 0.0, "height": 12.0, "face_visible": True, **box})
    cast = tuple(Character(name, "", "", ()) for name in sorted(banks.actor))
    film = Film("tt1", "Toy", "none", "folder", 10.0, 5 * len(rows), 60, 40, len(rows) / 2, cast, (), (), (), Path())
    shots = tuple(Shot(index, index * 5, index * 5 + 4) for index in range(len(rows)))
    regions = Regions("tt1", 60, 40, table([], TRACK_COLUMNS), table([], REGION_COLUMNS))
    perceived = Perceived(film, pd.DataFrame(faces, columns=list(FACE_COLUMNS)), shots, banks, regions)
    return perceived, pd.DataFrame(truth)


BOTH = Banks("toy", THRESHOLD, {"Ada": ADA, "Bob": BOB}, {"Ada": ADA, "Bob": BOB})
# Two faces of Ada, .29 and .55 from her query (.58 and 1.1 thresholds); one of Bob that is .45 from Ada's.
ROWS = [("Ada", at(0.29, ADA)), ("Ada", at(0.55, ADA)), ("Bob", at(0.45, ADA))]


def shares(swept: pd.DataFrame, bank: str) -> dict[float, tuple[float, float, float, float]]:
    return {
        point.multiple: (*(round(figure.value, 3) for figure in point.outcomes.values()), point.strangers_named.value)
        for point in points(swept, bank)
    }


def test_each_face_gets_its_name_where_the_threshold_passes_its_distance() -> None:
    perceived, _ = film_of(ROWS, BOTH)
    for bank in SWEPT:
        given = {m: names_at(perceived.faces, BOTH, bank, m, SETTINGS) for m in (0.5, 0.8, 1.0, 1.2)}
        assert given == {0.5: ["", "", ""], 0.8: ["Ada", "", ""], 1.0: ["Ada", "", "Ada"], 1.2: ["Ada", "Ada", "Ada"]}


def test_shares_of_the_cast_and_of_strangers_by_hand() -> None:
    perceived, truth = film_of(ROWS, BOTH)
    swept = observe_sweep(perceived, truth, SETTINGS, (0.5, 0.8, 1.0, 1.2))
    # Without Bob on the list his face is Ada's from 1.0 on; without Ada nothing of hers is near Bob's query.
    assert shares(swept, "actor") == {
        0.5: (0, 0, 1, 0),
        0.8: (0.333, 0, 0.667, 0),
        1.0: (0.333, 0.333, 0.333, pytest.approx(1 / 3)),
        1.2: (0.667, 0.333, 0, pytest.approx(1 / 3)),
    }


def test_the_actors_threshold_is_a_multiple_of_its_own() -> None:
    banks = Banks("toy", THRESHOLD, BOTH.best, BOTH.actor, actor_threshold=0.25)
    perceived, _ = film_of(ROWS, banks)
    assert names_at(perceived.faces, banks, "actor", 1.0, SETTINGS) == ["", "", ""]
    assert names_at(perceived.faces, banks, "actor", 2.0, SETTINGS) == ["Ada", "", "Ada"]
    assert names_at(perceived.faces, banks, "best query", 1.0, SETTINGS) == ["Ada", "", "Ada"]


def test_plain_and_squared_distance_give_the_same_names() -> None:
    plain = SETTINGS.model_copy(update={"recognition": RecognitionSettings(distance="plain")})
    assert in_distance(0.25, plain) == 0.5 and in_distance(0.25, SETTINGS) == 0.25
    perceived, _ = film_of(ROWS, BOTH)
    for bank in SWEPT:
        for multiple in (0.5, 0.8, 1.0, 1.2):
            squared = names_at(perceived.faces, BOTH, bank, multiple, SETTINGS)
            assert names_at(perceived.faces, BOTH, bank, multiple, plain) == squared


@effort(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["Ada", "Bob"]), st.floats(0, 1.9)), min_size=1, max_size=8))
def test_every_face_has_one_outcome_and_a_higher_threshold_leaves_no_more_unknown(
    rows: list[tuple[str, float]],
) -> None:
    queries = {"Ada": ADA, "Bob": BOB}
    perceived, truth = film_of([(name, at(distance, queries[name])) for name, distance in rows], BOTH)
    swept = observe_sweep(perceived, truth, SETTINGS, (0.5, 1.0, 2.0))
    for bank in SWEPT:
        found = points(swept, bank)
        assert all(sum(figure.value for figure in point.outcomes.values()) == pytest.approx(1) for point in found)
        unknown = [point.outcomes["Unknown"].value for point in found]
        assert unknown == sorted(unknown, reverse=True)


def test_a_film_without_faces_sweeps_to_nothing() -> None:
    perceived, truth = film_of([], BOTH)
    swept = observe_sweep(perceived, truth.reindex(columns=["frame", "name", *_BOX]), SETTINGS, (1.0,))
    assert list(swept.columns) == list(COLUMNS) and swept["faces"].sum() == 0
    assert np.isnan(points(swept, "actor")[0].balance)
    assert sweep_json(swept)["actor"][0]["right"] == {"value": None, "low": None, "high": None, "count": 0}


_BOX = ("face_x1", "face_y1", "face_x2", "face_y2")


# ---- the best threshold, the table and the picture


def point(multiple: float, right: float, strangers: float) -> Point:
    def figure(value: float) -> Figure:
        return Figure(value, value - 0.1, value + 0.1, 10)

    outcomes = {"right": figure(right), "wrong": figure(0.0), "Unknown": figure(1 - right)}
    return Point(multiple, outcomes, figure(strangers))


POINTS = [point(0.5, 0.5, 0.0), point(1.0, 0.8, 0.2), point(1.5, 0.8, 0.2), point(2.0, 0.9, 0.9)]


def test_the_best_threshold_depends_on_whether_strangers_count() -> None:
    assert best(POINTS, strangers=False).multiple == 2.0
    assert best(POINTS, strangers=True).multiple == 1.0  # of two with the same balance the lower


def test_the_encoders_own_threshold_is_held_against_the_best() -> None:
    told = verdict([point(0.5, 0.8, 0.1), *POINTS[1:]])
    assert "Most right names: 2 times the encoder's own, .900 [.800, 1.000]" in told
    assert "Best balance: 0.5 times the encoder's own, .850" in told and ".050 below the best" in told


def test_the_picture_is_well_formed_and_tells_its_numbers() -> None:
    tree = ElementTree.fromstring(picture(POINTS, "best query"))
    told = "".join(tree.itertext())
    assert "Names by the best query" in told and "strangers named: 0.5: 0.0, 1: 20.0" in told
    assert "u, in the encoder's thresholds" in told


def test_the_section_gives_u_squared_and_plain(tmp_path: Path) -> None:
    perceived, truth = film_of(ROWS, BOTH)
    swept = observe_sweep(perceived, truth, SETTINGS, (0.5, 1.0))
    text = sweep_section(swept, {bank: [0.49, 0.49] for bank in SWEPT}, pictures="pictures")
    assert "| 1 (the encoder's) | .490 | .700 | .333 |" in text and "| 0.5 | .245 | .495 |" in text
    assert "pictures/figure_7_best_query.svg" in text
    write_pictures(swept, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(picture_name(bank) for bank in SWEPT)
    mixed = sweep_section(swept, {bank: [0.4, 0.5] for bank in SWEPT}, pictures="pictures")
    assert "| 1 (the encoder's) | - | - |" in mixed  # films of several encoders have no common u


def test_films_are_collected_with_their_thresholds(tmp_path: Path) -> None:
    perceived, truth = film_of(ROWS, BOTH)
    film = Film(**{**vars(perceived.film), "folder": tmp_path})
    (tmp_path / "truth").mkdir()
    truth.assign(mask="").to_parquet(tmp_path / "truth" / "tracks.parquet")
    sweep = Sweep()
    sweep.add(Perceived(film, perceived.faces, perceived.shots, BOTH, perceived.regions), SETTINGS)
    assert sweep.thresholds == {"actor": [0.5], "best query": [0.5]} and sweep.encoders == {"toy"}
    assert set(sweep.rows()["film"]) == {"tt1"}


# ---- the real clip


def test_without_a_clip_the_section_says_why(tmp_path: Path) -> None:
    assert "no clip was given" in real_section(None, SETTINGS)
    told = real_section(tmp_path / "hamilton", SETTINGS)
    assert "there is no `film.mp4` in the folder `hamilton`" in told and str(tmp_path) not in told


def test_without_the_encoder_the_section_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise BadInput("dlib: the optional face encoder is not installed; run `make dlib`")

    monkeypatch.setattr("models.perception.encoders._load_dlib", missing)
    (tmp_path / "film.mp4").write_bytes(b"a clip")
    assert "Left out: dlib: the optional face encoder is not installed; run `make dlib`." in real_section(
        tmp_path, SETTINGS
    )


def test_a_line_per_shot_with_both_banks_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    banks = Banks("toy", THRESHOLD, {"Ada": ADA}, {"Ada": BOB})
    perceived, _ = film_of([("Ada", at(0.1, ADA)), ("", FAR)], banks)
    lines = shots_table(perceived, "clip", SETTINGS).splitlines()
    assert lines[-2:] == [
        "| 0 to 4 | 1 | Ada (1 face, 0.20) | Unknown (1 face, 4.00) |",
        "| 5 to 9 | 1 | Unknown (1 face, 4.00) | Unknown (1 face, 4.00) |",
    ]
    monkeypatch.setattr(real_clip, "SEEN", {"clip": ("Ada", "nobody"), "other": ("one shot",)})
    assert "| 0 to 4 | Ada | 1 |" in shots_table(perceived, "clip", SETTINGS)
    assert "on screen" not in shots_table(perceived, "other", SETTINGS)  # another cut of it


def test_a_shot_without_a_face_has_a_line() -> None:
    perceived, _ = film_of([], BOTH)
    perceived = Perceived(perceived.film, perceived.faces, (Shot(0, 0, 9),), BOTH, perceived.regions)
    assert shots_table(perceived, "clip", SETTINGS).splitlines()[-1] == "| 0 to 9 | 0 | - | - |"
