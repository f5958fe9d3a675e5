"""A Grafana dashboard on vLLM's current metric names (0.33.0; counters end in `_total` when scraped)."""

from __future__ import annotations

import json
from typing import Any

from .observe import selector_text
from .server import Server

__all__ = ["dashboard_json"]

_PANELS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Requests running and waiting",
        "short",
        (
            ("running", "sum(vllm:num_requests_running{%s})"),
            ("waiting", "sum(vllm:num_requests_waiting{%s})"),
        ),
    ),
    ("KV cache in use, fullest replica", "percentunit", (("used", "max(vllm:kv_cache_usage_perc{%s})"),)),
    (
        "Tokens per second",
        "short",
        (
            ("prompt", "sum(rate(vllm:prompt_tokens_total{%s}[5m]))"),
            ("answer", "sum(rate(vllm:generation_tokens_total{%s}[5m]))"),
        ),
    ),
    (
        "Time to the first token, 95th percentile",
        "s",
        (
            (
                "p95",
                "histogram_quantile(0.95, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket{%s}[5m])))",
            ),
        ),
    ),
    (
        "Time between tokens, 95th percentile",
        "s",
        (
            (
                "p95",
                "histogram_quantile(0.95, sum by (le) (rate(vllm:inter_token_latency_seconds_bucket{%s}[5m])))",
            ),
        ),
    ),
    (
        "Whole request, 95th percentile",
        "s",
        (
            (
                "p95",
                "histogram_quantile(0.95, sum by (le) (rate(vllm:e2e_request_latency_seconds_bucket{%s}[5m])))",
            ),
        ),
    ),
    (
        "Finished requests per second, by reason",
        "reqps",
        (
            (
                "{{finished_reason}}",
                "sum by (finished_reason) (rate(vllm:request_success_total{%s}[5m]))",
            ),
        ),
    ),
    (
        "Refused at the door and preempted, per second",
        "reqps",
        (
            ("refused", "sum(rate(vllm:admission_rejections_total{%s}[5m]))"),
            ("preempted", "sum(rate(vllm:num_preemptions_total{%s}[5m]))"),
        ),
    ),
)


def dashboard_json(server: Server) -> str:
    """The dashboard as Grafana imports it. Keys are sorted, so the same server gives the same text."""
    panels = [_panel(number, server) for number in range(len(_PANELS))]
    board = {
        "uid": None,
        "title": f"vLLM {server.name}",
        "tags": ["vllm", "anyport"],
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


def _panel(number: int, server: Server) -> dict[str, Any]:
    title, unit, queries = _PANELS[number]
    source = {"type": "prometheus", "uid": "${datasource}"}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": source,
        "gridPos": {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "expr": query % selector_text(server),
                "legendFormat": legend,
                "datasource": source,
            }
            for index, (legend, query) in enumerate(queries)
        ],
    }
