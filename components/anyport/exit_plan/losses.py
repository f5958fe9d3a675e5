"""What can be lost, and what of a plan dies with it.

    provider:azure_openai   all its targets, and those that other providers pass on to it
    operator:Microsoft      all targets of its providers, likewise
    region:eastus2          regional targets there
    domain:DOMAIN           all targets of one failure domain
    owner:OpenAI            closed models die everywhere; open weights live on where the provider hosts them itself

A target whose failure domain is `none` or `unknown` may stand in any place, so it is counted as dead when a region or a
domain is lost. A model of which it is not known whether its weights are open is counted as closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..catalog import Catalog
from ..errors import AnyportError, Problem, nearest
from ..plan import Plan, PlannedTarget

__all__ = ["KINDS", "Loss", "every_loss", "loss_of"]

KINDS = ("provider", "operator", "domain", "owner", "region")
_NOWHERE = ("none", "unknown")


@dataclass(frozen=True, slots=True, order=True)
class Loss:
    """One thing that is gone."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    def kills(self, target: PlannedTarget, catalog: Catalog) -> str:
        """Why the target dies with it; empty when it lives."""
        answers = [target.provider, *([target.passes_to] if target.passes_to else [])]
        if self.kind == "provider" and self.name in answers:
            return _through(target, self.name == target.provider, f"is served by {self.name}")
        if self.kind == "operator":
            operators = [catalog.providers[name].operator for name in answers if name in catalog.providers]
            if self.name in operators or self.name == target.operator:
                return _through(target, self.name == target.operator, f"is run by {self.name}")
        if self.kind in ("domain", "region"):
            if target.failure_domain in _NOWHERE:
                return f"has no known place ({target.failure_domain}), so it is counted as lost"
            if self.name == (target.failure_domain if self.kind == "domain" else target.region):
                return f"stands in {self.name}"
        if self.kind == "owner" and self.name == target.model_owner:
            return _owner(target)
        return ""


def _through(target: PlannedTarget, itself: bool, why: str) -> str:
    return why if itself else f"only passes calls on to {target.passes_to}"


def _owner(target: PlannedTarget) -> str:
    if target.open_weights is None:
        return f"its model is {target.model_owner}'s; whether the weights are open is not known, so it is counted as closed"
    if not target.open_weights:
        return f"its model is {target.model_owner}'s, and closed"
    if target.passes_to:
        return f"only passes calls on to {target.passes_to}, so hosts no weights itself"
    return ""


def every_loss(plans: Iterable[Plan]) -> tuple[Loss, ...]:
    """Every single loss that touches a target of the plans, by kind and name."""
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for plan in plans:
        for target in (target for endpoint in plan.endpoints for target in endpoint.targets):
            found["provider"] |= {target.provider, *([target.passes_to] if target.passes_to else [])}
            found["operator"].add(target.operator)
            found["region"].add(target.region)
            found["owner"].add(target.model_owner)
            if target.failure_domain not in _NOWHERE:
                found["domain"].add(target.failure_domain)
    return tuple(Loss(kind, name) for kind in KINDS for name in sorted(found[kind]))


def loss_of(text: str, known: Iterable[Loss], catalog: Catalog) -> Loss:
    """The loss that a text names, with its kind or without one where that is plain.

    Raises:
        AnyportError: AP541 nothing of the plans has the name; AP542 it names several things.
    """
    losses = {*known, *(Loss("provider", name) for name in catalog.providers)}
    losses |= {Loss("operator", provider.operator) for provider in catalog.providers.values()}
    kind, colon, name = text.partition(":")
    wanted = (name if colon and kind in KINDS else text).strip().casefold()
    asked = [kind] if colon and kind in KINDS else KINDS
    found = sorted(loss for loss in losses if loss.kind in asked and loss.name.casefold() == wanted)
    if len(found) == 1:
        return found[0]
    if found:
        raise AnyportError([Problem(
            "AP542", "", f"--without {text!r} names several things: {', '.join(map(str, found))}",
            fix="write one of them with its kind",
        )])  # fmt: skip
    options = sorted(str(loss) for loss in losses if loss.kind in asked)
    near = nearest(wanted, sorted({loss.name for loss in losses if loss.kind in asked}))
    raise AnyportError([Problem(
        "AP541", "", f"--without {text!r} names nothing that the stack files use; allowed are {', '.join(options)}",
        fix=f"did you mean {near}?" if near else "write one of them",
    )])  # fmt: skip
