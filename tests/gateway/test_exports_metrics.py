"""Alerts and dashboard name metrics that the real Envoy really has, and fire on what they are for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import pytest
from exports_helpers import contract as four_contract
from exports_helpers import contracts
from gateway_helpers import Gateway, until

from anyport.gateway.alerts import prometheus_rule_spec
from anyport.gateway.dashboard import dashboard_json
from anyport.gateway.routes import route_table
from anyport_sandbox.ports import reserve_ports

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(gateway: Gateway) -> Series:
    text = httpx.get(f"http://127.0.0.1:{gateway.settings.metrics_port}/metrics", trust_env=False).text
    found: Series = {}
    for name, labels, value in re.findall(r"^(\w+)\{(.*)\} (\S+)$", text, re.MULTILINE):
        found[name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels))] = float(value)
    return found


def selected(expression: str, series: Series) -> dict[str, float]:
    """Values of the series that the first selector of an expression picks, by target."""
    name, labels = re.findall(r"(envoy_\w+)\{([^}]*)\}", expression)[0]
    wanted = re.findall(r'(\w+)(=~|=)"([^"]*)"', labels)
    found: dict[str, float] = {}
    for (metric, have), value in series.items():
        known = dict(have)
        if metric == name and all(
            re.fullmatch(
                text.replace("\\\\", "\\") if sign == "=~" else re.escape(text), known.get(label, "")
            )
            for label, sign, text in wanted
        ):
            key = known.get("envoy_cluster_name", "")
            found[key] = found.get(key, 0) + value
    return {key: value for key, value in found.items() if value}


@pytest.fixture
def watched(make_gateway: Callable[..., Gateway]) -> Gateway:
    [port] = reserve_ports(1)
    return make_gateway(metrics_port=port)


def alerts(gateway: Gateway) -> dict[str, dict[str, float]]:
    series = scraped(gateway)
    rules = prometheus_rule_spec(gateway.table)["groups"][0]["rules"]
    return {rule["alert"]: selected(rule["expr"], series) for rule in rules}


def test_nothing_is_alarming_while_all_is_well(watched: Gateway) -> None:
    watched.ask()
    assert alerts(watched) == {
        "AnyportFallbackInUse": {},
        "AnyportTargetDead": {},
        "AnyportKeyOrModelGone": {},
    }


@pytest.mark.parametrize("fault", ["401", "410", "503", "reset", "hang", "429"])
def test_a_dead_target_and_the_use_of_its_fallback_are_seen(watched: Gateway, fault: str) -> None:
    watched.targets["a"].mode = fault
    for _ in range(4):
        watched.ask()
    found = alerts(watched)
    assert found["AnyportFallbackInUse"] == {"target_chat_b": 4}
    assert found["AnyportTargetDead"] == {"target_chat_a": 2}
    assert found["AnyportKeyOrModelGone"] == ({"target_chat_a": 2} if fault in ("401", "410") else {})


def test_every_panel_of_the_dashboard_shows_something(watched: Gateway) -> None:
    watched.targets["a"].mode = "503"
    watched.ask()
    for panel in json.loads(dashboard_json(watched.table, "x"))["panels"]:
        expression = panel["targets"][0]["expr"]
        # Envoy adds up its histograms every five seconds.
        until(lambda wanted=expression: bool(selected(wanted, scraped(watched))), 15)


def test_the_metrics_port_serves_metrics_and_nothing_else_of_the_admin_interface(watched: Gateway) -> None:
    for path in ("/", "/config_dump", "/quitquitquit", "/stats", "/metrics/../config_dump", "/certs"):
        answer = httpx.get(f"http://127.0.0.1:{watched.settings.metrics_port}{path}", trust_env=False)
        assert answer.status_code == 404, path


def rules(**targets: dict[str, Any]) -> list[dict[str, Any]]:
    table = route_table(contracts(chat=four_contract(**targets)))
    return list(prometheus_rule_spec(table)["groups"][0]["rules"])


def test_targets_that_share_the_first_priority_are_no_fallback_of_one_another() -> None:
    fallback = rules(azure_east={"priority": 1}, azure_south={"priority": 1})[0]
    assert fallback["alert"] == "AnyportFallbackInUse"
    assert "azure" not in fallback["expr"]
    table = route_table(contracts(chat=four_contract("chat", "oci")))
    alone = prometheus_rule_spec(table)["groups"][0]["rules"]
    assert "AnyportFallbackInUse" not in [rule["alert"] for rule in alone]


def test_a_name_is_matched_as_it_is_written() -> None:
    [rule, *_] = rules(oci={"target": "oci-x-1"})
    assert r"oci\\-x\\-1" in rule["expr"]
