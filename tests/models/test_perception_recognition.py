"""Equations 4 to 6 and what goes beyond them: tracks, and one name to one face."""

import math

import numpy as np
import pytest

from models.perception.encoders import unit_rows
from models.perception.recognition import UNKNOWN, distances, identify, name_tracks, threshold_of
from models.perception.settings import RecognitionSettings

ADA, BEN = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)
BANK = {"Ada": ADA, "Ben": BEN}


def faces(*rows: tuple[int, int, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    frames, tracks, embeddings = zip(*rows, strict=True)
    return np.array(frames), np.array(tracks), np.stack(embeddings).astype(np.float32)


def test_squared_and_plain_distance() -> None:
    assert distances(ADA[None], np.stack([ADA, BEN])).tolist() == [[0, 2]]
    assert distances(ADA[None], BEN[None], "plain")[0, 0] == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize(("threshold", "name"), [(0.5, UNKNOWN), (0.51, "Ada")])
def test_a_name_is_given_below_the_threshold_only(threshold: float, name: str) -> None:
    naming = identify(np.array([0.5, 0.9]), ["Ada", "Ben"], threshold)
    assert (naming.name, naming.distance) == (name, 0.5)


def test_without_queries_everybody_is_unknown() -> None:
    assert identify(np.array([]), [], 1.0).name == UNKNOWN
    named = name_tracks(*faces((0, 0, ADA)), {}, threshold=1.0)
    assert named[0].name == UNKNOWN and math.isnan(named[0].distance)


def test_no_faces_no_names() -> None:
    empty = np.zeros(0, int)
    assert name_tracks(empty, empty, np.zeros((0, 3), np.float32), BANK, threshold=1.0) == {}


def test_the_encoders_threshold_is_squared_and_follows_the_distance() -> None:
    assert threshold_of(RecognitionSettings(), 0.36) == 0.36
    assert threshold_of(RecognitionSettings(distance="plain"), 0.36) == pytest.approx(0.6)
    assert threshold_of(RecognitionSettings(threshold=1.3), 0.36) == 1.3


def test_two_faces_of_one_frame_never_share_a_name() -> None:
    near, nearer = unit_rows(np.array([0.9, 0.1, 0.4])), unit_rows(np.array([1, 0.1, 0.1]))
    named = name_tracks(*faces((0, 0, near), (0, 1, nearer)), {"Ada": ADA}, threshold=1.5)
    assert (named[0].name, named[1].name) == (UNKNOWN, "Ada")


def test_names_go_to_faces_at_the_least_total_distance() -> None:
    # Both are nearest to Ada; the one that can only be Ada gets her, the other is Ben.
    both, only = unit_rows(np.array([1, 0.9, 0])), unit_rows(np.array([1, -0.5, 0]))
    named = name_tracks(*faces((0, 0, both), (0, 1, only)), BANK, threshold=1.2)
    assert (named[0].name, named[1].name) == ("Ben", "Ada")


def test_the_evidence_of_a_track_is_pooled() -> None:
    # The second face alone looks like Ben; the track as a whole is Ada.
    misleading = unit_rows(np.array([0.6, 0.8, 0]))
    named = name_tracks(*faces((0, 0, ADA), (5, 0, misleading), (10, 0, ADA)), BANK, threshold=1.0)
    assert named[0].name == "Ada"


def test_tracks_of_different_frames_may_share_a_name() -> None:
    named = name_tracks(*faces((0, 0, ADA), (5, 1, ADA)), BANK, threshold=1.0)
    assert (named[0].name, named[1].name) == ("Ada", "Ada")


def test_a_track_that_meets_the_owner_of_its_name_later_gives_way() -> None:
    close, closer = unit_rows(np.array([1, 0, 0.5])), ADA
    named = name_tracks(*faces((0, 0, close), (5, 0, close), (10, 0, close), (10, 1, closer)), BANK, threshold=1.0)
    assert (named[0].name, named[1].name) == (UNKNOWN, "Ada")
