"""Benches that all crash tests of one process share: each costs a whole calm run."""

from __future__ import annotations

import pytest

from tests.support.crash_bench import CrashBench


@pytest.fixture(scope="session")
def _bench(tmp_path_factory: pytest.TempPathFactory) -> CrashBench:
    return CrashBench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="session")
def _dry_bench(tmp_path_factory: pytest.TempPathFactory) -> CrashBench:
    return CrashBench(tmp_path_factory.mktemp("dry-bench"), dry_run=True)


@pytest.fixture
def bench(_bench: CrashBench) -> CrashBench:
    """One with two workers and a check; no run in it yet."""
    _bench.forget()
    return _bench


@pytest.fixture
def dry_bench(_dry_bench: CrashBench) -> CrashBench:
    """One that starts no worker; no run in it yet."""
    _dry_bench.forget()
    return _dry_bench
