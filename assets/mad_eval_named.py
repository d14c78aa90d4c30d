"""mad_eval_named: the first benchmark (section 4.2)."""

from assets.clip_gate import gated
from assets.clips import clip_stage

STAGE = gated(
    clip_stage("mad_eval_named", "mad_eval_named", "The benchmark MAD-eval-Named, film by film (section 4.2).")
)
