"""What the gateway tells policies of its routes is what it routes by."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from exports_helpers import contract, contracts

sys.path.insert(0, str(Path(__file__).parents[1] / "targets"))

import pulumi_kubernetes as k8s
from recorder import record

from anyport.gateway.component import Cluster, GatewayOptions, InferenceGateway
from anyport.gateway.facts import gateway_facts
from anyport.gateway.lua_text import TRIGGERS
from anyport.gateway.routes import route_table
from anyport_policies.rules.ar012_gateway_lists_targets import TRIGGERS as WANTED


def test_targets_stand_in_order_of_use_and_cold_ones_are_not_missed() -> None:
    chat = contract("chat", "oci", "coreweave")
    chat |= {"elsewhere": ["azure", "attic"], "cold": ["attic"]}
    facts = gateway_facts(route_table(contracts(chat=chat)))
    assert facts["endpoints"] == {
        "chat": {
            "targets": [{"name": "oci", "priority": 1}, {"name": "coreweave", "priority": 2}],
            "missing": ["azure"],
        }
    }


def test_the_rule_asks_for_exactly_the_triggers_that_the_gateway_has() -> None:
    facts = gateway_facts(route_table(contracts(chat=contract("chat", "oci"))))
    assert facts["triggers"] == list(WANTED)
    assert {str(status) for status in TRIGGERS if status < 500} == {one for one in WANTED if one.isdigit()}


def test_the_component_registers_them_before_anything_else() -> None:
    given = contracts(chat=contract("chat", "oci", "coreweave"))

    def program() -> None:
        cluster = Cluster("east", k8s.Provider("east", cluster_identifier="east"))
        options = GatewayOptions(image="registry.test/envoy@sha256:" + "a" * 64)
        InferenceGateway(
            "gateway",
            given,
            [cluster],
            options,
            tier="dev",
            credentials={"chat/oci": "k", "chat/coreweave": "k"},
        )

    [gateway] = [each for each in record(program) if each.name == "gateway"]
    inputs: dict[str, Any] = gateway.inputs
    assert inputs["tier"] == "dev"
    assert inputs["routes"] == gateway_facts(route_table(given))
