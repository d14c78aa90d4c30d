"""The crate: what the profiles demand of it, the lineage inside it, and what is refused.

The community's validator accepts it (`test_validator.py`); `lacking` holds the must-haves of RO-Crate 1.1, Workflow
RO-Crate 1.0 and the Process, Workflow and Provenance Run Crate profiles 0.5 that apply to what is written here, some of
which the validator does not look at.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toy_stages import TOTAL, TOYS
from toy_world import FILMS, ToyWorld

from common.errors import BadInput
from publishing.crate import METADATA, PROFILES, About, pack
from publishing.records import version, write_record
from publishing.stage import graph_of

TIMES = {"words": ("2026-01-02T03:04:05+00:00", "2026-01-02T03:05:05+00:00")}
ABOUT = About("A result", "What it is.", "2026-01-02", TIMES, ("Dagster", "1"), {"card.md": ("# A card\n", "Limits.")})


@pytest.fixture
def made(world: ToyWorld) -> ToyWorld:
    world.publish_all()
    for name in ("dvc.yaml", "params.yaml", "dvc.lock"):
        (world.root / name).write_text(f"# {name}\n")
    return world


def packed(world: ToyWorld, name: str = "crate") -> Path:
    pack(world.root / name, TOTAL, ABOUT, graph=graph_of(TOYS), root=world.root)
    return world.root / name


def entities(crate: Path) -> dict[str, dict[str, Any]]:
    graph = json.loads((crate / METADATA).read_text())["@graph"]
    found = {entity["@id"]: entity for entity in graph}
    assert len(found) == len(graph), "two entities of one name"
    return found


def names(value: Any) -> list[str]:
    """The entities that a property refers to."""
    return [each["@id"] for each in (value if isinstance(value, list) else [value]) if each]


def types(entity: dict[str, Any]) -> set[str]:
    return {entity["@type"]} if isinstance(entity["@type"], str) else set(entity["@type"])


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [value["@id"]] if set(value) == {"@id"} else [one for each in value.values() for one in references(each)]
    return [one for each in value for one in references(each)] if isinstance(value, list) else []


def lacking(crate: Path) -> list[str]:
    """The must-haves that are not there."""
    found = entities(crate)
    root, wrong = found["./"], []

    def must(what: str, good: object) -> None:
        if not good:
            wrong.append(what)

    descriptor = found[METADATA]
    must("the descriptor is about the root", names(descriptor["about"]) == ["./"])
    must("the descriptor says RO-Crate 1.1", "https://w3id.org/ro/crate/1.1" in names(descriptor["conformsTo"]))
    must(
        "the root is a Dataset with name, description, date, licence",
        types(root) == {"Dataset"}
        and all(root.get(key) for key in ("name", "description", "datePublished", "license")),
    )
    must("the root conforms to every profile", set(names(root["conformsTo"])) >= set(PROFILES))
    for profile in PROFILES:
        must(f"{profile} is described", found[profile].get("name") and found[profile].get("version"))
    for entity in found.values():
        for name in references({key: value for key, value in entity.items() if key != "@id"}):
            must(f"{entity['@id']} refers to {name}, which is described", name in found or name.startswith("http"))
        if "File" in types(entity):
            path = crate / entity["@id"]
            must(f"{entity['@id']} is there", path.is_file() and int(entity["contentSize"]) == path.stat().st_size)
            must(f"{entity['@id']} is part of the root", entity["@id"] in names(root["hasPart"]))
            must(f"{entity['@id']} as hashed", hashlib.sha256(path.read_bytes()).hexdigest() == entity["sha256"])
    (main,) = names(root["mainEntity"])
    workflow = found[main]
    must("the main entity is a workflow", {"File", "SoftwareSourceCode", "ComputationalWorkflow"} <= types(workflow))
    must("a workflow with steps is a HowTo", "HowTo" in types(workflow))
    language = found[names(workflow["programmingLanguage"])[0]]
    must("its language has a name and an address", types(language) == {"ComputerLanguage"} and language.get("url"))
    for parameter in names(workflow["input"]) + names(workflow["output"]):
        must(
            f"{parameter} is formal",
            types(found[parameter]) == {"FormalParameter"} and found[parameter]["additionalType"],
        )
    mentioned = [found[name] for name in names(root["mentions"])]
    runs = [each for each in mentioned if types(each) == {"CreateAction"}]
    must("one run is the workflow's", [names(run["instrument"]) for run in runs].count([main]) == 1)
    tools = names(workflow["hasPart"])
    ran = [names(run["instrument"])[0] for run in runs if names(run["instrument"]) != [main]]
    must("every tool has its run", sorted(tools) == sorted(ran))
    steps = [found[name] for name in names(workflow["step"])]
    must(
        "every step is one of a tool, in an order",
        sorted(names(step["workExample"])[0] for step in steps) == sorted(tools),
    )
    must("positions count from 1", [step["position"] for step in steps] == [str(n + 1) for n in range(len(steps))])
    (organised,) = [each for each in mentioned if types(each) == {"OrganizeAction"}]
    must("the engine organised it", "SoftwareApplication" in types(found[names(organised["instrument"])[0]]))
    must(
        "what was organised is the workflow's run", names(found[names(organised["result"])[0]]["instrument"]) == [main]
    )
    controls = [found[name] for name in names(organised["object"])]
    for control in controls:
        must("a control is of a step", types(found[names(control["instrument"])[0]]) == {"HowToStep"})
        must("and over a tool's run", names(found[names(control["object"])[0]]["instrument"])[0] in tools)
    for run in runs:
        must(f"{run['@id']} has inputs and results", run["object"] and run["result"])
    return wrong


def test_the_crate_has_what_the_profiles_demand(made: ToyWorld) -> None:
    assert lacking(packed(made)) == []


@pytest.mark.parametrize(
    ("entity", "key", "told"),
    [
        ("./", "license", "name, description, date, licence"),
        ("dvc.yaml", "step", "every step is one of a tool"),
        ("#organised", "object", ""),
        ("#run/words", "result", "#run/words has inputs and results"),
    ],
)
def test_the_demands_are_demands(made: ToyWorld, entity: str, key: str, told: str) -> None:
    crate = packed(made)
    content = json.loads((crate / METADATA).read_text())
    next(each for each in content["@graph"] if each["@id"] == entity)[key] = []
    (crate / METADATA).write_text(json.dumps(content))
    found = lacking(crate)
    assert [each for each in found if told in each] if told else found == []


def test_the_lineage_is_in_it_with_hashes_and_times(made: ToyWorld) -> None:
    crate = packed(made)
    units = {each["unit"]: each for each in json.loads((crate / "lineage.json").read_text())}
    assert sorted(units) == sorted(["total", *(f"{stage}/{film}" for stage in ("lengths", "words") for film in FILMS)])
    word = units[f"words/{FILMS[0]}"]
    assert word["data_version"] == version(made.data / "words" / FILMS[0]) and len(word["files"]["words.json"][1]) == 32
    assert units["total"]["from"]["inputs"]["lengths"][FILMS[0]] == units[f"lengths/{FILMS[0]}"]["data_version"]
    found = entities(crate)
    assert (found["#run/words"]["startTime"], found["#run/words"]["endTime"]) == TIMES["words"]
    assert "startTime" not in found["#run/total"], "a time that nobody knows is not made up"
    assert found[f"#data/words/{FILMS[0]}"]["value"] == word["data_version"]
    assert json.loads((crate / "total/total.json").read_text())["total"] > 0
    assert (crate / "card.md").read_text() == "# A card\n"


def test_the_commit_of_the_code_is_named(made: ToyWorld) -> None:
    about = replace(ABOUT, commit="c0ffee")
    pack(made.root / "crate", TOTAL, about, graph=graph_of(TOYS), root=made.root)
    found = entities(made.root / "crate")
    assert found["dvc.yaml"]["version"] == "c0ffee" and "commit c0ffee" in found["./"]["description"]
    found = entities(packed(made, "elsewhere"))
    assert found["dvc.yaml"]["version"] == "not in git" and "not in git" in found["./"]["description"]


def on_films_of(made: ToyWorld, source: str) -> Path:
    """The crate of a result with a table, a page and a figure, made from a film of that source."""
    film, total = made.data / "films/tt1", made.data / "total"
    film.mkdir(parents=True)
    (film / "film.json").write_text("{}")
    write_record(film, key="", made_from={"parameters": {"source": source} if source == "corpora" else {}}, audit="a")
    for name in ("table_1.csv", "report.html", "figure_6.png", "figure_8.png", "figure_7.svg"):
        (total / name).write_text(name)
    write_record(total, key="", made_from={"inputs": {"films": {"tt1": version(film)}}}, audit="a")
    graph = {"films": replace(TOYS[0], name="films"), **graph_of(TOYS)}
    pack(made.root / "crate", TOTAL, ABOUT, graph=graph, root=made.root)
    return made.root / "crate"


def test_of_real_films_no_frame_is_passed_on_and_no_licence_given(made: ToyWorld) -> None:
    crate = on_films_of(made, "corpora")
    assert sorted(path.name for path in (crate / "total").iterdir()) == ["table_1.csv", "total.json"]
    found = entities(crate)
    left_out = "Left out, since they hold frames and sentences of real films: figure_6.png, figure_7.svg, figure_8.png"
    assert f"{left_out}, report.html." in found["./"]["description"]
    assert names(found["./"]["license"]) == ["#terms"] and found["#terms"]["description"]
    of = {name: names(entity["license"]) for name, entity in found.items() if "File" in types(entity)}
    assert of["total/table_1.csv"] == of["total/total.json"] == ["#terms"]
    assert all(of[name] == ["https://spdx.org/licenses/Apache-2.0"] for name in ("dvc.yaml", "lineage.json", "card.md"))
    assert lacking(crate) == []


def test_of_drawn_films_everything_is_passed_on(made: ToyWorld) -> None:
    crate = on_films_of(made, "studio")
    assert (crate / "total/report.html").is_file() and (crate / "total/figure_8.png").is_file()
    root = entities(crate)["./"]
    assert names(root["license"]) == ["https://spdx.org/licenses/Apache-2.0"] and "Left out" not in root["description"]


def test_the_same_result_is_the_same_crate(made: ToyWorld) -> None:
    one, two = packed(made, "one"), packed(made, "two")
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert all((one / path).read_bytes() == (two / path).read_bytes() for path in files)
    assert str(made.root) not in (one / METADATA).read_text() + (one / "lineage.json").read_text()


def test_what_does_not_belong_together_is_not_packed(made: ToyWorld) -> None:
    with pytest.raises(BadInput, match="not empty"):
        packed(made, "data")
    made.raw(FILMS[1], "another text")
    made.publish("words")
    with pytest.raises(BadInput, match=f"words/{FILMS[1]}: not in the version that lengths/{FILMS[1]} was made from"):
        packed(made)
    (made.data / "total/total.json").write_text("{}")
    with pytest.raises(BadInput, match="total: not published, or changed since"):
        packed(made)
