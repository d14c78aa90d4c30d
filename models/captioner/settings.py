"""Parameters of the captioner: how its base model is made, how its variants are fine-tuned, how it speaks.

The paper trains on a vision tower that already sees and a language model that already speaks. The mini world has
neither, so `BaseModelSettings` first makes both. Defaults are the `mini` profile. This module stays free of torch, so
that reading parameters is quick.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from common.parameters import Parameters
from models.captioner.speech import SoftPosition

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]  # it becomes a part of folders' names


class OptimiserSettings(Parameters):
    """AdamW with a short warm-up and a cosine (section 4.4 of the paper; the rates are the mini world's)."""

    steps: int = Field(ge=0, description="updates; fixed, not seconds, so that a seed gives one curve")
    batch: int = Field(ge=1, description="samples per update")
    rate: float = Field(gt=0, description="peak learning rate")
    warm_up: int = Field(default=40, ge=0, description="updates until the peak")
    weight_decay: float = Field(default=0.03, ge=0, description="decoupled weight decay")
    beta_2: float = Field(default=0.98, gt=0, lt=1, description="second moment's decay; .98 suits short runs")
    clip: float = Field(default=1.0, gt=0, description="largest gradient norm")


class TowerSettings(Parameters):
    """The frozen mini vision tower: what it looks at and how long its nets learn."""

    frames: int = Field(default=8, ge=4, description="frames per clip that the region branch sees")
    scene_frames: int = Field(default=4, ge=1, description="frames per clip that the scene branch sees")
    region_channels: int = Field(default=128, ge=8, description="size of a region's feature per frame")
    scene_channels: int = Field(default=160, ge=8, description="size of a scene token's feature")
    grid_rows: int = Field(default=8, ge=1, description="mask pooling cells down a region; 1 is the paper's")
    grid_columns: int = Field(default=6, ge=1, description="mask pooling cells across a region; 1 is the paper's")
    region: OptimiserSettings = OptimiserSettings(
        steps=900, batch=48, rate=2e-3, warm_up=30, weight_decay=0.05, beta_2=0.999
    )
    scene: OptimiserSettings = OptimiserSettings(
        steps=260, batch=48, rate=2e-3, warm_up=30, weight_decay=0.05, beta_2=0.999
    )
    objects: OptimiserSettings = OptimiserSettings(
        steps=160, batch=64, rate=3e-3, warm_up=30, weight_decay=0.02, beta_2=0.999
    )


class LanguageModelSettings(Parameters):
    """The small Qwen2 inside, and its text-only pretraining."""

    hidden: int = Field(default=128, ge=16, description="width")
    layers: int = Field(default=3, ge=1, description="decoder layers")
    heads: int = Field(default=4, ge=1, description="attention heads")
    key_value_heads: int = Field(default=2, ge=1, description="key/value heads")
    feed_forward: int = Field(default=320, ge=16, description="width of the feed-forward layer")
    pretraining: OptimiserSettings = OptimiserSettings(steps=280, batch=64, rate=2.5e-3, warm_up=60)

    @model_validator(mode="after")
    def _heads_share_alike(self) -> LanguageModelSettings:
        if self.hidden % self.heads:
            raise ValueError(f"hidden {self.hidden} is not divisible by heads {self.heads}")
        if self.heads % self.key_value_heads:
            raise ValueError(f"heads {self.heads} is not divisible by key_value_heads {self.key_value_heads}")
        return self


class WordsSettings(Parameters):
    """Equation 7 as a real language model is asked. The paper's strings (Figure 4) are nowhere in words; these follow
    its published demo as far as that goes."""

    base: str = Field(
        default="Describe what happens in the video in one sentence, as audio description.", description="B"
    )
    character: str = Field(
        default="The name of [{region}] is {name}. What is {name} doing?", description="C, knows {name} and {region}"
    )
    character_only: str = Field(default="{name} is in the video.", description="C of a character without region")
    several: str = Field(default="There are {count} main characters.", description="M, knows {count}")
    order: tuple[Literal["scene", "prior", "instruction"], ...] = Field(
        default=("scene", "prior", "instruction"),
        description="what the user says, beside the soft prompt: scene tokens and a line's end, text prior, equation 7",
    )

    @model_validator(mode="after")
    def _each_once(self) -> WordsSettings:
        if sorted(self.order) != ["instruction", "prior", "scene"]:
            raise ValueError(f"order: {list(self.order)} must name scene, prior and instruction once each")
        return self


class PublishedSettings(Parameters):
    """What published base models share. All weights are looked for in Hugging Face's cache or a folder of this
    repository, never fetched."""

    tower: str = Field(default="google/siglip-so400m-patch14-384", description="the frozen vision tower")
    tower_revision: str = Field(default="9fdffc58afc957d1a03a25b10dba0329ab15c2a3", description="its commit, pinned")
    scene_frames: int = Field(default=8, ge=2, description="uniform frames of the scene; VideoRefer was trained on 16")
    precision: Literal["bf16", "float32"] = Field(default="bf16", description="of the weights, with a GPU and without")
    words: WordsSettings = WordsSettings()


class VideoReferSettings(Parameters):
    """VideoRefer-7B: its connectors are of one kind, trained."""

    repository: str = Field(default="DAMO-NLP-SG/VideoRefer-7B", description="connectors and language model")
    revision: str = Field(default="", description="its commit, 40 hex digits; required: none could be verified here")


class Qwen2Settings(Parameters):
    """Qwen2-7B-Instruct from its own repository: the connectors to it are chosen here, and untrained."""

    repository: str = Field(default="Qwen/Qwen2-7B-Instruct", description="the language model")
    revision: str = Field(default="f2826a00ceef68f0f2b946d945ecc0477ce4450c", description="its commit, pinned")
    scene_connector: Literal["mlp", "stc"] = Field(
        default="mlp", description="mlp: the paper's words, a token per frame; stc: as in VideoRefer"
    )
    region_encoder: Literal["mlp-merge-mlp", "merge-mlp"] = Field(
        default="mlp-merge-mlp", description="mlp-merge-mlp: the paper's order; merge-mlp: as in VideoRefer"
    )


class BaseModelSettings(Parameters):
    """Everything that happens before fine-tuning. The studio's own labels teach the mini one, no film is seen; of the
    published ones `published`, their own section, `seed` and `region_tokens` speak alone."""

    kind: Literal["studio", "videorefer", "qwen2"] = Field(
        default="studio",
        description="studio: trained here on drawn clips; videorefer: the published weights; qwen2: the published "
        "language model, its connectors untrained",
    )
    published: PublishedSettings = PublishedSettings()
    videorefer: VideoReferSettings = VideoReferSettings()
    qwen2: Qwen2Settings = Qwen2Settings()
    seed: int = Field(default=0, ge=0, description="seed of weights, sampling and stock clips")
    stock_clips: int = Field(default=1600, ge=8, description="labelled clips rendered for training")
    held_out_clips: int = Field(default=160, ge=4, description="labelled clips kept for measuring, never trained on")
    tower: TowerSettings = TowerSettings()
    language: LanguageModelSettings = LanguageModelSettings()
    alignment: OptimiserSettings = OptimiserSettings(steps=260, batch=64, rate=2e-3, warm_up=40)
    region_tokens: int = Field(default=4, ge=1, description="tokens a region is merged into (mu in equation 8)")

    def of_kind(self) -> dict[str, Any]:
        """What the base model of this kind depends on: nothing of the other kinds."""
        whole = self.model_dump(mode="json")
        if self.kind == "studio":
            apart = ("kind", "published", "videorefer", "qwen2")
            return {name: value for name, value in whole.items() if name not in apart}
        shared = ("kind", "published", "seed", "region_tokens")
        return {name: whole[name] for name in (*shared, self.kind)}


Trainable = Literal["all", "lora", "soft prompt and connectors", "soft prompt", "connectors"]


class SoftPromptSettings(Parameters):
    """The soft prompt of section 3.2, whose number, place and start the paper does not state."""

    tokens: int = Field(default=4, ge=1, le=256, description="trainable vectors")
    position: SoftPosition = Field(
        default="head", description="where they stand; before the instruction: between text prior and equation 7"
    )
    start: Literal["random", "words"] = Field(
        default="random", description="what they start at; words: at the embeddings of the words below"
    )
    words: str = Field(default="who is doing what", min_length=1, description="repeated or cut to as many; mini's cue")
    spread: float = Field(default=0.05, ge=0, description="standard deviation of a random start")


class VariantSettings(Parameters):
    """One trained row of Table 1: which parts of the prompt exist, and what its training changes."""

    soft_prompt: bool = Field(description="SP: trainable vectors in the template")
    region: bool = Field(description="Region: character tokens at <region>")
    text_prior: bool = Field(description="TP: previous descriptions and subtitles")
    shot_context: bool = Field(default=False, description="scene tokens of the shots before and after the clip's")
    positions: bool = Field(default=True, description="where a character stands and moves, in its region tokens")
    trainable: Trainable | None = Field(
        default=None, description="what this variant's training changes; empty takes captioner.trainable"
    )


class RowSettings(Parameters):
    """One row of Table 1 as it is predicted: a variant's weights, and what they are given."""

    variant: str = Field(description="whose weights")
    bank: Literal["best query", "actor", "none"] = Field(description="which bank names the faces")
    region: bool = Field(description="whether region tokens are given")
    distinctness: float = Field(
        default=0.0, ge=0, description="lambda of the re-ranking against what was just said; 0 takes the most probable"
    )
    words_per_second: float | None = Field(
        default=None, gt=0, description="budget of words from the slot's length; none leaves the length free"
    )
    about: str = Field(default="", description="a word for the tables; the paper's rows need none")
    threshold: float | None = Field(
        default=None,
        gt=0,
        le=10,
        description="names by the best query at this multiple of the encoder's threshold: a point of Figure 7",
    )


class GenerationSettings(Parameters):
    """Section 4.4: beam search with 5 beams, at most 60 tokens, stop at the full stop."""

    beams: int = Field(default=5, ge=1, description="beam width")
    max_tokens: int = Field(default=60, ge=1, description="longest description in tokens")
    stop_at_full_stop: bool = Field(default=True, description="end a description at its first full stop")
    length_penalty: float = Field(default=1.0, description="score = log probability / length ** penalty")
    batch: int = Field(default=32, ge=1, description="clips described at a time")
    neighbours: int = Field(default=8, ge=0, description="sentences before a clip's that re-ranking compares with")
    least_stop: float = Field(
        default=0.02, ge=0, le=1, description="with a budget: a sentence ends where an end has this probability"
    )


class LoraSettings(Parameters):
    """LoRA on the language model, where `trainable` asks for it. VideoRefer: rank 64, alpha 16, dropout .05."""

    rank: int = Field(default=16, ge=1, description="rank of an adapter's two matrices")
    alpha: int = Field(default=16, ge=1, description="adapters count alpha / rank times")
    dropout: float = Field(default=0.05, ge=0, lt=1, description="share of an adapter's inputs left out while training")
    targets: tuple[str, ...] = Field(
        default=("q_proj", "k_proj", "v_proj", "o_proj"), min_length=1, description="linear layers that get adapters"
    )


class TuningSettings(Parameters):
    """Fine-tuning through accelerate. The paper: 8 sequences of 16 triplets, one epoch, rate 2e-5, no word on the rest.

    A global batch is `sequences` x `consecutive` clips whatever the number of processes; accumulation follows from it.
    """

    steps: int | None = Field(default=100, ge=0, description="updates of every variant; empty: epochs says how many")
    epochs: float | None = Field(default=None, gt=0, description="times that every clip is seen, where steps is empty")
    sequences: int = Field(default=32, ge=1, description="runs of clips per update")
    consecutive: int = Field(default=1, ge=1, description="clips of one film that follow each other, per run")
    rate: float = Field(default=8e-4, gt=0, description="peak learning rate")
    warm_up: int = Field(default=10, ge=0, description="updates until the peak; then a cosine")
    weight_decay: float = Field(default=0.03, ge=0, description="decoupled weight decay")
    beta_2: float = Field(default=0.98, gt=0, lt=1, description="second moment's decay; .98 suits short runs")
    clip: float = Field(default=1.0, gt=0, description="largest gradient norm")
    precision: Literal["float32", "bf16"] = Field(
        default="float32", description="of the forward pass; bf16 wants a GPU"
    )
    gradient_checkpointing: bool = Field(default=False, description="less memory, a third more time")
    micro_batch: int | None = Field(
        default=None, ge=1, description="most clips at a time in a process; empty: its share"
    )
    processes: int = Field(default=1, ge=1, description="processes that share a batch, one per GPU")
    launch: str = Field(default="", description="accelerate's config file (profiles/accelerate); empty: plain DDP")
    validation_clips: int = Field(
        default=4, ge=0, description="training clips kept out; MLflow shows what is said of them"
    )
    sample_every: int = Field(default=50, ge=0, description="updates between two sample texts; 0: none")
    checkpoint_every: int = Field(default=50, ge=0, description="updates between two checkpoints; 0: none")

    @model_validator(mode="after")
    def _one_length(self) -> TuningSettings:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("steps and epochs: give one of them and leave the other empty (null)")
        return self

    def schedule(self, steps: int) -> OptimiserSettings:
        """The same optimiser for a loop of one process, and the learning rate's course over `steps` updates."""
        return OptimiserSettings(
            steps=steps,
            batch=self.sequences * self.consecutive,
            rate=self.rate,
            warm_up=self.warm_up,
            weight_decay=self.weight_decay,
            beta_2=self.beta_2,
            clip=self.clip,
        )


class CaptionerSettings(Parameters):
    """Fine-tuning on Storyboard-v2 and generation."""

    variants: dict[Name, VariantSettings] = Field(
        default={
            "A1": VariantSettings(soft_prompt=False, region=False, text_prior=True),
            "A2": VariantSettings(soft_prompt=True, region=False, text_prior=True),
            "C1": VariantSettings(soft_prompt=True, region=True, text_prior=False),
            "C2": VariantSettings(soft_prompt=True, region=True, text_prior=True),
            "D3": VariantSettings(soft_prompt=True, region=True, text_prior=True, shot_context=True),
            "D4": VariantSettings(soft_prompt=True, region=True, text_prior=True, positions=False),
        }
    )
    rows: dict[Name, RowSettings] = Field(
        default={
            "A1": RowSettings(variant="A1", bank="best query", region=False),
            "A2": RowSettings(variant="A2", bank="best query", region=False),
            "B1": RowSettings(variant="C2", bank="none", region=False),
            "B2": RowSettings(variant="C2", bank="actor", region=True),
            "C1": RowSettings(variant="C1", bank="best query", region=True),
            "C2": RowSettings(variant="C2", bank="best query", region=True),
            "D1": RowSettings(variant="C2", bank="best query", region=True, distinctness=0.5, about="C2, re-ranked"),
            "D2": RowSettings(
                variant="C2", bank="best query", region=True, words_per_second=2.67, about="C2, word budget"
            ),
            "D3": RowSettings(variant="D3", bank="best query", region=True, about="C2, shot context"),
            "D4": RowSettings(variant="D4", bank="best query", region=True, about="C2, no boxes"),
            "U010": RowSettings(variant="C2", bank="best query", region=True, threshold=0.1),
            "U020": RowSettings(variant="C2", bank="best query", region=True, threshold=0.2),
            "U040": RowSettings(variant="C2", bank="best query", region=True, threshold=0.4),
            "U200": RowSettings(variant="C2", bank="best query", region=True, threshold=2.0),
        }
    )
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(0,), min_length=1, description="one training per variant and seed"
    )
    training: TuningSettings = TuningSettings()
    trainable: Trainable = Field(
        default="all",
        description="what fine-tuning changes; lora: adapters, soft prompt, connectors; soft prompt alone is Figure 2",
    )
    soft_prompt: SoftPromptSettings = SoftPromptSettings()
    lora: LoraSettings = LoraSettings()
    character_order: Literal["left to right", "appearance"] = Field(
        default="left to right", description="order of the characters in the template"
    )
    max_characters: int = Field(default=4, ge=1, description="most characters in one prompt")
    previous_descriptions: int = Field(default=3, ge=0, description="previous descriptions in the text prior")
    previous_at_test: Literal["own", "reference"] = Field(
        default="own", description="whose previous descriptions a test clip knows: the model's, or the annotation's"
    )
    prior_words: int = Field(default=60, ge=0, description="longest text prior in tokens; the newest are kept")
    drop_names: float = Field(default=0.08, ge=0, le=1, description="share of training samples without characters")
    drop_regions: float = Field(default=0.05, ge=0, le=1, description="share of training samples without region tokens")
    drop_prior: float = Field(default=0.05, ge=0, le=1, description="share of training samples without text prior")
    feature_noise: float = Field(default=0.15, ge=0, description="noise on frozen features while training")
    generation: GenerationSettings = GenerationSettings()

    def trainable_of(self, variant: str) -> Trainable:
        """What the training of `variant` changes: its own choice, or that of all."""
        return self.variants[variant].trainable or self.trainable

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError(f"a seed is named twice in {list(seeds)}")
        return seeds

    def of_training(self, variant: str, seed: int) -> dict[str, Any]:
        """Everything that one variant's weights depend on: another variant's settings, or how they are watched, kept
        safe and made to speak, are not among it."""
        apart: dict[str, Any] = dict.fromkeys(("variants", "rows", "seeds", "generation", "previous_at_test"), True)
        apart["training"] = {"sample_every", "checkpoint_every"}
        if self.trainable_of(variant) != "lora":
            apart["lora"] = True
        if not self.variants[variant].soft_prompt:
            apart["soft_prompt"] = True
        chosen = self.variants[variant].model_dump(mode="json")
        return {"variant": chosen, "seed": seed, **self.model_dump(mode="json", exclude=apart)}
