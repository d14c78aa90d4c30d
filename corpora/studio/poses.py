"""What a body does for each verb, as joint angles and places for the hands, in closed form of the time.

Hands are given where they shall be and the arms follow (`skeleton` finds the elbow), so that a hand that covers the
face covers it at any yaw. Places in the torso's frame: x to the picture's right at yaw 0, y up from the base of the
neck, z out of the chest; world units. Angles in degrees. `seconds` runs from the shot's start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

Point = tuple[float, float, float]

REST: tuple[Point, Point] = ((-1.42, -3.82, 0.30), (1.42, -3.82, 0.30))


@dataclass(frozen=True)
class Pose:
    hips: tuple[float, float] = (0.0, 0.0)  # thighs forward, left and right
    knees: tuple[float, float] = (4.0, 4.0)
    hands: tuple[Point, Point] = REST
    lean: float = 0.0  # torso forward
    drop: float = 0.0  # of the whole body; negative is down
    sway: float = 0.0  # to the picture's right
    twist: float = 0.0  # shoulders against hips
    roll: float = 0.0  # the whole body in the picture plane, about the feet; positive falls to the right
    head_pitch: float = 0.0  # positive looks down
    head_turn: float = 0.0  # added to the head's yaw
    holds: str | None = None  # "left", "right" or "both" hands hold the action's object
    elbows_out: float = 0.7


def ease(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)


def _mix(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share


def _hand(side: int, target: Point, share: float, other: Point | None = None) -> tuple[Point, Point]:
    """Hands with one of them (`side` -1 or 1) on its way to `target`, given for the right side and mirrored."""
    mirrored = (target[0] * side, target[1], target[2])
    moved = _mix(REST[side > 0], mirrored, share)
    kept = other if other is not None else REST[side < 0]
    return (moved, kept) if side < 0 else (kept, moved)


def _both(target: Point, share: float) -> tuple[Point, Point]:
    return _mix(REST[0], (-target[0], target[1], target[2]), share), _mix(REST[1], target, share)


def idle(seconds: float, *, phase: float) -> Pose:
    """Standing: weight that shifts, a head that looks about a little. In steps of 0.4 s, so that pictures repeat."""
    beat = int(seconds / 0.4 + phase * 3) % 8
    swing = float(np.sin(beat * np.pi / 4))
    hands = REST if int(phase * 10) % 2 else ((-0.30, -3.35, 0.95), (0.30, -3.35, 0.95))
    return Pose(hands=hands, sway=0.05 * swing, head_turn=8.0 if beat in (2, 3) else 0.0)


def stride(seconds: float, *, running: bool, phase: float) -> Pose:
    swing, knee, hand, pace, lean = (46, 80, 1.9, 8.6, 14) if running else (28, 42, 1.15, 5.6, 4)
    w = pace * seconds + phase
    s, c = float(np.sin(w)), float(np.cos(w))
    height, ahead = (-1.55, 0.9) if running else (-3.15, 0.35)
    return Pose(
        hips=(swing * s + 4, -swing * s + 4),
        knees=(8 + knee * max(0.0, -c), 8 + knee * max(0.0, c)),
        hands=((-1.45, height - 0.25 * s, ahead - hand * s), (1.45, height + 0.25 * s, ahead + hand * s)),
        lean=lean,
        drop=(0.32 if running else 0.10) * abs(c) - 0.12,
    )


def _sit(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.9)
    lean = 16 * float(np.sin(np.pi * k))
    return Pose(
        hips=(84 * k, 84 * k),
        knees=(4 + 82 * k, 4 + 82 * k),
        hands=_both((0.75, -3.0, 2.0), k),
        lean=lean,
        drop=-2.35 * k,
    )


def _kneel(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.9)
    hips, knees = (82 * k, -8 * k), (4 + 84 * k, 4 + 92 * k)
    return Pose(hips=hips, knees=knees, hands=_both((0.6, -2.4, 1.7), k), lean=10 * k, drop=-2.45 * k, head_pitch=8 * k)


def _fall(seconds: float, t: float, side: int) -> Pose:
    k = min(max((seconds - 0.25) / 0.75, 0.0), 1.0) ** 2
    bounce = 4 * float(np.sin(np.pi * min(max((seconds - 1.0) / 0.4, 0.0), 1.0)))
    flung = _mix((0.9, 0.4, 2.2), (1.6, -0.6, 0.6), ease((seconds - 0.9) / 0.6))
    return Pose(
        hips=(28 * k, 10 * k), knees=(4 + 46 * k, 4 + 24 * k), hands=_both(flung, ease(seconds / 0.4)),
        roll=side * (86 * k - bounce), head_pitch=-8 * k, drop=0.75 * k,
    )  # fmt: skip


def _pick(seconds: float, t: float, side: int) -> Pose:
    down = ease(seconds / 0.8) * (1 - ease((seconds - 1.1) / 0.8))
    lifted = ease((seconds - 1.1) / 0.8)
    target = _mix((0.5, -3.3, 2.2), (0.55, -1.5, 1.7), lifted)
    return Pose(
        lean=58 * down, hips=(-8 * down, -8 * down), knees=(4 + 34 * down, 4 + 34 * down), drop=-0.55 * down,
        hands=_hand(side, target, max(ease(seconds / 0.6), lifted)), head_pitch=10 * down + 6 * lifted,
        holds=("right" if side > 0 else "left") if seconds > 0.95 else None,
    )  # fmt: skip


def _carry(seconds: float, t: float, side: int) -> Pose:
    swing = float(np.sin(seconds * 3))
    return Pose(hands=((-0.95, -2.0, 1.6), (0.95, -2.0, 1.6)), holds="both", sway=0.12 * swing, lean=-4, knees=(8, 8))


def _open(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.7)
    pulled = ease((seconds - 0.7) / 1.0)
    return Pose(hands=_hand(side, _mix((0.2, -1.3, 3.1), (0.9, -1.3, 2.2), pulled), k), lean=6 * k)


def _knock(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.6)
    tap = 0.55 * abs(float(np.sin(seconds * 9)))
    return Pose(hands=_hand(side, (0.35, 0.55, 1.9 + tap), k), lean=5 * k)


def _drink(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.8) * (1 - 0.30 * max(0.0, float(np.sin(seconds * 2.2 - 2.2))))
    hands = _hand(side, (0.25, 0.85, 1.55), k)
    return Pose(hands=hands, holds="right" if side > 0 else "left", head_pitch=-10 * k, elbows_out=1.2)


def _read(seconds: float, t: float, side: int) -> Pose:
    shift = 0.06 * float(np.sin(seconds * 2))
    return Pose(hands=((-0.62, -1.35 + shift, 1.75), (0.62, -1.35 + shift, 1.75)), holds="both", head_pitch=9)


def _phone(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.6)
    nod = 5 * float(np.sin(seconds * 3.2))
    return Pose(
        hands=_hand(side, (1.08, 1.30, 0.45), k), holds="right" if side > 0 else "left", head_pitch=nod, elbows_out=1.6
    )


def _wave(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.5)
    swing = 0.85 * float(np.sin(seconds * 9))
    return Pose(hands=_hand(side, (2.15 + swing, 2.35 - 0.2 * abs(swing), 0.4), k), elbows_out=1.5)


def _point(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.6)
    jab = 0.12 * float(np.sin(seconds * 6)) * k
    return Pose(hands=_hand(side, (4.6 + jab, -0.45, 0.9), k), head_turn=0)


def _hug(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 1.0)
    rock = 0.10 * float(np.sin(seconds * 2.4)) * k
    return Pose(
        hands=((-0.25, -1.7, 1.3 + 0.9 * k), (0.25, -0.8, 1.3 + 0.9 * k)) if k > 0.05 else REST,
        lean=6 * k,
        sway=rock,
        elbows_out=1.3,
    )


def _give(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.8)
    back = ease((t - 0.68) / 0.2)
    hands = _hand(side, _mix((0.6, -1.4, 1.4), (0.25, -1.15, 3.3), k), 1 - 0.75 * back)
    held = t < 0.62
    return Pose(hands=hands, lean=7 * k * (1 - back), holds=("right" if side > 0 else "left") if held else None)


def _take(seconds: float, t: float, side: int) -> Pose:
    """The second person of a giving: holds out both hands, then has the object in them."""
    k = ease((seconds - 0.4) / 0.8)
    drawn = ease((t - 0.68) / 0.2)
    hands = _both(_mix((0.35, -1.4, 2.7), (0.45, -1.5, 1.7), drawn), k)
    return Pose(hands=hands, holds="both" if t >= 0.62 else None, head_pitch=8 * k)


def _dance(seconds: float, t: float, side: int) -> Pose:
    s, c = float(np.sin(seconds * 6.3)), float(np.cos(seconds * 6.3))
    return Pose(
        hips=(18 * s, -18 * s), knees=(10 + 26 * abs(c), 10 + 26 * abs(s)), drop=-0.15 * abs(s) + 0.22 * abs(c),
        hands=((-2.3 - 0.4 * c, 0.4 + 1.7 * s, 0.9), (2.3 + 0.4 * c, 0.4 - 1.7 * s, 0.9)),
        sway=0.55 * s, twist=18 * s, elbows_out=1.0,
    )  # fmt: skip


def _jump(seconds: float, t: float, side: int) -> Pose:
    up = abs(float(np.sin(seconds * 4.4)))
    bend = 1 - up
    hands = _both((1.9, 1.0 + 1.6 * up, 0.3), 0.35 + 0.65 * up)
    return Pose(
        drop=2.1 * up - 0.35 * bend, hips=(24 * bend, 24 * bend), knees=(8 + 46 * bend, 8 + 46 * bend), hands=hands
    )


def _cry(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.7)
    shake = 0.05 * float(np.sin(seconds * 15)) * k
    return Pose(hands=_both((0.38, 1.25, 1.5), k), lean=10 * k, drop=shake, head_pitch=14 * k, elbows_out=0.4)


def _clap(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.4)
    apart = 0.12 + 0.75 * abs(float(np.sin(seconds * 7.5)))
    return Pose(hands=_both((apart, -0.75, 1.9), k), elbows_out=1.3)


def _bow(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.8) * (1 - ease((t - 0.78) / 0.2))
    return Pose(
        lean=62 * k, head_pitch=16 * k, hands=((-0.9, -3.0, 1.2 * k), (0.9, -3.0, 1.2 * k)), hips=(-10 * k, -10 * k)
    )


def _stretch(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.8)
    lean = 6 * float(np.sin(seconds * 2.0))
    return Pose(
        hands=_both((1.35, 2.9, -0.2), k),
        lean=-5 * k,
        sway=0.04 * lean,
        drop=0.12 * k,
        head_pitch=-10 * k,
        elbows_out=1.4,
    )


def _fold(seconds: float, t: float, side: int) -> Pose:
    k = ease(seconds / 0.6)
    crossed = (_mix(REST[0], (0.75, -1.25, 1.15), k), _mix(REST[1], (-0.75, -1.65, 1.05), k))
    return Pose(hands=crossed, lean=-3 * k, elbows_out=1.2)


POSES: dict[str, Callable[[float, float, int], Pose]] = {
    "sit": _sit, "kneel": _kneel, "fall": _fall, "pick": _pick, "carry": _carry, "open": _open, "knock": _knock,
    "drink": _drink, "read": _read, "phone": _phone, "wave": _wave, "point": _point, "hug": _hug, "give": _give,
    "take": _take, "dance": _dance, "jump": _jump, "cry": _cry, "clap": _clap, "bow": _bow, "stretch": _stretch,
    "fold": _fold,
}  # fmt: skip


def pose_of(verb: str, *, seconds: float, share: float, side: int, phase: float) -> Pose:
    """The pose of a verb `seconds` after the shot's start, which is `share` (0-1) of the shot.

    `side` is the body's own side that faces the target, -1 or 1 (for a fall: the picture side it falls to).
    """
    if verb in ("idle", "turn"):
        return idle(seconds, phase=phase)
    if verb in ("walk", "run"):
        return stride(seconds, running=verb == "run", phase=phase)
    pose = POSES[verb](seconds, share, side)
    return replace(pose, sway=pose.sway + 0.02 * float(np.sin(2 * seconds + phase)))
