"""The captioner: descriptions in batches against one clip at a time, and a training step with and without its cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.clips import read_records
from common.errors import BadInput
from orchestration.bench.harness import Result, interleaved

if TYPE_CHECKING:
    from torch import Tensor

    from corpora.film import Film
    from models.captioner.checkpoints import Captioner
    from models.captioner.inputs import Sample
    from models.captioner.published.siglip import PublishedTower
    from models.captioner.search import Found
    from models.captioner.settings import GenerationSettings
    from models.captioner.speech import Cast, Speech
    from models.captioner.tower import Tower

VARIANT = "C2.0"
CLIPS = 90
TRIPLETS = 32  # of a training step
ROUNDS = 3


def generation(data: Path) -> list[Result]:
    """Clips described per second of CPU time by beam search; both sides must say the same."""
    import torch

    from models.captioner.checkpoints import load_captioner
    from models.captioner.describe import describe_samples
    from models.captioner.settings import GenerationSettings

    torch.set_num_threads(1)
    captioner = load_captioner(_there(data / "captioner" / VARIANT), data / "base_model")
    settings = GenerationSettings()
    samples = [sample for _, some in _samples(data, "mad_eval_named", captioner) for sample in some][:CLIPS]

    def batched() -> list[str]:
        return [found[0].text for found in describe_samples(captioner, samples, settings=settings)]

    def one_by_one() -> list[str]:
        return [describe_samples(captioner, [sample], settings=settings)[0][0].text for sample in samples]

    def one_by_one_by_transformers() -> list[str]:
        with transformers_search():
            return one_by_one()

    notes = {
        "captioner: descriptions, one clip at a time": (
            one_by_one_by_transformers,
            "transformers' beam search, one clip at a time",
        ),
        "captioner: descriptions, our search one clip at a time": (one_by_one, "the same search, one clip at a time"),
    }
    results = []
    for name, (peer, note) in notes.items():
        if batched() != peer():
            raise BadInput(f"bench: {name}: both sides say different things; nothing to compare")
        ours_s, peer_s = interleaved(batched, peer, rounds=ROUNDS)
        about = f"{len(samples)} clips, {settings.beams} beams, batches of {settings.batch}; {note}; the same texts"
        results.append(
            Result(name, len(samples) / ours_s, len(samples) / peer_s, peer_s / ours_s, "clips / s", note=about)
        )
    return results


def as_transformers_searches(
    language_model: Any,
    prompt_bpd: Tensor,
    mask_bp: Tensor,
    *,
    vocabulary: Speech,
    casts: Sequence[Cast],
    settings: GenerationSettings,
    hypotheses: int = 1,
    budgets: Sequence[int] | None = None,
) -> list[list[Found]]:
    """`models.captioner.search.beam_search` by transformers' own `generate`, with the same rules; a greedy search has
    no scores."""
    import torch
    from transformers import LogitNormalization, LogitsProcessorList

    from models.captioner.rules import Speakable, WordBudget
    from models.captioner.search import Found, generation_config

    budget = None if budgets is None else WordBudget(vocabulary, casts, budgets, settings)
    rules: list[Any] = [LogitNormalization(), Speakable(vocabulary, casts, settings.beams)]
    output = language_model.generate(
        inputs_embeds=prompt_bpd,
        attention_mask=mask_bp.long(),
        generation_config=generation_config(vocabulary, settings, hypotheses=hypotheses),
        logits_processor=LogitsProcessorList(rules if budget is None else [*rules, budget]),
    )
    ids, ends = output.sequences, torch.tensor(vocabulary.ends(full_stop=settings.stop_at_full_stop))
    ended = torch.isin(ids, ends).long().cumsum(1)  # what comes after an end fills the row up
    ids = ids.masked_fill((ended - torch.isin(ids, ends).long()) > 0, vocabulary.pad)
    scores = output.get("sequences_scores")
    scores = torch.zeros(len(ids)) if scores is None else scores
    over = torch.zeros(len(ids), dtype=torch.long)
    if budget is not None:
        paid, over = budget.settle(ids, torch.arange(len(casts)).repeat_interleave(hypotheses))
        scores = scores + paid / (ids != vocabulary.pad).sum(1) ** settings.length_penalty
    found = [Found(*each) for each in zip(ids.tolist(), scores.tolist(), over.tolist(), strict=True)]
    return [found[first : first + hypotheses] for first in range(0, len(found), hypotheses)]


@contextmanager
def transformers_search() -> Iterator[None]:
    """Puts transformers' own search in the place of ours."""
    import models.captioner.describe as describe

    original = describe.beam_search
    describe.beam_search = as_transformers_searches
    try:
        yield
    finally:
        describe.beam_search = original


