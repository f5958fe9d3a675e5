"""What targets of one file cannot share: each is right by itself, and a cloud would be the first to say so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anyport.errors import Problem, SpecError
from anyport.spec import parse
from anyport.stackfile import load_stack_file

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/net/providers"
IDS = [
    f"{SUBSCRIPTION}/Microsoft.Network/privateDnsZones/privatelink.{name}.azure.com"
    for name in ("cognitiveservices", "openai", "services.ai")
]
VAULT = {"vault_id": "ocid1.vault.oc1.iad.a", "key_id": "ocid1.key.oc1.iad.a", "rotation": "nov"}
GARDEN = {
    "deployment_kind": "model_garden",
    "machine_type": "a3-highgpu-2g",
    "accelerator_type": "NVIDIA_H100_80GB",
    "accelerator_count": 2,
}
IDENTITY = {"issuer": "https://issuer.example.com", "subjects": ["app"], "pool": "corp-pool"}
WISH = {**GARDEN, "quota": {"preferred_value": 2, "contact_email": "a@example.com"}}
REACHED = {**GARDEN, "private_access": {"allowed_projects": ["my-project"], "address": "http://10.0.0.7"}}
MACHINE = {"instance_type": "gd-8xh100ib-i128"}
REACHABLE = {"domain": "vllm.example.com"}
TOKEN = {"config": "secrets:token"}


def network(name: str, **more: Any) -> dict[str, Any]:
    subnet = f"{SUBSCRIPTION}/Microsoft.Network/virtualNetworks/{name}/subnets/pe"
    return {"private_access": {"subnet_id": subnet, **more}}


def azure(region: str = "eastus2", **options: Any) -> dict[str, Any]:
    return {"provider": "azure_openai", "region": region, "options": options}


def vertex(region: str = "us-central1", **options: Any) -> dict[str, Any]:
    return {"provider": "vertex_ai", "region": region, "options": options}


def oci(region: str = "us-chicago-1", **options: Any) -> dict[str, Any]:
    return {"provider": "oci_generative_ai", "region": region, "options": options}


def vllm(region: str = "US-EAST-04", zone: str | None = None, **options: Any) -> dict[str, Any]:
    place = {"region": region, **({"zone": zone} if zone else {})}
    return {"provider": "coreweave_vllm", **place, **MACHINE, "options": {**REACHABLE, **options}}


def cluster(zone: str) -> dict[str, Any]:
    return {"endpoint": f"org-abc.k8s.{zone}.coreweave.com", "token": TOKEN}


def spec(*endpoints: list[dict[str, Any]], tier: str = "dev", **shared: Any) -> dict[str, Any]:
    """Endpoints `e1`, `e2`, … with targets `t1`, `t2`, …"""
    return {
        "tier": tier,
        "providers": shared,
        "endpoints": {
            f"e{number}": {
                "model": "gpt-oss-120b",
                "targets": {
                    f"t{place}": {"priority": place, **target} for place, target in enumerate(targets, 1)
                },
            }
            for number, targets in enumerate(endpoints, 1)
        },
    }


def problems(mapping: dict[str, Any]) -> list[Problem]:
    try:
        parse(mapping)
    except SpecError as error:
        return list(error.problems)
    return []


SECOND = "endpoints.e1.targets.t2"
TWO = "endpoints.e2.targets.t1"


@pytest.mark.parametrize(
    ("mapping", "path", "said"),
    [
        (
            spec([azure(account_name="ours")], [azure("westus3", account_name="ours")]),
            f"{TWO}.options.account_name",
            "e1/t1 and e2/t1",
        ),
        (
            spec([azure(**network("hub", dns="create"))], [azure(**network("hub", dns="create"))]),
            f"{TWO}.options.private_access.dns",
            "takes each zone name once",
        ),
        (
            spec(
                [
                    azure(resource_group="ai", **network("hub-a", dns="create")),
                    azure("southcentralus", resource_group="ai", **network("hub-b", dns="create")),
                ]
            ),
            f"{SECOND}.options.private_access.dns",
            "a resource group takes",
        ),
        (
            spec([azure(**network("hub", dns="none"))], [azure("southcentralus", **network("hub", dns="none"))]),
            f"{TWO}.options.private_access.location",
            "hub lies in one",
        ),
        (
            spec([vertex(workload_identity=IDENTITY)], [vertex(workload_identity=IDENTITY)]),
            f"{TWO}.options.workload_identity.pool",
            "corp-pool",
        ),
        (
            spec([vertex(**WISH)], [vertex(**WISH)]),
            f"{TWO}.options.quota.preferred_value",
            "CustomModelServingH100GPUsPerProjectPerRegion in us-central1",
        ),
        (
            spec([vertex(**REACHED), vertex("us-east4", **REACHED)]),
            f"{SECOND}.options.private_access.address",
            "e1/t1 (us-central1) and e1/t2 (us-east4)",
        ),
        (
            spec([oci(managed_api_key={**VAULT, "secret_name": "genai"})], [oci(managed_api_key={**VAULT, "secret_name": "genai"})]),
            f"{TWO}.options.managed_api_key.secret_name",
            "genai",
        ),
        (spec([oci(), oci("eu-frankfurt-1")]), SECOND, "env:OCI_GENAI_API_KEY"),
        (
            spec([oci(api_key={"env": "KEY"})], [oci("eu-frankfurt-1", api_key={"env": "KEY"})]),
            f"{TWO}.options.api_key",
            "OCI_GENAI_API_KEY_EU_FRANKFURT_1",
        ),
        (spec([vllm(), vllm("US-WEST-04")]), SECOND, "the ambient one"),
        (
            spec([vllm(kubeconfig={"env": "KUBE"}), vllm("US-WEST-04", kubeconfig={"env": "KUBE"})]),
            f"{SECOND}.options.kubeconfig",
            "e1/t1 (US-EAST-04) and e1/t2 (US-WEST-04)",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_shared(mapping: dict[str, Any], path: str, said: str) -> None:
    [problem] = problems(mapping)
    assert (problem.code, problem.path) == ("AP222", path)
    assert said in str(problem)
    assert all((problem.got, problem.allowed, problem.fix))


@pytest.mark.parametrize(
    "mapping",
    [
        spec([azure(account_name="ours")], [azure(account_name="theirs")]),
        spec([azure(**network("hub-a")), azure("southcentralus", **network("hub-b"))], tier="prod"),
        spec([azure(**network("hub", dns="existing", zone_ids=IDS))], [azure(**network("hub", dns="none"))]),
        spec([vertex(**WISH), vertex("us-east4", **WISH)]),
        spec([vertex(project="one-project", workload_identity=IDENTITY)], [vertex(project="other-project", workload_identity=IDENTITY)]),
        spec([vertex(**REACHED)], [vertex(**REACHED)]),
        spec([oci()], [oci()]),
        spec([oci(), oci("eu-frankfurt-1", api_key={"env": "KEY_FRANKFURT"})]),
        spec([oci(managed_api_key=VAULT), oci("eu-frankfurt-1", managed_api_key=VAULT)]),
        spec([vllm()], [vllm()]),
        spec([vllm(zone="US-EAST-04A")], [vllm()]),
        spec([vllm(cluster=cluster("us-east-04a")), vllm("US-WEST-04", cluster=cluster("us-west-04a"))]),
    ],
)  # fmt: skip
def test_what_can_stand_side_by_side(mapping: dict[str, Any]) -> None:
    assert problems(mapping) == []


def test_zones_of_one_region_are_two_clusters() -> None:
    kubeconfig = {"kubeconfig": {"env": "KUBE"}}
    mapping = spec([vllm(zone="US-EAST-04A", **kubeconfig), vllm(zone="US-EAST-04B", **kubeconfig)])
    assert "e1/t1 (US-EAST-04A) and e1/t2 (US-EAST-04B)" in "\n".join(map(str, problems(mapping)))


@pytest.mark.parametrize(
    ("public", "tier", "found"),
    [
        (None, "prod", [("AP222", f"{SECOND}.options.private_access.subnet_id")]),
        (True, "prod", []),
        (None, "dev", []),
    ],
)
def test_one_network_as_the_only_way_to_two_regions(
    public: bool | None, tier: str, found: list[tuple[str, str]]
) -> None:
    hub = network("hub", dns="none", location="eastus2")
    if public:
        hub["public_network_access"] = True
    mapping = spec([azure(**hub), azure("southcentralus", **hub)], tier=tier)
    assert [(each.code, each.path) for each in problems(mapping)] == found


def test_two_endpoints_may_go_through_one_network() -> None:
    hub = network("hub", dns="none", location="eastus2")
    mapping = spec([azure(**hub)], [azure("southcentralus", **hub)], tier="prod")
    assert problems(mapping) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [(("chat", "a-b"), ("chat-a", "b")), (("chat", "a-b"), ("chat", "a--b"))],
)
def test_endpoint_and_target_make_one_name(first: tuple[str, str], second: tuple[str, str]) -> None:
    endpoints: dict[str, Any] = {}
    for priority, (endpoint, target) in enumerate((first, second), 1):
        entry = endpoints.setdefault(endpoint, {"model": "gpt-oss-120b", "targets": {}})
        entry["targets"][target] = {"priority": priority, **vertex()}
    [problem] = problems({"endpoints": endpoints})
    assert (problem.code, problem.path) == ("AP222", f"endpoints.{second[0]}.targets.{second[1]}")
    assert problem.got == "chat-a-b"


def test_names_of_two_providers_do_not_clash() -> None:
    mapping = spec([vertex()], [azure()])
    mapping["endpoints"] = {
        "chat": {"model": "gpt-oss-120b", "targets": {"a-b": {"priority": 1, **vertex()}}},
        "chat-a": {"model": "gpt-oss-120b", "targets": {"b": {"priority": 1, **azure()}}},
    }
    assert problems(mapping) == []


def test_an_address_tells_the_zone_of_its_cluster() -> None:
    [problem] = problems(spec([vllm(zone="US-EAST-04A", cluster=cluster("us-east-04b"))]))
    assert (problem.code, problem.path) == ("AP206", "endpoints.e1.targets.t1.options.cluster.endpoint")
    assert "US-EAST-04B" in problem.message


def test_what_all_share_by_default_is_said_once_and_where_it_is_written(tmp_path: Path) -> None:
    mapping = spec(
        [azure("eastus2"), azure("southcentralus")], [azure("westus3")], azure_openai={"account_name": "ours"}
    )
    file = tmp_path / "Pulumi.x.yaml"
    lines = [f"  anyport:{key}: {json.dumps(mapping[key])}" for key in ("tier", "endpoints")]
    shared = ["  anyport:providers:", "    azure_openai:", "      account_name: ours"]
    file.write_text("\n".join(["config:", *shared, *lines]) + "\n")
    with pytest.raises(SpecError) as caught:
        load_stack_file(file)
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == (str(file), 4)
    assert problem.path == "anyport:providers.azure_openai.account_name"
    assert problem.message.startswith("e1/t1, e1/t2 and e2/t1 share it")


def test_a_long_list_of_targets_is_cut() -> None:
    mapping = spec(*[[azure(account_name="ours")] for _ in range(7)])
    [problem] = problems(mapping)
    assert "e4/t1 and 3 more share it" in problem.message
