"""SAM 2 from the package `sam2`: its configurations, and weights that are looked for but never fetched or unpickled."""

from __future__ import annotations

import hashlib
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from models.perception.settings import Sam2Settings

if TYPE_CHECKING:
    import torch
    from torch import Tensor

log = logging.getLogger(__name__)

OVERRIDES = (
    # What the package's own video predictor sets: a prompted frame is remembered as the mask that one sees.
    "++model.binarize_mask_from_pts_for_mem_enc=true",
)


def weights_path(settings: Sam2Settings) -> Path:
    """The file of the weights, alone or in a folder of models.training.small_sam2.

    BadInput says what is missing and how to get it. Nothing is fetched.
    """
    if settings.checkpoint:
        path = Path(settings.checkpoint)
        path = path / "model.safetensors" if path.is_dir() else path
        if not path.is_file():
            raise BadInput(
                f"{path}: no such SAM 2 checkpoint; put it there, empty perception.regions.sam2.checkpoint and fetch "
                f"the published one with `{fetch_command(settings)}`, or choose perception.regions.backend flow"
            )
        return path
    from huggingface_hub import try_to_load_from_cache

    name = settings.repository.split("/")[1].replace("-", "_") + ".pt"  # as Meta names them
    found = try_to_load_from_cache(settings.repository, name, revision=settings.revision)
    if not isinstance(found, str):
        raise BadInput(
            f"sam2: {name} is not in Hugging Face's cache; fetch it with `{fetch_command(settings)}`, "
            "or choose perception.regions.backend flow"
        )
    return Path(found)


def fetch_command(settings: Sam2Settings) -> str:
    """What a user types to get the weights."""
    name = settings.repository.split("/")[1].replace("-", "_") + ".pt"
    return f"hf download {settings.repository} {name} --revision {settings.revision}"


def load_model(settings: Sam2Settings) -> Any:
    """A `SAM2Base` with its weights, ready to look at frames: of the settings' configuration, or of a folder's own."""
    path = weights_path(settings)
    if settings.sha256 and _digest(path) != settings.sha256:
        raise BadInput(f"{path}: its SHA-256 is not {settings.sha256} (perception.regions.sam2.sha256); fetch it again")
    small = path.parent == Path(settings.checkpoint)  # a folder was named
    model = _small_model(settings) if small else untrained_model(settings)
    try:
        model.load_state_dict(_read_weights(path))
    except RuntimeError as error:
        what = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        of = path.parent / "config.json" if small else settings.configuration
        raise BadInput(f"{path}: not the weights of {of} ({what[:120]}); name the other") from None
    return model.to(device_of(settings)).eval()


def device_of(settings: Sam2Settings) -> torch.device:
    """The device asked for; BadInput for a GPU that is not there."""
    import torch

    there = torch.cuda.is_available()
    if settings.device == "cuda" and not there:
        raise BadInput("perception.regions.sam2.device: cuda is asked for, but torch finds no GPU; say auto or cpu")
    return torch.device("cuda" if there and settings.device != "cpu" else "cpu")


def start_hydra() -> None:
    """Before the first import of sam2, which would ask Hydra for a version of its defaults that 1.4 has dropped."""
    from hydra import initialize_config_module
    from hydra.core.global_hydra import GlobalHydra

    if not GlobalHydra.instance().is_initialized():
        initialize_config_module("sam2")


def _small_model(settings: Sam2Settings) -> Any:
    """The model that a folder's config.json describes, with random weights."""
    from models.perception.small_sam2 import build, read_shape

    shape = read_shape(Path(settings.checkpoint))
    if settings.image_size not in (None, shape.side):
        log.warning("perception.regions.sam2.image_size %s is ignored: trained for %d", settings.image_size, shape.side)
    return build(shape)


def untrained_model(settings: Sam2Settings) -> Any:
    """The package's model with random weights; BadInput for a configuration that it does not have."""
    start_hydra()
    import sam2
    from sam2.build_sam import build_sam2

    folder = Path(sam2.__path__[0])
    if not (folder / settings.configuration).is_file():
        known = sorted(path.relative_to(folder).as_posix() for path in folder.glob("configs/sam2*/*_hiera_?*.yaml"))
        raise BadInput(
            f"perception.regions.sam2.configuration: the package sam2 has no {settings.configuration}; it has "
            f"{', '.join(name for name in known if 'finetune' not in name)}"
        )
    overrides = list(OVERRIDES)
    if settings.image_size is not None:
        overrides.append(f"++model.image_size={settings.image_size}")
    with warnings.catch_warnings():
        # Hydra warns of configurations that name any code; this one is the package's own.
        warnings.filterwarnings("ignore", message=r"(?s).*_execution_whitelist_", category=UserWarning)
        return build_sam2(settings.configuration, ckpt_path=None, device="cpu", hydra_overrides_extra=overrides)


def _read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors by name, from safetensors or from a `.pt` that may hold nothing but tensors."""
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        held = torch.load(path, map_location="cpu", weights_only=True)
        return held["model"] if isinstance(held.get("model"), dict) else held
    except Exception as error:  # the unpickler's own refusals have no common class
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadInput(f"{path}: not a checkpoint of tensors ({what[:120]}); fetch it again") from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
