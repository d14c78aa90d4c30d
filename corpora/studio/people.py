"""Who the people are: bones and colouring that stay, and looks that change between film and portraits.

A person is an integer. Everything about a person follows from it, so a film, its portraits and the truth agree without
sharing state. The ranges are chosen so that a face detector trained on photographs finds every one of them: no eyes
narrower than a slit, brows and lips that stand out from the skin, a nose with a shadow.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

# Numbers of people, by what they play in; no number is in two ranges.
CAST_PEOPLE = range(100_000)  # films
STOCK_PEOPLE = range(100_000, 200_000)  # stock clips
STRANGERS = range(200_000, 300_000)  # faces for training the face encoder

SKINS = np.array(
    [(246, 214, 190), (238, 200, 170), (226, 180, 146), (210, 158, 120), (184, 130, 92), (156, 106, 74), (128, 86, 60)],
    np.float32,
)
HAIRS = np.array(
    [(28, 22, 20), (54, 36, 26), (94, 60, 36), (142, 94, 50), (198, 156, 96), (224, 198, 142), (150, 62, 30),
     (122, 118, 118), (206, 204, 200)],
    np.float32,
)  # fmt: skip
IRISES = np.array([(60, 38, 22), (88, 58, 30), (70, 94, 58), (66, 102, 140), (92, 116, 128), (40, 30, 26)], np.float32)

HAIR_STYLES = ("short", "bob", "long", "crop", "receding", "curly", "parted", "bun")
WOMEN_STYLES = ("bob", "long", "curly", "parted", "bun", "short")
MEN_STYLES = ("short", "crop", "receding", "curly", "parted", "long")
BEARDS = ("none", "stubble", "goatee", "full")

RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """A head at one time: lengths in head units (half its height is about 1.1), colours 0-1, angles in radians."""

    person: int
    woman: bool
    skin: RGB
    iris: RGB
    half_width: float
    half_height: float
    half_depth: float
    jaw: float
    chin_width: float
    chin: float
    cheek: float
    eye_x: float
    eye_y: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    socket: float
    brow_y: float
    brow_thickness: float
    brow_width: float
    brow_arch: float
    brow_tilt: float
    brow_ridge: float
    nose_length: float
    nose_width: float
    nose_height: float
    nose_bridge: float
    mouth_y: float
    mouth_width: float
    lip_top: float
    lip_bottom: float
    lip_colour: float
    hairline: float
    ear: float
    freckles: float
    mole: tuple[float, float] | None
    hair: RGB
    style: str
    beard: str
    glasses: bool
    smile: float = 0.0
    mouth_open: float = 0.0
    makeup: float = 0.0
    tan: float = 0.0


def _rgb(values: np.ndarray) -> RGB:
    r, g, b = (float(v) for v in np.clip(values, 0.0, 1.0))
    return r, g, b


def is_woman(person: int) -> bool:
    return bool(np.random.default_rng([11, person]).random() < 0.5)


def pronoun_of(person: int) -> str:
    """ "she" or "he", as the person's drawn looks suggest it."""
    return "she" if is_woman(person) else "he"


