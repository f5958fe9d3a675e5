"""One credential from its source: the requests that token servers document, and what their answers mean.

- Entra, client secret or federated token:
  https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
- Google, exchange: https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token, and a service account's
  token: https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
- Google, metadata server: https://cloud.google.com/compute/docs/access/authenticate-workloads

All read 2026-11-25. The vendors' libraries are not used: three small requests need no library in a sidecar, and a
clock and an HTTP client can be passed in. Not done: certificates of an Entra application, keys of a Google service
account (files that live for years), Azure's machine identities.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from .credential_sources import (
    CredentialSource,
    EntraClientSecret,
    EntraFederatedToken,
    EnvoyFile,
    GoogleFederation,
    GoogleMetadata,
    KeyFile,
)

__all__ = ["LONGEST", "Answer", "Fetch", "Request", "Token", "TokenError", "obtain"]

LONGEST = 65536
"""Bytes of an answer or a file that are read; no token comes near it."""
_JWT = "urn:ietf:params:oauth:token-type:jwt"
_ACCESS = "urn:ietf:params:oauth:token-type:access_token"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CLOUD = "https://www.googleapis.com/auth/cloud-platform"


class TokenError(Exception):
    """No credential could be had. Says why in words that hold no secret."""


@dataclass(frozen=True)
class Request:
    """A request to a token server. Its headers and body may hold secrets: never shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Answer:
    """Status and at most `LONGEST` bytes of the body."""

    status: int
    body: bytes = field(repr=False)


Fetch = Callable[[Request], Answer]
"""Sends one request; raises OSError when there is no answer. Must not follow redirects."""


@dataclass(frozen=True)
class Token:
    """A credential.

    Attributes:
        value: without `Bearer`; a whole file for `envoy_file`.
        lifetime: seconds from now that it is good for; None for a key.
        in_form: whether `value` is a file in Envoy's form already.
    """

    value: str = field(repr=False)
    lifetime: float | None = None
    in_form: bool = False


def obtain(source: CredentialSource, fetch: Fetch, now: float) -> Token:
    """A credential from its source. `now` is Unix time in seconds.

    Raises:
        TokenError: it cannot be had.
    """
    match source:
        case KeyFile():
            return Token(_visible(_read(source.path)))
        case EnvoyFile():
            return Token(_sds(_read(source.path)), in_form=True)
        case EntraClientSecret():
            return _entra(source, fetch, {"client_secret": _visible(_read(source.client_secret_file))})
        case EntraFederatedToken():
            assertion = {
                "client_assertion_type": _ASSERTION,
                "client_assertion": _visible(_read(source.token_file)),
            }
            return _entra(source, fetch, assertion)
        case GoogleFederation():
            return _federation(source, fetch, now)
        case GoogleMetadata():
            return _metadata(source, fetch)


def _entra(source: EntraClientSecret | EntraFederatedToken, fetch: Fetch, proof: Mapping[str, str]) -> Token:
    url = f"{source.authority}/{quote(source.tenant_id)}/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "client_id": source.client_id, "scope": source.scope, **proof}
    return _oauth(_sent(fetch, _form(url, form)))


def _federation(source: GoogleFederation, fetch: Fetch, now: float) -> Token:
    form = {
        "grant_type": _EXCHANGE,
        "audience": source.audience,
        "scope": _CLOUD if source.service_account else source.scope,
        "requested_token_type": _ACCESS,
        "subject_token": _visible(_read(source.token_file)),
        "subject_token_type": _JWT,
    }
    exchanged = _oauth(_sent(fetch, _form(source.token_url, form)))
    if source.service_account is None:
        return exchanged
    account = quote(source.service_account, safe="@")
    headers = {"content-type": "application/json", "authorization": f"Bearer {exchanged.value}"}
    body = json.dumps({"scope": [source.scope], "lifetime": "3600s"}).encode()
    url = f"{source.iam_url}/projects/-/serviceAccounts/{account}:generateAccessToken"
    found = _sent(fetch, Request("POST", url, headers, body))
    return Token(_word(found.get("accessToken")), _until(found.get("expireTime"), now))


def _metadata(source: GoogleMetadata, fetch: Fetch) -> Token:
    account, scopes = quote(source.account, safe="@"), urlencode({"scopes": source.scope})
    url = f"{source.url}/computeMetadata/v1/instance/service-accounts/{account}/token?{scopes}"
    return _oauth(_sent(fetch, Request("GET", url, {"metadata-flavor": "Google"})))


def _form(url: str, fields: Mapping[str, str]) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Request("POST", url, headers, urlencode(fields).encode())


def _sent(fetch: Fetch, request: Request) -> Mapping[str, Any]:
    try:
        answer = fetch(request)
    except OSError as error:
        raise TokenError(f"the token server did not answer: {type(error).__name__}") from None
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if answer.status != 200:
        raise TokenError(f"the token server answered {answer.status}{_why(found)}")
    if not isinstance(found, dict):
        raise TokenError("the token server's answer is not a JSON object")
    return found


def _why(found: Any) -> str:
    """The vendor's code of the error, never its text: that may repeat what was sent."""
    if not isinstance(found, dict):
        return ""
    error = found.get("error")
    name = error.get("status") if isinstance(error, dict) else error
    numbers = found.get("error_codes")
    words = [name] if isinstance(name, str) and re.fullmatch(r"[A-Za-z_]{1,40}", name) else []
    if isinstance(numbers, list):
        words += [f"AADSTS{number}" for number in numbers[:3] if type(number) is int and 0 <= number < 10**9]
    return f" ({', '.join(words)})" if words else ""


def _oauth(found: Mapping[str, Any]) -> Token:
    kind = found.get("token_type", "Bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise TokenError("the token server gave a token of another type than Bearer")
    lifetime = found.get("expires_in")
    try:
        seconds = float(lifetime) if not isinstance(lifetime, bool) and lifetime is not None else 0.0
    except (TypeError, ValueError):
        seconds = 0.0
    return Token(_word(found.get("access_token")), _positive(seconds))


def _until(text: Any, now: float) -> float:
    try:
        moment = datetime.fromisoformat(str(text))
        return _positive(moment.timestamp() - now if moment.tzinfo else 0.0)
    except (ValueError, OverflowError):
        raise TokenError("the token server does not say how long the token is good for") from None


def _positive(seconds: float) -> float:
    if not 0 < seconds < 10**8:
        raise TokenError("the token server does not say how long the token is good for")
    return seconds


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TokenError("the token server's answer has no token")
    return _visible(value)


def _visible(text: str) -> str:
    """What can stand in a header; a line end at the end of a file is nobody's secret."""
    text = text.strip(" \t\r\n")
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise TokenError("the credential is not one line of visible ASCII characters")
    return text


def _sds(text: str) -> str:
    try:
        resources = json.loads(text)["resources"]
    except (ValueError, TypeError, KeyError, RecursionError):
        resources = None
    if not isinstance(resources, list) or not resources:
        raise TokenError("the file is not in Envoy's form")
    return text


def _read(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LONGEST + 1)
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or "no path").lower()
        raise TokenError(f"{path} cannot be read: {why}") from None
    if len(raw) > LONGEST:
        raise TokenError(f"{path} is too long for a credential")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise TokenError(f"{path} is not UTF-8 text") from None
