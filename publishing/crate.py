"""A result packed so that it can be checked elsewhere: a Provenance Run RO-Crate (profiles 0.5 on RO-Crate 1.1).

In it are the result's files, the parameters and lock files, and the whole lineage behind it: every unit with its data
version, what it was made from, and every file's MD5; every stage's run with its times where they are known. Of films
that the studio did not draw no frame and no sentence is in it, and no licence is given for what was measured on them.
https://www.researchobject.org/workflow-run-crate/profiles/provenance_run_crate/
"""

from __future__ import annotations

import hashlib
import mimetypes
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.files import write_json, write_text
from publishing.card import is_drawn
from publishing.lineage import Link, name_of, upstream
from publishing.records import RECORD, is_whole, read_record
from publishing.stage import Graph, Stage

Entity = dict[str, Any]

METADATA = "ro-crate-metadata.json"
LINEAGE = "lineage.json"
WORKFLOW = "dvc.yaml"
# The workflow comes first: a crate without it describes no run.
BESIDE = (WORKFLOW, "params.yaml", "dvc.lock", "requirements.lock", "LICENSE")
LICENCE = "https://spdx.org/licenses/Apache-2.0"
TERMS = "#terms"
NUMBERS = (".csv", ".json", ".md", ".tex", ".txt")  # of a result on real films only these are passed on
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]


@dataclass(frozen=True)
class About:
    """What the data do not say themselves. `times`: stage -> (start, end) of its run, ISO 8601; some may be unknown."""

    name: str
    description: str
    published: str  # ISO 8601 date or time
    times: Mapping[str, tuple[str, str]]
    engine: tuple[str, str]  # name and version of what ran the stages
    extra: Mapping[str, tuple[str, str]]  # file name -> (text, description), e.g. the model's card
    commit: str = "not in git"  # of the code that is checked out when the crate is packed
    held_back: tuple[str, ...] = ()  # result files that are not in the crate, since they show real films


def pack(out: Path, target: Stage, about: About, *, graph: Graph, root: Path) -> list[Path]:
    """Writes the crate of `target`, a stage that is one whole, into the empty folder `out`; gives back its files.

    `BadInput` where the result or anything behind it is not published, or not in the version that was read.
    """
    if out.exists() and any(out.iterdir()):
        raise BadInput(f"{out}: not empty; name a new folder")
    data = root / "data"
    links = upstream(data, [(target.name, "")])
    _refuse_what_does_not_belong_together(links, data / target.name)
    files = {name: name for name in BESIDE if (root / name).is_file()}
    if WORKFLOW not in files:
        raise BadInput(f"{WORKFLOW}: not there; a crate describes the run of a workflow")
    for name in files:
        _copy(root / name, out / name)
    results = [path for path in sorted((data / target.name).rglob("*")) if path.is_file() and path.name != RECORD]
    drawn = is_drawn(links)
    if not drawn:
        about = replace(about, held_back=tuple(path.name for path in results if path.suffix not in NUMBERS))
        results = [path for path in results if path.suffix in NUMBERS]
    described = {f"{target.name}/{path.relative_to(data / target.name).as_posix()}": path for path in results}
    for place, path in described.items():
        _copy(path, out / place)
    for name, (text, _) in about.extra.items():
        write_text(out / name, text)
    write_json(out / LINEAGE, [_told(link) for link in links])
    texts = {name: text for name, (_, text) in about.extra.items()}
    texts[LINEAGE] = "Every unit behind the result: data version, what it was made from, and the MD5 of every file."
    parts = [_file(out, place, texts.get(place, "")) for place in [*files, *described, *sorted(texts)]]
    if not drawn:
        for part in parts:
            part["license"] = _ref(TERMS if part["@id"] in described else LICENCE)
    entities = [
        *_root(about, parts, links, drawn=drawn),
        *parts,
        *_workflow(about, graph, links),
        *_runs(about, graph, links, described),
    ]
    _join(entities, parts, list(described), about.commit)
    write_json(out / METADATA, {"@context": CONTEXT, "@graph": [_plain(entity) for entity in entities]})
    return sorted(path for path in out.rglob("*") if path.is_file())


