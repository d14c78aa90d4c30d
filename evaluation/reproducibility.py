"""What cannot be reproduced from the publication, item by item, and what is done here instead.

`python -m evaluation.reproducibility` prints it as docs/reproducibility.md, which a test holds equal; the report shows
the same items.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Open:
    """One thing that the publication leaves open: what the paper says, what was published, what is done here."""

    subject: str
    paper: str
    published: str
    here: str


ITEMS = (
    Open(
        "Storyboard-v2, the training set",
        "11,250 triplets from 50 films",
        "not released: the README's list has it unticked. Its source, Storyboard20K, needs an agreement with MPII, and "
        "no field of it holds times",
        "made from annotations in Storyboard20K's layout, the times taken from the key frames' file names",
    ),
    Open(
        "Cinepile-AD, the second benchmark",
        "100 clips with descriptions",
        "not released; CinePile is gated and its descriptions have no times",
        "its place is taken by drawn films; real ones are read where they lie under data/raw",
    ),
    Open(
        "MAD-eval-Named's films",
        "6,520 descriptions of 10 films",
        "the sentences are public, the films are not",
        "drawn films unless you own them",
    ),
    Open(
        "Trained weights",
        "VideoRefer-7B, fine-tuned",
        "none of FocusedAD; the code loads VideoRefer-7B as it is, and its training script does not parse",
        "trained from scratch in a small world; the architecture can be built at full size",
    ),
    Open(
        "What fine-tuning changes",
        "Figure 2 draws the language model frozen, the text says it is fine-tuned",
        "no training code of FocusedAD's own",
        "a parameter: everything, or soft prompt and connectors",
    ),
    Open(
        "Soft prompt",
        "trainable, in the template",
        "absent",
        "trained; rows A1 and A2 differ in nothing else",
    ),
    Open(
        "Number, place and start of the soft prompt",
        "stated nowhere",
        "absent",
        "three parameters of `captioner.soft_prompt`: `tokens` (how many vectors), `position` (where in the prompt), "
        "`start` (random, or words and which); what they are worth is measured in docs/soft_prompt.md",
    ),
    Open(
        "Text prior",
        "three descriptions before, and subtitles",
        "the demo reads the file and never uses it",
        "used; at test time the model's own descriptions, or the annotation's, by parameter",
    ),
    Open(
        "Prompt templates (equation 7)",
        "Figure 4 is a picture",
        "other wordings in the code",
        "written anew from equation 7",
    ),
    Open(
        "Distance of faces (equation 5)",
        "squared L2 with u = 1.3",
        "plain L2 below 1.3: squared, that is 1.69",
        "squared L2; plain L2 and the threshold are parameters",
    ),
    Open(
        "The threshold u = 1.3",
        "optimal, Figure 7",
        "between different characters of one film the published queries lie 1.13 to 1.55 apart (plain, 5th to 95th of "
        "100): 28 % of the pairs are below 1.3",
        "the encoder's own threshold, and a sweep around it",
    ),
    Open(
        "Face embedding",
        "128 numbers, triplet loss",
        "512 numbers of a published classifier (InceptionResnetV1)",
        "a small encoder trained with a contrastive loss, or the 512 of FaceNet",
    ),
    Open(
        "How best queries are chosen (equations 1 to 3)",
        "K-means, the cluster that maximises f(Q)",
        "no code for it. Published training queries are means of unequal length, test queries single faces; K, the "
        "start and the labels are open, and D_int and D_ext are plain L2",
        "clusters matched to portraits and scored by equation 3 (docs/perception.md)",
    ),
    Open(
        "Which bank the code uses",
        "best queries",
        "portraits alone: the demo skips the published best queries",
        "both: best queries in A, C and the portraits in row B2",
    ),
    Open(
        "One name, one face",
        "equation 6 decides each face alone, its index running to J-1",
        "several faces can get one name",
        "one to one, evidence pooled along a track",
    ),
    Open(
        "From which frame masks are carried",
        "any frame, both ways",
        "the first frame, forward only",
        "from every recognised frame, both ways, inside a shot",
    ),
    Open("What a mask covers", "the character", "prompted with the face's box: face or whole body", "the body"),
    Open(
        "Frames",
        "every 15th",
        "8 for the scene, 32 for regions, every one for SAM 2",
        "one stride for all, a parameter",
    ),
    Open(
        "Shared encoder",
        "one visual encoder for perception and captioning",
        "two separate models, SigLIP and Hiera",
        "scene and regions share one tower; faces have their own",
    ),
    Open(
        "Order in the region encoder (equation 8)",
        "pool, MLP, merge, MLP",
        "pool, merge, MLP",
        "as in the code, so that published weights fit",
    ),
    Open(
        "Decoding",
        "beams of 5, at most 60 tokens, stop at the full stop",
        "greedy, up to 2,048 tokens",
        "as in the paper",
    ),
    Open(
        "SPICE and METEOR",
        "nlg-eval",
        "no evaluation script: the one for MAD-eval-Named is an empty file, the other is missing",
        "the same jars; nlg-eval does not tokenise, the field does, so that is a parameter",
    ),
    Open(
        "BertScore",
        "model, layer and rescaling are not stated",
        "nothing; nlg-eval has no BertScore",
        "MiniLM's by default, stated with every table; `python -m evaluation.sensitivity` shows how much hangs on it",
    ),
    Open(
        "R (equations 9 and 10)",
        "theta, vectors and the vocabulary of what is no content are not stated",
        "an empty heading in the README",
        "fixed, stated and varied in a table: compare rows, not numbers",
    ),
    Open(
        "AutoAD-I's BertScore, 24.2",
        "in one column with 50 to 65",
        "it is rescaled with a baseline, the others are not",
        "marked in Table 2",
    ),
    Open(
        "Rivals in Table 2",
        "state of the art of April 2025",
        "AutoAD-II and III, AutoAD-Zero, DistinctAD, Uni-AD and Shot-by-Shot are left out; CIDEr, R@k/N and CRITIC, "
        "by which they are compared, are not reported",
        "these metrics are computed for every row",
    ),
    Open(
        "Test films unseen",
        "training and test films are disjoint",
        "films of one series stand on both sides: the same actors, the same characters",
        "checked: the report names what both sides share",
    ),
    Open(
        "Zero-shot on MAD",
        "not trained on MAD",
        "Storyboard20K's sentences come from LSMDC, as MAD-eval-Named's do: the same style",
        "said here; the drawn world cannot test it",
    ),
    Open("Uncertainty", "none", "none", "intervals over clips and films, seeds, pairs"),
    Open(
        "Licence",
        "not stated",
        "no licence file in the official repositories",
        "nothing is copied; everything is written from the descriptions",
    ),
)


def as_markdown(items: Sequence[Open] = ITEMS) -> str:
    """docs/reproducibility.md."""
    lines = [
        "# What cannot be reproduced from the publication",
        "",
        "Item by item: what the paper says, what was published with it, and what this project does instead. The",
        "report of every run shows the same list. Written by",
        "`python -m evaluation.reproducibility > docs/reproducibility.md`.",
        "",
        "| subject | the paper | published code and data | here |",
        "| --- | --- | --- | --- |",
        *(f"| {each.subject} | {each.paper} | {each.published} | {each.here} |" for each in items),
        "",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m evaluation.reproducibility", description=__doc__).parse_args(arguments)
    sys.stdout.write(as_markdown())
    return 0


if __name__ == "__main__":
    sys.exit(main())
