"""Who asks: a token by the name of a variable, else the cloud's own credential chain. Never a value in a message.

azure   azure-identity DefaultAzureCredential: environment, workload identity, managed identity, az login
gcp     google-auth application default credentials
oci     the profile that OCI_CLI_PROFILE names in ~/.oci/config (an API signing key), else DEFAULT
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from .failure import LiveError, failed
from .http import Headers

__all__ = ["INSTALL", "chain", "token_of"]

INSTALL = "pip install 'anyport[live]'"
_ARM = "https://management.azure.com/.default"
_GOOGLE = "https://www.googleapis.com/auth/cloud-platform"


def token_of(variable: str, asked: str) -> Headers:
    """A bearer token out of a variable, read at every request, so that it can be renewed.

    Raises:
        LiveError: at the request, AP523: the variable is not set or holds no token.
    """

    def headers(url: str, query: Mapping[str, str]) -> Mapping[str, str]:
        del url, query
        token = os.environ.get(variable, "").strip()
        if not token:
            raise failed("AP523", asked, f"the variable {variable} is not set", fix="put a token there")
        if not token.isascii() or not token.isprintable() or " " in token:
            raise failed("AP523", asked, f"the variable {variable} holds no token", fix="put a token there")
        return {"authorization": f"Bearer {token}"}

    return headers


def chain(provider: str, scope: str = "") -> Headers:
    """The cloud's own credentials, looked for at the first request and renewed by its own library.

    Args:
        provider: as in the catalog.
        scope: a Google project that answers for the requests.

    Raises:
        LiveError: at the request, AP523: no library, or no credentials.
    """
    if provider == "azure_openai":
        return _azure()
    if provider == "vertex_ai":
        return _google(scope)
    if provider == "oci_generative_ai":
        return _oci()
    fix = "--token-env coreweave:ZONE=VARIABLE"
    return _none(failed("AP523", provider, "a cluster is asked with a token only", fix=fix))


def _none(error: LiveError) -> Headers:
    def headers(url: str, query: Mapping[str, str]) -> Mapping[str, str]:
        del url, query
        raise error

    return headers


def _no_library(provider: str) -> LiveError:
    return failed("AP523", provider, "the library for its credentials is not installed", fix=INSTALL)


def _no_credentials(provider: str, error: Exception, fix: str) -> LiveError:
    """Libraries put addresses and more into their texts: the kind of error is enough."""
    return failed("AP523", provider, "no credentials", got=type(error).__name__, fix=fix)


def _azure() -> Headers:
    held: list[Any] = []

    def headers(url: str, query: Mapping[str, str]) -> Mapping[str, str]:
        del url, query
        try:
            from azure.identity import DefaultAzureCredential
        except ImportError:
            raise _no_library("azure_openai") from None
        try:
            if not held:
                held.append(DefaultAzureCredential())
            return {"authorization": f"Bearer {held[0].get_token(_ARM).token}"}
        except Exception as error:  # noqa: BLE001  # their kinds are their libraries' business
            raise _no_credentials(
                "azure_openai", error, "az login, or name a variable with --token-env"
            ) from None

    return headers


def _google(project: str) -> Headers:
    held: list[Any] = []

    def headers(url: str, query: Mapping[str, str]) -> Mapping[str, str]:
        del url, query
        try:
            import google.auth
            from google.auth.transport.requests import Request
        except ImportError:
            raise _no_library("vertex_ai") from None
        try:
            if not held:
                held.append(google.auth.default(scopes=[_GOOGLE])[0])
            if not held[0].valid:
                held[0].refresh(Request())
        except Exception as error:  # noqa: BLE001  # their kinds are their libraries' business
            fix = "gcloud auth application-default login, or name a variable with --token-env"
            raise _no_credentials("vertex_ai", error, fix) from None
        payer = getattr(held[0], "quota_project_id", None) or project
        return {
            "authorization": f"Bearer {held[0].token}",
            **({"x-goog-user-project": payer} if payer else {}),
        }

    return headers


def _oci() -> Headers:
    held: list[Any] = []

    def headers(url: str, query: Mapping[str, str]) -> Mapping[str, str]:
        try:
            import oci  # type: ignore[import-untyped]
            from oci._vendor import requests  # type: ignore[import-untyped]
        except ImportError:
            raise _no_library("oci_generative_ai") from None
        try:
            if not held:
                profile = os.environ.get("OCI_CLI_PROFILE", "DEFAULT")
                held.append(oci.signer.Signer.from_config(oci.config.from_file(profile_name=profile)))
            prepared = requests.Request("GET", f"{url}?{urlencode(query)}").prepare()
            signed = held[0](prepared).headers
        except Exception as error:  # noqa: BLE001  # their kinds are their libraries' business
            fix = "oci setup config; only profiles with an API signing key are read"
            raise _no_credentials("oci_generative_ai", error, fix) from None
        return {
            name.lower(): text
            for name, text in signed.items()
            if name.lower() in ("date", "authorization", "host")
        }

    return headers
