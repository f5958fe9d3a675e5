"""A route table as a configuration file of the LiteLLM proxy: an export for those who run it already.

LiteLLM is never installed, started or bundled by Anyport: two of its releases of 2026 were compromised on PyPI, and
proxies before 1.84.0 have known holes. Field names were read in release 1.106.2 (2026-11-25); `num_retries: 0`,
`allowed_fails: 1` and `cooldown_time: 30` were measured there against a dead target (2026-11-22): without them every
request tries the dead target three times.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ..errors import Problem
from ..naming import digest
from .routes import EndpointRoute, RouteError, RouteTable, TargetRoute

__all__ = ["DENIED", "NOT_PROMISED", "LitellmSettings", "litellm_config", "litellm_yaml", "pinned"]

DENIED = frozenset({"1.82.7", "1.82.8", "1.107.0"})
"""Releases that were compromised on PyPI (24 March and 21 October 2026)."""
OLDEST = (1, 84, 0)
"""Proxies before it have known holes (among them CVE-2026-42208, CVE-2026-49468)."""

NOT_PROMISED = """\
What LiteLLM does not promise of Anyport's failover guarantee (rendering for plain Envoy: all of it):
1. Triggers: LiteLLM decides by its own error classes, not by Anyport's list of statuses.
2. One attempt per target: with the settings below a dead target was left alone after 2 failures (measured on
   1.106.2 with 503); other faults were not measured. In a cool-down of all targets none is tried.
3. Failback: after the cool-down all requests go back at once, not one as a trial.
4. Streams: one that breaks after its first byte ends in an error event inside it; none is moved on.
5. Honesty: no x-served-by and no x-attempts; LiteLLM has headers of its own.
6. Features: what a request needs is not read; a target that lacks a feature is tried in its turn, and refuses.
No live provider has been called through this configuration."""

_MINTED = frozenset({"entra", "google_oauth"})
_VERTEX = re.compile(r"^/v1(?:beta1)?/projects/([^/]+)/locations/([^/]+)/endpoints/openapi$")


def pinned(version: str) -> str:
    """A version that may be pinned.

    Raises:
        ValueError: it is no exact version, a compromised one or one with known holes.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ValueError(
            f"{version!r} is no exact version such as 1.106.2; a floating one installs what is newest"
        )
    if version in DENIED:
        raise ValueError(f"LiteLLM {version} was compromised on PyPI; take another release")
    if tuple(int(part) for part in version.split(".")) < OLDEST:
        raise ValueError(f"LiteLLM {version} has known holes in its proxy; take 1.84.0 or later")
    return version


Version = Annotated[str, AfterValidator(pinned)]
EnvName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class LitellmSettings(BaseModel):
    """Settings of the export; times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    version: Version = "1.106.2"
    """Exact version that the file is for. Default: the one whose behaviour was measured."""
    first_byte_seconds: Seconds = 15.0
    """How long a target may take to begin the answer of a stream (`stream_timeout`)."""
    answer_seconds: Seconds = 120.0
    """How long an answer that is no stream may take (`timeout`)."""
    cooldown_seconds: Seconds = 30.0
    """How long a target gets no traffic after its failures (`cooldown_time`). Default: the measured value."""
    master_key_env: EnvName = "LITELLM_MASTER_KEY"
    """Environment variable with the key that callers of the proxy use."""
    key_envs: dict[str, EnvName] = Field(default_factory=dict)
    """`endpoint/target` → environment variable with its key. Default: the variable that the contract refers
    to, else `ANYPORT_<ENDPOINT>_<TARGET>_KEY`, with six digits more where two targets would share that name."""


def litellm_yaml(table: RouteTable, settings: LitellmSettings) -> str:
    """The file for `litellm --config FILE`, what is not promised first.

    Raises:
        RouteError: AP402, a target that LiteLLM cannot reach.
    """
    config = litellm_config(table, settings)
    head = [
        *NOT_PROMISED.splitlines(),
        f"For litellm[proxy]=={settings.version} and no other. Install it from a lock file with hashes",
        "(pip install --require-hashes), and let nothing newer in before it is some weeks old.",
        f"Never {', '.join(sorted(DENIED))} (compromised) nor anything below 1.84.0 (known holes).",
        "Keys are read from these environment variables: " + ", ".join(sorted(_variables(config))),
        *_minted(table),
    ]
    return "".join(f"# {line}\n" for line in head) + yaml.safe_dump(config, sort_keys=False, width=1000)


def litellm_config(table: RouteTable, settings: LitellmSettings) -> dict[str, Any]:
    """The configuration as plain values.

    Raises:
        RouteError: AP402, a target that LiteLLM cannot reach.
    """
    problems: list[Problem] = []
    models: list[dict[str, Any]] = []
    fallbacks: list[dict[str, list[str]]] = []
    keys = _key_envs(table, settings)
    longest = 1
    for endpoint in table.endpoints:
        groups = _groups(endpoint)
        for group, target in groups:
            params = _params(endpoint.name, target, settings, keys, problems)
            models.append({"model_name": group, "litellm_params": params})
        rest = list(dict.fromkeys(group for group, _ in groups if group != endpoint.name))
        if rest:
            fallbacks.append({endpoint.name: rest})
            longest = max(longest, len(rest))
    if problems:
        raise RouteError(problems)
    litellm: dict[str, Any] = {"telemetry": False}
    if any(target.auth == "entra" for endpoint in table.endpoints for target in endpoint.targets):
        litellm["enable_azure_ad_token_refresh"] = True
    return {
        "model_list": models,
        "router_settings": {
            "routing_strategy": "simple-shuffle",
            "num_retries": 0,
            "allowed_fails": 1,
            "cooldown_time": settings.cooldown_seconds,
            "max_fallbacks": longest,
            "fallbacks": fallbacks,
        },
        "litellm_settings": litellm,
        "general_settings": {"master_key": f"os.environ/{settings.master_key_env}"},
    }


def _groups(endpoint: EndpointRoute) -> list[tuple[str, TargetRoute]]:
    """Targets of the first priority share the endpoint's name; each one after them has a name of its own."""
    first = endpoint.targets[0].priority
    return [
        (endpoint.name if target.priority == first else f"{endpoint.name}/{target.name}", target)
        for target in endpoint.targets
    ]


