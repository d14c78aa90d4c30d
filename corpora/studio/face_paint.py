"""The colour of a face: skin, painted shadows, lips, eyes, brows, beard and glasses."""

from __future__ import annotations

import numpy as np

from corpora.studio.heads import Face, Map, spot, step


class Paint:
    """Planes of colour, (3, h, w), that masks are laid over, in order."""

    def __init__(self, planes: Map) -> None:
        self.planes = planes

    def lay(self, colour: object, mask: Map) -> None:
        """`colour` (3,) or (3, h, w) where the mask is 1."""
        m = np.clip(mask, 0, 1)
        laid = np.asarray(colour, np.float32)
        self.planes = self.planes * (1 - m) + (laid if laid.ndim == 3 else laid[:, None, None]) * m


def paint_face(face: Face) -> tuple[Map, Map]:
    """Planes of colour (3, h, w) of the hairless head, and what beard and glasses add to the relief (h, w)."""
    look = face.look
    skin = np.array(look.skin, np.float32) * (1 - look.tan)
    paint = Paint(np.ones((3, *face.u.shape), np.float32) * skin[:, None, None])
    _skin(face, paint, skin)
    _lips(face, paint, skin)
    _eyes(face, paint, skin)
    raised = _brows_and_beard(face, paint)
    if look.glasses:
        raised = raised + _glasses(face, paint)
    return paint.planes, raised


def _skin(face: Face, paint: Paint, skin: Map) -> None:
    look, u, au, v, front, g = face.look, face.u, face.au, face.v, face.front, face.grid
    blush = 0.5 * spot(au, v, 0.42, face.nose_v + 0.03, 0.17, 0.14) * front * (1 + look.makeup * 0.5)
    paint.lay(skin * [1.02, 0.80, 0.76], blush)
    paint.lay(skin * [1.0, 0.82, 0.78], 0.5 * spot(u, v, 0, face.nose_v, 0.1, 0.08) * front)
    paint.planes = paint.planes * (1 + 0.02 * g.fine + 0.02 * g.coarse)
    if look.freckles:
        spots = (g.fine > 1.6) * spot(au, v, 0.28, face.nose_v + 0.08, 0.25, 0.12)
        paint.lay(skin * [0.78, 0.62, 0.5], look.freckles * 0.8 * spots * front)
    if look.mole is not None:
        paint.lay([0.18, 0.10, 0.08], 1.2 * spot(u, v, *look.mole, 0.02, 0.02) * front)
    # Painted occlusion: what the soft light cannot reach.
    shade = 0.40 * spot(au, v, look.eye_x - 0.03, look.eye_y + 0.075, 0.13, 0.045)
    shade += 0.20 * spot(au, v, 0.10, look.eye_y + 0.03, 0.05, 0.09)
    shade += 0.36 * spot(au, v, look.nose_width * 0.75, face.nose_v - 0.06, 0.055, 0.03)
    shade += 0.25 * spot(u, v, 0, face.nose_v - 0.075, look.nose_width, 0.03)
    shade += 0.28 * spot(u, v, 0, face.mouth_v - 0.115, look.mouth_width * 0.6, 0.03)
    fold = np.exp(-(((au - (look.nose_width + 0.05 + 0.16 * (face.nose_v - v) / 0.3)) / 0.03) ** 2))
    shade += (
        0.15
        * fold
        * step(face.nose_v + 0.05, face.nose_v - 0.05, v)
        * step(face.mouth_v - 0.05, face.mouth_v + 0.05, v)
    )
    shade += 0.13 * spot(au, v, look.eye_x, look.eye_y - 0.095, 0.12, 0.03)
    under_chin = 0.22 * step(-0.95, -1.15, v)
    paint.planes = paint.planes * (1 - shade * front - under_chin)
    nostril = step(0.026, 0.0, np.hypot((au - look.nose_width * 0.62) / 1.4, v - (face.nose_v - 0.045)))
    paint.lay([0.10, 0.04, 0.03], 0.9 * nostril * front)


def _lips(face: Face, paint: Paint, skin: Map) -> None:
    look = face.look
    red = skin * [0.92, 0.55, 0.55] * (1 - 0.25 * look.lip_colour)
    if look.makeup > 0:
        strength = 0.6 * min(look.makeup, 1.0)
        red = red * (1 - strength) + np.array([0.68, 0.10, 0.16]) * strength
    paint.lay(red, face.lips * 0.92)
    if look.mouth_open > 0:
        paint.lay([0.20, 0.05, 0.05], face.mouth)
        paint.lay([0.92, 0.89, 0.85], face.mouth * (face.lip_line_v > 0.05 * face.gap))
    else:
        paint.lay([0.20, 0.07, 0.06], face.lip_line * 0.85)


