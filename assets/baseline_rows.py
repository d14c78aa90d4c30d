"""How the rows that are not the captioner's speak: what each reads, what it depends on, what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assets.captioner import casts_of, features_of
from assets.clips import read_records
from assets.experiments import Experiment
from models.baselines.settings import AUTOAD, CONSTANT, MM_NARRATOR, NEIGHBOUR, SECOND_PHRASING, SHUFFLED, VIDEO_LLMS
from publishing.settings import film_ids
from publishing.stage import WHOLE

if TYPE_CHECKING:
    from publishing.settings import Settings
    from publishing.stage import Work

# What of the captioner's prompt and search a system that speaks in its place shares.
PROMPT = {"generation", "previous_descriptions", "previous_at_test", "prior_words"}
Records = list[dict[str, Any]]


def say(work: Work, experiment: Experiment, records: Records) -> list[str]:
    """A description of every record by the row's system. `BadInput` where it cannot speak of these films."""
    from models.baselines import sanity

    if experiment.row == AUTOAD:
        return autoad_says(work, experiment, records)
    if experiment.row == MM_NARRATOR:
        return mm_narrator_says(work, experiment, records)
    if experiment.row in VIDEO_LLMS:
        return video_llm_says(work, experiment, records)
    if experiment.row == NEIGHBOUR:
        return sanity.neighbour(records)
    if experiment.row == CONSTANT:
        return sanity.constant(records, training_records(work))
    if experiment.row == SHUFFLED:
        return sanity.shuffled(records, seed=experiment.seed)
    if experiment.row == SECOND_PHRASING:
        return sanity.second_phrasing(records, truth_of(work, experiment))
    raise KeyError(f"no baseline {experiment.row!r}")


def autoad_says(work: Work, experiment: Experiment, records: Records) -> list[str]:
    from models.baselines.autoad import describe_autoad, load_autoad

    films = work.units(experiment.benchmark)
    model, vocabulary = load_autoad(work.read("baselines"))
    return describe_autoad(
        model, vocabulary, records, features_of(work, films), casts_of(work, films), work.settings.captioner
    )


def mm_narrator_says(work: Work, experiment: Experiment, records: Records) -> list[str]:
    from models.baselines.examples import read_collection
    from models.baselines.mm_narrator import ChatNarrator, SmallNarrator, describe_mm_narrator
    from models.baselines.perceived import answering_tower

    films, base = work.units(experiment.benchmark), work.read("base_model")
    asked, captioner = work.settings.baselines.mm_narrator, work.settings.captioner
    return describe_mm_narrator(
        ChatNarrator(asked, max_tokens=captioner.generation.max_tokens)
        if asked.generator
        else SmallNarrator(base, captioner.generation, prior_words=captioner.prior_words),
        read_collection(work.read("baselines")),
        records,
        features_of(work, films),
        casts_of(work, films),
        answering_tower(base),
        asked,
        captioner,
    )


def video_llm_says(work: Work, experiment: Experiment, records: Records) -> list[str]:
    from corpora.film import read_film
    from models.baselines.video_llms import describe_video_llm

    films = {film: read_film(work.read("films", film)) for film in work.units(experiment.benchmark)}
    settings = work.settings.baselines.video_llm(experiment.row)
    return describe_video_llm(films, records, settings, max_tokens=work.settings.captioner.generation.max_tokens)


def missing(settings: Settings, experiment: Experiment) -> str | None:
    """Why a row cannot speak on this machine, found before anything is made; None where it can."""
    from common.errors import BadInput

    narrator = settings.baselines.mm_narrator
    try:
        if experiment.row in VIDEO_LLMS:
            from models.baselines.video_llms import weights_folder

            weights_folder(settings.baselines.video_llm(experiment.row))
        elif experiment.row == MM_NARRATOR and narrator.generator:
            from models.hub import local_folder

            local_folder(narrator.generator, narrator.revision)
    except BadInput as reason:
        return str(reason)
    return None


def training_records(work: Work) -> Records:
    return [record for film in work.units("storyboard_v2") for record in read_records(work.read("storyboard_v2", film))]


def truth_of(work: Work, experiment: Experiment) -> dict[str, Records]:
    """What the studio knows of each film's clips. For the ceiling alone: no system reads the truth."""
    from common.errors import BadInput
    from common.files import read_json

    found = {}
    for film in work.units("films"):
        path = work.read("films", film) / "truth" / "clips.json"
        if not path.is_file():
            raise BadInput(f"{film}: only the studio's films are told in two ways; no {experiment.row}")
        found[film] = read_json(path)
    return found


def inputs(settings: Settings, experiment: Experiment) -> dict[str, list[str]]:
    """The units that a row reads besides its benchmark's clips."""
    films = film_ids(settings, experiment.benchmark)
    trained = experiment.trained(settings)
    spoken = {trained[0]: [trained[1]], "films": films, "clip_features": films} if trained else {}
    return {
        AUTOAD: spoken,
        MM_NARRATOR: spoken | {"base_model": [WHOLE]},
        CONSTANT: {"storyboard_v2": film_ids(settings, "train")},
        SECOND_PHRASING: {"films": films},
        **{row: {"films": films} for row in VIDEO_LLMS},
    }.get(experiment.row, {})


def parameters(settings: Settings, experiment: Experiment) -> Any:
    """What of the settings a row depends on."""
    row = {"row": experiment.row, "seed": experiment.seed}
    if experiment.row == MM_NARRATOR:
        asked = settings.baselines.mm_narrator.model_dump(mode="json", exclude={"device"})
        return row | {"asked": asked, "captioner": settings.captioner.model_dump(mode="json", include=PROMPT)}
    if experiment.row == AUTOAD:
        return row | {"captioner": settings.captioner.model_dump(mode="json", include=PROMPT)}
    if experiment.row in VIDEO_LLMS:
        asked = settings.baselines.video_llm(experiment.row).model_dump(mode="json", exclude={"device"})
        return row | {"asked": asked, "max_tokens": settings.captioner.generation.max_tokens}
    return row
