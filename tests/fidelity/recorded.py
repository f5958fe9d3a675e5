"""The resources that all cases of the managed providers register, each as the request it becomes."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from entry import Request, entries

sys.path.insert(0, str(Path(__file__).parents[1] / "targets"))

from recorder import Registered, all_cases, record_case

__all__ = ["SKIPPED", "found", "requests"]

SKIPPED = {"coreweave_vllm": "Kubernetes objects are judged by a real API server and its schemas, elsewhere"}
PROVIDERS = "pulumi:providers:"


@cache
def found() -> tuple[tuple[str, Registered], ...]:
    """Case and resource. Reads send nothing, and providers are settings of the engine."""
    return tuple(
        (f"{case.provider}/{case.name}", resource)
        for case in all_cases()
        if case.provider not in SKIPPED
        for resource in record_case(case)
        if not resource.read and not resource.type.startswith(PROVIDERS)
    )


@cache
def requests() -> tuple[tuple[str, Registered, Request], ...]:
    """Those that are described."""
    known = entries()
    return tuple(
        (case, resource, Request.of(known[resource.type], resource.inputs))
        for case, resource in found()
        if resource.type in known and not known[resource.type].undescribed
    )