def _refuse_what_does_not_belong_together(links: Sequence[Link], result: Path) -> None:
    record = read_record(result)
    if record is None or not is_whole(result, record):
        raise BadInput(f"{result.name}: not published, or changed since; run `make repro`")
    wrong = [link for link in links if link.found != link.wanted]
    if wrong:
        told = ", ".join(link.name for link in wrong[:3]) + (" and more" if len(wrong) > 3 else "")
        raise BadInput(f"{told}: not in the version that {wrong[0].reader} was made from; run `make repro`")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _told(link: Link) -> dict[str, Any]:
    assert link.record is not None  # its version was found
    made_from = {"key": link.record.key, "from": link.record.made_from, "files": link.record.files}
    return {"unit": link.name, "data_version": link.wanted, **made_from}


def _plain(entity: Entity) -> Entity:
    """One value stands without a list around it, as RO-Crate recommends."""
    return {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in entity.items()}


def _ref(*names: str) -> Any:
    """References to entities: one, or a list of them."""
    return {"@id": names[0]} if len(names) == 1 else [{"@id": name} for name in names]


def _file(out: Path, place: str, description: str) -> Entity:
    path = out / place
    kind = {
        ".yaml": "application/yaml",
        ".lock": "text/plain",
        ".md": "text/markdown",
        ".parquet": "application/vnd.apache.parquet",
    }
    entity = {
        "@id": place,
        "@type": "File",
        "name": path.name,
        "contentSize": str(path.stat().st_size),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "encodingFormat": kind.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream",
    }
    return entity | ({"description": description} if description else {})


def _root(about: About, parts: Sequence[Entity], links: Sequence[Link], *, drawn: bool) -> Iterator[Entity]:
    crate = ["https://w3id.org/ro/crate/1.1", "https://w3id.org/workflowhub/workflow-ro-crate/1.0"]
    yield {"@id": METADATA, "@type": "CreativeWork", "about": _ref("./"), "conformsTo": _ref(*crate)}
    stages = _stages(links)
    yield {
        "@id": "./",
        "@type": "Dataset",
        "name": about.name,
        "description": _described(about),
        "datePublished": about.published,
        "license": _ref(LICENCE if drawn else TERMS),
        "conformsTo": _ref(*PROFILES),
        "mainEntity": _ref(WORKFLOW),
        "hasPart": [_ref(part["@id"]) for part in parts],
        "mentions": _ref("#run", "#organised", *(f"#run/{stage}" for stage in stages)),
    }
    yield {"@id": LICENCE, "@type": "CreativeWork", "name": "Apache License 2.0", "identifier": "Apache-2.0"}
    if not drawn:
        told = (
            "The files of this project (workflow, parameters, lock files, lineage, card) are under Apache-2.0, as "
            "each of them says. The numbers were measured on corpora, whose terms bind what may be done with them."
        )
        yield {"@id": TERMS, "@type": "CreativeWork", "name": "Terms of the parts", "description": told}
    for address, name in PROFILES.items():
        yield {"@id": address, "@type": "CreativeWork", "name": name, "version": address.rpartition("/")[2]}


def _described(about: About) -> str:
    told = f"{about.description} Packed with the code of commit {about.commit}."
    if about.commit == "not in git":
        told = f"{about.description} The code that packed it is not in git."
    if about.held_back:
        told += f" Left out, since they hold frames and sentences of real films: {', '.join(about.held_back)}."
    return told


def _stages(links: Sequence[Link]) -> list[str]:
    return sorted({link.stage for link in links})


