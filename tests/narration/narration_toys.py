"""A draft made by hand, for what needs no models."""

from pathlib import Path

from narration.edits import read_edits, with_edits
from narration.kept import keep_draft
from narration.output import write_script
from narration.script import Alternative, Draft, Line, Reasons, ShotSheet, Silence, Speech, Track
from narration.settings import NarrationSettings

SETTINGS = NarrationSettings()


def toy_draft(film: str = "film.mp4") -> Draft:
    """Six seconds: two lines, a silent pause, dialogue between; Anna is seen from 0 to 2 s."""
    other = Alternative("Rain falls on the roof.", 0.3, -1.2, "", ())
    return Draft(
        "The </script> <Toy> & Co",
        (ShotSheet(0, 29, 0.0, 3.0, ("Anna",)), ShotSheet(30, 59, 3.0, 6.0, ())),
        (
            Line(0.5, 1.9, "Anna waves.", ("Anna",), 0.8, drafted="Anna waves."),
            Line(
                3.0, 4.5, "It rains.", (), 0.4, doubt=0.6, reasons=Reasons("first", ("Is it?",)), alternatives=(other,)
            ),
        ),
        ("It cannot know.",),
        (Silence(5.0, 6.0, "all repeat"),),
        duration=6.0,
        tracks=(Track("Anna", ((0.0, 0.1, 0.1, 0.3, 0.5), (1.0, 0.3, 0.1, 0.5, 0.5), (2.0, 0.5, 0.1, 0.7, 0.5))),),
        dialogue=(Speech(2.0, 2.8, "Hello, Anna."),),
        film=film,
    )


def write_toy(folder: Path, draft: Draft) -> Draft:
    """Into the folder as `narrate` writes it, with the edits that stand there."""
    keep_draft(folder, draft)
    done = with_edits(draft, read_edits(folder))
    write_script(folder, done, SETTINGS)
    return done
