"""Masks carried with SAM 2's memory (paper, section 3.1), one shot at a time and key frames only.

The package's video predictor wants a whole video as files and holds every frame; here its model is stepped directly, so
that no more is held than the features of `held` frames and a shot's memories. Each recognised face prompts its person;
all prompts of a person are remembered while the frames before and after are gone through, forward and backward.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from common.threads import one_thread
from models.perception.carriers import Carried, ShotView
from models.perception.person_mask import LIKELY, shape_prior
from models.perception.regions import box_of
from models.perception.sam2_model import load_model
from models.perception.settings import RegionSettings

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, as SAM 2 was trained
BOX_CORNERS = (2, 3)  # SAM's labels of the points that are a box
REMEMBERED = ("maskmem_features", "maskmem_pos_enc", "obj_ptr")  # what later frames read of an earlier one
Prompts = Mapping[int, Mapping[int, np.ndarray]]  # person -> key frame -> box


@dataclass(frozen=True)
class Seen:
    """SAM 2's answer for one person on one frame: logits (h, w) at a quarter of the image size, and confidence 0-1."""

    logits: np.ndarray
    confidence: float
    memory: dict[str, Any]


class Sam2Carrier:
    """The backend `sam2`. Confidence is the predicted IoU times the probability that the person is there."""

    every_frame = False

    def __init__(self, settings: RegionSettings, model: Any = None) -> None:
        """`model`: a `SAM2Base`; the one that the settings name if not given."""
        self._settings = settings
        self._model = load_model(settings.sam2) if model is None else model
        self._decoded: tuple[float, float] = (0.0, 0.0)
        self._model.sam_mask_decoder.register_forward_hook(self._hear)

    def carry(self, shot: ShotView) -> dict[int, dict[int, Carried]]:
        settings = self._settings
        with torch.inference_mode(), one_thread():
            found = self._go_through(shot)
        sure = {
            person: {frame: seen for frame, seen in own.items() if seen.confidence >= settings.sam2.doubtful}
            for person, own in found.items()
        }
        size = next(iter(shot.frames.values())).shape[:2]
        masks: dict[int, dict[int, Carried]] = {person: {} for person in shot.people}
        for frame in shot.key_frames:
            here = {person: own[frame] for person, own in sure.items() if frame in own}
            for person, mask in _apart({person: seen.logits for person, seen in here.items()}, size):
                if mask.any():
                    masks[person][frame] = Carried(mask, here[person].confidence)
            for person, rows in shot.people.items():
                if frame in rows and frame not in masks[person]:  # a face is never without its person
                    prior = shape_prior(shot.box(person, frame), height=size[0], width=size[1], feet=settings.feet)
                    masks[person][frame] = Carried(prior > 0.5, 0.0)
        return masks

    def _go_through(self, shot: ShotView) -> dict[int, dict[int, Seen]]:
        """The best answer for every person and reachable key frame, doubtful ones too."""
        number_of = {frame: number for number, frame in enumerate(shot.key_frames)}
        looks = _Looks(self._model, shot.frames, self._settings.sam2.held)
        prompts = {
            person: {frame: self._box(shot, person, frame) for frame in own} for person, own in shot.people.items()
        }
        best: dict[int, dict[int, Seen]] = {person: {} for person in prompts}
        for frame in shot.key_frames:
            for person in (person for person, own in prompts.items() if frame in own):
                box = self._prompt(shot, prompts[person][frame])
                best[person][frame] = self._step(looks, frame, number_of, {}, box, direction=1)
        anchors = {person: self._anchors(own) for person, own in best.items()}
        for direction in (1, -1):
            for person, frame, seen in self._follow(shot, anchors, looks, number_of, direction):
                if frame not in best[person] or seen.confidence > best[person][frame].confidence:
                    best[person][frame] = seen
        return best

    def _anchors(self, prompted: Mapping[int, Seen]) -> dict[int, Seen]:
        """The prompted frames that are worth remembering."""
        return {f: seen for f, seen in prompted.items() if seen.confidence >= self._settings.sam2.doubtful}

    def _follow(
        self,
        shot: ShotView,
        anchors: Mapping[int, Mapping[int, Seen]],
        looks: _Looks,
        number_of: Mapping[int, int],
        direction: int,
    ) -> Iterator[tuple[int, int, Seen]]:
        """One way through the shot: each person on the frames that their anchors reach."""
        reach = round(self._settings.longest * shot.fps)
        met = {person: reached(sorted(own), shot.key_frames, direction, reach) for person, own in anchors.items()}
        memory: dict[int, dict[str, dict[int, Any]]] = {
            person: {
                "cond_frame_outputs": {number_of[frame]: seen.memory for frame, seen in own.items()},
                "non_cond_frame_outputs": {},
            }
            for person, own in anchors.items()
        }
        longest = max(self._model.num_maskmem, self._model.max_obj_ptrs_in_encoder)
        for frame in shot.key_frames[::direction]:
            for person in (person for person, frames in met.items() if frame in frames):
                seen = self._step(looks, frame, number_of, memory[person], None, direction=direction)
                past = memory[person]["non_cond_frame_outputs"]
                past[number_of[frame]] = seen.memory
                past.pop(number_of[frame] - direction * longest, None)
                yield person, frame, seen

    def _step(
        self,
        looks: _Looks,
        frame: int,
        number_of: Mapping[int, int],
        memory: dict[str, dict[int, Any]],
        prompt: dict[str, Tensor] | None,
        *,
        direction: int,
    ) -> Seen:
        features, positions, sizes = looks.at(frame)
        answer = self._model.track_step(
            frame_idx=number_of[frame],
            is_init_cond_frame=prompt is not None,
            current_vision_feats=features,
            current_vision_pos_embeds=positions,
            feat_sizes=sizes,
            point_inputs=prompt,
            mask_inputs=None,
            output_dict=memory,
            num_frames=len(number_of),
            track_in_reverse=direction < 0,
        )
        predicted_iou, presence = self._decoded
        logits_hw = answer["pred_masks"][0, 0].float().cpu().numpy()
        return Seen(logits_hw, predicted_iou * presence, {key: answer[key] for key in REMEMBERED})

    def _hear(self, decoder: Any, given: Any, answer: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
        """The decoder's own opinion of its mask, which the model's step does not hand on."""
        _, predicted_iou, _, presence = answer
        self._decoded = float(predicted_iou.max().clamp(0, 1)), float(presence.sigmoid().max())

    def _box(self, shot: ShotView, person: int, frame: int) -> np.ndarray:
        """The box x1 y1 x2 y2 that asks for a person: where the prior expects the body, or the face."""
        face = shot.box(person, frame)
        if self._settings.sam2.prompt == "body":
            height, width = shot.frames[frame].shape[:2]
            x1, y1, x2, y2 = box_of(shape_prior(face, height=height, width=width, feet=self._settings.feet) > LIKELY)
            if x2 > x1 and y2 > y1:
                return np.array([x1, y1, x2, y2])
        return face

    def _prompt(self, shot: ShotView, box: np.ndarray) -> dict[str, Tensor]:
        height, width = next(iter(shot.frames.values())).shape[:2]
        device = next(self._model.parameters()).device
        return prompt_of(
            torch.from_numpy(box)[None] / torch.tensor([width, height] * 2), self._model.image_size, device
        )


def prompt_of(boxes_n4: Tensor, side: int, device: torch.device) -> dict[str, Tensor]:
    """Boxes (n, 4), as shares of the frame, as SAM 2's points on a squashed frame of `side` pixels."""
    points = (boxes_n4.float() * side).reshape(-1, 2, 2)
    labels = torch.tensor(BOX_CORNERS, dtype=torch.int32).expand(len(points), 2)
    return {"point_coords": points.to(device), "point_labels": labels.to(device)}


def normalised(frames: Sequence[np.ndarray], side: int) -> Tensor:
    """Frames (n, 3, side, side) float32 as SAM 2 takes them, squashed to a square."""
    shrinks = frames[0].shape[1] > side
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    pictures = np.stack([cv2.resize(frame, (side, side), interpolation=how) for frame in frames])
    values = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    return (values - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]


def reached(anchors: Sequence[int], key_frames: Sequence[int], direction: int, reach: int) -> set[int]:
    """The `key_frames` that lie at most `reach` frames behind the last of `anchors` that one met going `direction`."""
    met: set[int] = set()
    last: int | None = None
    for frame in sorted({*anchors, *key_frames}, reverse=direction < 0):
        if frame in anchors:
            last = frame
        elif last is not None and abs(frame - last) <= reach:
            met.add(frame)
    return met


def _apart(logits: Mapping[int, np.ndarray], size: tuple[int, int]) -> Iterator[tuple[int, np.ndarray]]:
    """Masks of `size` (height, width), no pixel in two of them: it goes to whose logit is highest."""
    if not logits:
        return
    height, width = size
    grown_nhw = np.stack(
        [cv2.resize(each, (width, height), interpolation=cv2.INTER_LINEAR) for each in logits.values()]
    )
    highest = grown_nhw.argmax(0)
    for number, person in enumerate(logits):
        yield person, (grown_nhw[number] > 0) & (highest == number)


class _Looks:
    """The image encoder's features of a shot's frames, computed when asked for; the least recent are let go."""

    def __init__(self, model: Any, frames: Mapping[int, np.ndarray], held: int) -> None:
        self._model, self._frames, self._most = model, frames, held
        self._held: OrderedDict[int, tuple[list[Tensor], list[Tensor], list[tuple[int, int]]]] = OrderedDict()

    def at(self, frame: int) -> tuple[list[Tensor], list[Tensor], list[tuple[int, int]]]:
        """Features per level (pixels, 1, channels), their positions, and the levels' sizes."""
        if frame in self._held:
            self._held.move_to_end(frame)
        else:
            while len(self._held) >= self._most:
                self._held.popitem(last=False)
            device = next(self._model.parameters()).device
            image = normalised([self._frames[frame]], self._model.image_size).to(device)
            _, *look = self._model._prepare_backbone_features(self._model.forward_image(image))
            self._held[frame] = (look[0], look[1], look[2])
        return self._held[frame]
