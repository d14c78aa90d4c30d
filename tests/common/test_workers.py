"""What one process does while others work for it."""

from __future__ import annotations

import os
import threading

from common.workers import map_in_processes


def process_of(number: int) -> tuple[int, int]:
    return number, os.getpid()


def test_this_process_is_free_only_while_others_work() -> None:
    calls: list[tuple[int, threading.Thread]] = []

    def meanwhile() -> None:
        calls.append((os.getpid(), threading.current_thread()))

    here = list(map_in_processes(process_of, range(3), jobs=1, meanwhile=meanwhile))
    alone = list(map_in_processes(process_of, [7], jobs=2, meanwhile=meanwhile))
    assert here == [(number, os.getpid()) for number in range(3)] and alone == [(7, os.getpid())]
    assert calls == []

    results = map_in_processes(process_of, range(3), jobs=2, meanwhile=meanwhile)
    assert next(results)[0] == 0
    assert calls == [(os.getpid(), threading.main_thread())]
    assert [number for number, _ in results] == [1, 2] and len(calls) == 1