def _workflow(about: About, graph: Graph, links: Sequence[Link]) -> Iterator[Entity]:
    """The workflow's language and engine, its parameters, its tools (the stages) and its steps in order."""
    address = "https://dvc.org/doc/user-guide/project-structure/dvcyaml-files"
    yield {
        "@id": "#dvc",
        "@type": "ComputerLanguage",
        "name": "DVC",
        "identifier": {"@id": address},
        "url": {"@id": address},
    }
    name, version = about.engine
    yield {"@id": "#engine", "@type": "SoftwareApplication", "name": name, "softwareVersion": version}
    formal = {"@type": "FormalParameter", "additionalType": "File"}
    profile = {"conformsTo": _ref("https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE")}
    yield {"@id": "#parameters", **formal, "name": "parameters", "valueRequired": "True", **profile}
    yield {"@id": "#result", **formal, "name": "result", **profile}
    made = _stages(links)
    for position, stage in enumerate((stage for stage in graph.values() if stage.name in made), start=1):
        described = {"name": stage.name, "description": stage.description or stage.name}
        yield {"@id": f"#stage/{stage.name}", "@type": "SoftwareApplication", **described}
        step = {"@id": f"#step/{stage.name}", "@type": "HowToStep", "position": str(position), "name": stage.name}
        yield {**step, "workExample": _ref(f"#stage/{stage.name}")}


def _runs(about: About, graph: Graph, links: Sequence[Link], results: Mapping[str, Path]) -> Iterator[Entity]:
    """The run as a whole, what organised it, and each stage's own run with what it read and made."""
    order = [stage for stage in graph if stage in _stages(links)]
    known = [about.times[stage] for stage in order if stage in about.times]
    yield {
        **_action("#run", "CreateAction", "The whole lineage", WORKFLOW),
        **({"startTime": min(start for start, _ in known), "endTime": max(end for _, end in known)} if known else {}),
        "object": [_ref("params.yaml")],
        "result": [_ref(place) for place in results],
    }
    organised = _action("#organised", "OrganizeAction", "The order of the stages", "#engine")
    yield {**organised, "object": [_ref(f"#control/{stage}") for stage in order], "result": _ref("#run")}
    for stage in order:
        mine = [link for link in links if link.stage == stage]
        read = sorted({name_of(*each[:2]) for link in mine for each in link.inputs})
        times = dict(zip(("startTime", "endTime"), about.times.get(stage, ()), strict=False))
        control = _action(f"#control/{stage}", "ControlAction", f"The step {stage}", f"#step/{stage}")
        yield {**control, "object": _ref(f"#run/{stage}")}
        run = _action(f"#run/{stage}", "CreateAction", f"{stage}, {len(mine)} units", f"#stage/{stage}")
        made = [_ref(f"#data/{link.name}") for link in mine]
        yield {
            **run,
            **times,
            "object": [_ref(f"#data/{name}") for name in read] or [_ref("params.yaml")],
            "result": made,
        }
    for link in links:
        yield {"@id": f"#data/{link.name}", "@type": "PropertyValue", "name": link.name, "value": link.wanted}


def _action(name: str, kind: str, described: str, instrument: str) -> Entity:
    done = {"actionStatus": "http://schema.org/CompletedActionStatus"}
    told = {"name": described, "description": f"{described}, with {instrument.lstrip('#')}"}
    return {"@id": name, "@type": kind, **told, "instrument": _ref(instrument), **done}


def _join(entities: Sequence[Entity], parts: Sequence[Entity], results: Sequence[str], commit: str) -> None:
    """What the files are to the workflow: its text, its parameters, its result."""
    tools = [each["@id"] for each in entities if each["@id"].startswith("#stage/")]
    steps = [each["@id"] for each in entities if each["@id"].startswith("#step/")]
    for part in parts:
        if part["@id"] == WORKFLOW:
            part["@type"] = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
            part |= {"name": "The lineage", "version": commit, "programmingLanguage": _ref("#dvc")}
            part |= {"input": [_ref("#parameters")], "output": [_ref("#result")]}
            part |= {"hasPart": [_ref(tool) for tool in tools], "step": [_ref(step) for step in steps]}
        elif part["@id"] == "params.yaml":
            part["exampleOfWork"] = _ref("#parameters")
        elif part["@id"] in results:
            part["exampleOfWork"] = _ref("#result")
