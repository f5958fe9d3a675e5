"""AB005: container images are named by digest."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import EndpointFacts
from ..judging import no_targets
from ..rule import Context, Rule, Verdict

__all__ = ["RULE"]


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    del context
    yield from no_targets(endpoint)
    for target in endpoint.targets:
        if target.posture.image in (None, "digest"):
            continue
        how = (
            "names its image by a tag"
            if target.posture.image == "tag"
            else "names an image in a way not known"
        )
        yield Verdict(
            f"target {target.name} of endpoint {endpoint.name} {how}",
            "write options: {image: <name>:<tag>@sha256:<digest>} with a digest that you have tried",
            target.name,
        )


RULE = Rule(
    id="AB005",
    slug="image-digest",
    pack="baseline",
    title="Container images are named by digest",
    severity="medium",
    why="A tag can be moved: the next pod that starts may run other code than the one you tried.",
    fix="Add the digest to `image`.",
    since="0.1.0",
    check=_check,
    level="advisory",
)
