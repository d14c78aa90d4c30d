"""A repository with an untrained lineage: everything that narrating needs, in a second and a few megabytes."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))  # the toy captioner is shared

from captioner_toys import toy_base

from common.files import write_json
from publishing.profiles import load_profile, write_parameters
from publishing.records import write_record

CAPTIONER = "C2.0"


def untrained_lineage(root: Path) -> Path:
    """params.yaml of the profile `smoke`, and in data/ a face encoder, a base model and a captioner of random weights
    that do not depend on the day. Returns the captioner's folder."""
    import torch
    from safetensors.torch import save_file

    from models.captioner.checkpoints import Captioner, load_base, save_captioner
    from models.captioner.inputs import PromptPlan
    from models.perception.studio_encoder import StudioFaceNet

    write_parameters(load_profile("smoke"), root / "params.yaml", profile="smoke")
    base = toy_base(root / "data/base_model")
    write_record(base, key="", made_from={}, audit="")
    torch.manual_seed(0)
    network = StudioFaceNet(size=16, width=4)
    (root / "data/face_encoder").mkdir()
    save_file(network.state_dict(), root / "data/face_encoder/model.safetensors")
    config = {"kind": "studio", "size": 16, "width": 4, "image_size": 32, "threshold": 0.5, "portrait_threshold": 0.5}
    write_json(root / "data/face_encoder/config.json", config)
    model, vocabulary = load_base(base)
    captioner = root / "data/captioner" / CAPTIONER
    weights = {name: value.detach() for name, value in model.named_parameters()}
    save_captioner(captioner, Captioner(model.eval(), vocabulary, PromptPlan()), weights=weights, base=base)
    return captioner
