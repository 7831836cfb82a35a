"""The ledger: durable appends beside bare write and fsync, reading beside hashing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from factory_engine.clock import Clock
from factory_engine.events import Draft, WorkerActivity
from factory_engine.fold import fold_all
from factory_engine.ledger import LedgerWriter, read_events, read_tail, verify_chain
from tests.bench.measure import Row, both

EVENTS = 200_000
SINGLE = 300
ACTIVITY = Draft(WorkerActivity("running", "pytest -q tests/api"), "A_worker")


def rows(folder: Path) -> Iterator[Row]:
    """Appends one by one and grouped, chain, fold, tail."""
    line = b"x" * 345 + b"\n"
    for size in (1, 10, 100):
        writer = LedgerWriter(folder / f"append-{size}.jsonl", "run", Clock())
        bare = os.open(folder / f"bare-{size}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

        def durable(writer: LedgerWriter = writer, size: int = size) -> None:
            for _ in range(SINGLE // size):
                writer.append([ACTIVITY] * size)

        def floor(bare: int = bare, size: int = size) -> None:
            for _ in range(SINGLE // size):
                os.write(bare, line * size)
                os.fsync(bare)

        figure, least = both(durable, floor, rounds=5)
        yield Row(f"{SINGLE} events durable, {size} at once", figure, least, "write + fsync")
        writer.close()
        os.close(bare)
    path = folder / "long.jsonl"
    writer = LedgerWriter(path, "run", Clock())
    for _ in range(EVENTS // 1000):
        writer.append([ACTIVITY] * 1000)
    writer.close()

    def hashing() -> None:
        with path.open("rb") as file:
            for line in file:
                hashlib.sha256(line).hexdigest()

    figure, least = both(lambda: verify_chain(path), hashing, rounds=3)
    yield Row(f"chain of {EVENTS:,} events", figure, least, "sha256 of each line")
    yield Row("  events a millisecond (bar 500)", EVENTS / figure, EVENTS / least, "the same")

    def decoding() -> None:
        with path.open("rb") as file:
            for line in file:
                json.loads(line)

    events = list(read_events(path))
    figure, least = both(lambda: [*read_events(path)], decoding, rounds=3)
    yield Row(f"parsing of {EVENTS:,} events", figure, least, "json.loads of each line")
    figure, least = both(lambda: fold_all(events), hashing, rounds=3)
    yield Row(f"fold of {EVENTS:,} events", figure, least, "sha256 of each line")
    yield Row("  events a millisecond (bar 100)", EVENTS / figure, EVENTS / least, "the same")
    figure, least = both(lambda: read_tail(path, 50), lambda: path.open("rb").read(65536), 9)
    yield Row(f"last 50 of {EVENTS:,} events", figure, least, "reading 64 kB")
