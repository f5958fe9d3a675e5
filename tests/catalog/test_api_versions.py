"""The API versions of the catalog are those that targets and their callers really use.

Which those are is read from what targets register and from the SDKs, not from the catalog: Azure's SDK names the
version in each docstring, Kubernetes objects carry theirs, and Google's and Oracle's own descriptions have theirs.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import util
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "targets"))
sys.path.insert(0, str(Path(__file__).parents[1] / "fidelity"))

import recorder
from entry import entries
from recorder import Case, Registered, all_cases, cases, record_case

from anyport.catalog import ApiVersion, load
from anyport.targets.base import TargetArgs
from anyport.targets.registry import component_class, provider_names

pytestmark = pytest.mark.slow
CATALOG = load()
ROWS = [(p.name, one) for p in CATALOG.providers.values() for one in p.api_versions]


@cache
def registered() -> tuple[tuple[str, Registered], ...]:
    return tuple(
        (case.provider, found)
        for case in all_cases()
        for found in record_case(case)
        if not found.type.startswith("pulumi:providers:")
    )


@cache
def row_of(provider: str, kind: str) -> ApiVersion:
    (row,) = [one for one in CATALOG.providers[provider].apis("control") if kind in one.resources]
    return row


@pytest.mark.parametrize("provider", provider_names())
def test_every_resource_has_the_version_it_is_sent_to_and_no_other_does(provider: str) -> None:
    used = {found.type for name, found in registered() if name == provider}
    recorded = [kind for one in CATALOG.providers[provider].apis("control") for kind in one.resources]
    assert sorted(recorded) == sorted(used), "add the type to api_versions, or take it off"


def test_azure_versions_are_those_that_the_sdk_names() -> None:
    at = util.find_spec("pulumi_azure_native")
    assert at is not None
    assert at.origin is not None
    for kind in {found.type for provider, found in registered() if provider == "azure_openai"}:
        _, module, name = kind.split(":")
        file = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        text = (Path(at.origin).parent / module / f"{file}.py").read_text("utf-8")
        stated = re.search(r"Uses Azure REST API version ([\w-]+)", text)
        assert stated is not None, kind
        assert row_of("azure_openai", kind).version == stated.group(1), kind


def test_kubernetes_versions_are_those_of_the_objects() -> None:
    for provider, found in registered():
        if provider == "coreweave_vllm":
            group, _, version = found.inputs["apiVersion"].rpartition("/")
            row = row_of(provider, found.type)
            assert (row.version, row.api) == (version, group or "Kubernetes core"), found.type


@pytest.mark.parametrize("provider", ["vertex_ai", "oci_generative_ai"])
def test_versions_are_those_of_the_descriptions_that_requests_fit(provider: str) -> None:
    known, told = entries(), 0
    for kind in {found.type for name, found in registered() if name == provider}:
        entry = known.get(kind)
        if entry is not None and not entry.undescribed:
            version = re.sub(r" \(.*\)$|^[a-z]+\.", "", entry.described.api_version)
            version = version.rpartition(".")[2]
            assert row_of(provider, kind).version == version, kind
            told += 1
    assert told >= 10


@pytest.mark.parametrize("provider", provider_names())
def test_callers_are_sent_to_a_recorded_data_plane_version(provider: str) -> None:
    for case in cases(provider):
        contract = contract_of(case)
        planned = case.planned().targets[0]
        rows = CATALOG.providers[provider].apis("data", planned.deployment_kind)
        assert len(rows) == 1, f"{planned.deployment_kind}: which version serves it must be plain"
        path = contract["base_url"].partition("://")[2].partition("/")[2].rstrip("/")
        assert f"/{rows[0].version}/" in f"/{path}/", f"{case.name}: {contract['base_url']}"


def contract_of(case: Case) -> dict[str, Any]:
    endpoint, found = case.planned(), []

    def build() -> None:
        args = TargetArgs("chat", endpoint.targets[0], {"owner": "ai"}, endpoint.tier, endpoint.today)
        component_class(case.provider)("chat-one", args).contract.apply(found.append)

    recorder.record(build)
    return dict(found[0])


@pytest.mark.parametrize(("provider", "row"), ROWS, ids=lambda x: x if isinstance(x, str) else x.title)
def test_row(provider: str, row: ApiVersion) -> None:
    about = CATALOG.providers[provider]
    assert set(row.kinds) <= set(about.kinds)
    assert (row.retires_on is None) == (row.retirement_basis == "none found")
    assert row.retirement_conflict is None or row.retires_on
    assert bool(row.resources) == (row.use == "sent" and row.plane == "control")
    assert row.evidence.source.strip()
    assert row.evidence.note or not row.evidence.doubtful


def test_rows_are_told_apart() -> None:
    keys = [(provider, one.api, one.version, one.plane, one.use) for provider, one in ROWS]
    assert len(keys) == len(set(keys))
