"""FLOPs and bytes are counted as one would on paper, and the same every time."""

from __future__ import annotations

import torch

from models.measuring.cost import Count, Held, counted

KIB = 256  # float32 values in 1024 bytes


def test_a_product_costs_twice_its_multiplications() -> None:
    left, right = torch.zeros(3, 5), torch.zeros(5, 7)
    assert counted(lambda: left @ right) == Count(flops=2 * 3 * 5 * 7, peak_bytes=4 * 3 * 7)


def test_the_peak_is_of_what_lives_at_once() -> None:
    def one_after_the_other() -> None:
        for _ in range(5):
            torch.zeros(KIB)

    def together() -> list[torch.Tensor]:
        return [torch.zeros(KIB) for _ in range(5)]

    assert counted(one_after_the_other).peak_bytes <= 2 * 1024 < counted(together).peak_bytes == 5 * 1024


def test_views_and_changes_in_place_hold_nothing_more() -> None:
    before = torch.zeros(KIB)

    def run() -> None:
        before.view(16, 16).t().add_(1)
        made = torch.ones(KIB)
        made.view(16, 16).t().mul_(2)

    assert counted(run).peak_bytes == 1024


def test_what_is_no_longer_used_is_forgotten() -> None:
    with Held() as held:
        kept = torch.zeros(KIB)
        torch.zeros(2 * KIB)
        assert held.now == 1024 and held.peak == 3 * 1024
        del kept
    assert held.now == 0


def test_nothing_on_the_meta_device_takes_memory() -> None:
    assert counted(lambda: torch.zeros(KIB, device="meta")).peak_bytes == 0
