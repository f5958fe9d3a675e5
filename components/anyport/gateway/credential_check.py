"""Whether every target of a gateway in a cluster gets its credential from somewhere, and from one place only."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import Problem
from .cluster_objects import GatewayOptions
from .credential_sources import Sources, sourceless
from .routes import RouteTable, TargetRoute

__all__ = ["credential_problems"]

_MINTED = ("entra", "google_oauth")


def credential_problems(
    table: RouteTable, credentials: Collection[str], options: GatewayOptions
) -> list[Problem]:
    """AP405 for a target without a credential or with a token passed by hand, AP407 for a source too many.

    A minted token passed by hand would be dead an hour later, which no preview shows, so it is refused.

    Args:
        table: the routes.
        credentials: `endpoint/target` of keys that are passed by hand.
        options: with the renewer, or the Secret that somebody else keeps.
    """
    sources = {} if options.renewer is None else dict(options.renewer.sources)
    targets = {
        f"{endpoint.name}/{target.name}": target
        for endpoint in table.endpoints
        for target in endpoint.targets
    }
    problems = []
    for name, target in targets.items():
        kept = bool(options.credentials_secret) or name in sources
        code, wrong, fix = _judge(name, target, given=name in credentials, kept=kept, sourced=name in sources)
        if wrong:
            problems.append(Problem(code, f"credentials.{name}", wrong, fix=fix, file="gateway"))
    if sources:
        strangers = sourceless(targets, Sources(targets=sources), "gateway")
        problems += [problem for problem in strangers if problem.code == "AP407"]
    return problems


def _judge(name: str, target: TargetRoute, *, given: bool, kept: bool, sourced: bool) -> tuple[str, str, str]:
    if target.auth in _MINTED and (given or not kept):
        wrong = f"is called with a token of {target.auth}, which lives about an hour"
        fix = "give it a source in renewer, or name a Secret that is kept fresh as credentials_secret"
        return "AP405", wrong, fix
    if not given and not kept:
        return "AP405", "there is no credential for this target", f'pass credentials={{"{name}": …}}'
    if given and sourced:
        return "AP407", "this target has a source of its own too", "keep one"
    return "", "", ""
