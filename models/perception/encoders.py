"""From a face to a point on the unit sphere (paper, equation 4): three encoders, each with its calibrated threshold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from common.errors import BadInput, blaming
from common.files import read_json, write_json

STUDIO_MARGIN = 0.18  # of the box's longer side, on each side: the head with its hair; its middle is the face alone
# Plain L2 1.1 is the usual verification point of the vggface2 checkpoint; squared 1.21. The authors take 1.3 unsquared,
# which passes a third of the pairs of different characters in their own banks.
FACENET_THRESHOLD = 1.21
# dlib's recognition says .6, its clustering example .5: among the small, turned faces of films .6 takes strangers for
# the cast (docs/LOG.md). Both are between descriptors as its network gives them, which are about 1.387 long
# (ageitgey/face_recognition issue 1651); ours are unit rows, so the squared threshold shrinks by that length squared.
DLIB_LENGTH = 1.387
DLIB_THRESHOLD = 0.5**2 / DLIB_LENGTH**2
DLIB_CHIP = 150  # pixels; what dlib's network was trained on
DLIB_MODEL = "dlib_face_recognition_resnet_model_v1.dat"
DLIB_LANDMARKS = "shape_predictor_5_face_landmarks.dat"


class FaceEncoder(Protocol):
    """A face embedding. `threshold` is a squared L2 distance: nearer faces of films are one person.

    `portrait_threshold` is the same between a film's face and a portrait, which are farther apart.
    """

    name: str
    size: int
    threshold: float
    portrait_threshold: float

    def crop(self, frame_hwc: np.ndarray, box: np.ndarray) -> np.ndarray:
        """The face as this encoder wants it, uint8 RGB (side, side, 3), from a frame and a box x1 y1 x2 y2."""
        ...

    def encode(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """Crops to unit rows (n, size) float32; n may be 0."""
        ...


def square_crop(frame_hwc: np.ndarray, box: np.ndarray, *, side: int, margin: float) -> np.ndarray:
    """A square around the box's centre, `margin` wider on each side, resampled to `side` pixels; edges are repeated."""
    x1, y1, x2, y2 = (float(value) for value in box)
    extent = max(x2 - x1, y2 - y1, 2.0) * (1 + 2 * margin)
    scale = side / extent
    if scale < 1:  # warpAffine does not average, so what is made smaller is blurred first
        left, top = max(0, int((x1 + x2) / 2 - extent)), max(0, int((y1 + y2) / 2 - extent))
        frame_hwc = frame_hwc[top : int((y1 + y2) / 2 + extent), left : int((x1 + x2) / 2 + extent)]
        frame_hwc = cv2.GaussianBlur(frame_hwc, (0, 0), 0.5 / scale)
        x1, x2, y1, y2 = x1 - left, x2 - left, y1 - top, y2 - top
    shift = side / 2 - scale * np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
    return cv2.warpAffine(frame_hwc, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def unit_rows(rows_nd: np.ndarray) -> np.ndarray:
    """Rows divided by their length, float32; a row of zeros stays."""
    lengths = np.linalg.norm(rows_nd, axis=-1, keepdims=True)
    return (rows_nd / np.maximum(lengths, 1e-12)).astype(np.float32)


class _TorchEncoder:
    """What the two torch encoders share: a square crop, a batched forward pass."""

    def __init__(
        self,
        embed: Any,
        *,
        side: int,
        margin: float,
        name: str,
        size: int,
        threshold: float,
        portrait_threshold: float,
    ) -> None:
        self._embed = embed
        self._side, self._margin = side, margin
        self.name, self.size = name, size
        self.threshold, self.portrait_threshold = threshold, portrait_threshold

    def crop(self, frame_hwc: np.ndarray, box: np.ndarray) -> np.ndarray:
        return square_crop(frame_hwc, box, side=self._side, margin=self._margin)

    def _to_input(self, crops_nhwc: np.ndarray) -> Any:
        import torch

        return torch.from_numpy(crops_nhwc).permute(0, 3, 1, 2).float() / 255

    def encode(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        import torch

        rows = [np.zeros((0, self.size), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(crops), 128):
                rows.append(self._embed(self._to_input(np.stack(crops[start : start + 128]))).numpy())
        return unit_rows(np.concatenate(rows))


class StudioEncoder(_TorchEncoder):
    """The encoder that `models.training.face_encoder` trained, from its folder."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        from safetensors.torch import load_file

        from models.perception.studio_encoder import StudioFaceNet

        path = folder / "model.safetensors"
        if not path.is_file():
            raise BadInput(f"{path}: no such file; run the face_encoder stage")
        with blaming(folder / "config.json", "make the face_encoder stage again"):
            width, size, side = (_count(config[name]) for name in ("width", "size", "image_size"))
            threshold = _threshold(config["threshold"])
            portrait_threshold = _threshold(config.get("portrait_threshold", threshold))
        with blaming(path, "make the face_encoder stage again"):
            network = StudioFaceNet(width=width, size=size)
            network.load_state_dict(load_file(path))
        super().__init__(
            network.eval().embed,
            side=side,
            margin=STUDIO_MARGIN,
            name="studio",
            size=size,
            threshold=threshold,
            portrait_threshold=portrait_threshold,
        )


class FacenetEncoder(_TorchEncoder):
    """InceptionResnetV1 trained on vggface2: 512-D, what the authors' published banks hold."""

    def __init__(self, *, threshold: float = FACENET_THRESHOLD) -> None:
        from facenet_pytorch import InceptionResnetV1

        try:
            network = InceptionResnetV1(pretrained="vggface2")
        except OSError as error:  # urllib's errors and a closed network
            raise BadInput(
                f"facenet: the vggface2 weights are not in torch's cache and cannot be fetched ({error}); put "
                "20180402-114759-vggface2.pt into $TORCH_HOME/checkpoints, or choose encoder kind studio or dlib"
            ) from None
        super().__init__(
            network.eval(),
            side=160,
            margin=0.0,
            name="facenet",
            size=512,
            threshold=threshold,
            portrait_threshold=threshold,
        )

    def _to_input(self, crops_nhwc: np.ndarray) -> Any:
        import torch

        return (torch.from_numpy(crops_nhwc).permute(0, 3, 1, 2).float() - 127.5) / 128


class DlibEncoder:
    """dlib's 128-D network, optional: real faces without a network connection. Chips are aligned by five landmarks."""

    name = "dlib"
    size = 128

    def __init__(self, *, threshold: float = DLIB_THRESHOLD) -> None:
        self.threshold = self.portrait_threshold = threshold
        self._dlib, models = _load_dlib()
        self._network = self._dlib.face_recognition_model_v1(str(models / DLIB_MODEL))
        self._landmarks = self._dlib.shape_predictor(str(models / DLIB_LANDMARKS))

    def crop(self, frame_hwc: np.ndarray, box: np.ndarray) -> np.ndarray:
        frame_hwc = np.ascontiguousarray(frame_hwc)
        rectangle = self._dlib.rectangle(*(round(float(value)) for value in box))
        return self._dlib.get_face_chip(frame_hwc, self._landmarks(frame_hwc, rectangle), size=DLIB_CHIP)

    def encode(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        rows = [np.array(self._network.compute_face_descriptor(np.ascontiguousarray(crop))) for crop in crops]
        return unit_rows(np.array(rows).reshape(-1, self.size))


def _load_dlib() -> tuple[Any, Path]:
    """dlib and the folder of its model files, opened by path: the package that carries them wants pkg_resources."""
    from importlib.util import find_spec

    carrier = find_spec("face_recognition_models")
    try:
        import dlib
    except ImportError:
        dlib = None
    if dlib is None or carrier is None or not carrier.submodule_search_locations:
        raise BadInput(
            "dlib: the optional face encoder is not installed; run `make dlib`, or choose encoder kind studio"
        )
    models = Path(next(iter(carrier.submodule_search_locations))) / "models"
    for name in (DLIB_MODEL, DLIB_LANDMARKS):
        if not (models / name).is_file():
            raise BadInput(f"dlib: {name} is missing from face_recognition_models; run `make dlib` again")
    return dlib, models


def write_pretrained(kind: str, folder: Path) -> None:
    """The folder of an encoder that needs no training: its config.json alone."""
    sizes = {"facenet": (512, FACENET_THRESHOLD), "dlib": (128, DLIB_THRESHOLD)}
    size, threshold = sizes[kind]
    write_json(folder / "config.json", {"kind": kind, "size": size, "threshold": threshold})


def load_encoder(folder: Path) -> FaceEncoder:
    """The encoder of a `face_encoder` folder, by its config.json; BadInput names what is missing."""
    config = read_json(folder / "config.json")
    kind = config.get("kind") if isinstance(config, dict) else None
    if kind == "studio":
        return StudioEncoder(folder, config)
    if kind in ("facenet", "dlib"):
        usual = FACENET_THRESHOLD if kind == "facenet" else DLIB_THRESHOLD
        with blaming(folder / "config.json", "make the face_encoder stage again"):
            threshold = _threshold(config.get("threshold", usual))
        return FacenetEncoder(threshold=threshold) if kind == "facenet" else DlibEncoder(threshold=threshold)
    raise BadInput(f"{folder / 'config.json'}: unknown encoder kind {kind!r}; use studio, facenet or dlib")


def _count(value: Any) -> int:
    """A size out of config.json; `ValueError` for what none can be, before memory is asked for."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 4096:
        raise ValueError(f"{value!r} is no size")
    return value


def _threshold(value: Any) -> float:
    threshold = float(value)
    if not 0 < threshold <= 4:  # a squared distance of unit vectors
        raise ValueError(f"{value!r} is no threshold")
    return threshold
