"""Where somebody speaks, found in the sound of a film that has no subtitles.

The network is Silero VAD (snakers4/silero-vad, MIT), 16 kHz: a short-time spectrum, four convolutions, an LSTM, a
probability for every 32 ms. Its package carries the weights as safetensors, which are read here by name, so that
neither a pickle nor a program in a file is run, and neither onnxruntime nor TorchScript is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import BadInput
from corpora.subtitles import Subtitle
from narration.settings import SpeechSettings

RATE = 16_000
FRAME, CONTEXT = 512, 64  # samples: a probability is of one frame, heard after the end of the one before
FRAME_SECONDS = FRAME / RATE
_WEIGHTS = "silero_vad_16k.safetensors"
_BANDS, _WINDOW, _HOP = 129, 256, 128


def speech_probabilities(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """For a stream of samples float32 (n,) at `RATE`, the probability of speech (float32 (m,)) frame by frame.

    The last frame is filled up with silence. Memory holds one block.
    """
    import torch

    network = _Network(_weights())
    rest, context = np.zeros(0, np.float32), np.zeros(CONTEXT, np.float32)
    with torch.inference_mode():
        for block in blocks:
            samples = np.concatenate([rest, block])
            whole = len(samples) // FRAME * FRAME
            if whole:
                frames, context = _framed(samples[:whole], context)
                yield network(frames)
            rest = samples[whole:]
        if len(rest):
            frames, _ = _framed(np.pad(rest, (0, FRAME - len(rest))), context)
            yield network(frames)


def stretches(probabilities: np.ndarray, settings: SpeechSettings) -> list[Subtitle]:
    """Where speech is, in seconds and without words, in time order and apart from each other.

    It begins above `threshold` and ends where it stays below `threshold - .15` (the authors' distance); what is shorter
    than `shortest` is a noise, a pause shorter than `shortest_pause` is breath. Both ends are widened by `widen`.
    """
    found: list[list[float]] = []
    start = None
    for number, probability in enumerate([*probabilities.tolist(), 0.0]):
        if start is None and probability >= settings.threshold:
            start = number
        elif start is not None and probability < settings.threshold - 0.15:
            begin, end = start * FRAME_SECONDS, number * FRAME_SECONDS
            if found and begin - found[-1][1] < settings.shortest_pause:
                found[-1][1] = end
            else:
                found.append([begin, end])
            start = None
    long = [(begin, end) for begin, end in found if end - begin >= settings.shortest]
    widened: list[list[float]] = []
    for begin, end in long:
        begin, end = max(0.0, begin - settings.widen), end + settings.widen
        if widened and begin <= widened[-1][1]:
            widened[-1][1] = end
        else:
            widened.append([begin, end])
    return [Subtitle(round(begin, 3), round(end, 3), "") for begin, end in widened]


def _framed(samples: np.ndarray, context: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames (n, CONTEXT + FRAME), each with the end of the one before, and the end of the last."""
    frames = samples.reshape(-1, FRAME)
    ends = np.concatenate([context[None], frames[:-1, -CONTEXT:]])
    return np.concatenate([ends, frames], 1), frames[-1, -CONTEXT:].copy()


class _Network:
    """The network with its state from one block to the next."""

    def __init__(self, weights: dict[str, Any]) -> None:
        import torch
        from torch import nn

        self._torch, self._weights, self._state = torch, weights, None
        self._lstm = nn.LSTM(128, 128, batch_first=True).eval()
        cell = {
            "weight_ih_l0": "weight_ih",
            "weight_hh_l0": "weight_hh",
            "bias_ih_l0": "bias_ih",
            "bias_hh_l0": "bias_hh",
        }
        self._lstm.load_state_dict({own: weights[f"lstm_cell.{name}"] for own, name in cell.items()})

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Probabilities (n,) of frames (n, CONTEXT + FRAME)."""
        from torch.nn import functional

        weights = self._weights
        sound = functional.pad(self._torch.from_numpy(frames), (0, CONTEXT), mode="reflect")[:, None]
        waves = functional.conv1d(sound, weights["stft_conv.weight"], stride=_HOP)
        hidden = (waves[:, :_BANDS] ** 2 + waves[:, _BANDS:] ** 2).sqrt()
        for layer, stride in (("conv1", 1), ("conv2", 2), ("conv3", 2), ("conv4", 1)):
            hidden = functional.conv1d(
                hidden, weights[f"{layer}.weight"], weights[f"{layer}.bias"], stride=stride, padding=1
            ).relu()
        heard, self._state = self._lstm(hidden[None, :, :, 0], self._state)
        said = heard[0].relu() @ weights["final_conv.weight"][0] + weights["final_conv.bias"]
        return said.sigmoid()[:, 0].numpy()


def _weights() -> dict[str, Any]:
    from safetensors.torch import load_file

    carrier = find_spec("silero_vad")
    places = carrier.submodule_search_locations if carrier else None
    path = Path(next(iter(places))) / "data" / _WEIGHTS if places else None
    if path is None or not path.is_file():
        raise BadInput("silero-vad: not installed with its weights; run `make setup`, or give --subtitles")
    return load_file(path)
