"""Specs with a placement, and what the planner makes of them, for all tests of this folder."""

from __future__ import annotations

from datetime import date
from typing import Any

from anyport.catalog import Catalog, load
from anyport.placement.planner import Placing
from anyport.plan import placing_of
from anyport.spec import StackSpec, parse

TODAY = date(2026, 11, 25)
SHARED = {
    "coreweave_vllm": {"domain": "vllm.example.com", "image": f"vllm/vllm-openai@sha256:{'5eed' * 16}"},
    "vertex_ai": {"project": "anyport-tests"},
}
US = {"residency": ["us"], "traffic": {"tokens_per_minute": 300_000}}
STANDS_IN = {"reason": "scored the same in our own evaluation", "evaluated_on": "2026-11-01"}


def spec_of(
    placement: dict[str, Any] | None = None,
    *,
    model: str = "gpt-oss-120b",
    tier: str = "prod",
    shared: dict[str, Any] | None = None,
    **endpoint: Any,
) -> StackSpec:
    """A spec of one endpoint, `chat`."""
    chat = {"model": model, "placement": placement or {}, **endpoint}
    return parse(
        {"tier": tier, "providers": SHARED if shared is None else shared, "endpoints": {"chat": chat}}
    )


def placing(spec: StackSpec, catalog: Catalog | None = None, today: date = TODAY) -> Placing:
    return placing_of("chat", spec, catalog or load(), today)
