"""`make bench`, part placement: what placing one endpoint on the whole catalog costs, in this process.

Shown are the candidates, and the median of several runs for placing and for explaining. Exit code 1 when placing takes
more than its budget of 100 ms processor time (which a busy machine does not stretch). Loading the catalog is left out.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from anyport.catalog import load
from anyport.placement.explain import explain
from anyport.plan import placing_of
from anyport.spec import parse

RUNS = 7
BUDGET = 0.1
TODAY = date(2026, 11, 25)
SHARED = {
    "coreweave_vllm": {"domain": "vllm.example.com", "image": f"vllm/vllm-openai@sha256:{'5eed' * 16}"},
}
CASES: dict[str, dict[str, Any]] = {
    "gpt-oss-120b in the US": {"residency": ["us"], "placement": {"failure_domains": 3}},
    "gpt-oss-120b anywhere": {"placement": {"failure_domains": 3}},
    "gpt-oss-120b, all four, 6 places": {"placement": {"providers": 4, "failure_domains": 6}},
    "llama-4-maverick, nearest to the EU": {
        "model": "llama-4-maverick",
        "placement": {"prefer": ["latency_class", "cost"], "near": ["eu"]},
    },
}


def processor(call: Callable[[], object]) -> float:
    """Median processor time of a call, in seconds."""
    seen = []
    for _ in range(RUNS):
        start = time.process_time()
        call()
        seen.append(time.process_time() - start)
    return statistics.median(seen)


def main() -> int:
    """Entry point."""
    catalog = load()
    held = True
    print(f"{'placing one endpoint':40} {'candidates':>10} {'place':>9} {'explain':>9}")
    for what, case in CASES.items():
        chat = {"model": "gpt-oss-120b", "traffic": {"tokens_per_minute": 300_000}, **case}
        spec = parse({"providers": SHARED, "endpoints": {"chat": chat}})
        placing = placing_of("chat", spec, catalog, TODAY)
        place = processor(lambda spec=spec: placing_of("chat", spec, catalog, TODAY))  # type: ignore[misc]
        why = processor(lambda placing=placing: explain("chat", placing))  # type: ignore[misc]
        verdict = "ok" if place < BUDGET else "OVER"
        held &= place < BUDGET
        number = len(placing.found.candidates)
        print(
            f"{what:40} {number:10} {place * 1000:6.0f} ms {why * 1000:6.0f} ms  {verdict} (< 100 ms to place)"
        )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
