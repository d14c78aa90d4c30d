"""The counts that the page quotes mean what they say."""

from narration.measure import FIRST, Said, figures
from narration.rules import Candidate, Moment, choose, judge
from narration.settings import NarrationSettings


def test_names_are_counted_against_the_reference_and_against_who_was_recognised():
    settings, moment = NarrationSettings(), Moment(1.5, ("Anna", "Bo"), recognised=("Anna",))
    first = Candidate("Bo waves at Anna near the door.", -0.2)
    choice = choose([first, Candidate("Anna waves.", -0.5)], moment, settings)
    judged = judge(first, moment, settings)
    assert choice.line is not None
    raw = figures([Said(FIRST, moment, frozenset({"Bo"}), judged, choice, first.text)])
    kept = figures([Said("recognised", moment, frozenset({"Bo"}), judged, choice, choice.line.text)])
    assert (raw["names"], raw["names not recognised in the slot"], raw["names in the reference too"]) == (2, 1, 1)
    assert (kept["names"], kept["names not recognised in the slot"], kept["names in the reference too"]) == (1, 0, 0)
    assert (raw["over the comfortable pace"], kept["over the comfortable pace"]) == (1, 0)
    assert (raw["first refused"], kept["not the model's first"], kept["silent"], kept["slots"]) == (1, 1, 0, 1)
