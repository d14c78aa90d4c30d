"""What a describer may set: light, typed, with the guidelines' values as defaults."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from common.parameters import Parameters


class MixingSettings(Parameters):
    """How a player mixes a spoken line with the film (the mixing instructions of description.dapt.xml)."""

    gain: float = Field(0.4, ge=0, le=1, description="what the film's sound is multiplied by under a line: -8 dB")
    fade_seconds: float = Field(0.3, ge=0, le=2, description="seconds in which it is turned down, and up again")
    pan: float = Field(0.0, ge=-1, le=1, description="where the voice stands: -1 left, 0 the middle, 1 right")


class SpeechSettings(Parameters):
    """How speech is found in the sound, and when it is looked for there."""

    listen: Literal["without_subtitles", "always", "never"] = Field(
        "without_subtitles", description="when speech is looked for in the sound; always: beside the subtitles too"
    )
    threshold: float = Field(
        0.5, gt=0.15, lt=1, description="probability from which a thirtieth of a second is speech (silero-vad: .5)"
    )
    shortest: float = Field(0.25, ge=0, description="seconds; what is shorter is a noise")
    shortest_pause: float = Field(0.3, ge=0, description="seconds; what is shorter is breath between words")
    widen: float = Field(
        0.1, ge=0, description="seconds by which speech begins earlier and ends later than it is found"
    )


class VoiceSettings(Parameters):
    """How the lines are spoken where a voice is asked for."""

    rate: int = Field(160, ge=80, le=400, description="words a minute a line is spoken with where it fits")
    fastest: int = Field(220, ge=80, le=450, description="words a minute up to which a line is hurried to fit")
    loudness: float = Field(-23.0, ge=-40, le=-10, description="LKFS of the mix, by ITU-R BS.1770 (EBU R 128: -23)")
    format: Literal["aac", "wav"] = Field("aac", description="of the sound files: aac in .m4a, or 16-bit .wav")


class NarrationSettings(Parameters):
    """Where descriptions may stand, how much they may say, and whom they may name."""

    shortest_slot: float = Field(
        1.0, gt=0, description="seconds; human describers rarely use less (MAD: 5th percentile .96)"
    )
    longest_slot: float = Field(
        4.5, gt=0, description="seconds; a longer pause is cut into several lines, at shots if it can be"
    )
    margin: float = Field(0.1, ge=0, description="seconds left free after and before dialogue")
    spacing: float = Field(0.0, ge=0, le=10, description="seconds left free between two lines of one pause")
    lines_per_minute: float = Field(
        12.0,
        ge=1,
        description="most lines in any minute, the shortest pauses stay silent; describers: 6 on average (MAD-eval)",
    )
    words_per_second: float = Field(
        2.67, gt=0, le=10, description="words of a line per second of its slot: 160 a minute are comfortable to hear"
    )
    fastest_words_per_second: float = Field(
        3.3, gt=0, le=10, description="the same for a line that cannot be shortened; longer ones are not said"
    )
    names: Literal["introduced", "recognised", "never"] = Field(
        "introduced",
        description="who of those recognised is named: whom a subtitle has named before (all, without subtitles)",
    )
    repetition: float = Field(
        0.75, gt=0, le=1, description="share of content words in common from which a line repeats another or dialogue"
    )
    echo_seconds: float = Field(45.0, ge=0, description="seconds after which a line may be said again")
    dialogue_seconds: float = Field(25.0, ge=0, description="seconds of dialogue before a slot that it may not repeat")
    key_frame_seconds: float = Field(0.5, gt=0, le=5, description="seconds from one key frame to the next, at any rate")
    language: str = Field(
        "en", pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", description="of the lines, as BCP 47 writes it"
    )
    mixing: MixingSettings = MixingSettings()
    speech: SpeechSettings = SpeechSettings()
    voice: VoiceSettings = VoiceSettings()
