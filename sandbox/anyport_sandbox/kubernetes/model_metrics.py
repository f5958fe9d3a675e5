"""The metrics page of the vLLM stand-in, under vLLM 0.33's own names (collected 2026-11-22).

Counters have `_total`, everything the labels `model_name` and `engine`. The times are not measured: an answer counts as
instant. Cache use and preemptions are always zero.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

__all__ = ["Metrics"]

_HISTOGRAMS = (
    "time_to_first_token_seconds",
    "inter_token_latency_seconds",
    "request_time_per_output_token_seconds",
    "e2e_request_latency_seconds",
    "request_queue_time_seconds",
)
_CONSTANT = {
    "num_requests_waiting": "gauge",
    "kv_cache_usage_perc": "gauge",
    "prefix_cache_queries_total": "counter",
    "prefix_cache_hits_total": "counter",
    "num_preemptions_total": "counter",
}


class Metrics:
    """Counts of one model server."""

    def __init__(self, model_name: str) -> None:
        self._labels = f'engine="0",model_name="{model_name}"'
        self.in_flight = 0
        self._prompt = self._generation = 0
        self._finished: Counter[str] = Counter()

    def answered(self, prompt_tokens: int, generation_tokens: int, finish: str) -> None:
        """Count one answer."""
        self._prompt += prompt_tokens
        self._generation += generation_tokens
        self._finished[finish] += 1

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """While an answer is under way."""
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    def text(self) -> str:
        """The page."""
        lines = self._one("num_requests_running", "gauge", self.in_flight)
        lines += self._one("prompt_tokens_total", "counter", self._prompt)
        lines += self._one("generation_tokens_total", "counter", self._generation)
        for name, kind in _CONSTANT.items():
            lines += self._one(name, kind, 0)
        lines.append("# TYPE vllm:request_success_total counter")
        for reason in ("stop", "length", "abort"):
            count = self._finished[reason] + (self._finished["tool_calls"] if reason == "stop" else 0)
            lines.append(f'vllm:request_success_total{{{self._labels},finished_reason="{reason}"}} {count}')
        for name in _HISTOGRAMS:
            lines += self._histogram(name)
        return "\n".join(lines) + "\n"

    def _one(self, name: str, kind: str, value: int) -> list[str]:
        return [f"# TYPE vllm:{name} {kind}", f"vllm:{name}{{{self._labels}}} {value}"]

    def _histogram(self, name: str) -> list[str]:
        total = sum(self._finished.values())
        bucket = f"vllm:{name}_bucket{{{self._labels},le="
        return [
            f"# TYPE vllm:{name} histogram",
            f'{bucket}"0.1"}} {total}',
            f'{bucket}"+Inf"}} {total}',
            f"vllm:{name}_sum{{{self._labels}}} 0",
            f"vllm:{name}_count{{{self._labels}}} {total}",
        ]
