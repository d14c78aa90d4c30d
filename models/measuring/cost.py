"""What a computation costs, counted and not timed: nothing else that runs on the machine changes the figures."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Count:
    """`flops` as torch counts them: matrix products, convolutions, attention; `peak_bytes` of tensors alive at once."""

    flops: int
    peak_bytes: int


def counted(run: Callable[[], object]) -> Count:
    """Counts one call, several times slower than the call alone. Tensors that lived before it are not among the bytes
    held, nor is what an operation needs inside itself."""
    with Held() as held, FlopCounterMode(display=False) as counter:
        run()
    return Count(int(counter.get_total_flops()), held.peak)


class Held(TorchDispatchMode):
    """Bytes of the tensors that operations gave out and that are still alive: `now`, and the most so far, `peak`."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._alive: dict[int, weakref.ref[torch.UntypedStorage]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = args, dict(kwargs or {})
        before: set[int] = set()
        tree_map_only(torch.Tensor, lambda tensor: before.add(_place(tensor)), given)
        found = func(*args, **(kwargs or {}))
        tree_map_only(torch.Tensor, partial(self._note, before), found)
        return found

    def _note(self, before: set[int], tensor: torch.Tensor) -> None:
        """Counts what the operation made; what it was given, or a view of it, is counted already or lived before."""
        if tensor.device.type == "meta" or _place(tensor) in before or _place(tensor) in self._alive:
            return
        storage = tensor.untyped_storage()
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        forget = partial(self._forget, _place(tensor), storage.nbytes())
        self._alive[_place(tensor)] = weakref.ref(storage, forget)

    def _forget(self, place: int, size: int, _: weakref.ref[torch.UntypedStorage]) -> None:
        self.now -= size
        self._alive.pop(place, None)


def _place(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
