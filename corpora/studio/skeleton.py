"""From a pose to joints in the world: legs by angles, arms by where the hands shall be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from corpora.studio.poses import Pose

HIP_HEIGHT = 5.2
TORSO = 3.75
THIGH, SHIN = 2.5, 2.4
UPPER_ARM, FOREARM = 1.85, 1.6
SHOULDER_WIDTH, SHOULDER_DROP = 1.06, 0.46
HEAD_SCALE = 1.18  # world units per head unit
NECK_TO_HEAD = (0.0, 0.56, 0.10)


@dataclass(frozen=True)
class Joints:
    """Points (3,) in body coordinates: x to the side, y up from the floor, z forward. Index 0 is side -1, 1 is +1."""

    hip: np.ndarray
    neck: np.ndarray
    head: np.ndarray
    up: np.ndarray  # the torso's direction
    lateral: np.ndarray  # the shoulders' direction
    thighs: tuple[np.ndarray, np.ndarray]  # where they begin
    knees: tuple[np.ndarray, np.ndarray]
    ankles: tuple[np.ndarray, np.ndarray]
    shoulders: tuple[np.ndarray, np.ndarray]
    elbows: tuple[np.ndarray, np.ndarray]
    wrists: tuple[np.ndarray, np.ndarray]


def _elbow(shoulder: np.ndarray, wrist: np.ndarray, pole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Elbow and reachable wrist of a two-bone arm whose elbow points towards `pole`."""
    way = wrist - shoulder
    reach = _length(way) + 1e-6
    direction = way / reach
    reach = min(max(reach, 0.6), (UPPER_ARM + FOREARM) * 0.995)
    along = (UPPER_ARM**2 - FOREARM**2 + reach**2) / (2 * reach)
    off = np.sqrt(max(UPPER_ARM**2 - along**2, 0.0))
    outward = pole - direction * float(pole @ direction)
    outward = outward / (_length(outward) + 1e-6)
    return shoulder + direction * along + outward * off, shoulder + direction * reach


def _length(vector: np.ndarray) -> float:
    return math.sqrt(vector @ vector)  # np.linalg.norm without its checks


def joints_of(pose: Pose) -> Joints:
    lean, twist = np.deg2rad(pose.lean), np.deg2rad(pose.twist)
    hip = np.array([0.0, HIP_HEIGHT + pose.drop, 0.0])
    up = np.array([0.0, np.cos(lean), np.sin(lean)])
    lateral = np.array([np.cos(twist), 0.0, -np.sin(twist)])
    forward = np.array([-lateral[2] * up[1], -lateral[0] * up[2], lateral[0] * up[1]])  # lateral x up
    neck = hip + up * TORSO
    head = neck + up * 1.0 + np.array(NECK_TO_HEAD)
    thighs, knees, ankles, shoulders, elbows, wrists = [], [], [], [], [], []
    for index, side in enumerate((-1, 1)):
        start = hip + np.array([0.52 * side, -0.1, 0.0])
        bend = np.deg2rad(pose.hips[index])
        knee = start + THIGH * np.array([0.0, -np.cos(bend), np.sin(bend)])
        bend -= np.deg2rad(pose.knees[index])
        thighs.append(start)
        knees.append(knee)
        ankles.append(knee + SHIN * np.array([0.0, -np.cos(bend), np.sin(bend)]))
        shoulder = neck + lateral * SHOULDER_WIDTH * side - up * SHOULDER_DROP
        hand = pose.hands[index]
        target = neck + lateral * hand[0] + up * hand[1] + forward * hand[2]
        pole = lateral * (pose.elbows_out * side) - up * 0.9 - forward * 0.5
        elbow, wrist = _elbow(shoulder, target, pole)
        shoulders.append(shoulder)
        elbows.append(elbow)
        wrists.append(wrist)
    return Joints(
        hip, neck, head, up, lateral, _pair(thighs), _pair(knees), _pair(ankles), _pair(shoulders), _pair(elbows),
        _pair(wrists),
    )  # fmt: skip


def _pair(points: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return points[0], points[1]
