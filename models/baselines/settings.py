"""Parameters of the rows that are not ours. Defaults are the `mini` profile; free of torch, so reading is quick.

A row bears the name that the paper's Table 2 prints, so that it stands beside the published numbers by itself.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from common.parameters import Parameters
from models.captioner.settings import OptimiserSettings

AUTOAD, MM_NARRATOR, QWEN_VL, VIDEO_LLAMA = "AutoAD-I", "MM-Narrator", "Qwen2.5-VL", "VideoLLaMA3"
SYSTEMS = (AUTOAD, MM_NARRATOR, QWEN_VL, VIDEO_LLAMA)
VIDEO_LLMS = (QWEN_VL, VIDEO_LLAMA)
NEIGHBOUR, CONSTANT, SHUFFLED, SECOND_PHRASING = "neighbour", "constant", "shuffled", "second-phrasing"
SANITY = (NEIGHBOUR, CONSTANT, SHUFFLED, SECOND_PHRASING)
BASELINES = (*SYSTEMS, *SANITY)
PREPARED = (AUTOAD, MM_NARRATOR)  # trained, or a collection of examples: units of the stage `baselines`
SEEDED = (AUTOAD,)  # trained, so every seed gives another row; the others say the same whatever the seed

ABOUT = {
    AUTOAD: "AutoAD-I style, written anew from its paper: not its weights or its data (docs/baselines.md)",
    MM_NARRATOR: "MM-Narrator style, written anew from its paper: a small language model in GPT-4's place "
    "(docs/baselines.md)",
    QWEN_VL: "published weights, asked without training, in our words for the authors' requirements",
    VIDEO_LLAMA: "weights in transformers' own layout, asked without training, in our words for the authors' "
    "requirements",
    NEIGHBOUR: "the reference of the clip before",
    CONSTANT: "the most frequent sentence of the training films, for every clip",
    SHUFFLED: "the benchmark's references, each on another clip",
    SECOND_PHRASING: "ceiling: another phrasing of the truth, as a second describer would put it (the only row "
    "that reads the studio's truth)",
}


class AutoADSettings(Parameters):
    """A mapping network between frozen frame features and a small GPT-2; steps and batch are `captioner.training`'s."""

    width: int = Field(default=96, ge=16, description="width of GPT-2")
    layers: int = Field(default=2, ge=1, description="layers of GPT-2")
    heads: int = Field(default=4, ge=1, description="attention heads, of GPT-2 and of the mapping network")
    pretraining: OptimiserSettings = OptimiserSettings(steps=450, batch=16, rate=3e-3, warm_up=30)
    prefix_tokens: int = Field(default=10, ge=1, description="learnt queries that become GPT-2's visual prefix")
    mapping_layers: int = Field(default=2, ge=1, description="layers of the mapping network")
    rate: float = Field(
        default=4e-3, gt=0, description="peak learning rate on clips; the paper trains its mapping network alone"
    )
    trainable: Literal["mapping network", "all"] = Field(
        default="mapping network", description="what learns from clips; AutoAD-I keeps GPT-2 as its text made it"
    )

    @model_validator(mode="after")
    def _heads_share_alike(self) -> AutoADSettings:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is not divisible by heads {self.heads}")
        return self


class MMNarratorSettings(Parameters):
    """Examples of the training films, looked up for every clip, and the language model that reads them."""

    examples: int = Field(default=4, ge=0, description="examples in a prompt")
    pool: int = Field(default=8, ge=1, description="nearest training clips that the examples are chosen from")
    context_weight: float = Field(
        default=0.5, ge=0, description="weight of the contexts' likeness beside the pictures' in what is near"
    )
    complexity: Literal["simplest", "most complex"] = Field(
        default="simplest", description="which of the near clips become examples"
    )
    generator: str = Field(
        default="", description="folder or cached repository of an instruct model; empty: the base model's, untrained"
    )
    revision: str = Field(default="", description="the repository's commit, pinned; a folder needs none")
    device: str = Field(default="auto", description="of an instruct model; auto: a GPU if there is one")


class VideoLLMSettings(Parameters):
    """A published model that is asked about every clip as it is."""

    model: str = Field(
        default="", description="a repository of Hugging Face that lies in its cache, or a folder of this machine"
    )
    revision: str = Field(default="", description="the repository's commit, pinned; a folder needs none")
    frames: int = Field(default=8, ge=2, description="frames of a clip that it sees, evenly spread")
    words_per_second: float = Field(default=3.0, gt=0, description="the length it is asked for; 3 is the authors'")
    device: str = Field(default="auto", description="auto: a GPU if there is one")

    @property
    def without_model(self) -> str:
        """Why nothing runs where no model is named."""
        return (
            "no model is named, because its published weights run only with code from the download, which is not "
            "executed here; name a folder in transformers' own layout (baselines.videollama3.model)"
        )


class BaselinesSettings(Parameters):
    """The systems of Table 2 that are not ours; which of them speak is `experiments.rows`."""

    autoad: AutoADSettings = AutoADSettings()
    mm_narrator: MMNarratorSettings = MMNarratorSettings()
    qwen2_5_vl: VideoLLMSettings = VideoLLMSettings(
        model="Qwen/Qwen2.5-VL-7B-Instruct", revision="cc594898137f460bfe9f0759e9844b3ce807cfb5"
    )
    videollama3: VideoLLMSettings = VideoLLMSettings()

    def video_llm(self, row: str) -> VideoLLMSettings:
        """The parameters of one of `VIDEO_LLMS`."""
        return {QWEN_VL: self.qwen2_5_vl, VIDEO_LLAMA: self.videollama3}[row]
