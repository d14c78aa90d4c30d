"""The rows that are not ours; free of torch, so reading is quick.

A row bears the name that the paper's Table 2 prints, so that it stands beside the published numbers by itself.
"""

from __future__ import annotations

AUTOAD, MM_NARRATOR, QWEN_VL, VIDEO_LLAMA = "AutoAD-I", "MM-Narrator", "Qwen2.5-VL", "VideoLLaMA3"
SYSTEMS = (AUTOAD, MM_NARRATOR, QWEN_VL, VIDEO_LLAMA)
VIDEO_LLMS = (QWEN_VL, VIDEO_LLAMA)
NEIGHBOUR, CONSTANT, SHUFFLED, SECOND_PHRASING = "neighbour", "constant", "shuffled", "second-phrasing"
SANITY = (NEIGHBOUR, CONSTANT, SHUFFLED, SECOND_PHRASING)
BASELINES = SANITY
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
