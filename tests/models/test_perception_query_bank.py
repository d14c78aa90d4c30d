"""Whose faces are whose: tracks, labelled boxes, clusters and portraits."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from corpora.film import Character, Film, LabelledBox
from models.perception.encoders import unit_rows
from models.perception.query_bank import build_banks, names_from_labels
from models.perception.settings import PerceptionSettings, RecognitionSettings
from models.perception.tracks import box_iou, link_tracks

SETTINGS = PerceptionSettings()
RNG = np.random.default_rng(5)
ADA, BEN, EXTRA = np.eye(16, dtype=np.float32)[:3]


def near(centre: np.ndarray, spread: float = 0.05) -> np.ndarray:
    return unit_rows(centre + spread * RNG.normal(size=centre.shape))


def table(*rows: tuple[int, int, float, np.ndarray]) -> pd.DataFrame:
    """Faces of 20 by 24 pixels: frame, shot, left edge, embedding."""
    values = [(frame, shot, x, 10.0, x + 20, 34.0, 0.99, embedding) for frame, shot, x, embedding in rows]
    return pd.DataFrame(values, columns=["frame", "shot", "x1", "y1", "x2", "y2", "confidence", "embedding"])


def film(names: tuple[str, ...], boxes: tuple[LabelledBox, ...] = ()) -> Film:
    cast = tuple(Character(name, f"Actor of {name}", "nm1", ()) for name in names)
    return Film("tt1", "Toy", "none", "folder", 10.0, 300, 480, 270, 30.0, cast, (), boxes, (), Path("nowhere"))


def link(faces: pd.DataFrame) -> list[int]:
    return link_tracks(faces, threshold=0.5, stride=5, settings=RecognitionSettings()).tolist()


def test_boxes_overlap() -> None:
    assert box_iou(np.array([0, 0, 2, 2]), np.array([1, 0, 3, 2])) == pytest.approx(1 / 3)
    assert box_iou(np.array([0, 0, 1, 1]), np.array([1, 0, 2, 1])) == 0


def test_a_face_that_moves_a_little_is_one_track_and_two_faces_are_two() -> None:
    faces = table((0, 0, 10, ADA), (0, 0, 200, BEN), (5, 0, 14, ADA), (5, 0, 190, BEN))
    assert link(faces) == [0, 1, 0, 1]


def test_no_track_crosses_a_cut() -> None:
    assert link(table((0, 0, 10, ADA), (5, 1, 10, ADA))) == [0, 1]


def test_a_lost_face_is_taken_up_again_where_it_looks_alike() -> None:
    assert link(table((0, 0, 10, ADA), (15, 0, 20, ADA))) == [0, 0]
    assert link(table((0, 0, 10, ADA), (15, 0, 20, BEN))) == [0, 1]
    assert link(table((0, 0, 10, ADA), (50, 0, 10, ADA))) == [0, 1]  # too long ago


def test_people_who_cross_keep_their_tracks() -> None:
    faces = table((0, 0, 10, ADA), (0, 0, 30, BEN), (5, 0, 30, ADA), (5, 0, 10, BEN))
    assert link(faces) == [0, 1, 0, 1]


def test_a_label_names_the_face_in_its_box_and_the_whole_track() -> None:
    faces = table((0, 0, 100, ADA), (0, 0, 300, BEN), (5, 0, 102, ADA), (10, 0, 104, ADA))
    box = LabelledBox(6, "Ada", (90, 5, 140, 200), 0.9)  # between two key frames
    names = names_from_labels([box], faces, np.array([0, 1, 0, 0]), SETTINGS)
    assert names == ["Ada", "", "Ada", "Ada"]


def test_overlapping_boxes_give_each_face_one_name() -> None:
    faces = table((0, 0, 100, ADA), (0, 0, 140, BEN))
    boxes = [LabelledBox(0, "Ada", (80, 5, 160, 200), 0.9), LabelledBox(0, "Ben", (110, 5, 190, 200), 0.9)]
    assert names_from_labels(boxes, faces, np.array([0, 1]), SETTINGS) == ["Ada", "Ben"]


@pytest.mark.parametrize(
    "box",
    [
        LabelledBox(0, "Ada", (90, 5, 140, 200), 0.05),
        LabelledBox(40, "Ada", (90, 5, 140, 200), 0.9),
        LabelledBox(0, "Ada", (300, 5, 350, 200), 0.9),
    ],
    ids=["doubtful", "other frame", "other place"],
)
def test_a_label_without_a_face_names_nobody(box: LabelledBox) -> None:
    assert names_from_labels([box], table((0, 0, 100, ADA)), np.array([0]), SETTINGS) == [""]


def crowd(*people: tuple[np.ndarray, int], spread: float = 0.05) -> pd.DataFrame:
    """Each person alone in as many shots as said, four faces a shot."""
    rows, shot = [], 0
    for centre, shots in people:
        for _ in range(shots):
            rows += [(shot * 50 + 5 * k, shot, 100.0, near(centre, spread)) for k in range(4)]
            shot += 1
    return table(*rows)


def build(film: Film, faces: pd.DataFrame, portraits: dict[str, np.ndarray]):  # type: ignore[no-untyped-def]
    return build_banks(film, faces, portraits, SETTINGS, encoder="toy", threshold=0.5)


def test_clusters_go_to_portraits_one_to_one() -> None:
    # Ben's portrait is nearer to Ada's faces than to his own: only the assignment as a whole puts that right.
    portraits = {"Ada": near(ADA)[None], "Ben": unit_rows(0.6 * ADA + 0.5 * BEN + 0.6 * EXTRA)[None]}
    banks = build_banks(
        film(("Ada", "Ben")),
        crowd((ADA, 3), (BEN, 3)),
        portraits,
        SETTINGS,
        encoder="toy",
        threshold=0.5,
        actor_threshold=0.75,
    )
    assert banks.best["Ada"] @ ADA > 0.95 and banks.best["Ben"] @ BEN > 0.95
    assert banks.actor["Ben"] @ BEN < 0.6
    assert banks.facts["Ben"]["from"] == "clusters" and banks.facts["Ben"]["faces"] > 8


def test_strangers_stay_without_a_name() -> None:
    banks = build(film(("Ada",)), crowd((ADA, 3), (EXTRA, 3)), {"Ada": near(ADA)[None]})
    assert set(banks.best) == {"Ada"} and banks.best["Ada"] @ ADA > 0.95
    assert set(banks.face_names) == {"Ada", ""}


def test_a_listed_character_who_never_appears_takes_no_strangers_face() -> None:
    faces = crowd((ADA, 3), (EXTRA, 3))
    banks = build(film(("Ada", "Ben")), faces, {"Ada": near(ADA)[None], "Ben": near(BEN)[None]})
    assert set(banks.best) == {"Ada"} and set(banks.face_names) == {"Ada", ""}


@pytest.mark.parametrize("scale", [0.2, 0.05, 0.01], ids=lambda scale: f"an encoder of scale {scale}")
def test_a_long_still_shot_of_a_stranger_takes_no_name(scale: float) -> None:
    # What counts is distances in the encoder's thresholds: dlib's are a third of the studio encoder's.
    def person(*parts: float) -> np.ndarray:
        return unit_rows(np.array([1, *(scale * part for part in parts)], np.float32))

    threshold, noise = float(scale**2), 0.05 * scale
    ada, ben, like_ada = person(0, 1, 0, 0), person(0, -1, 0, 0), person(0, 1, 1.15, 0)
    faces = crowd((ada, 2), (ben, 3), spread=noise)
    rows = [(500 + 5 * k, 50, 100.0, near(like_ada, 0.01 * scale)) for k in range(40)]
    faces = pd.concat([faces, table(*rows)], ignore_index=True)
    portraits = {"Ada": person(0, 1, 0, 0.3)[None], "Ben": person(0, -1, 0, 0.3)[None]}
    banks = build_banks(film(("Ada", "Ben")), faces, portraits, SETTINGS, encoder="toy", threshold=threshold)
    assert set(banks.face_names[-40:]) == {""}
    assert banks.best["Ada"] @ ada > banks.best["Ada"] @ like_ada


def test_a_label_outweighs_a_portrait() -> None:
    faces = crowd((ADA, 2), (BEN, 2))
    boxes = (LabelledBox(0, "Ada", (90, 0, 130, 200), 0.9), LabelledBox(100, "Ben", (90, 0, 130, 200), 0.9))
    banks = build(film(("Ada", "Ben"), boxes), faces, {"Ada": near(BEN)[None]})
    assert banks.best["Ada"] @ ADA > 0.95 and banks.best["Ben"] @ BEN > 0.95
    assert banks.facts["Ada"]["from"] == "labelled boxes" and "note" in banks.facts["Ben"]


def test_labels_of_people_outside_the_cast_make_no_query() -> None:
    boxes = (LabelledBox(0, "Passer-by", (90, 0, 130, 200), 0.9),)
    assert build(film(("Ada",), boxes), crowd((ADA, 1)), {}).best == {}


def test_a_film_without_faces_has_only_its_actors() -> None:
    banks = build(film(("Ada",)), crowd((ADA, 1)).iloc[:0], {"Ada": ADA[None]})
    assert banks.best == {} and set(banks.actor) == {"Ada"} and banks.face_names == ()


def test_the_order_of_the_labels_does_not_matter() -> None:
    boxes = (LabelledBox(0, "Ada", (90, 0, 130, 200), 0.9), LabelledBox(5, "Ben", (90, 0, 130, 200), 0.9))
    faces = crowd((ADA, 1))
    one, other = (names_from_labels(order, faces, np.zeros(4, int), SETTINGS) for order in (boxes, boxes[::-1]))
    assert one == other
