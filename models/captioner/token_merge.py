"""Temporal token merge (equation 8): a region's tokens over time become at most mu representative ones.

Neighbouring tokens that look alike say the same thing twice. The rule is the released one (VideoRefer): of the F - 1
cosine similarities between neighbours the r = F - mu largest keep a union open, every smaller one closes it, and a
union is the unweighted mean of its original tokens. Ties at the cut keep more unions open, so fewer than mu remain;
F <= mu tokens stay as they are.

Shapes: n regions, f frames, m merged tokens, d channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor


def merge_tokens(tokens_fd: Tensor, mu: int = 4) -> Tensor:
    """One region's (f, d) tokens as (m, d) unions in their order, m <= max(mu, 1); f <= mu comes back unchanged."""
    merged_nmd, valid_nm = merge_tokens_batched(tokens_fd[None], torch.ones(1, len(tokens_fd), dtype=torch.bool), mu)
    return merged_nmd[0, valid_nm[0]]


def merge_tokens_batched(tokens_nfd: Tensor, seen_nf: Tensor, mu: int = 4) -> tuple[Tensor, Tensor]:
    """Regions with different numbers of seen frames, merged at once.

    Args: tokens (n, f, d) and which of them exist (n, f); frames that do not exist are skipped, so that the ones
    around them become neighbours. Returns the unions (n, mu, d), packed to the front, and which of them exist (n, mu);
    a region that was never seen has none. Gradients flow through the means, not through the choice of unions.
    """
    if mu < 1:
        raise ValueError(f"mu is {mu}; at least one token must remain")
    first_seen_nf = torch.argsort(~seen_nf, dim=1, stable=True)
    tokens_nfd = tokens_nfd.gather(1, first_seen_nf[..., None].expand_as(tokens_nfd))
    seen_nf = seen_nf.gather(1, first_seen_nf)
    union_nf = _unions(tokens_nfd.detach(), seen_nf, mu)
    members_nmf = functional.one_hot(union_nf, mu).transpose(1, 2).to(tokens_nfd.dtype) * seen_nf[:, None]
    sizes_nm = members_nmf.sum(-1)
    return (members_nmf / sizes_nm.clamp(min=1)[..., None]) @ tokens_nfd, sizes_nm > 0


def _unions(tokens_nfd: Tensor, seen_nf: Tensor, mu: int) -> Tensor:
    """The union's number of every token; the tokens of a region come first in its row."""
    lengths_n = seen_nf.sum(1)
    similarity = functional.cosine_similarity(tokens_nfd[:, 1:], tokens_nfd[:, :-1], dim=-1)
    similarity = similarity.masked_fill(~seen_nf[:, 1:], -torch.inf)
    kept_open_n = (lengths_n - mu).clamp(min=0)
    ranked = similarity.sort(dim=1, descending=True).values
    all_close = torch.full_like(tokens_nfd[:, :1, 0], torch.inf)  # the cut where nothing is to be merged
    cut_n1 = torch.cat([all_close, ranked], 1).gather(1, kept_open_n[:, None])
    closes = similarity < cut_n1
    union_nf = functional.pad(closes.long().cumsum(1), (1, 0))
    return union_nf.clamp(max=mu - 1)
