"""A SAM 2 small enough to be trained from scratch in minutes on a processor: the package's own model, another trunk.

Everything is the package `sam2`'s: neck, prompt encoder, mask decoder, memory encoder, memory attention, and the step
through frames. What departs from SAM 2: the sizes, and the image encoder's trunk, a few convolutions in place of Hiera,
which from scratch does not leave its plateau in minutes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from common.errors import BadInput
from common.files import read_json, write_json
from models.perception.sam2_model import start_hydra

KIND = "small_sam2"
FEED_FORWARD = 128  # width of the memory attention's feed-forward layer
POINTERS = 8  # object pointers of earlier frames that are attended to


@dataclass(frozen=True)
class SmallSam2Shape:
    """What its folder's config.json says. `width` is a multiple of 16 and of `memory`, a power of two.

    `side`: pixels of the squashed frame, a multiple of 16; the mask has a quarter of that.
    """

    side: int = 192
    channels: tuple[int, int, int] = (24, 48, 80)
    width: int = 64
    memory: int = 32
    memories: int = 5  # frames that are remembered whole

    def __post_init__(self) -> None:
        powers = self.memory > 0 and self.memory & (self.memory - 1) == 0
        if self.side % 16 or self.width % 16 or not powers or self.width % self.memory or len(self.channels) != 3:
            raise ValueError(
                "side and width are multiples of 16, memory a power of two that divides width, three channels"
            )


class ConvTrunk(nn.Module):
    """Features at strides 4, 8 and 16; what sam2's `ImageEncoder` asks of a trunk is `channel_list`, coarse to fine."""

    def __init__(self, channels: tuple[int, int, int]) -> None:
        super().__init__()
        fine, middle, coarse = channels
        self.channel_list = [coarse, middle, fine]
        self.fine = nn.Sequential(_halve(3, 16), _halve(16, fine), _Residual(fine))
        self.middle = nn.Sequential(_halve(fine, middle), _Residual(middle))
        self.coarse = nn.Sequential(_halve(middle, coarse), _Residual(coarse), _Residual(coarse, dilation=2))

    def forward(self, images_n3hw: Tensor) -> list[Tensor]:
        fine = self.fine(images_n3hw)
        middle = self.middle(fine)
        return [fine, middle, self.coarse(middle)]


class _Residual(nn.Module):
    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, features_nchw: Tensor) -> Tensor:
        return torch.relu(features_nchw + self.change(features_nchw))


def _halve(before: int, after: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


def build(shape: SmallSam2Shape) -> Any:
    """The package's `SAM2Base` in this shape, with random weights."""
    start_hydra()
    from sam2.modeling.backbones.image_encoder import FpnNeck, ImageEncoder
    from sam2.modeling.position_encoding import PositionEmbeddingSine
    from sam2.modeling.sam2_base import SAM2Base

    trunk = ConvTrunk(shape.channels)
    neck = FpnNeck(
        PositionEmbeddingSine(shape.width, normalize=True),
        d_model=shape.width,
        backbone_channel_list=trunk.channel_list,
        fpn_top_down_levels=[1, 2],
        fpn_interp_model="nearest",
    )
    model = SAM2Base(
        image_encoder=ImageEncoder(trunk, neck, scalp=0),
        memory_attention=_memory_attention(shape),
        memory_encoder=_memory_encoder(shape),
        num_maskmem=shape.memories,
        image_size=shape.side,
        # The rest as in the published configurations, but for the three masks of an ambiguous click: boxes ask here.
        sigmoid_scale_for_mem_enc=20.0,
        sigmoid_bias_for_mem_enc=-10.0,
        directly_add_no_mem_embed=True,
        use_high_res_features_in_sam=True,
        multimask_output_in_sam=False,
        iou_prediction_use_sigmoid=True,
        use_obj_ptrs_in_encoder=True,
        max_obj_ptrs_in_encoder=POINTERS,
        add_tpos_enc_to_obj_ptrs=True,
        proj_tpos_enc_in_obj_ptrs=True,
        use_signed_tpos_enc_to_obj_ptrs=True,
        only_obj_ptrs_in_the_past_for_eval=True,
        pred_obj_scores=True,
        pred_obj_scores_mlp=True,
        fixed_no_obj_ptr=True,
        use_mlp_for_obj_ptr_proj=True,
        no_obj_embed_spatial=True,
    )
    with torch.no_grad():  # sure that the object is there, until it has learned otherwise
        model.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.fill_(2.0)
    return model


def _memory_attention(shape: SmallSam2Shape) -> Any:
    from sam2.modeling.memory_attention import MemoryAttention, MemoryAttentionLayer
    from sam2.modeling.sam.transformer import RoPEAttention

    cells = [shape.side // 16] * 2

    def attention(keys: int, *, repeat: bool) -> Any:
        return RoPEAttention(
            feat_sizes=cells,
            rope_k_repeat=repeat,
            embedding_dim=shape.width,
            num_heads=1,
            downsample_rate=1,
            dropout=0.0,
            kv_in_dim=keys,
        )

    layer = MemoryAttentionLayer(
        activation="relu",
        dim_feedforward=FEED_FORWARD,
        dropout=0.0,
        pos_enc_at_attn=False,
        d_model=shape.width,
        pos_enc_at_cross_attn_keys=True,
        pos_enc_at_cross_attn_queries=False,
        self_attention=attention(shape.width, repeat=False),
        cross_attention=attention(shape.memory, repeat=True),
    )
    return MemoryAttention(d_model=shape.width, pos_enc_at_input=True, num_layers=1, layer=layer)


def _memory_encoder(shape: SmallSam2Shape) -> Any:
    from sam2.modeling.memory_encoder import CXBlock, Fuser, MaskDownSampler, MemoryEncoder
    from sam2.modeling.position_encoding import PositionEmbeddingSine

    return MemoryEncoder(
        out_dim=shape.memory,
        in_dim=shape.width,
        position_encoding=PositionEmbeddingSine(shape.memory, normalize=True),
        mask_downsampler=MaskDownSampler(embed_dim=shape.width, kernel_size=3, stride=2, padding=1),
        fuser=Fuser(CXBlock(shape.width, layer_scale_init_value=0.1), num_layers=1),
    )


def write(model: Any, shape: SmallSam2Shape, folder: Path) -> None:
    """`config.json` and `model.safetensors`."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", {"kind": KIND, **asdict(shape)})
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / "model.safetensors")


def read_shape(folder: Path) -> SmallSam2Shape:
    """The shape in a folder's config.json; BadInput where it is none of ours."""
    path = folder / "config.json"
    facts = read_json(path)
    if not isinstance(facts, dict) or facts.pop("kind", None) != KIND:
        raise BadInput(f"{path}: not a folder of models.training.small_sam2; name one, or a .safetensors or .pt file")
    try:
        return SmallSam2Shape(**{**facts, "channels": tuple(facts.get("channels", ()))})
    except (TypeError, ValueError) as error:
        raise BadInput(f"{path}: {error}; train it again with models.training.small_sam2") from None
