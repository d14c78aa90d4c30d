"""cinepile_ad: the second benchmark (section 4.2)."""

from assets.clip_gate import gated
from assets.clips import clip_stage

STAGE = gated(clip_stage("cinepile_ad", "cinepile_ad", "The benchmark Cinepile-AD, film by film (section 4.2)."))