def training_step(data: Path) -> list[Result]:
    """Steps of fine-tuning per second of CPU time: from cached features, read in every step, against decoding the
    step's clips and running the frozen tower in every step."""
    import torch

    from models.captioner.checkpoints import Captioner, load_base, load_tower
    from models.captioner.inputs import PromptPlan, collate

    torch.set_num_threads(1)
    base = _there(data / "base_model")
    model, vocabulary = load_base(base)
    captioner, tower = Captioner(model.train(), vocabulary, PromptPlan()), load_tower(base)
    chosen = clips_of_a_step(data)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-5)

    def step(samples: Sequence[Sample]) -> float:
        loss = model(collate(samples, vocabulary, captioner.plan))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return float(loss)

    def from_cache() -> float:
        return step([sample for film, clips in chosen for sample in read_again(data, film, clips, captioner)])

    def from_pixels() -> float:
        return step([sample for film, clips in chosen for sample in seen_again(data, film, clips, captioner, tower)])

    ours, peer = interleaved(from_cache, from_pixels, rounds=ROUNDS)
    count = sum(len(clips) for _, clips in chosen)
    about = (
        f"{count} triplets of {len(chosen)} films; ours reads their features, the peer decodes them and runs the tower"
    )
    return [Result("captioner: training steps", 1 / ours, 1 / peer, peer / ours, "steps / s", note=about)]


def clips_of_a_step(data: Path) -> list[tuple[Film, list[int]]]:
    """The films of a step of `TRIPLETS` triplets, each with the clips that the step sees."""
    found: list[tuple[Film, list[int]]] = []
    missing = TRIPLETS
    for film in _films(data, "storyboard_v2"):
        clips = [int(record["clip_id"]) for record in _records(data, "storyboard_v2", film)][:missing]
        missing -= len(clips)
        if clips:
            found.append((film, clips))
    return found


def read_again(data: Path, film: Film, clips: Sequence[int], captioner: Captioner) -> list[Sample]:
    """Triplets of a film with its cached features, as they are read."""
    from models.captioner.features import read_features

    features = read_features(data / "clip_features" / film.id)
    return _film_samples(data, film, "storyboard_v2", features, captioner, clips=clips, with_text=True)


def seen_again(
    data: Path, film: Film, clips: Sequence[int], captioner: Captioner, tower: Tower | PublishedTower
) -> list[Sample]:
    """Triplets of a film with features taken from the frames of their clips, and of no others, anew."""
    from models.captioner.features import extract
    from models.perception.regions import read_regions

    regions = read_regions(data / "character_regions" / film.id).regions
    wanted = [clip for clip in film.clips() if clip.id in clips]
    features = extract(film, wanted, regions[regions["clip"].isin(clips)], tower, mirror=False)
    return _film_samples(data, film, "storyboard_v2", features, captioner, clips=clips, with_text=True)


def _samples(data: Path, stage: str, captioner: Captioner) -> Iterator[tuple[Film, list[Sample]]]:
    """Films of a data set with their clips as samples, from the published records and features."""
    from models.captioner.features import read_features

    for film in _films(data, stage):
        features = read_features(data / "clip_features" / film.id)
        clips = [int(record["clip_id"]) for record in _records(data, stage, film)]
        yield film, _film_samples(data, film, stage, features, captioner, clips=clips, with_text=False)


def _films(data: Path, stage: str) -> Iterator[Film]:
    from corpora.film import read_film

    for folder in sorted(_there(data / stage).iterdir()):
        if (folder / "clips.jsonl").is_file():
            yield read_film(data / "films" / folder.name)


def _records(data: Path, stage: str, film: Film) -> list[dict[str, Any]]:
    return read_records(data / stage / film.id)


def _film_samples(
    data: Path, film: Film, stage: str, features: Any, captioner: Captioner, *, clips: Sequence[int], with_text: bool
) -> list[Sample]:
    from models.captioner.records import record_sample
    from models.captioner.settings import CaptionerSettings

    casts = {film.id: [character.name for character in film.cast]}
    return [
        record_sample(
            record,
            {film.id: features},
            casts,
            captioner.vocabulary,
            bank="best query",
            settings=CaptionerSettings(),
            with_text=with_text,
        )
        for record in _records(data, stage, film)
        if record["clip_id"] in clips
    ]


def _there(folder: Path) -> Path:
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; run `make repro` first, or give --data")
    return folder
