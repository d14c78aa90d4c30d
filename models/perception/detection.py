"""Where the faces are: MTCNN (the paper's detector) over batches of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from models.perception.cascade import Cascade
from models.perception.settings import DetectorSettings


@dataclass(frozen=True)
class Face:
    """A detected face: box x1 y1 x2 y2 in pixels of its frame (float32, may reach over the edge), probability 0-1."""

    box: np.ndarray
    confidence: float


class FaceDetector(Protocol):
    """Anything that finds faces in frames of one size."""

    def detect(self, frames: Sequence[np.ndarray]) -> list[list[Face]]:
        """Faces of each uint8 RGB frame (H, W, 3), largest first."""
        ...


class MTCNNDetector:
    """facenet-pytorch's MTCNN with the weights that its wheel carries (proposal, refinement and output networks)."""

    def __init__(self, settings: DetectorSettings, device: str = "cpu") -> None:
        import torch
        from facenet_pytorch import MTCNN

        self._settings = settings
        mtcnn: Any = MTCNN(
            keep_all=True,
            min_face_size=settings.min_face,
            factor=settings.factor,
            post_process=False,
            device=torch.device(device),
        )
        if device == "cpu":
            for net in (mtcnn.pnet, mtcnn.rnet, mtcnn.onet):
                pool_by_slices(net)
        self._cascade = Cascade(mtcnn)

    def detect(self, frames: Sequence[np.ndarray]) -> list[list[Face]]:
        """Faces of each frame with at least the asked probability; frames of several sizes are batched by size."""
        found: list[list[Face]] = [[] for _ in frames]
        sizes: dict[tuple[int, ...], list[int]] = {}
        for i, frame in enumerate(frames):
            sizes.setdefault(frame.shape, []).append(i)
        for indices in sizes.values():
            for start in range(0, len(indices), self._settings.batch):
                batch = indices[start : start + self._settings.batch]
                boxes = self._cascade.find(np.stack([frames[i] for i in batch]))
                for i, boxes_k5 in zip(batch, boxes, strict=True):
                    found[i] = self._kept(boxes_k5)
        return found

    def _kept(self, boxes_k5: np.ndarray) -> list[Face]:
        return [Face(row[:4], float(row[4])) for row in boxes_k5 if row[4] >= self._settings.probability]


def pool_by_slices(net: Any) -> None:
    """Max pooling of stride 2 as the maximum of shifted slices: the same numbers; torch's own, which is not vectorised
    over small maps of few channels, takes a third of the detector's time."""
    import torch

    class Pool(torch.nn.Module):
        def __init__(self, kernel: int) -> None:
            super().__init__()
            self.kernel = kernel

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return _pooled(_pooled(maps, self.kernel, -2), self.kernel, -1)

    for name, layer in list(net.named_children()):
        if isinstance(layer, torch.nn.MaxPool2d):
            kernel = layer.kernel_size
            assert layer.stride == 2 and layer.ceil_mode and not layer.padding, "MTCNN pools like this"
            assert isinstance(kernel, int)
            setattr(net, name, Pool(kernel))


def _pooled(maps: Any, kernel: int, dim: int) -> Any:
    """The maximum of `kernel` neighbours at every second place; the last windows may reach over the edge."""
    import torch

    size = maps.shape[dim]
    places = -(-(size - kernel) // 2) + 1
    places -= (places - 1) * 2 >= size
    first, *others = (maps.movedim(dim, 0)[offset::2][:places].movedim(0, dim) for offset in range(kernel))
    largest, so_far = torch.empty_like(first), first  # in the layout of `maps`, with which the next layer computes
    largest.select(dim, -1).copy_(first.select(dim, -1))  # where the window reaches over the edge
    for other in others:
        inside = other.shape[dim]
        torch.maximum(so_far.narrow(dim, 0, inside), other, out=largest.narrow(dim, 0, inside))
        so_far = largest
    return largest


def load_detector(settings: DetectorSettings, device: str = "cpu") -> FaceDetector:
    """The face detector that the settings ask for."""
    return MTCNNDetector(settings, device)
