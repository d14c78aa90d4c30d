"""What the gates ask of data: limits a person may set, one model a stage."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from common.parameters import Parameters


class FilmsGate(Parameters):
    shortest_seconds: float = Field(default=4.0, ge=0, description="a film is at least this long")
    longest_overlap_seconds: float = Field(default=0.3, ge=0, description="a slot may touch dialogue this long")
    clear_of_dialogue: float = Field(default=0.7, ge=0, le=1, description="share of slots that must keep to that limit")


class FaceEncoderGate(Parameters):
    lowest_accuracy: float = Field(
        default=0.8, ge=0.5, le=1, description="balanced accuracy on strangers, film to film"
    )


class BanksGate(Parameters):
    characters_with_query: float = Field(default=0.5, ge=0, le=1, description="share of the cast with a best query")
    smallest_distance: float = Field(default=0.02, ge=0, description="squared L2 between two characters' queries")
    smallest_face: float = Field(default=8.0, ge=0, description="shorter side of a face's box, pixels")
    lowest_confidence: float = Field(default=0.5, ge=0, le=1, description="the detector's probability of a face")
    frames_with_faces: float = Field(default=0.05, ge=0, le=1, description="share of key frames on which a face is")
    widest_spread: float = Field(
        default=4.0,
        gt=0,
        description="median distance of a character's faces to its query, over that to the next query",
    )
    usual_spread: float = Field(default=1.0, gt=0, description="the same for the film's median character")


class RegionsGate(Parameters):
    clips_with_faces: float = Field(default=0.2, ge=0, le=1, description="share of clips in which a face was found")
    largest_share: float = Field(default=0.95, gt=0, le=1, description="a mask covers at most this share of the frame")
    smallest_share: float = Field(
        default=1e-4, ge=0, le=1, description="a mask covers at least this share of the frame"
    )
    largest_jump: float = Field(
        default=0.6, gt=0, description="way of a region between key frames, as a share of the frame's diagonal"
    )
    largest_growth: float = Field(default=4.0, ge=1, description="a mask's area over that on the key frame before")
    steady: float = Field(default=0.9, ge=0, le=1, description="share of steps that must keep to that limit")


class ClipsGate(Parameters):
    longest_words: int = Field(default=60, ge=1, description="a reference has at most this many words")
    fastest_words_per_second: float = Field(
        default=12.0, gt=0, description="a faster reference belongs to another slot"
    )
    within_pace: float = Field(default=0.95, ge=0, le=1, description="share of references within that pace")
    longest_overlap_seconds: float = Field(default=0.3, ge=0, description="a slot may touch dialogue this long")
    clear_of_dialogue: float = Field(default=0.7, ge=0, le=1, description="share of slots that must keep to that limit")
    largest_type_share: float = Field(default=0.98, ge=0, le=1, description="share of a film's clips of one type")


class BaseModelGate(Parameters):
    lowest_verb_accuracy: float = Field(default=0.05, ge=0, le=1, description="verbs right on held-out stock clips")


class CaptionerGate(Parameters):
    highest_final_loss: float = Field(default=6.0, gt=0, description="mean loss of the last steps")


class PredictionsGate(Parameters):
    distinct: float = Field(default=0.02, ge=0, le=1, description="share of distinct descriptions in a benchmark")
    forbidden_leaks: tuple[Literal["film", "title", "actor", "character"], ...] = Field(
        default=("film", "title"),
        description="what training and test films may not share; the studio's names are common",
    )


class ScoresGate(Parameters):
    fewest_clips: int = Field(default=3, ge=1, description="clips that a score rests on")


class GateSettings(Parameters):
    """Great Expectations' limits for each stage."""

    films: FilmsGate = FilmsGate()
    face_encoder: FaceEncoderGate = FaceEncoderGate()
    query_banks: BanksGate = BanksGate()
    character_regions: RegionsGate = RegionsGate()
    clips: ClipsGate = ClipsGate()
    base_model: BaseModelGate = BaseModelGate()
    captioner: CaptionerGate = CaptionerGate()
    predictions: PredictionsGate = PredictionsGate()
    scores: ScoresGate = ScoresGate()
