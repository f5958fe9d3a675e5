"""What only one target of a file can have: names, and what lies in one place.

Each target is right by itself, so a cloud would be the first to say so: with "already exists", with a 401 of the
second region, or never, where two regions turn out to be one. What a target takes is its provider's to say (`claims`
of its traits); here the claims of all targets are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from .errors import Problem
from .spec_options import Checked, typed_options
from .spec_problems import problem_at
from .targets.options import Claim, OptionsContext
from .targets.registry import provider_names, traits

__all__ = ["TargetOfFile", "check_together"]

Loc = tuple[str | int, ...]

_MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class TargetOfFile:
    """One target as the file has it. `model` is the endpoint's."""

    endpoint: str
    name: str
    model: Any
    raw: Mapping[str, Any]

    @property
    def shown(self) -> str:
        """As messages name it."""
        return f"{self.endpoint}/{self.name}"

    @property
    def path(self) -> Loc:
        """Where it stands."""
        return ("endpoints", self.endpoint, "targets", self.name)


def check_together(targets: Iterable[TargetOfFile], facts: Checked) -> Iterator[Problem]:
    """One problem for everything that targets cannot share, at the first target that comes too late for it.

    A target with a mistake of its own is left out until that is mended.
    """
    held: dict[tuple[str, ...], dict[str, tuple[TargetOfFile, Claim]]] = {}
    for target in targets:
        provider = target.raw.get("provider")
        if not isinstance(provider, str) or provider not in provider_names():
            continue
        for claim in (_name(target), *_claims(target, provider, facts)):
            among = (target.endpoint,) if claim.among == "endpoint" else ()
            places = held.setdefault((provider, *among, *claim.key), {})
            places.setdefault(claim.place or target.shown, (target, claim))
    for places in held.values():
        if len(places) > 1:
            yield _problem(list(places.values()), facts)


def _name(target: TargetOfFile) -> Claim:
    """Endpoint and target by one name: it is the engine's name of the target, and its namespace in a cluster.

    Hyphens that follow one another count as one, as they do in the cluster.
    """
    name = re.sub("-+", "-", f"{target.endpoint}-{target.name}")
    return Claim(
        (),
        ("name", name),
        name,
        "endpoint and target make the name of what is built, and it is the same for both",
        "names that differ when joined by a hyphen",
        "rename one of the targets",
    )


def _claims(target: TargetOfFile, provider: str, facts: Checked) -> Iterable[Claim]:
    context = _context(target, provider, facts)
    return traits(provider).claims(context) if context else ()


def _context(target: TargetOfFile, provider: str, facts: Checked) -> OptionsContext | None:
    """None where something is wrong that was reported at its own place."""
    raw, model = target.raw, target.raw.get("model", target.model)
    region, zone = raw.get("region"), raw.get("zone")
    if not isinstance(region, str) or not isinstance(model, str):
        return None
    known = facts.catalog.models.get(model)
    offer = known.offers.get(provider) if known else None
    if offer is None or region not in facts.catalog.regions.get(provider, {}):
        return None
    try:
        options = typed_options(provider, facts.shared.get(provider, {}), raw.get("options", {}))
    except (ValidationError, TypeError):
        return None
    kind, _ = traits(provider).kind(options, offer.kinds)
    zone = zone if isinstance(zone, str) else None
    return OptionsContext(options, kind, facts.tier, region, (), model, zone=zone)


def _problem(holders: list[tuple[TargetOfFile, Claim]], facts: Checked) -> Problem:
    late, claim = holders[1]
    names = [f"{target.shown} ({each.place})" if each.place else target.shown for target, each in holders]
    more = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    *first, last = [*names[:_MOST_NAMED], *more]
    return problem_at(
        "AP222",
        _where(late, claim.path, facts),
        facts.source,
        f"{', '.join(first)} and {last} share it: {claim.message}",
        got=claim.got,
        allowed=[claim.allowed],
        fix=claim.fix,
    )


def _where(target: TargetOfFile, path: tuple[str, ...], facts: Checked) -> Loc:
    """Where the option is written: at the target, or for all targets of its provider; else the target."""
    provider = target.raw.get("provider", "")
    own, shared = target.raw.get("options"), facts.shared.get(provider)
    if path and isinstance(own, Mapping) and path[0] in own:
        return (*target.path, "options", *path)
    if path and isinstance(shared, Mapping) and path[0] in shared:
        return ("providers", provider, *path)
    return target.path
