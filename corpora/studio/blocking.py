"""Where everybody stands and what everybody does at a moment of a shot: the screenplay's action as poses and turns.

A figure that acts turns so that a viewer sees it: body towards the goal, head half back to the camera. A faceless
subject never shows less than 140 degrees of yaw. The second person turns to the first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

import numpy as np

from corpora.studio.figures import Person, Placement
from corpora.studio.poses import Pose, ease, pose_of
from corpora.studio.screenplay import Action, Placed, Shot

FLOOR, DEPTH_RISE = 0.25, 0.5  # world units: the walking line, and how much higher one step back is
# How far from its goal a figure stops, and how it stands to it: body and head yaw towards the goal's side.
APPROACH = {"hug": 1.75, "pick": 1.9, "open": 2.6, "knock": 2.7, "give": 3.5}
TURNED = {
    "walk": (62.0, 40.0), "run": (66.0, 42.0), "hug": (66.0, 40.0), "pick": (48.0, 34.0), "open": (48.0, 34.0),
    "knock": (48.0, 34.0), "give": (46.0, 36.0), "wave": (20.0, 25.0), "point": (10.0, 34.0),
}  # fmt: skip
REACTION = {"hug": "hug", "give": "take"}
HELD = {"drink": "cup", "read": "book", "phone": "phone", "carry": "box"}
STEP_LENGTH = {"walk": 4.4, "run": 6.6}  # world units per half cycle of the legs


def phase_of(person: Person) -> float:
    """A person's own rhythm, so that two people never sway as one."""
    return float(person.look.person * 0.6180339887 % 1.0) * 6.0


def _turn(a: float, b: float, share: float) -> float:
    return a + (b - a) * share


@dataclasses.dataclass(frozen=True)
class Moment:
    """Seconds since the shot's start, and the share of the shot that is over."""

    seconds: float
    share: float
    length: float

    @classmethod
    def of(cls, shot: Shot, time: float) -> Moment:
        length = max(shot.end - shot.start, 1e-3)
        seconds = min(max(time - shot.start, 0.0), length)
        return cls(seconds, seconds / length, length)


def _away(yaw: float) -> float:
    """A yaw that hides the face, near the one that was asked for."""
    turned = (yaw + 360) % 360
    return turned if 140 <= turned <= 220 else 180 + 0.6 * ((yaw + 180) % 360 - 180) if abs(yaw) < 60 else 180.0


def _travel(action: Action, x: float, goal: float, at: Moment) -> tuple[float, float]:
    """Place and speed of somebody on the way to a goal, world units (per second)."""
    takes = max(at.length * (0.9 if action.verb == "walk" else 0.72), 0.8)
    share = min(at.seconds / takes, 1.0)
    moved = share + 0.12 * np.sin(np.pi * share) * (1 - 2 * share)
    return x + (goal - x) * float(moved), abs(goal - x) / takes if share < 0.985 else 0.0


