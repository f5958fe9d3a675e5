"""Where the credential of each target comes from, as a file says it; every secret in it is the path of a file.

targets:
  chat/azure-east:
    kind: entra_federated_token
    tenant_id: 11111111-1111-1111-1111-111111111111
    client_id: 22222222-2222-2222-2222-222222222222
    token_file: /var/run/secrets/anyport/entra
  chat/vertex:
    kind: google_federation
    audience: //iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k
    token_file: /var/run/secrets/anyport/google
    service_account: gateway@p-1.iam.gserviceaccount.com
  chat/oci: {kind: key_file, path: /var/run/secrets/keys/oci}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ..errors import AnyportError, Problem, nearest
from ..source import Source, read_yaml

__all__ = [
    "CredentialSource",
    "EntraClientSecret",
    "EntraFederatedToken",
    "EnvoyFile",
    "GoogleFederation",
    "GoogleMetadata",
    "KeyFile",
    "SourceError",
    "Sources",
    "parse_sources",
    "read_sources",
    "sourceless",
]

_LOCAL = ("127.0.0.1", "localhost", "::1", "metadata.google.internal", "169.254.169.254")


class SourceError(AnyportError):
    """The sources cannot be used."""


def _safe_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.username or parts.query or parts.scheme not in ("http", "https"):
        raise ValueError("must be an https URL")
    if parts.scheme == "http" and host not in _LOCAL:
        raise ValueError("must be https: a token goes over it")
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_safe_url)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
Path_ = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class _Entra(_Model):
    tenant_id: Word
    """Tenant of the application."""
    client_id: Word
    """The application, which needs the role Cognitive Services OpenAI User on the account."""
    scope: str = "https://cognitiveservices.azure.com/.default"
    """What the token is for."""
    authority: Url = "https://login.microsoftonline.com"
    """Another one for a sovereign cloud."""


class EntraClientSecret(_Entra):
    """A token for a client secret of an application."""

    kind: Literal["entra_client_secret"]
    client_secret_file: Path_
    """File with the secret; read for every token, so that a rotated one is used."""


class EntraFederatedToken(_Entra):
    """A token for the token of another identity provider, such as a Kubernetes service account's."""

    kind: Literal["entra_federated_token"]
    token_file: Path_
    """File with that token; the kubelet renews a projected one."""


class _Google(_Model):
    scope: str = "https://www.googleapis.com/auth/cloud-platform"
    """What the token is for."""


class GoogleFederation(_Google):
    """A token for the token of another identity provider, by a workload identity pool."""

    kind: Literal["google_federation"]
    audience: Annotated[str, StringConstraints(pattern=r"^//iam\.googleapis\.com/.+$")]
    """Resource name of the pool's provider."""
    token_file: Path_
    """File with that token, an OIDC JWT."""
    service_account: Annotated[str, StringConstraints(pattern=r"^[^@/\s]+@[^@/\s]+$")] | None = None
    """Whose token to take in the end. Default: the pool's own identity, which needs the role itself."""
    token_url: Url = "https://sts.googleapis.com/v1/token"  # noqa: S105  # an address
    """Where tokens are exchanged."""
    iam_url: Url = "https://iamcredentials.googleapis.com/v1"
    """Where a service account's token is made."""


class GoogleMetadata(_Google):
    """The token of the machine's or pod's own service account, from Google's metadata server."""

    kind: Literal["google_metadata"]
    account: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@._-]{1,256}$")] = "default"
    """Which account."""
    url: Url = "http://metadata.google.internal"
    """The metadata server."""


class KeyFile(_Model):
    """A key that somebody else writes into a file; taken over when it changes."""

    kind: Literal["key_file"]
    path: Path_
    """File with the key alone, without `Bearer`."""


class EnvoyFile(_Model):
    """A file that is in Envoy's form already, such as one of a mounted Secret; taken over when it changes."""

    kind: Literal["envoy_file"]
    path: Path_
    """The file."""


CredentialSource = Annotated[
    EntraClientSecret | EntraFederatedToken | GoogleFederation | GoogleMetadata | KeyFile | EnvoyFile,
    Field(discriminator="kind"),
]
_KINDS: dict[str, type[_Model]] = {
    "entra_client_secret": EntraClientSecret,
    "entra_federated_token": EntraFederatedToken,
    "google_federation": GoogleFederation,
    "google_metadata": GoogleMetadata,
    "key_file": KeyFile,
    "envoy_file": EnvoyFile,
}


class Sources(_Model):
    """All sources of a gateway, by `endpoint/target`."""

    targets: Annotated[
        dict[
            Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*$")],
            CredentialSource,
        ],
        Field(min_length=1),
    ]


def read_sources(file: Path) -> Sources:
    """Read the file.

    Raises:
        SpecError: AP001 to AP003, it cannot be read.
        SourceError: AP407 with every problem and its line.
    """
    value, source = read_yaml(file)
    return parse_sources(value, source)


def parse_sources(value: Any, source: Source) -> Sources:
    """The same from a value that has been read; see `read_sources`."""
    try:
        return Sources.model_validate(value)
    except ValidationError as error:
        problems = [_problem(dict(detail), source) for detail in error.errors(include_url=False)]
        raise SourceError(problems) from None


def _problem(detail: Mapping[str, Any], source: Source) -> Problem:
    # Pydantic puts the kind between the target and its field; the user did not write it there.
    parts = [
        part for place, part in enumerate(detail["loc"]) if not (place == 2 and part in _KINDS) and part != "[key]"
    ]  # fmt: skip
    path, line = ".".join(str(part) for part in parts), source.at(tuple(parts))
    message, allowed, fix = str(detail["msg"]).removeprefix("Value error, "), "", ""
    if detail["type"] == "extra_forbidden":
        kind = detail["loc"][2] if len(detail["loc"]) > 2 else None
        known = list(_KINDS.get(str(kind), Sources).model_fields)
        near = nearest(str(parts[-1]), known)
        message, allowed = "unknown key", ", ".join(known)
        fix = f"did you mean {near}?" if near else ""
    elif detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        message, allowed, path = "has no kind that is known", ", ".join(_KINDS), f"{path}.kind"
    elif detail["type"] == "string_pattern_mismatch" and len(detail["loc"]) > 2 and "[key]" in detail["loc"]:
        message = "is no name of a target: write endpoint/target"
    text = message[:1].lower() + message[1:]
    return Problem("AP407", path, text, allowed=allowed, fix=fix, file=source.file or "sources",
                   line=line.line, column=line.column)  # fmt: skip


def sourceless(names: Iterable[str], sources: Sources, file: str) -> list[Problem]:
    """AP408 for every target without a source, AP407 for every source of a target that is not there."""
    known = list(names)
    problems = [
        Problem("AP408", f"targets.{name}", "there is no source for this target's credential",
                fix="add one, or take the target out", file=file)
        for name in known
        if name not in sources.targets
    ]  # fmt: skip
    for name in sources.targets:
        if name not in known:
            near = nearest(name, known)
            problems.append(
                Problem("AP407", f"targets.{name}", "no contract has this target", allowed=", ".join(known),
                        fix=f"did you mean {near}?" if near else "", file=file)
            )  # fmt: skip
    return problems
