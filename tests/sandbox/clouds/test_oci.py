"""What Oracle Cloud refuses, and what it computes."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Refused

POLICY = "oci:Identity/policy:Policy"
CLUSTER = "oci:GenerativeAi/dedicatedAiCluster:DedicatedAiCluster"
ENDPOINT = "oci:GenerativeAi/endpoint:Endpoint"
PLACE = {"compartmentId": "ocid1.compartment.oc1..a"}
RULE = {**PLACE, "name": "p", "description": "d", "statements": ["Allow any-user to use x in tenancy"]}
GPUS = {**PLACE, "type": "HOSTING", "unitCount": 1, "unitShape": "OAI_A100_80G_X2"}


def test_policies_are_written_at_home(sim: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="NotAllowed: Please go to your home region IAD to execute CREATE"):
        sim("oci", region="us-chicago-1").create(POLICY, "p", RULE)
    assert sim("oci", region="us-ashburn-1").create(POLICY, "p", RULE)[0].startswith("ocid1.policy.oc1..")
    monkeypatch.setenv("ANYPORT_SANDBOX_OCI_HOME_REGION", "us-chicago-1")
    assert sim("oci", region="us-chicago-1").create(POLICY, "q", {**RULE, "name": "q"})[0]


def test_bad_inputs(sim: Any) -> None:
    cloud = sim("oci", region="us-chicago-1")
    assert set(cloud.problems(POLICY, {**RULE, "statements": ["please"]})) == {"statements[0]"}
    bad = {**GPUS, "type": "HOST", "unitShape": "BIG", "unitCount": 0, "compartmentId": "mine"}
    assert set(cloud.problems(CLUSTER, bad)) == {"type", "unitShape", "unitCount", "compartmentId"}


def test_endpoint_needs_a_cluster_of_its_region(sim: Any) -> None:
    here, there = sim("oci", region="us-chicago-1"), sim("oci", region="eu-frankfurt-1")
    cluster, out = here.create(CLUSTER, "c", GPUS)
    assert out["state"] == "ACTIVE"
    inputs = {**PLACE, "dedicatedAiClusterId": cluster, "modelId": "m"}
    assert here.create(ENDPOINT, "e", inputs)[0].startswith("ocid1.generativeaiendpoint.oc1.us-chicago-1.")
    with pytest.raises(Refused, match="404 NotAuthorizedOrNotFound"):
        there.create(ENDPOINT, "e", inputs)


def test_region_is_needed(sim: Any) -> None:
    with pytest.raises(Refused, match="region is not set"):
        sim("oci").create(CLUSTER, "c", GPUS)


def test_shape_replaces_units_do_not(sim: Any) -> None:
    cloud = sim("oci", region="us-chicago-1")
    answer = cloud.diff(CLUSTER, "c", "x", GPUS, {**GPUS, "unitShape": "H100_X1", "unitCount": 2})
    assert list(answer.replaces) == ["unitShape"]
    assert list(answer.diffs) == ["unitCount", "unitShape"]
