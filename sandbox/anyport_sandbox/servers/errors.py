"""How the simulated servers say no: to a caller over HTTP, and to whoever starts them."""

from __future__ import annotations

__all__ = ["ApiError", "RouteError", "ServersError"]


class RouteError(ValueError):
    """The routes cannot be served as given; the text is one sentence for the user."""


class ServersError(RuntimeError):
    """The servers could not be started or stopped; the text is one sentence for the user."""


class ApiError(Exception):
    """A refusal of one call, before any cloud's spelling is put on it (`dialects` does that).

    Attributes:
        status: HTTP status.
        code: our own word for the reason: `unauthorized`, `key_auth_disabled`, `not_found`,
            `model_not_found`, `invalid_request`, `unsupported`, `context_length_exceeded`,
            `too_large`, `fault`, `rate_limited`, `retired`, `content_filter`, `token_expired`,
            `signed_call`.
        message: what the caller reads; empty takes the dialect's own sentence for the code.
        param: the field of the request that is wrong, or empty.
        retry_after_seconds: when to try again, for 429 and 503; None says nothing.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str = "",
        param: str = "",
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message or code)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.retry_after_seconds = retry_after_seconds


def invalid(message: str, param: str = "", code: str = "invalid_request") -> ApiError:
    """A 400."""
    return ApiError(400, code, message, param)
