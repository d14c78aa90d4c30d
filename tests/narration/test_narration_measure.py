"""The counts that the page quotes mean what they say, and are made with the parameters of what is measured."""

import pytest

from common.errors import BadInput
from narration.measure import FIRST, Said, figures, main, read_parts
from narration.rules import Candidate, Moment, choose, judge
from narration.settings import NarrationSettings


def test_names_are_counted_against_the_reference_and_against_who_was_recognised():
    settings, moment = NarrationSettings(), Moment(1.5, ("Anna", "Bo"), recognised=("Anna",))
    first = Candidate("Bo waves at Anna near the door.", -0.2)
    choice = choose([first, Candidate("Anna waves.", -0.5)], moment, settings)
    judged = judge(first, moment, settings)
    assert choice.line is not None
    raw = figures([Said(FIRST, moment, frozenset({"Bo"}), judged, choice, first.text)], settings)
    kept = figures([Said("recognised", moment, frozenset({"Bo"}), judged, choice, choice.line.text)], settings)
    assert (raw["names"], raw["names not recognised in the slot"], raw["names in the reference too"]) == (2, 1, 1)
    assert (kept["names"], kept["names not recognised in the slot"], kept["names in the reference too"]) == (1, 0, 0)
    assert (raw["over the comfortable pace"], kept["over the comfortable pace"]) == (1, 0)
    assert (raw["first refused"], kept["not the model's first"], kept["silent"], kept["slots"]) == (1, 1, 0, 1)


def test_the_published_parameters_are_used_and_a_wrong_file_is_told(tmp_path, capsys):
    path = tmp_path / "params.yaml"
    path.write_text("narration: {words_per_second: 1.5}\nperception: {key_frame_stride: 7}\nstudio: {seed: 3}\n")
    parts = read_parts(path)
    assert (parts.narration.words_per_second, parts.perception.key_frame_stride) == (1.5, 7)
    for text, said in (("narration: {wrong: 1}", "not the parameters"), ("narration: [", "not valid YAML")):
        path.write_text(text)
        with pytest.raises(BadInput, match=said):
            read_parts(path)
    assert main([str(tmp_path / "data")]) == 2
    assert "no trained captioner" in capsys.readouterr().err
