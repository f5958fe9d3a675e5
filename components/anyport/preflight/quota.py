"""Needs of all targets that take from one quota, beside what is left of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .model import Checked, Need, Request, Row, Verdict, whole

__all__ = ["Pools"]


class Pools:
    """Sums over all targets of a run: two targets that take from one quota both fit, or neither passes.

    Args:
        checked: all targets.
        deployed: names (`endpoint/target`) of those that are up already, whose share is in use therefore.
    """

    def __init__(self, checked: Iterable[Checked], deployed: Collection[str]) -> None:
        self._deployed = deployed
        self._asked: dict[tuple[str, str, str, str], float] = {}
        self._new: dict[tuple[str, str, str, str], float] = {}
        for one in checked:
            for need in one.needs:
                new = 0.0 if one.subject.name in deployed else need.amount
                self._asked[need.pool] = self._asked.get(need.pool, 0.0) + need.amount
                self._new[need.pool] = self._new.get(need.pool, 0.0) + new

    def row(self, checked: Checked, need: Need) -> Row:
        """Whether there is enough for the target and all that share the quota with it."""
        verdict, text, request = self._judged(need)
        return checked.subject.row("quota", verdict, text, request=request)

    def _judged(self, need: Need) -> tuple[Verdict, str, Request | None]:
        place, name, quota = need.pool[2], need.pool[3], need.quota
        if quota is None or quota.limit is None:
            return "WARN", f"{name}: no such quota is listed in {place}, so it is not known", None
        if quota.unlimited:
            return "PASS", f"{name}: no limit", None
        asked, new = self._asked[need.pool], self._new[need.pool]
        shared = (
            f" ({whole(need.amount)} here, {whole(asked - need.amount)} for other targets)"
            if asked > need.amount
            else ""
        )
        wants = f"needs {'at most ' if need.at_most else ''}{whole(asked)} {need.unit}{shared}"
        left = quota.limit - (quota.used or 0.0)
        if need.at_most and max(asked - quota.limit, new - left) > 0:
            text = f"{name}: {wants}, {whole(max(left, 0.0))} of {whole(quota.limit)} are left; how much is not declared"
            return "WARN", text, None
        if asked > quota.limit:
            used = quota.used if quota.used is not None else None
            enough = max(asked, (used or 0.0) + new)
            return "FAIL", f"{name}: {wants}, the limit is {whole(quota.limit)}", self._request(need, enough)
        if quota.used is None:
            text = f"{name}: {wants}, the limit is {whole(quota.limit)}; how much of it is in use is not told"
            return "WARN", text, None
        by = f" ({need.note})" if need.note else ""
        if new > left:
            text = f"{name}: {wants}, {whole(max(left, 0.0))} of {whole(quota.limit)} are left{by}"
            if not self._deployed:
                text += "; if the use is this deployment's own, say so with --deployed"
            return "FAIL", text, self._request(need, quota.used + new)
        return "PASS", f"{name}: {wants}, {whole(left)} of {whole(quota.limit)} are left{by}", None

    def _request(self, need: Need, enough: float) -> Request:
        quota = need.quota
        assert quota is not None
        assert quota.limit is not None
        return Request(
            quota=need.pool[3],
            place=need.pool[2],
            current=quota.limit,
            used=quota.used,
            needed=enough,
            unit=need.unit,
            how=need.how.replace("NEEDED", f"{enough:.0f}"),
        )