def _params(
    endpoint: str,
    target: TargetRoute,
    settings: LitellmSettings,
    keys: Mapping[tuple[str, str], str],
    problems: list[Problem],
) -> dict[str, Any]:
    common = {
        "timeout": settings.answer_seconds,
        "stream_timeout": settings.first_byte_seconds,
        "max_retries": 0,
        "weight": target.weight,
    }
    if target.auth == "entra":
        # Its tokens are renewed by LiteLLM itself, from the identity it runs with.
        return {"model": f"azure/{target.model}", "api_base": target.origin, "api_version": "v1", **common}
    if target.auth == "google_oauth":
        found = _VERTEX.match(target.base_path)
        if found and target.model:
            place = {"vertex_project": found[1], "vertex_location": found[2]}
            return {"model": f"vertex_ai/{target.model}", **place, **common}
        problems.append(
            Problem("AP402", f"endpoints.{endpoint}.targets.{target.name}",
                    "is a model deployed on Vertex AI by yourself, which this export cannot reach with renewed tokens",
                    fix="use the rendering for plain Envoy, or leave the target out", file="contract")
        )  # fmt: skip
    return {
        "model": f"openai/{target.model}",
        "api_base": target.origin + target.base_path,
        "api_key": f"os.environ/{keys.get((endpoint, target.name))}",
        **common,
    }


def _key_envs(table: RouteTable, settings: LitellmSettings) -> dict[tuple[str, str], str]:
    """The variable of every key. `a-b` with target `c` and `a` with target `b-c` must not read one: that would send
    the key for one vendor to the other. Names that somebody chose are theirs to share.
    """
    chosen: dict[tuple[str, str], str] = {}
    plain: dict[tuple[str, str], str] = {}
    for endpoint in table.endpoints:
        for target in endpoint.targets:
            if target.auth in _MINTED:
                continue
            pair = (endpoint.name, target.name)
            kind, _, name = (target.secret or "").partition(":")
            found = settings.key_envs.get("/".join(pair)) or (name if kind == "env" else "")
            if found:
                chosen[pair] = found
            else:
                plain[pair] = re.sub(r"[^A-Z0-9]+", "_", f"ANYPORT_{'_'.join(pair)}".upper())
    taken = Counter([*(f"{name}_KEY" for name in plain.values()), *chosen.values(), settings.master_key_env])
    own = {
        pair: f"{name}_KEY" if taken[f"{name}_KEY"] == 1 else f"{name}_{digest(*pair).upper()}_KEY"
        for pair, name in plain.items()
    }
    return {**chosen, **own}


def _variables(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _variables(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _variables(inner)
    elif isinstance(value, str) and value.startswith("os.environ/"):
        yield value.removeprefix("os.environ/")


def _minted(table: RouteTable) -> Iterator[str]:
    kinds = {target.auth for endpoint in table.endpoints for target in endpoint.targets}
    if "entra" in kinds:
        yield "Azure targets are called with the identity that LiteLLM runs with (azure-identity's default credential)."
    if "google_oauth" in kinds:
        yield "Vertex AI targets are called with Google's application default credentials."
    if "oci_api_key" in kinds:
        yield "OCI targets are called with a Generative AI API key; keyless OCI cannot be said in this file."
