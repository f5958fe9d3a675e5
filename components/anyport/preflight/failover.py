"""Whether what is left holds the endpoint's traffic when its first target is lost. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..plan import PlannedEndpoint
from .model import Row, whole

__all__ = ["failover_row"]


def failover_row(
    file: str, endpoint: PlannedEndpoint, rows: Sequence[Row], gives: Mapping[str, int | None]
) -> Row:
    """One row for an endpoint.

    Args:
        file: of the stack.
        endpoint: with its targets in order of use.
        rows: of its targets.
        gives: target to tokens per minute that its quota is sure to hold; None where nobody says.
    """

    def row(verdict: str, text: str) -> Row:
        return Row(file, endpoint.name, "", "failover", verdict, text)  # type: ignore[arg-type]

    primary, *others = endpoint.targets
    rest = [target.name for target in others if target.standby == "warm"]
    if not rest:
        return row("FAIL", f"without {primary.name} nothing warm is left")
    wanted = endpoint.traffic.tokens_per_minute
    if wanted is None:
        return row("WARN", "traffic.tokens_per_minute is not declared, so there is nothing to compare with")
    lost = {found.target for found in rows if found.verdict == "FAIL"}
    sure = {name: 0 if name in lost else gives.get(name) for name in rest}
    total = sum(found or 0 for found in sure.values())
    unknown = [name for name, found in sure.items() if found is None]
    text = f"without {primary.name}: {whole(total)} of {whole(wanted)} tokens per minute are sure"
    if total >= wanted:
        return row("PASS", text)
    if unknown:
        return row("WARN", f"{text}; not known: {', '.join(unknown)}")
    return row("FAIL", text)
