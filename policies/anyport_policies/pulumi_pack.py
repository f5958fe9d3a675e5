"""A pack as a process for the engine. Imported by the packs' programs only: it never returns.

The engine asks every pack about every resource, twice (to mend it, and to judge it), and the policy SDK opens a
resource's values anew for each of a pack's policies before it asks them. All our resource policies judge endpoints
and gateways only and none mends anything, so everything else is answered at once, and what is judged is opened once
for all policies; in a stack of a thousand resources that is most of what the packs would cost. What is behind this is
the SDK's own and private, so the SDK is pinned; where it looks otherwise, packs are slower and judge the same.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import PolicyPack, policy

from .one_request import once, one_request
from .pulumi_view import pack_policies
from .stack_facts import ENDPOINT_TYPE, GATEWAY_TYPE
from .steering import steering

__all__ = ["serve"]

_JUDGED = frozenset((ENDPOINT_TYPE, GATEWAY_TYPE))


def serve(pack: str, folder: Path, today: date) -> None:
    """Serve a pack until the engine ends the process.

    Args:
        pack: `resilience` or `baseline`.
        folder: where the pack's program is; waivers and levels are read from the checkout's stacks/.
        today: the day to judge by.
    """
    _answer_at_once()
    _open_once()
    PolicyPack(name=f"anyport-{pack}", policies=pack_policies(pack, today, steering(folder, today)))


def _answer_at_once() -> None:
    served: Any = getattr(policy, "_PolicyAnalyzerServicer", None)
    if served is None:
        return

    class Quick(served):  # type: ignore[misc]  # the SDK's, untyped
        """The SDK's, but for resources that no policy of ours judges."""

        def Analyze(self, request: Any, context: Any) -> Any:  # noqa: N802  # gRPC's spelling
            if request.type not in _JUDGED:
                return analyzer_pb2.AnalyzeResponse()
            with one_request():
                return super().Analyze(request, context)

        def Remediate(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return analyzer_pb2.RemediateResponse()

        def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: N802
            with one_request():
                return super().AnalyzeStack(request, context)

    policy._PolicyAnalyzerServicer = Quick  # type: ignore[misc]  # noqa: SLF001


def _open_once() -> None:
    module: Any = policy
    opened, opener = getattr(module, "json_format", None), getattr(module, "deserialize_properties", None)
    guard = getattr(module, "unknown_checking_proxy", None)
    if opened is None or opener is None or guard is None:
        return
    module.json_format = SimpleNamespace(MessageToDict=once(opened.MessageToDict))
    module.deserialize_properties = once(opener)
    module.unknown_checking_proxy = once(guard)
