"""A Grafana dashboard of a gateway: who serves, who fails, what callers get. Metric names are Envoy 1.40's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from .alerts import FAILED, REQUESTS, stat_name
from .routes import EndpointRoute, RouteTable

__all__ = ["dashboard_json"]

_FRONT = 'envoy_http_conn_manager_prefix="front"'


def dashboard_json(table: RouteTable, title: str) -> str:
    """The dashboard as Grafana imports it. Keys are sorted, so the same table gives the same text."""
    panels = [*_callers(), *(panel for endpoint in table.endpoints for panel in _endpoint(endpoint))]
    for number, panel in enumerate(panels):
        panel["id"] = number + 1
        panel["gridPos"] = {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)}
    board = {
        "uid": None,
        "title": title,
        "tags": ["anyport", "gateway"],
        "schemaVersion": 39,
        "timezone": "utc",
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"}
            ]
        },
        "panels": panels,
    }
    return json.dumps(board, indent=1, sort_keys=True)


def _callers() -> Iterator[dict[str, Any]]:
    answers = f"sum by (envoy_response_code_class) (rate(envoy_http_downstream_rq_xx{{{_FRONT}}}[5m]))"
    yield _panel("What callers get, per second", "reqps", answers, "{{envoy_response_code_class}}xx")
    time = f"sum by (le) (rate(envoy_http_downstream_rq_time_bucket{{{_FRONT}}}[5m]))"
    yield _panel("Whole request, 95th percentile", "ms", f"histogram_quantile(0.95, {time})", "p95")


def _endpoint(endpoint: EndpointRoute) -> Iterator[dict[str, Any]]:
    names = "|".join(re.escape(stat_name(endpoint.name, target.name)) for target in endpoint.targets)
    ours = f'envoy_cluster_name=~"{names}"'.replace("\\", "\\\\")
    for title, codes in (("who serves", "2.."), ("who fails", FAILED)):
        rate = f'rate({REQUESTS}{{{ours},envoy_response_code=~"{codes}"}}[5m])'
        by = "envoy_cluster_name" if codes == "2.." else "envoy_cluster_name, envoy_response_code"
        legend = "{{envoy_cluster_name}}" + ("" if codes == "2.." else " {{envoy_response_code}}")
        yield _panel(f"{endpoint.name}: {title}, per second", "reqps", f"sum by ({by}) ({rate})", legend)


def _panel(title: str, unit: str, expression: str, legend: str) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${datasource}"}
    return {
        "type": "timeseries",
        "title": title,
        "datasource": source,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "expr": expression, "legendFormat": legend, "datasource": source}],
    }
