"""What the metric tests share: METEOR and the language model start once for all of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from evaluation.bert import BertScore
from evaluation.meteor import Meteor, start_meteor
from evaluation.redundancy import Redundancy
from evaluation.settings import BertSettings, EvaluationSettings, IntervalSettings, JavaSettings, RedundancySettings
from evaluation.tokens import pycocoevalcap_folder

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session", autouse=True)
def _meteor_in_a_path_with_a_space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """METEOR does not find its own tables where a space is in the path unless it is helped: so every test helps it."""
    folder = tmp_path_factory.mktemp("pycoco evalcap")
    with pytest.MonkeyPatch.context() as patch:
        shutil.copytree(pycocoevalcap_folder() / "meteor", folder / "meteor")
        patch.setattr("evaluation.meteor.pycocoevalcap_folder", lambda: folder)
        yield
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def meteor() -> Meteor:
    return start_meteor(JavaSettings())


@pytest.fixture(scope="session")
def bert() -> BertScore:
    return BertScore(BertSettings())


@pytest.fixture(scope="session")
def redundancy() -> Redundancy:
    return Redundancy(RedundancySettings())


@pytest.fixture
def without_tokens() -> EvaluationSettings:
    """As nlg-eval: the texts as they are, no SPICE, few draws."""
    return EvaluationSettings(
        metrics=("METEOR", "CIDEr", "ROUGE_L", "BLEU"), tokenise="none", intervals=IntervalSettings(draws=50)
    )


@pytest.fixture
def nlg_eval_example() -> pd.DataFrame:
    """Two sentences with two references each, with published values for every metric."""
    texts = {name: (DATA / f"{name}.txt").read_text().strip().split("\n") for name in ("hyp", "ref1", "ref2")}
    references = [list(pair) for pair in zip(texts["ref1"], texts["ref2"], strict=True)]
    return pd.DataFrame({"film": "example", "clip_id": [1, 2], "text_gt": references, "text_gen": texts["hyp"]})


@pytest.fixture
def descriptions() -> pd.DataFrame:
    """Six descriptions of two films, one of them wrong, one empty."""
    rows = [
        ("a", 1, 3.0, "Nora opens the red door.", "Nora opens a door."),
        ("a", 2, 9.0, "Victor looks out of the window.", "A man stands at night."),
        ("a", 3, 20.0, "She sits down at the table.", "Nora sits at a table."),
        ("b", 1, 1.0, "Rain falls on the street.", "Rain falls on the street."),
        ("b", 2, 5.5, "Jonas picks up a letter.", ""),
        ("b", 10, 8.0, "He reads it by the fire.", "He reads a letter by the fire."),
    ]
    return pd.DataFrame(rows, columns=["film", "clip_id", "start", "text_gt", "text_gen"])
