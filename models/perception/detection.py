"""Where the faces are: MTCNN (the paper's detector) over batches of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from models.perception.settings import DetectorSettings

# What the package says (of an empty concatenation or stack) where a batch has not a single candidate window.
NO_WINDOW = ("non-empty", "at least one array", "need at least one", "zero-size", "expected Tensor", "empty")


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
        self._torch = torch
        self._mtcnn: Any = MTCNN(
            keep_all=True,
            min_face_size=settings.min_face,
            factor=settings.factor,
            post_process=False,
            device=torch.device(device),
        )
        if device == "cpu":
            for net in (self._mtcnn.pnet, self._mtcnn.rnet, self._mtcnn.onet):
                pool_by_slices(net)

    def detect(self, frames: Sequence[np.ndarray]) -> list[list[Face]]:
        """Faces of each frame with at least the asked probability; frames of several sizes are batched by size."""
        found: list[list[Face]] = [[] for _ in frames]
        sizes: dict[tuple[int, ...], list[int]] = {}
        for i, frame in enumerate(frames):
            sizes.setdefault(frame.shape, []).append(i)
        for indices in sizes.values():
            for start in range(0, len(indices), self._settings.batch):
                batch = indices[start : start + self._settings.batch]
                for i, faces in zip(batch, self._detect_batch(np.stack([frames[j] for j in batch])), strict=True):
                    found[i] = faces
        return found

    def _detect_batch(self, frames_nhwc: np.ndarray) -> list[list[Face]]:
        if min(frames_nhwc.shape[1:3]) < self._settings.min_face:
            return [[] for _ in frames_nhwc]  # no pyramid level is left; the package would fail on it
        try:
            boxes_n, probabilities_n = self._mtcnn.detect(frames_nhwc)
        except (RuntimeError, ValueError) as error:
            # The package fails on a batch without a single window; frame by frame the empty ones are told apart.
            if not any(sign in str(error) for sign in NO_WINDOW):
                raise
            if len(frames_nhwc) == 1:
                return [[]]
            return [self._detect_batch(frame[None])[0] for frame in frames_nhwc]
        return [self._keep(boxes, probabilities) for boxes, probabilities in zip(boxes_n, probabilities_n, strict=True)]

    def _keep(self, boxes: Any, probabilities: Any) -> list[Face]:
        if boxes is None:
            return []
        # The package's arrays have dtype object.
        boxes_k4 = np.asarray(boxes).astype(np.float32).reshape(-1, 4)
        probabilities_k = np.asarray(probabilities).astype(np.float32)
        return [
            Face(box, float(probability))
            for box, probability in zip(boxes_k4, probabilities_k, strict=True)
            if probability >= self._settings.probability
        ]


def pool_by_slices(net: Any) -> None:
    """Max pooling of stride 2 as the maximum of shifted slices: the same numbers; torch's own, which is not vectorised
    over small maps of few channels, takes a third of the detector's time."""
    import torch

    class Pool(torch.nn.Module):
        def __init__(self, kernel: int) -> None:
            super().__init__()
            self.kernel = kernel

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return _pooled(_pooled(maps, self.kernel, -1), self.kernel, -2)

    for name, layer in list(net.named_children()):
        if isinstance(layer, torch.nn.MaxPool2d):
            kernel = layer.kernel_size
            assert layer.stride == 2 and layer.ceil_mode and not layer.padding, "MTCNN pools like this"
            assert isinstance(kernel, int)
            setattr(net, name, Pool(kernel))


def _pooled(maps: Any, kernel: int, dim: int) -> Any:
    """The maximum of `kernel` neighbours at every second place; the last windows may reach over the edge."""
    size = maps.shape[dim]
    places = -(-(size - kernel) // 2) + 1
    places -= (places - 1) * 2 >= size
    largest = None
    for offset in range(kernel):
        every_second = maps.movedim(dim, 0)[offset::2][:places].movedim(0, dim)
        if largest is None:
            largest = every_second.clone()  # in the layout of `maps`, with which the next layer computes
        else:
            inside = largest.narrow(dim, 0, every_second.shape[dim])
            inside.copy_(every_second.maximum(inside))
    return largest


def load_detector(settings: DetectorSettings, device: str = "cpu") -> FaceDetector:
    """The face detector that the settings ask for."""
    return MTCNNDetector(settings, device)