def film_look(person: int) -> Look:
    """The person as they come into a film."""
    rng = np.random.default_rng([12, person])
    u = lambda low, high: float(rng.uniform(low, high))  # noqa: E731
    woman = is_woman(person)
    shade = u(0, len(SKINS) - 1.001)
    below, part = int(shade), shade - int(shade)
    beard = str(rng.choice(BEARDS, p=(1, 0, 0, 0) if woman else (0.5, 0.2, 0.15, 0.15)))
    skin = (SKINS[below] * (1 - part) + SKINS[below + 1] * part) / 255
    # Dark skin goes with dark hair more often than not; so far as detection is concerned, brows must stand out.
    hair = HAIRS[int(rng.integers(4))] if below >= 4 else HAIRS[int(rng.integers(len(HAIRS)))]
    style = str(rng.choice(WOMEN_STYLES if woman else MEN_STYLES))
    return Look(
        person=person, woman=woman, skin=_rgb(skin), iris=_rgb(IRISES[int(rng.integers(len(IRISES)))] / 255),
        half_width=u(0.74, 0.90), half_height=u(1.0, 1.15), half_depth=u(0.9, 1.0),
        jaw=u(0.18, 0.38) + (0.04 if woman else -0.04), chin_width=u(0.12, 0.30), chin=u(0.04, 0.14),
        cheek=u(0.0, 0.09),
        eye_x=u(0.28, 0.36), eye_y=u(0.06, 0.14), eye_width=u(0.125, 0.165), eye_height=u(0.056, 0.084),
        eye_tilt=u(-0.18, 0.20), socket=u(0.03, 0.08),
        brow_y=u(0.155, 0.215), brow_thickness=u(0.024, 0.042) if woman else u(0.032, 0.062), brow_width=u(0.16, 0.21),
        brow_arch=u(-0.01, 0.07), brow_tilt=u(-0.22, 0.22), brow_ridge=u(0, 0.03) if woman else u(0.01, 0.06),
        nose_length=u(0.25, 0.38), nose_width=u(0.08, 0.145), nose_height=u(0.13, 0.26), nose_bridge=u(0.03, 0.10),
        mouth_y=u(0.18, 0.27), mouth_width=u(0.19, 0.30), lip_top=u(0.028, 0.058), lip_bottom=u(0.034, 0.064),
        lip_colour=u(0.3, 0.7), hairline=u(0.54, 0.65), ear=u(0.08, 0.15),
        freckles=u(0.3, 1.0) if rng.random() < 0.2 else 0.0,
        mole=(u(-0.4, 0.4), u(-0.45, 0.0)) if rng.random() < 0.3 else None,
        hair=_rgb(hair / 255), style=style, beard=beard,
        glasses=bool(rng.random() < 0.18), smile=u(-0.01, 0.03), makeup=u(0.3, 0.6) if woman else 0.0,
    )  # fmt: skip


def alternative_look(person: int) -> Look:
    """The same person later in the story: other hair cut or beard, perhaps the glasses off; bones and colours stay."""
    rng = np.random.default_rng([13, person])
    look = film_look(person)
    styles = [s for s in (WOMEN_STYLES if look.woman else MEN_STYLES) if s != look.style]
    return dataclasses.replace(
        look,
        style=str(rng.choice(styles)),
        beard="none" if look.woman else str(rng.choice(BEARDS)),
        glasses=(not look.glasses) if rng.random() < 0.3 else look.glasses,
        smile=float(rng.uniform(-0.02, 0.04)),
    )


# How far a portrait's bones may wander from the film's: retouching, age, lens. Head units.
PORTRAIT_JITTER = {
    "half_width": 0.03, "cheek": 0.03, "brow_thickness": 0.010, "brow_tilt": 0.08, "brow_arch": 0.02,
    "lip_top": 0.008, "lip_bottom": 0.008, "eye_height": 0.006,
}  # fmt: skip


def portrait_look(person: int, take: int) -> Look:
    """An agency picture of the actor: other hair style and colour, other beard, make-up, smile, tan.

    That gap is what the paper's best query closes: one portrait names a film's faces far worse than the film's own.
    """
    rng = np.random.default_rng([14, person, take])
    look = film_look(person)
    jittered = {name: getattr(look, name) + float(rng.uniform(-size, size)) for name, size in PORTRAIT_JITTER.items()}
    return dataclasses.replace(
        look,
        style=str(rng.choice(WOMEN_STYLES if look.woman else MEN_STYLES)),
        hair=_rgb(HAIRS[int(rng.integers(len(HAIRS)))] / 255),
        hairline=look.hairline + float(rng.uniform(-0.06, 0.06)),
        beard="none" if look.woman else str(rng.choice(BEARDS)),
        glasses=bool(rng.random() < 0.15),
        makeup=float(rng.uniform(0.5, 1.2)) if look.woman else float(rng.uniform(0, 0.2)),
        smile=float(rng.uniform(0.02, 0.06)),
        tan=float(rng.uniform(-0.10, 0.12)),
        **jittered,
    )
