"""Alerts on the gateway's own metrics, as a PrometheusRule. Metric names are Envoy 1.40's, seen on the real one."""

from __future__ import annotations

import re
from typing import Any

from .routes import EndpointRoute, RouteTable, TargetRoute

__all__ = ["FAILED", "prometheus_rule_spec", "stat_name"]

REQUESTS = "envoy_cluster_upstream_rq"
"""Answers of a target by status; what the wire breaks counts as 503 and a timeout as 504."""
FAILED = "401|403|404|408|410|429|5.."
DEAD = "401|403|404|410"


def stat_name(endpoint: str, target: str) -> str:
    """The name of a target's cluster in metrics."""
    return f"target_{endpoint}_{target}"


def prometheus_rule_spec(table: RouteTable, *, renewer: bool = False) -> dict[str, Any]:
    """Three alerts per endpoint: a fallback serves, a target is dead, a key or a model is gone.

    With a renewer a fourth: a credential is not renewed, before it ends.
    """
    return {
        "groups": [
            {
                "name": f"anyport-{endpoint.name}",
                "rules": [*_rules(endpoint), *([_renewal(endpoint)] if renewer else [])],
            }
            for endpoint in table.endpoints
        ]
    }


def _renewal(endpoint: EndpointRoute) -> dict[str, Any]:
    """Five failures in a row take half a minute; ten minutes of a usual token's life are left then."""
    of = f'endpoint="{endpoint.name}"'
    expression = f"anyport_credential_failures{{{of}}} >= 5 or anyport_credential_seconds_left{{{of}}} == 0"
    text = "The credential of {{ $labels.target }} is not renewed: when it ends, its target is dead."
    return _rule("AnyportCredentialNotRenewed", "critical", expression, "2m", endpoint, text)


def _rules(endpoint: EndpointRoute) -> list[dict[str, Any]]:
    """Targets that share the first priority are no fallback of one another."""
    first = endpoint.targets[0].priority
    later = [target for target in endpoint.targets if target.priority != first]
    rules = []
    if later:
        served = f'{REQUESTS}{{{_of(endpoint, later)},envoy_response_code=~"2.."}}'
        rules.append(
            _rule("AnyportFallbackInUse", "warning", f"sum by (envoy_cluster_name) ({_grew(served)}) > 0", "0m",
                  endpoint, "A fallback serves {{ $labels.envoy_cluster_name }}: the first target is not well, "
                  "and the fallback's owner is paid for the requests.")
        )  # fmt: skip
    every = _of(endpoint, list(endpoint.targets))
    failed, well = (
        f'sum by (envoy_cluster_name) ({_grew(f"""{REQUESTS}{{{every},envoy_response_code=~"{codes}"}}""")})'
        for codes in (FAILED, "2..")
    )
    rules.append(
        _rule("AnyportTargetDead", "warning", f"({failed} > 0) unless ({well} > 0)", "2m", endpoint,
              "{{ $labels.envoy_cluster_name }} fails every request it gets: the endpoint lives with one target less.")
    )  # fmt: skip
    gone = f'{REQUESTS}{{{every},envoy_response_code=~"{DEAD}"}}'
    rules.append(
        _rule("AnyportKeyOrModelGone", "critical", f"sum by (envoy_cluster_name, envoy_response_code) ({_grew(gone)}) > 0",
              "0m", endpoint, "{{ $labels.envoy_cluster_name }} answered {{ $labels.envoy_response_code }}: its key no "
              "longer works or its model is retired. It does not come back by itself.")
    )  # fmt: skip
    return rules


def _of(endpoint: EndpointRoute, targets: list[TargetRoute]) -> str:
    names = "|".join(re.escape(stat_name(endpoint.name, target.name)) for target in targets)
    # A backslash in PromQL's double quotes must be doubled.
    return f'envoy_cluster_name=~"{names}"'.replace("\\", "\\\\")


def _grew(series: str) -> str:
    """How much in five minutes. `increase` alone is 0 for a series that begins, and the first 401 begins one."""
    return f"increase({series}[5m]) > 0 or ({series} unless {series} offset 5m)"


def _rule(
    name: str, severity: str, expression: str, lasting: str, endpoint: EndpointRoute, text: str
) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": lasting,
        "labels": {"severity": severity, "anyport_endpoint": endpoint.name},
        "annotations": {"summary": text},
    }
