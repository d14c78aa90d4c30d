"""Query banks in the authors' layout, theirs and ours."""

from pathlib import Path

import numpy as np
import pytest

from common.errors import BadInput
from models.perception.bank_files import Banks, read_bank, read_banks, write_banks
from models.perception.clusters_picture import draw_clusters

ADA, BEN = np.array([1, 0, 0, 0], np.float32), np.array([0, 1, 0, 0], np.float32)


def banks() -> Banks:
    facts = {"Ada": {"faces": 2}, "Mr. Ben": {"faces": 1}}
    return Banks("studio", 0.8, {"Ada": ADA, "Mr. Ben": BEN}, {"Ada": ADA}, facts, ("Ada", "Ada", "Mr. Ben"))


def test_both_published_shapes_are_read_and_brought_to_length_1(tmp_path: Path) -> None:
    np.save(tmp_path / "Ada.npy", np.full((1, 4), 0.5, np.float32))
    np.save(tmp_path / "Mr. Ben.npy", np.array([0.3, 0, 0, 0.4], np.float32))  # a mean, length .5
    bank = read_bank(tmp_path)
    assert list(bank) == ["Ada", "Mr. Ben"]
    assert bank["Ada"].shape == (4,) and bank["Mr. Ben"] == pytest.approx([0.6, 0, 0, 0.8])


@pytest.mark.parametrize(
    "query",
    [
        np.zeros(4, np.float32),
        np.full(4, np.nan, np.float32),
        np.full(4, 1e-4, np.float32),
        np.full(4, 1e4, np.float32),
        np.full(4, 3e38, np.float32),
        np.ones((2, 4), np.float32),
        np.ones(4, np.int64),
    ],
    ids=["zeros", "nan", "tiny", "large", "huge", "two rows", "integers"],
)
def test_a_query_that_is_none_is_told_with_its_file(tmp_path: Path, query: np.ndarray) -> None:
    np.save(tmp_path / "Ada.npy", query)
    with pytest.raises(BadInput, match=r"Ada\.npy"):
        read_bank(tmp_path)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "Ada.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(BadInput, match="cannot be read"):
        read_bank(tmp_path)


def test_queries_of_two_encoders_do_not_mix(tmp_path: Path) -> None:
    np.save(tmp_path / "Ada.npy", np.ones(4, np.float32))
    np.save(tmp_path / "Ben.npy", np.ones(8, np.float32))
    with pytest.raises(BadInput, match="different encoders"):
        read_bank(tmp_path)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_banks(banks(), tmp_path)
    assert (tmp_path / "best_query" / "Mr. Ben.npy").is_file()
    again = read_banks(tmp_path)
    assert again.threshold == 0.8 and again.facts["Ada"] == {"faces": 2}
    assert again.best["Mr. Ben"] == pytest.approx(BEN) and set(again.of("actor")) == {"Ada"}
    assert read_banks(tmp_path, "none") == {} and set(read_banks(tmp_path, "best query")) == {"Ada", "Mr. Ben"}


def test_the_actors_bank_may_have_a_threshold_of_its_own(tmp_path: Path) -> None:
    assert banks().threshold_of("actor") == banks().threshold_of("best query") == 0.8
    write_banks(Banks("studio", 0.5, {}, {"Ada": ADA}, actor_threshold=0.7), tmp_path)
    again = read_banks(tmp_path)
    assert (again.threshold_of("best query"), again.threshold_of("actor")) == (0.5, 0.7)


def test_names_that_no_file_can_have_come_back_whole(tmp_path: Path) -> None:
    name = "../AC/DC: 50%"
    write_banks(Banks("studio", 1.0, {name: ADA}, {}), tmp_path)
    assert list(read_bank(tmp_path / "best_query")) == [name]
    assert not (tmp_path.parent / "AC").exists()


def test_a_missing_bank_names_its_stage(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="query_banks"):
        read_bank(tmp_path / "nowhere")


def test_an_unknown_kind_of_bank_is_refused() -> None:
    with pytest.raises(ValueError, match="portrait"):
        banks().of("portrait")


def test_the_picture_of_the_clusters_is_the_same_every_time(tmp_path: Path) -> None:
    faces = np.stack([ADA, ADA, BEN])
    for name in ("one.png", "two.png"):
        draw_clusters(faces, banks(), tmp_path / name)
    picture = (tmp_path / "one.png").read_bytes()
    assert picture[:4] == b"\x89PNG" and picture == (tmp_path / "two.png").read_bytes()
    assert b"Software" not in picture


def test_a_film_without_faces_has_a_picture_too(tmp_path: Path) -> None:
    draw_clusters(np.zeros((0, 1), np.float32), Banks("studio", 1.0, {}, {}), tmp_path / "none.png")
    assert (tmp_path / "none.png").is_file()
