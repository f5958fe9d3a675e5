"""What the gateway promises, word for word as docs/drill.md and every drill report have it."""

from __future__ import annotations

__all__ = ["GUARANTEE"]

GUARANTEE: dict[int, str] = {
    1: "A connect error, a reset, a first-byte timeout, 408, 429 with or without Retry-After, 500 to 599, and 401, "
    "403, 404 or 410 of a dead key or a retired model move a request on before its first byte; other 4xx never do.",
    2: "One attempt per target; the total time is bounded by the sum of the first-byte timeouts plus 0.2 s; after 2 "
    "failures a dead target gets no user traffic until its cool-down ends; the last target is always tried.",
    3: "Failback within one cool-down of recovery, by a trial request, without a thundering herd. A target on trial is "
    "asked beside its trial only while no later capable target is known to be well (it has answered within the last "
    "cool-down and not failed since), since the request could be lost otherwise.",
    4: "Streams switch before the first byte; after it there is never a silent truncation: the caller gets an error "
    "event or a transfer that its HTTP client reports as broken, and no [DONE].",
    5: "Each answer says who served it and after how many attempts; the use of a fallback is a metric and is logged "
    "for an alert.",
    6: "Capability is judged on the target that serves: a request that needs tools never goes to a target without "
    "them. Budget and residency are judged on every target before anything is built, by the policies.",
}
"""By number. Clause 6's second sentence is not drilled: `anyport check` proves it."""
