"""What a user may turn about the studio: how many films, how long, how large, with which kinds of descriptions.

Light on purpose (pydantic only): pipeline definitions read it at load time. Defaults are the `mini` profile.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from common.parameters import Parameters

Split = Literal["train", "mad_eval_named", "cinepile_ad"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class FilmOverride(Parameters):
    """One film that differs from the rest; what is None follows the studio's value."""

    seed: int | None = Field(None, ge=0, description="another story with another cast under the same film id")
    seconds: float | None = Field(None, ge=4, le=7200, description="this film's length")


class StudioSettings(Parameters):
    """Parameters of the `films` stage."""

    seed: int = Field(7, ge=0, description="first number of every random stream; another seed is another mini world")
    train_films: int = Field(8, ge=1, le=400, description="films tt9000001… annotated as Storyboard20K")
    mad_eval_named_films: int = Field(5, ge=0, le=100, description="films tt9100001… annotated as MAD-eval-Named")
    cinepile_ad_films: int = Field(3, ge=0, le=100, description="films st920000001… annotated as CinePile scene text")
    seconds: float = Field(90.0, ge=4, le=7200, description="length of a film")
    fps: int = Field(10, ge=5, le=30, description="frames per second; ten is enough for every drawn action")
    width: int = Field(480, ge=240, le=1280, multiple_of=2, description="pixels; MTCNN finds wide-shot faces from 480")
    height: int = Field(270, ge=134, le=720, multiple_of=2, description="pixels")
    slot_min: float = Field(2.5, ge=1.0, le=10.0, description="shortest described slot in seconds")
    slot_max: float = Field(4.5, ge=1.0, le=12.0, description="longest described slot in seconds")
    share_named: Share = Field(0.58, description="type 1: a character is seen and named")
    share_faceless: Share = Field(
        0.22, description="type 2: named, but no face seen; the name must come from the context"
    )
    share_unnamed: Share = Field(0.12, description="type 3: main characters seen, none named")
    share_empty: Share = Field(0.08, description="type 0: nobody in the picture and nobody named")
    strangers: int = Field(160, ge=4, le=5000, description="people who play in no film, for training the face encoder")
    stock_people: int = Field(24, ge=4, le=500, description="people who play only in the stock clips")
    overrides: dict[str, FilmOverride] = Field(default_factory=dict, description="film id -> what differs for it")

    @model_validator(mode="after")
    def _consistent(self) -> StudioSettings:
        if self.slot_max < self.slot_min:
            raise ValueError("slot_max is shorter than slot_min")
        total = self.share_named + self.share_faceless + self.share_unnamed + self.share_empty
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"the shares of the description types sum to {total:.3f}, not to 1")
        unknown = sorted(set(self.overrides) - set(self.film_ids()))
        if unknown:
            raise ValueError(f"overrides: no such film: {', '.join(unknown)}")
        return self

    def film_ids(self, split: Split | None = None) -> tuple[str, ...]:
        """The partition keys, all of them or one split's, in order."""
        counts: dict[Split, tuple[str, int]] = {
            "train": ("tt90{:05d}", self.train_films),
            "mad_eval_named": ("tt91{:05d}", self.mad_eval_named_films),
            "cinepile_ad": ("st92{:07d}", self.cinepile_ad_films),
        }
        chosen = [split] if split else list(counts)
        return tuple(counts[s][0].format(n) for s in chosen for n in range(1, counts[s][1] + 1))

    def split_of(self, film_id: str) -> Split:
        """The split a film id belongs to; KeyError for an id that is no film of these settings."""
        for split in ("train", "mad_eval_named", "cinepile_ad"):
            if film_id in self.film_ids(split):
                return split
        raise KeyError(film_id)

    def seed_of(self, film_id: str) -> int:
        override = self.overrides.get(film_id)
        return self.seed if override is None or override.seed is None else override.seed

    def seconds_of(self, film_id: str) -> float:
        override = self.overrides.get(film_id)
        return self.seconds if override is None or override.seconds is None else override.seconds
