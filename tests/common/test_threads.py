"""Torch computes on one thread where digits must not depend on the machine, and on as many as before after that."""

from __future__ import annotations

import pytest
import torch

from common.threads import one_thread


def test_one_thread_inside_and_as_many_as_before_outside_also_after_a_failure() -> None:
    usual = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(ValueError, match="lost"), one_thread():
            raise ValueError("lost")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(usual)