def _subject(
    shot: Shot, action: Action, placed: Placed, person: Person, at: Moment
) -> tuple[Pose, float, float, float]:
    """Pose, x, body yaw and head yaw of the one who acts."""
    phase, verb, x = phase_of(person), action.verb, placed.x
    goal = action.toward_x
    toward = 0.0 if goal is None else (1.0 if goal >= x else -1.0)
    yaw = _away(placed.yaw) if action.faceless else placed.yaw
    head = yaw
    quick = ease(at.seconds / 0.45)
    if goal is not None and verb in TURNED:
        body_goal, head_goal = TURNED[verb]
        if action.faceless:
            yaw = head = 180.0 - (40.0 if body_goal > 30 else 18.0) * toward
        else:
            yaw, head = _turn(yaw, body_goal * toward, quick), _turn(head, head_goal * toward, quick)
    if verb in ("walk", "run") and goal is not None:
        x, speed = _travel(action, x, goal, at)
        if speed == 0.0:
            if not action.faceless:
                yaw = head = 35.0 * toward
            return pose_of("idle", seconds=at.seconds, share=at.share, side=1, phase=phase), x, yaw, head
        pace = speed * np.pi / STEP_LENGTH[verb]
        stretch = min(max(float(pace), 4.2 if verb == "walk" else 7.5), 9.5 if verb == "walk" else 12.0)
        base = 5.6 if verb == "walk" else 8.6
        return pose_of(verb, seconds=at.seconds * stretch / base, share=at.share, side=1, phase=phase), x, yaw, head
    near_side = -1 if toward > 0 else 1
    if goal is not None and verb in APPROACH:
        stop = goal - toward * APPROACH[verb]
        way = (stop - x) * toward
        if abs(way) > 0.3:
            takes = 0.25 + min(abs(way) / 6.0, 0.25 * at.length)
            x = x + (stop - x) * ease(at.seconds / takes)
            if at.seconds < takes and abs(way) > 1.0:
                walking = pose_of("walk", seconds=at.seconds, share=at.share, side=1, phase=phase)
                return walking, x, yaw, head
            at = Moment(at.seconds - (takes if abs(way) > 1.0 else 0.0), at.share, at.length)
    if verb == "turn":
        final = 178.0 if placed.yaw >= 0 else -178.0
        yaw = head = _turn(placed.yaw, final, ease((at.seconds - 0.25) / 1.3))
    side = near_side
    if verb in ("wave", "point"):
        side = int(toward if np.cos(np.deg2rad(yaw)) > 0 else -toward) or 1
    elif verb == "fall":
        side = 1 if shot.focus_x >= x else -1
    elif goal is None:
        side = 1 if phase > 3 else -1
    pose = pose_of(verb, seconds=at.seconds, share=at.share, side=side, phase=phase)
    return pose, x, yaw, head + pose.head_turn


def _bystander(
    action: Action | None, placed: Placed, person: Person, at: Moment, subject_x: float
) -> tuple[Pose, float, float]:
    """Pose, body yaw and head yaw of somebody who does not act by themselves."""
    phase = phase_of(person)
    pose = pose_of("idle", seconds=at.seconds, share=at.share, side=1, phase=phase)
    if action is None or action.second != placed.name:
        return pose, placed.yaw, placed.yaw + pose.head_turn
    toward = 1.0 if subject_x >= placed.x else -1.0
    body, head = (64.0, 38.0) if action.verb == "hug" else (44.0, 34.0) if action.verb == "give" else (26.0, 32.0)
    share = ease(at.seconds / 0.8)
    # Turned by steps: the picture of somebody who only turns is drawn a few times, not on every frame.
    share = round(share * 6) / 6
    reaction = REACTION.get(action.verb)
    if reaction and at.seconds > 0.5:
        pose = pose_of(reaction, seconds=at.seconds - 0.5, share=at.share, side=1, phase=phase)
    return pose, _turn(placed.yaw, body * toward, share), _turn(placed.yaw, head * toward, share)


def _held(action: Action | None, placed: Placed, at: Moment) -> str | None:
    if action is None:
        return None
    if action.subject == placed.name:
        return action.object if action.verb in ("pick", "carry", "give") and action.object else HELD.get(action.verb)
    return action.object if action.second == placed.name and action.verb == "give" else None


def placements(
    shot: Shot, people: Mapping[str, Person], time: float, *, speaking: Collection[str] = ()
) -> list[Placement]:
    """Everybody in the shot at a time of the film's clock, far ones first; numbers follow `shot.people` from 1."""
    at, action = Moment.of(shot, time), shot.action
    xs = {placed.name: placed.x for placed in shot.people}
    out = []
    for number, placed in enumerate(shot.people, start=1):
        person = people[placed.name]
        acts = action is not None and action.subject == placed.name
        if action is not None and acts:
            pose, x, yaw, head = _subject(shot, action, placed, person, at)
        else:
            subject_x = xs.get(action.subject, placed.x) if action is not None else placed.x
            pose, yaw, head = _bystander(action, placed, person, at, subject_x)
            x = placed.x
        depth = placed.depth
        if action is not None and acts and action.verb == "hug":
            # Who embraces steps onto the other's line.
            other = next((p.depth for p in shot.people if p.name == action.second), depth)
            depth = depth + (other - depth) * ease(at.seconds / 1.0)
        floor = FLOOR + DEPTH_RISE * depth
        held = _held(action, placed, at)
        mouth = placed.name in speaking
        out.append((placed.depth, acts, Placement(person, pose, x, floor, yaw, head, mouth, number, held)))
    out.sort(key=lambda item: (-item[0], item[1]))
    return [placement for _, _, placement in out]
