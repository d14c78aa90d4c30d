"""MTCNN's three networks over a batch of frames: windows of every size proposed, then judged twice.

Networks, weights and what is done with boxes are facenet-pytorch's, and so is every number, to the bit. The package
spends half of its time on bringing frames and windows to the networks' sizes: here sums over rectangles do it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.perception.area_sums import AreaSums

SEEN = 12  # pixels: side of what the first network judges at every place
SIDES = {"rnet": 24, "onet": 48}  # of the windows that the other two judge
OVERLAP, OVERLAP_OF_SIZES = 0.5, 0.7  # from which two windows are of one face, at one size and among all


class Cascade:
    """The networks of a `facenet_pytorch.MTCNN`, over frames of one size."""

    def __init__(self, mtcnn: Any) -> None:
        self._mtcnn = mtcnn

    def find(self, frames_nhwc: np.ndarray) -> list[np.ndarray]:
        """For each uint8 RGB frame its faces (k, 5), x1 y1 x2 y2 in pixels and the probability; largest first."""
        import torch

        scales = self._scales(min(frames_nhwc.shape[1:3]))
        if not scales:
            return [np.zeros((0, 5), np.float32) for _ in frames_nhwc]
        frames = [AreaSums(frame) for frame in frames_nhwc]
        height, width = frames_nhwc.shape[1:3]
        with torch.inference_mode():
            boxes, of_frame = self._proposed(frames, scales, height, width)
            for network, threshold in zip(SIDES, self._mtcnn.thresholds[1:], strict=True):
                boxes, of_frame, windows = _windows(frames, boxes, of_frame, SIDES[network], height, width)
                if not len(boxes):
                    break
                boxes, of_frame = self._judged(network, windows, boxes, of_frame, threshold)
        boxes_n5, of_frame_n = boxes.cpu().numpy(), of_frame.cpu().numpy()
        return [_largest_first(boxes_n5[of_frame_n == frame]) for frame in range(len(frames))]

    def _scales(self, shorter: int) -> list[float]:
        """Sizes at which a frame is looked at, as shares of its own: from the smallest face to the whole frame."""
        scale = SEEN / self._mtcnn.min_face_size
        left, scales = shorter * scale, []
        while left >= SEEN:
            scales.append(scale)
            scale, left = scale * self._mtcnn.factor, left * self._mtcnn.factor
        return scales

    def _proposed(
        self, frames: Sequence[AreaSums], scales: Sequence[float], height: int, width: int
    ) -> tuple[Any, Any]:
        """Square boxes (n, 5) that may hold a face, and the frame of each (n,)."""
        import torch
        from facenet_pytorch.models.utils.detect_face import generateBoundingBox, rerec
        from torchvision.ops.boxes import batched_nms

        parts = []
        for scale in scales:
            small = [frame.resized(int(height * scale + 1), int(width * scale + 1)) for frame in frames]
            shifts, scores = self._mtcnn.pnet(self._input(small))
            boxes, of_frame = generateBoundingBox(shifts, scores[:, 1], scale, self._mtcnn.thresholds[0])
            kept = batched_nms(boxes[:, :4], boxes[:, 4], of_frame, OVERLAP)
            parts.append((boxes[kept], of_frame[kept]))
        boxes, of_frame = (torch.cat(column) for column in zip(*parts, strict=True))
        kept = batched_nms(boxes[:, :4], boxes[:, 4], of_frame, OVERLAP_OF_SIZES)
        boxes, of_frame = boxes[kept], of_frame[kept]
        extents = (boxes[:, 2:4] - boxes[:, :2]).repeat(1, 2)
        return rerec(torch.cat([boxes[:, :4] + boxes[:, 5:] * extents, boxes[:, 4:5]], 1)), of_frame

    def _judged(self, network: str, windows: Any, boxes: Any, of_frame: Any, threshold: float) -> tuple[Any, Any]:
        """The boxes whose windows the network takes for faces, moved as it says, one of several on the same face."""
        import torch
        from facenet_pytorch.models.utils.detect_face import batched_nms_numpy, bbreg, fixed_batch_process, rerec
        from torchvision.ops.boxes import batched_nms

        shifts, *_, scores = fixed_batch_process(self._input(windows).contiguous(), getattr(self._mtcnn, network))
        passed = scores[:, 1] > threshold
        boxes, of_frame, shifts = (
            torch.cat([boxes[passed, :4], scores[passed, 1:]], 1),
            of_frame[passed],
            shifts[passed],
        )
        if network == "rnet":
            kept = batched_nms(boxes[:, :4], boxes[:, 4], of_frame, OVERLAP_OF_SIZES)
            return rerec(bbreg(boxes[kept], shifts[kept])), of_frame[kept]
        boxes = bbreg(boxes, shifts)
        kept = batched_nms_numpy(boxes[:, :4], boxes[:, 4], of_frame, OVERLAP_OF_SIZES, "Min")
        return boxes[kept], of_frame[kept]

    def _input(self, pictures: Sequence[np.ndarray]) -> Any:
        """Pictures (h, w, 3) of 0-255 as the networks want them; channels lie innermost."""
        import torch

        pictures_nchw = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).to(self._mtcnn.device)
        return (pictures_nchw - 127.5) * 0.0078125


def _windows(
    frames: Sequence[AreaSums], boxes: Any, of_frame: Any, side: int, height: int, width: int
) -> tuple[Any, Any, list[np.ndarray]]:
    """What the boxes hold of their frames, `side` pixels wide and high; a box beside its frame is left out."""
    from facenet_pytorch.models.utils.detect_face import pad

    top, bottom, left, right = (edge.tolist() for edge in pad(boxes, width, height))  # counted from 1, ends inclusive
    inside = [place for place in range(len(top)) if bottom[place] >= top[place] and right[place] >= left[place]]
    frame_of = of_frame.tolist()
    windows = [
        frames[frame_of[place]].resized(side, side, (left[place] - 1, top[place] - 1, right[place], bottom[place]))
        for place in inside
    ]
    return boxes[inside], of_frame[inside], windows


def _largest_first(boxes_k5: np.ndarray) -> np.ndarray:
    areas = (boxes_k5[:, 2] - boxes_k5[:, 0]) * (boxes_k5[:, 3] - boxes_k5[:, 1])
    return boxes_k5[np.argsort(areas)[::-1]]
