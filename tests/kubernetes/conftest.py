"""One real control plane for all tests of a session, a namespace for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from k8s_objects import Space

from anyport_sandbox.kubernetes import cluster as clusters
from anyport_sandbox.kubernetes import nodes
from anyport_sandbox.kubernetes.cluster import Cluster
from anyport_sandbox.kubernetes.control_plane import PROGRAM

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def program() -> Path:
    """These tests prove nothing without the real thing, so its absence is a failure and no skip."""
    if not PROGRAM.is_file():
        pytest.fail("The Kubernetes control plane is not here; run: make kubernetes", pytrace=False)
    return PROGRAM


@pytest.fixture(scope="session")
def cluster(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    machines = [
        nodes.coreweave("gd-8xh100ib-i128", "US-EAST-04A", count=2),
        nodes.coreweave("gd-8xl40s-i128", "US-EAST-04A"),
        nodes.coreweave("gd-1xgh200", "US-EAST-04A"),
        nodes.coreweave_cpu("US-EAST-04A"),
        nodes.aks_gpu(),
        nodes.gke_gpu(),
    ]
    with clusters.start(tmp_path_factory.mktemp("cluster"), machines) as running:
        yield running
        assert running.kubelet.troubles == []
        assert running.ended() == ""


@pytest.fixture
def space(cluster: Cluster) -> Iterator[Space]:
    """A namespace that is gone, or going, after the test."""
    made = Space(cluster, f"test-{next(NUMBERS)}")
    yield made
    made.end()
