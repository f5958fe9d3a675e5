"""An explicit provider is a process: targets of one account and place share one, and runs share none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from recorder import TODAY, Case, cases, record

from anyport.endpoint import InferenceEndpoint
from anyport.errors import BuildError


def providers(**endpoints: Case) -> list[str]:
    """Names of the explicit providers of a program with these endpoints, one target each."""

    def program() -> None:
        for name, case in endpoints.items():
            InferenceEndpoint(name, case.planned().model_copy(update={"name": name}), today=TODAY)

    return sorted(found.name for found in record(program) if found.type.startswith("pulumi:providers:"))


def case(provider: str, name: str = "", region: str = "", **options: object) -> Case:
    found = next(each for each in cases(provider) if each.name == name or not name)
    return replace(found, region=region or found.region, options={**found.options, **options})


@pytest.mark.parametrize("provider", ["vertex_ai", "oci_generative_ai", "coreweave_vllm"])
def test_many_endpoints_need_no_more_than_one(provider: str) -> None:
    one = providers(a=case(provider))
    assert len(one) == 1
    assert providers(a=case(provider), b=case(provider), c=case(provider)) == one


def test_another_project_or_region_is_another_provider() -> None:
    home = case("vertex_ai")
    assert providers(
        a=home,
        b=case("vertex_ai", project="another-project"),
        c=case("vertex_ai", "gemini-global", project="anyport-sandbox"),
        d=case("vertex_ai", "gemini-global", region="eu", project="anyport-sandbox"),
    ) == [
        "gcp-another-project-us-central1",
        "gcp-anyport-sandbox-europe-west4",
        "gcp-anyport-sandbox-us-central1",
    ]


def test_a_home_region_is_shared_by_the_regions() -> None:
    frankfurt = case("oci_generative_ai", "dedicated", region="eu-frankfurt-1")
    assert providers(a=case("oci_generative_ai", "dedicated"), b=frankfurt) == [
        "oci-eu-frankfurt-1",
        "oci-us-ashburn-1",
        "oci-us-chicago-1",
    ]


def test_two_ways_into_one_cluster_are_refused() -> None:
    plain, other = case("coreweave_vllm", "public_prod"), case("coreweave_vllm", "streamed_behind_a_gateway")
    there = {**other.options["cluster"], "endpoint": "org1-abc123.k8s.us-east-04a.coreweave.com"}
    options = {**other.options, "cluster": there}
    other = replace(other, region=plain.region, target=plain.target, options=options)
    with pytest.raises(BuildError) as caught:
        providers(a=plain, b=other)
    [problem] = caught.value.problems
    assert problem.code == "AP303"
    assert "reaches US-EAST-04A in another way" in problem.message


def test_another_way_into_a_cluster_is_the_same_provider() -> None:
    """A new one would be a new home for every resource."""
    by_token = case("coreweave_vllm", "streamed_behind_a_gateway")
    options = {key: value for key, value in by_token.options.items() if key != "cluster"}
    by_file = replace(by_token, options={**options, "kubeconfig": {"config": "secrets:hf_token"}})
    assert providers(a=by_token) == providers(a=by_file) == ["kubernetes-US-EAST-02A"]