def _eyes(face: Face, paint: Paint, skin: Map) -> None:
    look, u, au, v, front = face.look, face.u, face.au, face.v, face.front
    narrow = np.abs(face.eye_u) < look.eye_width
    paint.lay([0.93, 0.92, 0.90], face.eye)
    iris = look.eye_height * 0.98
    from_centre = np.hypot(face.eye_u, face.eye_v - 0.004)
    paint.lay(look.iris, step(iris + 0.008, iris - 0.008, from_centre) * face.eye)
    paint.lay([0.02, 0.02, 0.02], step(iris * 0.5 + 0.008, iris * 0.5 - 0.008, from_centre) * face.eye)
    glint = np.hypot((u - np.sign(u) * look.eye_x) + 0.02, face.eye_v - 0.026)
    paint.lay([1, 1, 1], step(0.022, 0.008, glint) * face.eye)
    lid_shadow = 0.35 * face.eye * step(0.0, 1.0, face.eye_v / np.maximum(face.lid, 1e-3))
    paint.planes = paint.planes * (1 - lid_shadow)
    lash = np.exp(-(((face.eye_v - face.lid) / (0.013 + 0.012 * look.makeup)) ** 2))
    paint.lay([0.06, 0.04, 0.04], 0.95 * lash * (np.abs(face.eye_u) < look.eye_width * 1.06) * front)
    paint.lay(skin * 0.45, 0.55 * np.exp(-(((face.eye_v + face.lid) / 0.010) ** 2)) * narrow * front)
    crease = np.exp(-(((face.eye_v - face.lid - 0.038) / 0.012) ** 2))
    paint.lay(skin * 0.55, 0.5 * crease * (np.abs(face.eye_u) < look.eye_width * 0.95) * front)
    if look.makeup > 0.3:
        shadow = spot(au, v, look.eye_x, look.eye_y + 0.09, 0.12, 0.035) * front * (1 - face.eye)
        paint.lay([0.35, 0.2, 0.35], 0.35 * look.makeup * shadow)


def _brows_and_beard(face: Face, paint: Paint) -> Map:
    look, u, au, v, front, g = face.look, face.u, face.au, face.v, face.front, face.grid
    hair = np.array(look.hair, np.float32)
    dark = np.minimum(hair * 0.75, 0.42)
    along = (au - look.eye_x) / look.brow_width
    centre = look.eye_y + look.brow_y + look.brow_arch * (1 - along**2) + (au - look.eye_x) * look.brow_tilt * 0.5
    thickness = look.brow_thickness * (1 - 0.45 * np.clip(along, -1, 1))
    brow = step(1.15, 0.65, np.abs(v - centre) / thickness) * step(1.05, 0.85, np.abs(along)) * front
    paint.lay(dark, 0.92 * brow * (0.85 + 0.1 * g.fine))
    if look.beard == "none":
        return np.zeros_like(u)
    jaw = step(face.mouth_v + 0.02 + 0.25 * au, face.mouth_v - 0.10 + 0.25 * au, v) * step(-0.25, 0.1, g.dz) * front
    moustache = spot(u, v, 0, face.mouth_v + 0.08, look.mouth_width * 1.05, 0.028) * 1.1
    goatee = spot(u, v, 0, face.mouth_v - 0.22, 0.2, 0.15) * 1.2
    mask = (
        {
            "stubble": np.clip(jaw * 0.32 + moustache * 0.2, 0, 0.36),
            "goatee": np.clip(np.maximum(goatee, moustache), 0, 0.80),
            "full": np.clip(np.maximum(jaw, moustache), 0, 0.95),
        }[look.beard]
        * (1 - face.lips)
        * (1 - face.mouth)
    )
    # A beard takes the hair's colour, darkened: painting it black under white hair reads as a second chin.
    beard = (hair * 0.82)[:, None, None] * (1 + 0.16 * g.strands)
    paint.lay(np.minimum(beard, 0.75) if look.beard != "stubble" else np.array(look.skin) * 0.55, mask)
    return (0.0 if look.beard == "stubble" else 0.05) * mask


def _glasses(face: Face, paint: Paint) -> Map:
    look, au, v = face.look, face.au, face.v
    lens = np.hypot((au - look.eye_x) / 0.20, (v - look.eye_y + 0.01) / 0.15)
    bar_v = v - look.eye_y - 0.03
    bridge = np.exp(-((bar_v / 0.016) ** 2)) * (au < look.eye_x - 0.19)
    frame = (np.exp(-(((lens - 1) / 0.09) ** 2)) + bridge) * face.front
    arm = np.exp(-((bar_v / 0.018) ** 2)) * (au > look.eye_x + 0.19) * (np.abs(face.grid.lon) < 1.6)
    mask = np.clip(frame + arm, 0, 1)
    paint.lay([0.06, 0.06, 0.07], mask * 0.95)
    paint.lay([0.75, 0.85, 0.95], 0.10 * (lens < 1) * face.front)
    return 0.03 * mask
