"""What a rule is. One rule per file in `rules/`; its id and slug never change their meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from .facts import EndpointFacts
from .stack_facts import StackFacts

__all__ = ["Context", "Level", "Parameters", "Rule", "Verdict"]

Level = Literal["mandatory", "advisory", "note"]
"""`mandatory` fails what it is found in, `advisory` asks to be mended, `note` is to be known and fails nothing."""


class Parameters(BaseModel):
    """What a rule lets people set; a rule without parameters has this one."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know besides the facts: the day, and its own parameters."""

    today: date
    parameters: Parameters

    def of(self, kind: type[P]) -> P:
        """The parameters, typed. Raises TypeError when they are another rule's."""
        if not isinstance(self.parameters, kind):
            raise TypeError(f"expected {kind.__name__}, got {type(self.parameters).__name__}")
        return self.parameters


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing a rule found: the message says what and what was got, the fix what to do.

    Attributes:
        message: one sentence without a full stop.
        fix: what to do.
        target: the target concerned; None when it is the endpoint as a whole.
        level: less than the rule's own level, where the rule says less of this one thing.
        endpoint: for rules over a stack, the endpoint concerned; None where there is none.
        resource: for rules over a stack, the URN of the resource concerned.
    """

    message: str
    fix: str
    target: str | None = None
    level: Literal["advisory", "note"] | None = None
    endpoint: str | None = None
    resource: str | None = None


def _nothing(stack: StackFacts, context: Context) -> Iterator[Verdict]:
    del stack, context
    return iter(())


def _none(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    del endpoint, context
    return iter(())


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: pure judgement of one endpoint's facts, or of a stack's resources, on a given day.

    Attributes:
        id: permanent id, such as `AR001`.
        slug: permanent short name; policies of a pack are named after it.
        pack: the pack it belongs to.
        title: what it demands, one line.
        severity: how bad breaking it is.
        why: what happens to callers without it.
        fix: how to satisfy it, in general.
        since: first version that has it.
        check: yields verdicts on an endpoint; must fail closed on what is unknown.
        check_stack: the same on the resources of a stack, in place of `check`.
        level: `mandatory` only where the promise breaks without it; what is good practice is `advisory`. In
            dev nothing is more than advisory.
        parameters: what people may set; its defaults are the rule's own.
        view: where Pulumi shows what the rule needs: on the endpoint's component before anything exists
            (`inputs`), on the gateway's (`gateway`, a stack of one resource), or only in the whole stack (`stack`).
    """

    id: str
    slug: str
    pack: Literal["resilience", "baseline"]
    title: str
    severity: Literal["low", "medium", "high", "critical"]
    why: str
    fix: str
    since: str
    check: Callable[[EndpointFacts, Context], Iterator[Verdict]] = _none
    check_stack: Callable[[StackFacts, Context], Iterator[Verdict]] = _nothing
    level: Literal["mandatory", "advisory"] = "mandatory"
    parameters: type[Parameters] = Parameters
    view: Literal["inputs", "gateway", "stack"] = "inputs"

    @property
    def docs(self) -> str:
        """Where it is explained, from the folder of the checkout."""
        return f"policies/RULES.md#{self.id.lower()}-{self.slug}"

    def schema(self) -> dict[str, Any]:
        """JSON schema of each parameter, without defaults: an engine that filled them in would hide what was said."""
        properties = self.parameters.model_json_schema().get("properties", {})
        return {
            name: {k: v for k, v in one.items() if k not in {"default", "title"}}
            for name, one in properties.items()
        }
