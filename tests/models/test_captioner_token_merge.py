"""Equation 8: what is merged, what stays, and that a batch changes nothing."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.captioner.token_merge import merge_tokens, merge_tokens_batched


def angles(*degrees: float) -> torch.Tensor:
    """Unit vectors in the plane: the cosine of neighbours is the cosine of the angle between them."""
    radians = torch.deg2rad(torch.tensor(degrees))
    return torch.stack([radians.cos(), radians.sin()], 1)


def test_the_most_alike_neighbours_are_merged_into_four_unions() -> None:
    # Gaps of 5, 60, 10, 50, 40, 20, 30 degrees: with 8 tokens the 8 - 4 = 4 smallest gaps (5, 10, 20, 30) are closed.
    tokens = angles(0, 5, 65, 75, 125, 165, 185, 215)
    merged = merge_tokens(tokens, 4)
    expected = [tokens[0:2].mean(0), tokens[2:4].mean(0), tokens[4], tokens[5:8].mean(0)]
    torch.testing.assert_close(merged, torch.stack(expected))


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_up_to_four_tokens_stay_as_they_are(frames: int) -> None:
    tokens = torch.randn(frames, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(merge_tokens(tokens, 4), tokens)


def test_ties_at_the_cut_leave_fewer_unions() -> None:
    equal = torch.ones(7, 3)
    torch.testing.assert_close(merge_tokens(equal, 4), torch.ones(1, 3))


def test_a_region_that_was_never_seen_has_no_tokens() -> None:
    merged, exists = merge_tokens_batched(torch.randn(2, 8, 3), torch.tensor([[False] * 8, [True] * 8]))
    assert exists.sum(1).tolist() == [0, 4]
    assert torch.equal(merged[0], torch.zeros(4, 3))


def test_less_than_one_token_is_refused() -> None:
    with pytest.raises(ValueError, match="mu is 0"):
        merge_tokens(torch.ones(3, 2), 0)


tokens_of = st.integers(1, 10).flatmap(
    lambda frames: st.tuples(st.just(frames), st.integers(0, 2**16), st.integers(1, 5))
)


@settings(max_examples=60, deadline=None)
@given(tokens_of)
def test_unions_are_runs_of_neighbours_in_order(drawn: tuple[int, int, int]) -> None:
    frames, seed, mu = drawn
    tokens = torch.randn(frames, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    # One-hot tags ride along with weight far below the tokens', so that the cosine does not notice them, and the
    # means of the tags tell which tokens are in which union.
    tagged = torch.cat([tokens, 1e-6 * torch.eye(frames, dtype=torch.float64)], 1)
    merged = merge_tokens(tagged, mu)
    members = merged[:, 5:] / 1e-6
    assert len(merged) == min(frames, mu)  # random reals do not tie
    runs = [torch.nonzero(row > 1e-9).flatten().tolist() for row in members]
    assert [frame for run in runs for frame in run] == list(range(frames))
    for row, run in zip(merged, runs, strict=True):
        torch.testing.assert_close(row[:5], tokens[run].mean(0))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=8, max_size=8), min_size=1, max_size=5), st.integers(0, 2**16))
def test_a_batch_merges_like_one_region_at_a_time(seen: list[list[bool]], seed: int) -> None:
    seen_nf = torch.tensor(seen)
    tokens = torch.randn(len(seen), 8, 5, generator=torch.Generator().manual_seed(seed))
    merged, exists = merge_tokens_batched(tokens, seen_nf, 4)
    for row in range(len(seen)):
        alone = tokens[row, seen_nf[row]]
        expected = merge_tokens(alone, 4) if len(alone) else alone
        torch.testing.assert_close(merged[row, exists[row]], expected)


def released(tokens: torch.Tensor, mu: int = 4) -> torch.Tensor:
    """The released rule, token by token: a link as alike as the (F - mu)-th most alike keeps a union open."""
    if len(tokens) <= mu:
        return tokens
    alike = torch.cosine_similarity(tokens[1:], tokens[:-1], dim=1)
    cut = alike.sort(descending=True).values[len(tokens) - mu - 1]
    unions, union = [], [tokens[0]]
    for link, token in zip(alike, tokens[1:], strict=True):
        if link < cut:
            unions.append(torch.stack(union).mean(0))
            union = []
        union.append(token)
    return torch.stack([*unions, torch.stack(union).mean(0)])


@settings(max_examples=60, deadline=None)
@given(st.integers(5, 32), st.integers(0, 2**16), st.booleans())
def test_the_merge_is_the_released_rule_ties_included(frames: int, seed: int, ties: bool) -> None:
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(frames, 6, generator=generator, dtype=torch.float64)
    if ties:  # along axes neighbours are equal or at right angles, so most links tie at the cut
        tokens = torch.eye(3, dtype=torch.float64)[torch.randint(3, (frames,), generator=generator)]
    torch.testing.assert_close(merge_tokens(tokens, 4), released(tokens))


def test_gradients_flow_through_the_means() -> None:
    tokens = torch.randn(1, 8, 3, requires_grad=True)
    merged, _ = merge_tokens_batched(tokens, torch.ones(1, 8, dtype=torch.bool))
    merged.sum().backward()
    assert tokens.grad is not None
    assert bool((tokens.grad.abs().sum(-1) > 0).all())
