"""MovieNet: round trips, boxes on the film's frames and in its pixels, names from the character bank."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpus_toys import FPS, FRAMES, HEIGHT, WIDTH
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import BadInput
from corpora import movienet, movienet_boxes
from corpora.film import LabelledBox
from corpora.ingest import ingest
from corpora.movienet import OTHERS, MovieNet, Person, Scene, Story
from corpora.movienet_boxes import Shot, labelled_boxes
from corpora.subtitles import Subtitle
from corpora.video import VideoFacts

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=12)
SENTENCES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
WHOLE = st.integers(0, 200_000)
PAIRS = st.tuples(WHOLE, WHOLE)
TIMES = st.tuples(st.floats(0, 9000), st.floats(0, 9000)).map(sorted)
BOXES = st.tuples(*[st.floats(-50, 2000)] * 4)
PIDS = st.sampled_from(["nm0000001", "nm0000002", OTHERS])
PEOPLE = st.builds(
    Person,
    id=WORDS,
    frame=st.none() | WHOLE,
    size=st.tuples(st.integers(1, 2000), st.integers(1, 2000)),
    shot=WHOLE,
    image=st.integers(0, 2),
    kind=st.sampled_from(["detected", "annotated"]),
    box=BOXES,
    pid=PIDS,
    possible_pids=st.lists(PIDS, max_size=2).map(tuple),
)
TAGS = st.lists(WORDS, max_size=2).map(tuple)
SCENES = st.builds(Scene, id=WORDS, shots=PAIRS, frames=PAIRS, places=TAGS, actions=TAGS)
LINES = st.builds(lambda shot, times, said: (shot, Subtitle(*times, said)), WHOLE, TIMES, SENTENCES)
STORIES = st.builds(
    lambda times, **rest: Story(start=times[0], end=times[1], **rest),
    TIMES,
    id=WORDS,
    shots=PAIRS,
    frames=PAIRS,
    consistency=st.floats(0, 1),
    description=SENTENCES,
    subtitles=st.lists(LINES, max_size=2).map(tuple),
)
# The documented example, Moneyball, with one paragraph and one of its lines.
MONEYBALL: dict[str, Any] = {
    "imdb_id": "tt1210166",
    "cast": [
        {
            "id": "tt1210166_000001",
            "frame_idx": None,
            "resolution": [1280, 694],
            "shot_idx": 1,
            "img_idx": 0,
            "body": {"type": "detected", "bbox": [22, 27, 1148, 675]},
            "pid": "others",
            "possible_pids": ["others"],
        }
    ],
    "scene": [
        {"id": "tt1210166_0000", "shot": [0, 1], "frame": [0, 841], "place_tag": None, "action_tag": ["sit"]},
    ],
    "story": [
        {
            "id": "tt1210166_0000",
            "shot": [60, 424],
            "frame": [6257, 44851],
            "duration": [260.97997833333335, 1870.6211273333333],
            "consistency": 0.963081028938084,
            "description": "Oakland Athletics general manager Billy Beane is upset.",
            "subtitle": [{"shot": 60, "duration": [260.26, 262.51225], "sentences": ["You gotta give the Yankees--"]}],
        }
    ],
    "cinematic_style": {"movie": [{"shot": 1, "scale": "closeup", "movement": "static"}], "trailer": None},
}


@settings(max_examples=40, deadline=None)
@given(
    people=st.lists(PEOPLE, max_size=3),
    scenes=st.lists(SCENES, max_size=2),
    stories=st.lists(STORIES, min_size=1, max_size=2),
)
def test_an_annotation_comes_back(people, scenes, stories, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "movienet.json"
    written = MovieNet("tt1", tuple(people), tuple(scenes), tuple(stories))
    movienet.write(path, written)
    assert movienet.read(path) == written


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(WHOLE, st.lists(WHOLE, max_size=3)), min_size=1, max_size=4))
def test_a_shot_file_comes_back(rows, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "shots.txt"
    shots = [Shot(first, first + 24, tuple(keys)) for first, keys in rows]
    movienet_boxes.write_shots(path, shots)
    assert list(movienet_boxes.read_shots(path).rows) == shots


def test_a_bad_line_fails_a_shot_file_since_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "shots.txt"
    for line in ("48 0 1 2 3", "0", "0 x 1 2 3", "", "0 1.5 1"):
        path.write_text(f"0 48 12 24 36\n{line}\n49 60 51 52 53\n")
        with pytest.raises(BadInput, match=r"shots\.txt:2: "):
            movienet_boxes.read_shots(path)


def test_the_documented_example_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tt1210166.json"
    path.write_text(json.dumps(MONEYBALL))
    read = movienet.read(path)
    (person,), (scene,), (story,) = read.people, read.scenes, read.stories
    assert (person.frame, person.size, person.box, person.pid) == (None, (1280, 694), (22, 27, 1148, 675), OTHERS)
    assert (scene.frames, scene.places, scene.actions) == ((0, 841), (), ("sit",))
    assert read.fps == pytest.approx(24000 / 1001, abs=0.01)
    assert [(slot.start, slot.where) for slot in read.slots("m.json")] == [(story.start, "m.json:story 1")]
    assert read.dialogue() == [Subtitle(260.26, 262.51225, "You gotta give the Yankees--")]


def test_bad_entries_are_named_by_section_and_number(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    person, story = MONEYBALL["cast"][0], MONEYBALL["story"][0]
    cast = [person, 7, {**person, "img_idx": 3}, {**person, "resolution": [0, 9]}, {**person, "body": {"bbox": [1]}}]
    path.write_text(
        json.dumps({**MONEYBALL, "cast": cast, "scene": {}, "story": [{**story, "duration": [9, 2]}, story]})
    )
    read = movienet.read(path)
    assert (len(read.people), len(read.stories)) == (1, 1)
    assert [problem.split("; ")[0] for problem in read.problems] == [
        "m.json:cast 2: not an object",
        "m.json:cast 3: img_idx is 3, not 0, 1 or 2",
        "m.json:cast 4: resolution is not [width, height] ((0, 9))",
        "m.json:cast 5: bbox is not [x1, y1, x2, y2] ([1])",
        "m.json:scene: not a list",
        "m.json:story 1: ends (2) before it starts (9)",
    ]
    for content, told in (({"imdb_id": "tt1"}, "no row can be read"), ({}, "not MovieNet"), ([], "not MovieNet")):
        path.write_text(json.dumps(content))
        with pytest.raises(BadInput, match=told):
            movienet.read(path)


def person(**changed: Any) -> Person:
    values = {
        "id": "1",
        "frame": 20,
        "size": (640, 240),
        "shot": 0,
        "image": 1,
        "kind": "annotated",
        "box": (64.0, 24.0, 320.0, 240.0),
        "pid": "nm1",
        "possible_pids": (),
    }
    return Person(**{**values, **changed})


def story(frame: int, second: float) -> Story:
    return Story("s", (0, 1), (0, frame), 0.0, second, 1.0, "Anna walks.", ())


FACTS = VideoFacts(fps=10, frames=100, width=320, height=180, duration=10.0, has_sound=False)


def boxes(*people: Person, rate: int = 20, shots: tuple[Shot, ...] = (), facts: VideoFacts = FACTS):
    annotation = MovieNet("tt1", people, (), (story(rate * 100, 100.0),))
    return labelled_boxes(annotation, {"nm1": "ANNA"}, shots=shots, facts=facts, name="m.json")


def test_boxes_stand_on_the_films_frames_and_inside_its_borders() -> None:
    # 640x240 without borders lies in the middle of 320x180: half as large, 30 pixels of black above and below.
    (box,), problems = boxes(person())
    assert box == LabelledBox(10, "ANNA", (32.0, 42.0, 160.0, 150.0), 1.0)  # frame 20 of 20 a second
    assert problems == []


def test_frames_come_from_the_shot_file_and_the_films_delay_is_taken_off() -> None:
    shots = (Shot(0, 48, (12, 24, 36)),)
    late = VideoFacts(fps=10, frames=100, width=640, height=240, duration=10.0, has_sound=False, start=0.5)
    (box,), _ = boxes(person(frame=None), shots=shots, facts=late)
    assert box.frame == 7  # frame 24 at 1.2 s, which the pictures reach half a second later
    found, problems = boxes(person(frame=None), person(frame=None, shot=4))
    assert found == ()
    assert problems == [
        "m.json: 2 boxes without a frame; left out; put the film's shot file there as movienet_shots.txt"
    ]


def test_strangers_boxes_are_dropped_and_unknown_actors_are_told() -> None:
    outside = person(frame=99999)
    flat = person(box=(700.0, 0.0, 900.0, 50.0))  # right of the picture
    found, problems = boxes(person(pid=OTHERS), person(pid="nm7"), person(pid="nm7"), outside, flat)
    assert found == () and problems == ["m.json: boxes of nm7, who are not in the cast; left out"]


@settings(max_examples=40, deadline=None)
@given(PEOPLE)
def test_no_box_leaves_the_picture_or_the_film(each: Person) -> None:
    annotation = MovieNet("tt1", (each,), (), ())
    names = {"nm0000001": "ANNA", "nm0000002": "BEN"}
    for box in labelled_boxes(annotation, names, shots=(), facts=FACTS, name="m")[0]:
        x1, y1, x2, y2 = box.box
        assert 0 <= x1 < x2 <= FACTS.width and 0 <= y1 < y2 <= FACTS.height and 0 <= box.frame < FACTS.frames


def movienet_of(film_id: str) -> dict[str, Any]:
    cast = [
        {"frame_idx": 12, "resolution": [WIDTH, HEIGHT], "shot_idx": 0, "body": {"bbox": [1, 2, 30, 40]}, "pid": pid}
        for pid in ("nm1", "others")
    ]
    line = {"shot": 0, "duration": [0.5, 1.0], "sentences": ["Hello", "there."]}
    paragraph = {"shot": [0, 1], "frame": [0, FRAMES], "duration": [0, FRAMES / FPS], "description": "Anna waits."}
    return {"imdb_id": film_id, "cast": cast, "scene": [], "story": [{**paragraph, "subtitle": [line]}]}


def test_a_movienet_film(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    film = ingest(corpus_folder("tt6", "movienet.json", movienet_of("tt6")), tmp_path / "films/tt6")
    assert (film.title, film.split, film.source, film.put_aside) == ("tt6", "train", "movienet", ())
    assert [(each.start, each.end, each.text) for each in film.descriptions] == [(0.0, 4.0, "Anna waits.")]
    assert film.labelled_boxes == (LabelledBox(12, "ANNA", (1.0, 2.0, 30.0, 40.0), 1.0),)
    assert film.subtitles() == [Subtitle(0.5, 1.0, "Hello there.")]


def test_movienets_boxes_join_another_annotation(corpus_folder: Callable[..., Path], tmp_path: Path) -> None:
    rows = "movie,sentence,movie_duration,start,end,imdb\n9_F,Anna sits.,4,1,2,tt6\n"
    folder = corpus_folder("tt6", "mad_eval_named.csv", rows)
    (folder / "movienet.json").write_text(json.dumps(movienet_of("tt6")))
    (folder / "subtitles.srt").write_text("1\n00:00:03,000 --> 00:00:03,500\nGood night.\n")
    film = ingest(folder, tmp_path / "films/tt6")
    assert (film.source, [each.text for each in film.descriptions]) == ("mad_eval_named", ["Anna sits."])
    assert [(box.frame, box.name) for box in film.labelled_boxes] == [(12, "ANNA")]
    assert [line.text for line in film.subtitles()] == ["Good night."]  # a subtitle file goes first
    assert (film.folder / "source/movienet.json").exists()
