"""Contracts of several stacks, each with its share of one spec → those of the whole, for a gateway in its own stack.

Pure: where the shares come from (stack references, files) is the program's affair. A stack reference reads the
backend and no cloud, so the gateway's stack goes on changing while a vendor's control plane is down; `without` then
takes that vendor's targets out of the routes and needs nothing of the vendor.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from .contract import EndpointContract, TargetContract, smallest
from .errors import BuildError, Problem

__all__ = ["joined_contracts"]


def joined_contracts(
    shares: Sequence[Mapping[str, Any]], *, without: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """The contracts by endpoint, as one stack that builds everything would export them.

    What callers are promised stays what the spec's targets give, whoever is left out: a vendor's outage widens
    nothing. Targets that are left out are named in `elsewhere`.

    Args:
        shares: `endpoints` of each stack's outputs.
        without: providers whose targets are not to be routed to.

    Raises:
        BuildError: AP401, a share is none, or two of them contradict each other.
    """
    problems: list[Problem] = []
    found: dict[str, list[EndpointContract]] = {}
    for number, share in enumerate(shares):
        if not isinstance(share, Mapping):
            problems.append(_problem(f"shares.{number}", "is no map of contracts", "export `endpoints`"))
            continue
        for name, raw in share.items():
            try:
                contract = EndpointContract.model_validate(raw)
                found.setdefault(name, []).append(contract)
            except ValidationError as error:
                place = ".".join(str(part) for part in error.errors()[0]["loc"])
                wrong = f"is no contract: {place}: {error.errors()[0]['msg'].lower()}"
                problems.append(_problem(f"shares.{number}.{name}", wrong, "export `endpoints` as it is"))
    joined = {name: _join(name, parts, without, problems) for name, parts in sorted(found.items())}
    if problems:
        raise BuildError(problems)
    return {name: contract.model_dump(mode="json") for name, contract in joined.items()}


def _join(
    name: str, parts: Sequence[EndpointContract], without: Collection[str], problems: list[Problem]
) -> EndpointContract:
    first = parts[0]
    if len({(part.model, part.apis) for part in parts}) > 1:
        problems.append(
            _problem(name, "the stacks were built from different specs", "run pulumi up in each, then here")
        )
    targets: dict[str, TargetContract] = {}
    for target in (target for part in parts for target in part.targets):
        if target.target in targets:
            problems.append(
                _problem(f"{name}.{target.target}", "two stacks build it", "give it to one by anyport:build")
            )
        targets[target.target] = target
    kept = sorted(
        (target for target in targets.values() if target.provider not in without),
        key=lambda target: (target.priority, target.target),
    )
    names = dict.fromkeys([*targets, *(each for part in parts for each in part.elsewhere)])
    return first.model_copy(
        update={
            "features": tuple(each for each in first.features if all(each in p.features for p in parts)),
            "limits": smallest(part.limits for part in parts),
            "targets": tuple(kept),
            "elsewhere": tuple(each for each in names if each not in {target.target for target in kept}),
        }
    )


def _problem(path: str, wrong: str, fix: str) -> Problem:
    return Problem("AP401", f"endpoints.{path}", wrong, fix=fix, file="contract")
