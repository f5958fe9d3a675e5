"""What `anyport check` says about Azure OpenAI options before any engine runs."""

from __future__ import annotations

from typing import Any

import pytest
from recorder import Case, cases

from anyport.errors import SpecError
from anyport.targets.azure_openai.fields import AzureOpenaiOptions
from anyport.targets.azure_openai.kinds import SKU_OF_KIND, choose_kind
from anyport.targets.azure_openai.options import TRAITS

CASES = {case.name: case for case in cases("azure_openai")}
PRIVATE = CASES["private_with_policy_driven_dns"].options["private_access"]
ZONES = CASES["private_in_a_landing_zone"].options["private_access"]["zone_ids"]
SOMEBODY = {"principal_id": "33333333-3333-3333-3333-333333333333"}
WORKLOAD = {"name": "web", "issuer": "https://oidc.example.com", "subject": "web"}


def problems(options: dict[str, Any], residency: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    """Code, path below `options` and fix of everything that is wrong."""
    case = Case("azure_openai", "x", "eastus2", "gpt-5.1", residency=residency, options=options)
    try:
        case.planned()
    except SpecError as error:
        return [
            (found.code, found.path.partition(".options")[2].lstrip("."), found.fix or "")
            for found in error.problems
        ]
    return []


@pytest.mark.parametrize(
    ("options", "code", "path", "fix"),
    [
        ({"deployment_kind": "ptu"}, "AP303", "capacity", "number of PTUs"),
        (
            {"deployment_kind": "ptu", "capacity": 25, "version_upgrade": "on_expiry"},
            "AP214", "version_upgrade", "version_upgrade: never",
        ),
        ({"spillover": {"deployment_kind": "global"}}, "AP214", "spillover", "deployment_kind: ptu"),
        (
            {"public_network_access": False, "private_access": PRIVATE, "allowed_ips": ["203.0.113.1"]},
            "AP214", "allowed_ips", "public_network_access: true",
        ),
        (
            {"private_access": PRIVATE, "allowed_ips": ["203.0.113.1"]},
            "AP214", "allowed_ips", "public_network_access: true",
        ),
        ({"public_network_access": False}, "AP214", "public_network_access", "private_access"),
        ({"trusted_azure_services": True}, "AP214", "trusted_azure_services", "allowed_ips"),
        (
            {"restrict_outbound": False, "allowed_outbound_hosts": ["images.example.com"]},
            "AP214", "allowed_outbound_hosts", "restrict_outbound: true",
        ),
        (
            {"private_access": {**PRIVATE, "dns": "existing", "zone_ids": ZONES[:2]}},
            "AP214", "private_access.zone_ids", "privatelink.services.ai.azure.com",
        ),
        (
            {"private_access": {**PRIVATE, "dns": "existing", "zone_ids": [*ZONES[:2], ZONES[0]]}},
            "AP214", "private_access.zone_ids", "privatelink.services.ai.azure.com",
        ),
        (
            {"private_access": {**PRIVATE, "zone_ids": ZONES}},
            "AP214", "private_access.zone_ids", "dns: existing",
        ),
        ({"callers": [SOMEBODY, SOMEBODY]}, "AP214", "callers", "once"),
        (
            {"workload_identity": [WORKLOAD, {**WORKLOAD, "subject": "other"}]},
            "AP214", "workload_identity", "its own name",
        ),
        (
            {"workload_identity": [WORKLOAD, {**WORKLOAD, "name": "other"}]},
            "AP214", "workload_identity", "its own issuer and subject",
        ),
        ({"diagnostics": {}}, "AP214", "diagnostics", "workspace_id"),
        (
            {"diagnostics": {"workspace_id": CASES["watched"].options["diagnostics"]["workspace_id"], "event_hub_name": "x"}},
            "AP214", "diagnostics.event_hub_name", "event_hub_rule_id",
        ),
    ],
)  # fmt: skip
def test_options_that_cannot_go_together(options: dict[str, Any], code: str, path: str, fix: str) -> None:
    found = problems(options)
    assert [(found_code, found_path) for found_code, found_path, _ in found] == [(code, path)]
    assert fix in found[0][2]


def test_spilled_calls_must_not_travel_further_than_the_endpoint_allows() -> None:
    asked = {"deployment_kind": "ptu", "capacity": 25, "spillover": {"deployment_kind": "datazone"}}
    assert problems(asked) == []
    assert [found[:2] for found in problems(asked, ("us",))] == [("AP214", "spillover.deployment_kind")]
    same = {**asked, "spillover": {"deployment_kind": "standard"}}
    assert problems(same, ("us",)) == []


@pytest.mark.parametrize(
    ("model", "region", "kind", "fix"),
    [
        ("gpt-5.4", "eastus2", "standard", "kinds that are offered"),
        ("gpt-5.4", "japaneast", "datazone", "another spillover.deployment_kind"),
    ],
)
def test_what_takes_spilled_calls_must_be_on_offer(model: str, region: str, kind: str, fix: str) -> None:
    asked = {"deployment_kind": "global_ptu", "capacity": 25, "spillover": {"deployment_kind": kind}}
    with pytest.raises(SpecError) as caught:
        Case("azure_openai", "x", region, model, options=asked).planned()
    (problem,) = caught.value.problems
    assert (problem.code, problem.path.partition(".options.")[2]) == ("AP210", "spillover.deployment_kind")
    assert fix in (problem.fix or "")
    wide = {**asked, "spillover": {"deployment_kind": "global"}}
    assert Case("azure_openai", "x", region, model, options=wide).planned()


@pytest.mark.parametrize(
    "options",
    [
        {"allowed_ips": ["not an address"]},
        {"allowed_ips": ["203.0.113.1/24"]},
        {"account_name": "Has_Capitals"},
        {"account_name": "-begins-with-a-dash"},
        {"account_name": "a"},
        {"account_name": "a" * 65},
        {"resource_group": "ends-with-a-dot."},
        {"subscription_id": "mine"},
        {"capacity": 0},
        {"deployment_kind": "batch"},
        {"version_upgrade": "always"},
        {"callers": [{"principal_id": "me@example.com"}]},
        {"callers": [{**SOMEBODY, "role": "Owner"}]},
        {"workload_identity": [{**WORKLOAD, "issuer": "http://oidc.example.com"}]},
        {"workload_identity": [{**WORKLOAD, "name": "x"}]},
        {"workload_identity": [{**WORKLOAD, "name": f"w{n}", "subject": f"s{n}"} for n in range(21)]},
        {"private_access": {"subnet_id": "/subnets/x"}},
        {"customer_managed_key": {"key_vault_uri": "https://keys.example.com"}},
        {"identity_ids": ["me"]},
        {"content_safety": {"hate": {"prompt": "extreme"}}},
        {"spillover": {"deployment_kind": "ptu"}},
        {"principal_ids": []},
        {"public_network_access_enabled": True},
    ],
)
def test_what_breaks_azures_limits_is_refused_by_itself(options: dict[str, Any]) -> None:
    assert problems(options)


@pytest.mark.parametrize("kind", ["ptu", "datazone_ptu", "global_ptu"])
def test_a_provisioned_kind_is_taken_with_a_note_because_the_catalog_cannot_tell_them_apart(
    kind: str,
) -> None:
    chosen, note = choose_kind(AzureOpenaiOptions(deployment_kind=kind), ("global", "ptu"))
    assert chosen == kind
    assert SKU_OF_KIND[kind] in note
    assert "confirm" in note
    refused, why = choose_kind(AzureOpenaiOptions(deployment_kind=kind), ("global",))
    assert refused == ""
    assert "offered: global" in why


@pytest.mark.parametrize(
    ("offered", "kind", "words"),
    [
        ((), "standard", "confirm it"),
        (("global", "standard"), "standard", ""),
        (("global", "datazone", "ptu"), "datazone", "no failure domain"),
        (("global",), "global", "no failure domain"),
        (("ptu",), "", "deployment_kind: ptu"),
    ],
)
def test_the_most_confined_kind_on_offer_is_the_default(
    offered: tuple[str, ...], kind: str, words: str
) -> None:
    chosen, note = choose_kind(AzureOpenaiOptions(), offered)
    assert chosen == kind
    assert words in note


@pytest.mark.parametrize(
    ("name", "reach", "domain"),
    [
        ("regional_units", "regional", "us-virginia"),
        ("provisioned", "data_zone", "none"),
        ("global_units", "global", "none"),
    ],
)
def test_the_reach_of_provisioned_units_decides_about_the_failure_domain(
    name: str, reach: str, domain: str
) -> None:
    planned = CASES[name].planned().targets[0]
    assert (planned.reach, planned.failure_domain) == (reach, domain)


def test_a_global_kind_breaks_residency() -> None:
    asked = {"deployment_kind": "global_ptu", "capacity": 15}
    assert [found[0] for found in problems(asked, ("us",))] == ["AP215"]


def test_what_azure_lacks_has_a_reason() -> None:
    lacking = {name for name, can in TRAITS.capabilities.items() if not can.supported}
    assert lacking == {"region_fallback", "quota"}
    assert [found[0] for found in problems({"quota": {}})] == ["AP213"]
