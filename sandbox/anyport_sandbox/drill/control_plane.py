"""A vendor's control plane is down: the estate is split into stacks, and the ones without the vendor go on.

The change that matters then is the gateway's, which stops routing to the vendor; it must ask the vendor nothing.
Real: the engine, Anyport's components, the stack references. Simulated: the clouds, of which one refuses every call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .control_plane_estate import (
    COST_CENTERS,
    GATEWAY,
    VENDORS,
    Estate,
    Ran,
    Vendor,
    engine_version,
    estate,
)
from .control_plane_model import Check, ControlPlaneDrill, Happened, Must, StackStep

__all__ = ["DOWN", "PROVIDERS", "control_plane_drill"]

DOWN = "503 ServiceUnavailable: the control plane is down"
"""Made up: it stands for whatever a vendor says then."""
PROVIDERS = tuple(vendor.provider for vendor in VENDORS)
_CLUSTERS = 2
_UP = ("up", "--yes", "--skip-preview")


@dataclass(frozen=True)
class _Act:
    """A step before it is run: what to change first, the command, and what must be so afterwards."""

    what: str
    stack: str
    must: Must = "go through"
    first: Callable[[Estate], None] = lambda _: None
    more: tuple[str, ...] = ()
    checks: Callable[[Estate, Ran], Iterable[Check]] = lambda _estate, _ran: ()
    builds: bool = False

    @property
    def command(self) -> str:
        return " ".join(("pulumi", *_UP, *self.more, "-s", self.stack))


def control_plane_drill(
    checkout: Path, without: str, saw: Callable[[StackStep], None] = lambda _: None
) -> ControlPlaneDrill:
    """Build the estate in a temporary folder, take the provider's control plane down, route around it, bring it back.

    Args:
        checkout: whose engine and simulated clouds are used.
        without: one of `PROVIDERS`.
        saw: told after each step.

    Raises:
        SandboxError: there is no checkout with an engine, or a stack cannot be made.
    """
    down = next(vendor for vendor in VENDORS if vendor.provider == without)
    with estate(checkout) as made:
        for stack in (*(vendor.stack for vendor in VENDORS), GATEWAY):
            made.make_stack(stack)
        version, steps, built = engine_version(made), list[StackStep](), True
        for act in _acts(down):
            done = (
                _run(made, act)
                if built
                else StackStep(act.what, act.stack, act.command, act.must, "not tried")
            )
            built = built and (done.kept or not act.builds)
            steps.append(done)
            saw(done)
    return ControlPlaneDrill(without, DOWN, version, tuple(steps))


def _acts(down: Vendor) -> Iterable[_Act]:
    others = tuple(vendor for vendor in VENDORS if vendor is not down)
    for vendor in VENDORS:
        yield _Act(f"build {vendor.provider}", vendor.stack, builds=True, checks=_charged(vendor, 0))
    yield _Act("build the gateway before all of them", GATEWAY, builds=True, checks=_routes(VENDORS))

    def outage(made: Estate) -> None:
        made.take_down(down, DOWN)
        made.route_without((down.provider,))

    yield _Act(
        f"{down.provider}'s control plane is down: the gateway leaves it out", GATEWAY, first=outage,
        checks=lambda made, ran: [*_routes(others)(made, ran), _unasked(made, down)],
    )  # fmt: skip
    for vendor in others:
        yield _Act(
            f"meanwhile {vendor.provider} changes",
            vendor.stack,
            first=_charge_more,
            checks=_charged(vendor, 1),
        )
    yield _Act(
        f"meanwhile {down.provider} changes too", down.stack, "be refused", first=_charge_more,
        checks=lambda made, ran: [*_charged(down, 0)(made, ran), _no_traceback(ran)],
    )  # fmt: skip
    yield _Act(
        "it is back: the same change again",
        down.stack,
        first=lambda made: made.bring_back(),
        checks=_charged(down, 1),
    )
    yield _Act("nothing is left to do there", down.stack, more=("--expect-no-changes",))
    yield _Act(
        "the gateway takes it back",
        GATEWAY,
        first=lambda made: made.route_without(()),
        checks=_routes(VENDORS),
    )


def _run(made: Estate, act: _Act) -> StackStep:
    act.first(made)
    ran = made.pulumi_in(act.stack, *_UP, *act.more)
    happened: Happened = "went through" if ran.code == 0 else "refused" if DOWN in ran.text else "failed"
    says = "" if ran.code == 0 else _last_words(ran.text)
    checks = tuple(act.checks(made, ran))
    return StackStep(
        act.what, act.stack, act.command, act.must, happened, round(ran.seconds, 1), says, checks
    )


def _last_words(text: str) -> str:
    """The barest line with the vendor's sentence, else the last that speaks of an error, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["it said nothing"]
    told = [line for line in lines if DOWN in line]
    errors = [line for line in lines if "error" in line.lower()]
    return min(told, key=len).removeprefix("error: ") if told else (errors or lines)[-1]


def _charge_more(made: Estate) -> None:
    made.charge(COST_CENTERS[1])


def _charged(vendor: Vendor, which: int) -> Callable[[Estate, Ran], list[Check]]:
    """The vendor's cloud holds the one cost centre and not the other."""

    def look(made: Estate, _ran: Ran) -> list[Check]:
        held = json.dumps(made.held_by(vendor).get("resources", {}))
        right = COST_CENTERS[which] in held and COST_CENTERS[1 - which] not in held
        return [Check(f"the cloud's resources carry {COST_CENTERS[which]} only", right)]

    return look


def _routes(vendors: tuple[Vendor, ...]) -> Callable[[Estate, Ran], list[Check]]:
    """Envoy's configuration in every cluster names these vendors' hosts and no others; the contract says the same."""
    names = [vendor.stack for vendor in vendors]
    left_out = [vendor.stack for vendor in VENDORS if vendor not in vendors]

    def look(made: Estate, _ran: Ran) -> list[Check]:
        state = made.gateway_state()
        routed = [sorted(v.stack for v in VENDORS if v.host in text) for text in _envoys(state)]
        contract = _contract(state)
        told = [target["target"] for target in contract.get("targets", ())], contract.get("elsewhere")
        return [
            Check(
                f"{_CLUSTERS} clusters route to {_listed(names)} only", routed == [sorted(names)] * _CLUSTERS
            ),
            Check(
                f"the contract has {_listed(names)} in order, elsewhere: {_listed(left_out)}",
                told == (names, left_out),
            ),
        ]

    return look


def _envoys(state: list[dict[str, Any]]) -> list[str]:
    """Every configuration of Envoy that the simulated clusters hold."""
    maps = [one for one in state if one["type"] == "kubernetes:core/v1:ConfigMap"]
    data = [(one.get("outputs") or {}).get("data") or {} for one in maps]
    return [each["envoy.yaml"] for each in data if "envoy.yaml" in each]


def _contract(state: list[dict[str, Any]]) -> dict[str, Any]:
    roots = [one for one in state if one["type"] == "pulumi:pulumi:Stack"]
    outputs = (roots[0].get("outputs") or {}) if roots else {}
    found: dict[str, Any] = (outputs.get("contracts") or {}).get("chat") or {}
    return found


def _unasked(made: Estate, down: Vendor) -> Check:
    return Check(f"{down.cloud} was asked nothing", not made.held_by(down).get("faults"))


def _no_traceback(ran: Ran) -> Check:
    return Check("no traceback is shown", "Traceback" not in ran.text)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"
