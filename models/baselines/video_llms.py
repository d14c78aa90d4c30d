"""Qwen2.5-VL and VideoLLaMA3, asked about every clip without any training: the rows that the paper ran itself.

The authors' prompt asks three things (FocusedAD's README): a simple narrative style, about three words a second, full
sentences. The words here are ours. Both models are transformers' own classes: weights that bring their own code are
refused, for nothing is executed that a download brings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from common.errors import BadInput
from common.files import read_json
from models.hub import local_folder

if TYPE_CHECKING:
    from corpora.film import Clip, Film
    from models.baselines.settings import VideoLLMSettings

log = logging.getLogger(__name__)
CLASSES = {"qwen2_5_vl": "Qwen2_5_VLForConditionalGeneration", "video_llama_3": "VideoLlama3ForConditionalGeneration"}
INDEX, WHOLE = "model.safetensors.index.json", "model.safetensors"
REQUEST = (
    "Tell what happens in this video for a listener who cannot see it. Use a simple narrative style in the present "
    "tense and whole sentences, with about {words} words in all. Answer with the description alone."
)


def request(seconds: float, words_per_second: float) -> str:
    """The prompt for a clip of that length."""
    return REQUEST.format(words=max(1, round(seconds * words_per_second)))


def weights_folder(settings: VideoLLMSettings) -> Path:
    """The folder of a model that can be run here; `BadInput` says in one line why there is none, and what to do."""
    if not settings.model:
        raise BadInput(settings.without_model)
    folder = local_folder(settings.model, settings.revision)
    kind = str(read_json(folder / "config.json", foreign=True).get("model_type"))
    if kind not in CLASSES:
        raise BadInput(
            f"{settings.model}: its weights are of type {kind!r}, which transformers only runs with code from the "
            f"download; name weights of type {' or '.join(CLASSES)}"
        )
    absent = [name for name in _files(folder) if not (folder / name).is_file()]
    if absent:
        raise BadInput(f"{settings.model}: {absent[0]} is not there; fetch the whole model again")
    return folder


def _files(folder: Path) -> list[str]:
    """The files that the weights lie in."""
    if not (folder / INDEX).is_file():
        return [WHOLE]
    return sorted(set(read_json(folder / INDEX, foreign=True)["weight_map"].values()))


def describe_video_llm(
    films: Mapping[str, Film], records: Sequence[Mapping[str, Any]], settings: VideoLLMSettings, *, max_tokens: int
) -> list[str]:
    """A description of every record, greedily said, clip after clip."""
    model = VideoLLM(weights_folder(settings), settings, max_tokens=max_tokens)
    said: dict[tuple[str, int], str] = {}
    for film in sorted({str(record["film"]) for record in records}):
        clips = {clip.id: clip for clip in films[film].clips()}
        wanted = [clips[int(record["clip_id"])] for record in records if record["film"] == film]
        for clip, frames in clip_frames(films[film], wanted, settings.frames):
            said[film, clip.id] = model.say(frames, clip.end - clip.start)
        log.info("predictions: %s %d clips by %s", film, len(wanted), Path(settings.model).name)
    return [said[str(record["film"]), int(record["clip_id"])] for record in records]


def clip_frames(film: Film, clips: Sequence[Clip], count: int) -> Iterator[tuple[Clip, np.ndarray]]:
    """Every clip with its frames (count, height, width, 3) RGB: the middles of `count` equal parts of it."""
    from corpora.video import read_frames

    for clip in clips:
        edges = np.linspace(clip.first_frame, clip.last_frame, count + 1)
        places = [round(float(middle)) for middle in (edges[:-1] + edges[1:]) / 2]
        read = dict(read_frames(film.video, sorted(set(places))))
        yield clip, np.stack([read[place] for place in places])


class VideoLLM:
    """A model and its processor, from one folder."""

    def __init__(self, folder: Path, settings: VideoLLMSettings, *, max_tokens: int) -> None:
        import torch
        import transformers
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        self.settings, self.max_tokens = settings, max_tokens
        gpu = torch.cuda.is_available()
        self.device = ("cuda" if gpu else "cpu") if settings.device == "auto" else settings.device
        kind = str(read_json(folder / "config.json", foreign=True)["model_type"])
        self.processor: Any = transformers.AutoProcessor.from_pretrained(folder, trust_remote_code=False)
        model_class: Any = getattr(transformers, CLASSES[kind])
        dtype = torch.bfloat16 if self.device.startswith("cuda") else torch.float32
        self.model = model_class.from_pretrained(folder, dtype=dtype, use_safetensors=True).to(self.device).eval()

    def say(self, frames_thw3: np.ndarray, seconds: float) -> str:
        """The description of a clip of that many seconds."""
        import torch
        from transformers.video_utils import VideoMetadata

        words = request(seconds, self.settings.words_per_second)
        turn = {"role": "user", "content": [{"type": "video"}, {"type": "text", "text": words}]}
        count = len(frames_thw3)
        inputs = self.processor(
            text=[self.processor.apply_chat_template([turn], tokenize=False, add_generation_prompt=True)],
            videos=[torch.from_numpy(frames_thw3).permute(0, 3, 1, 2)],
            video_metadata=[
                VideoMetadata(total_num_frames=count, fps=count / max(seconds, 1e-3), frames_indices=list(range(count)))
            ],
            do_sample_frames=False,
            return_tensors="pt",
        ).to(self.device)
        with torch.no_grad():
            output = self.model.generate(
                **inputs, max_new_tokens=self.max_tokens, min_new_tokens=1, do_sample=False, num_beams=1
            )
        new = output[0, inputs["input_ids"].shape[1] :]
        return one_line(self.processor.tokenizer.decode(new, skip_special_tokens=True))


def one_line(text: str) -> str:
    """What was said, in one line; where a model says nothing at all, a full stop stands for it."""
    return " ".join(text.split()) or "."
