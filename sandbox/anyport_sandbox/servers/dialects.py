"""How each cloud spells authentication, routes, errors and headers.

Sources, collected 2026-11-22: Microsoft "API version lifecycle" (2026-03-19) and the troubleshooting
page of 2026-09-20; Google's generative-ai and vertex-ai-samples notebooks and the Vertex discovery
documents v1 and v1beta1 (2026-11-06); Oracle "OpenAI-compatible API" and "API keys" pages, pydantic-ai#1385 and
vercel/ai#21153 (2026-09-18); vLLM 0.32 routes and its `authenticate.py`. What they do not say is marked
"a guess" where it stands. Nothing here was compared with a live cloud.

Not simulated: OCI's signed requests (refused as such) and `/completions`. `addresses` knows the URL forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anyport_sandbox.servers.addresses import Address
from anyport_sandbox.servers.errors import ApiError, invalid
from anyport_sandbox.servers.limits import Left
from anyport_sandbox.servers.routes import Provider, Route

__all__ = ["DIALECTS", "Dialect"]

_SAFE = {"filtered": False, "severity": "safe"}
_CATEGORIES = {
    **dict.fromkeys(("hate", "self_harm", "sexual"), _SAFE),
    "violence": {"filtered": True, "severity": "medium"},
}
_FILTERED = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": _CATEGORIES}


class Dialect:
    """What is common: a Bearer token on three operations. Each cloud overrides what differs."""

    lists_models = True
    open_paths: frozenset[str] = frozenset()
    ignores_unknown_fields = False
    sentences: Mapping[str, str] = {
        "unauthorized": "The credential is missing or not valid.",
        "not_found": "Not found.",
        "model_not_found": "The model `{model}` does not exist.",
        "fault": "The service is temporarily unable to process the request.",
        "rate_limited": "Too many requests or tokens in this minute.",
        "retired": "The model `{model}` is retired.",
    }
    retired_status = 404

    def credential(self, headers: Mapping[str, str], route: Route) -> str:
        """The token a request presents, or empty.

        Raises:
            ApiError: a way of authentication this resource has switched off.
        """
        del route
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def message(self, error: ApiError, model: str) -> str:
        """The sentence a caller reads."""
        return error.message or self.sentences.get(error.code, error.code).replace("{model}", model)

    def body(self, error: ApiError, model: str) -> Any:
        """The JSON of a refusal."""
        raise NotImplementedError

    def has_responses(self, address: Address) -> bool:
        """Whether `/responses` exists at an address."""
        return address.form == "v1"

    def refuse(self, route: Route, request: Mapping[str, Any]) -> None:
        """What this cloud's models refuse beyond the common rules.

        Raises:
            ApiError: 400 naming the field.
        """

    def error_headers(self, error: ApiError) -> dict[str, str]:
        """Headers of a refusal; `Retry-After` in seconds where the error says when."""
        if error.retry_after_seconds is None:
            return {}
        return {"retry-after": str(error.retry_after_seconds)}

    def headers(self, route: Route, left: Left | None = None) -> dict[str, str]:
        """Headers of every answer a route gives, good or bad; `left` is what its limits leave."""
        del route, left
        return {}


class AzureDialect(Dialect):
    """Azure OpenAI, v1 form: `{"error": {"code", "message"}}`.

    `api-key` is accepted when the account has keys; with Entra only it answers 403
    `AuthenticationTypeDisabled` (a guess from public reports). A key is also taken as Bearer, as the
    official client sends it. `/models` lists the deployments (a guess; the real one may list base
    models). Where a route has no limit, the remaining numbers are constants (a guess); the reset headers
    are whole seconds (a guess). The body of `content_filter` is that of public reports (compl-ai#20,
    openai-dotnet#55), with every category given as filtered or safe by rote. 410 for a retired model is
    from the management SDK's docstring; its `code` is a guess.
    """

    retired_status = 410

    sentences = {
        **Dialect.sentences,
        "unauthorized": "Access denied due to invalid credentials, wrong token scope or missing role.",
        "key_auth_disabled": "Key based authentication is disabled for this resource.",
        "not_found": "Resource not found",
        "model_not_found": "The API deployment `{model}` for this resource does not exist.",
        "content_filter": "The prompt was stopped by the content filter of this deployment: change it.",
    }
    codes = {
        "unauthorized": "401",
        "key_auth_disabled": "AuthenticationTypeDisabled",
        "not_found": "404",
        "model_not_found": "DeploymentNotFound",
        "unsupported": "OperationNotSupported",
        "context_length_exceeded": "context_length_exceeded",
        "invalid_request": "invalid_request_error",
        "content_filter": "content_filter",
    }

    def credential(self, headers: Mapping[str, str], route: Route) -> str:
        """Bearer, or `api-key` where keys are on."""
        if "api-key" not in headers:
            return super().credential(headers, route)
        if route.auth_kind == "entra":
            raise ApiError(403, "key_auth_disabled")
        return headers["api-key"]

    def body(self, error: ApiError, model: str) -> Any:
        """`code` is the status as text when Azure has no word of its own for it (a guess)."""
        inner: dict[str, Any] = {
            "code": self.codes.get(error.code, str(error.status)),
            "message": self.message(error, model),
        }
        if error.code == "content_filter":
            inner |= {"param": "prompt", "type": None, "status": 400, "innererror": _FILTERED}
            return {"error": inner}
        return {"error": {**inner, "param": error.param} if error.param else inner}

    def error_headers(self, error: ApiError) -> dict[str, str]:
        """429 also says when in milliseconds, and that nothing remains."""
        found = super().error_headers(error)
        if error.retry_after_seconds is not None:
            found["retry-after-ms"] = str(error.retry_after_seconds * 1000)
        if error.status == 429 and error.code == "fault":
            found |= {"x-ratelimit-remaining-requests": "0", "x-ratelimit-remaining-tokens": "0"}
        return found

    def headers(self, route: Route, left: Left | None = None) -> dict[str, str]:
        """`x-ms-region` only when the region is known; reset headers only where there is a limit."""
        found = {"x-ratelimit-remaining-requests": "999", "x-ratelimit-remaining-tokens": "999000"}
        if route.region:
            found["x-ms-region"] = route.region
        if left is None:
            return found
        for kind in ("requests", "tokens"):
            if (rest := getattr(left, kind)) is not None:
                found[f"x-ratelimit-remaining-{kind}"] = str(rest)
                found[f"x-ratelimit-reset-{kind}"] = str(left.reset_seconds)
        return found


class VertexDialect(Dialect):
    """Vertex AI: `[{"error": {"code", "message", "status"}}]`, a list as its OpenAI surface returns.

    The discovery document has no `/models` under `endpoints/openapi`, so it is 404 (inferred). The
    words of the messages are a guess; the status names are Google's own. Tokens live about an hour; the
    `www-authenticate` of a stale one was seen at other Google APIs (dart-lang/pub-dev#5207), here it is a
    guess. 429 carries no `Retry-After` (agentgateway#1500).
    """

    lists_models = False
    sentences = {
        **Dialect.sentences,
        "unauthorized": "Request had invalid authentication credentials. Expected OAuth 2 access token.",
        "token_expired": "Request had invalid authentication credentials. Expected OAuth 2 access token.",
        "rate_limited": "Resource exhausted: too many requests or tokens in this minute.",
        "model_not_found": "Publisher Model `{model}` was not found or your project has no access to it.",
    }
    statuses = {
        400: "INVALID_ARGUMENT",
        401: "UNAUTHENTICATED",
        403: "PERMISSION_DENIED",
        404: "NOT_FOUND",
        429: "RESOURCE_EXHAUSTED",
        500: "INTERNAL",
        503: "UNAVAILABLE",
        504: "DEADLINE_EXCEEDED",
    }

    def body(self, error: ApiError, model: str) -> Any:
        """Google's error, wrapped in a list."""
        status = self.statuses.get(error.status, "UNKNOWN")
        return [{"error": {"code": error.status, "message": self.message(error, model), "status": status}}]

    def has_responses(self, address: Address) -> bool:
        """Under `endpoints/openapi` of both versions; a self-deployed endpoint has chat completions alone."""
        return address.form in ("v1", "v1beta1") and address.base.endswith("/endpoints/openapi")

    def error_headers(self, error: ApiError) -> dict[str, str]:
        """No `Retry-After` from a quota; a stale token is named as such."""
        if error.code == "rate_limited":
            return {}
        found = super().error_headers(error)
        if error.code == "token_expired":
            found["www-authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
        return found


class OciDialect(Dialect):
    """OCI Generative AI: `{"code", "message"}`; there is no `/models` route.

    `code` words are those of OCI's other services (a guess for this surface). A key is bound to the
    region, which the host already is; here it is also bound to the target (a guess, the stricter one).
    Calls signed by IAM (with `opc-compartment-id`) are not simulated: 401 that says so. The header
    `model-retirement-info` is from a release note of 2025-07-10; its text is a guess. Whether 429 says
    when to return is not known: it says nothing.
    """

    lists_models = False
    sentences = {
        **Dialect.sentences,
        "unauthorized": "The required information to complete authentication was not provided or is incorrect.",
        "signed_call": "Signed calls are not simulated by this stand-in: send an API key as Bearer.",
        "model_not_found": "Entity with key {model} not found",
    }
    codes = {
        400: "InvalidParameter",
        401: "NotAuthenticated",
        404: "NotAuthorizedOrNotFound",
        429: "TooManyRequests",
        500: "InternalServerError",
        503: "ServiceUnavailable",
    }

    def body(self, error: ApiError, model: str) -> Any:
        """OCI's flat error."""
        code = self.codes.get(error.status, str(error.status))
        if error.code == "context_length_exceeded":
            code = error.code
        return {"code": code, "message": self.message(error, model)}

    def credential(self, headers: Mapping[str, str], route: Route) -> str:
        """A key as Bearer; one minted before its policy never becomes valid."""
        if headers.get("authorization", "").lower().startswith("signature "):
            raise ApiError(401, "signed_call")
        return super().credential(headers, route)

    def refuse(self, route: Route, request: Mapping[str, Any]) -> None:
        """Llama takes no tools when the first message is a system message."""
        first = request["messages"][0]["role"]
        if route.model.startswith("meta.llama") and request.get("tools") and first == "system":
            raise invalid("This model takes no tools when the first message is a system message.", "messages")

    def error_headers(self, error: ApiError) -> dict[str, str]:
        """Nothing from a limit."""
        return {} if error.code == "rate_limited" else super().error_headers(error)

    def headers(self, route: Route, left: Left | None = None) -> dict[str, str]:
        """A routing profile (its OCID is the model) says which region served; a deprecated model warns."""
        del left
        found = {}
        if "routingprofile" in route.model and route.region:
            found["x-genai-selected-region"] = route.region
        if route.retirement_info:
            found["model-retirement-info"] = route.retirement_info
        return found


class VllmDialect(Dialect):
    """vLLM 0.32: `{"error": {"message", "type", "param", "code"}}`; `/v1` guarded, `/health` open.

    The 401 has vLLM's usual shape too (a guess; its middleware may answer more tersely). Only the
    server is simulated: Anyport's own ingress would not let `/health` and `/metrics` out.
    """

    open_paths = frozenset({"/health", "/metrics"})
    ignores_unknown_fields = True
    types = {400: "BadRequestError", 401: "UnauthorizedError", 404: "NotFoundError", 429: "RateLimitError"}
    sentences = {**Dialect.sentences, "unauthorized": "Unauthorized"}

    def body(self, error: ApiError, model: str) -> Any:
        """The `code` is the status as a number."""
        return {
            "error": {
                "message": self.message(error, model),
                "type": self.types.get(error.status, "InternalServerError"),
                "param": error.param or ("model" if error.code == "model_not_found" else None),
                "code": error.status,
            }
        }


DIALECTS: dict[Provider, Dialect] = {
    "azure_openai": AzureDialect(),
    "vertex_ai": VertexDialect(),
    "oci_generative_ai": OciDialect(),
    "coreweave_vllm": VllmDialect(),
}
