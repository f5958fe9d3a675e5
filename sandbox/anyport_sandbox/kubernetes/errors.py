"""What can go wrong with a local cluster."""

from __future__ import annotations

import json

__all__ = ["ApiError", "ClusterError", "MountError", "NotYetError", "refusal"]


class ClusterError(Exception):
    """The cluster cannot be started or used; one sentence with a way out."""


class MountError(ClusterError):
    """A volume of a pod cannot be mounted yet."""


class NotYetError(ClusterError):
    """What was waited for did not come; the text says what was there instead."""


class ApiError(Exception):
    """The API server refused.

    Attributes:
        status: HTTP status.
        reason: Kubernetes' own word, such as `NotFound`, `Invalid`, `Forbidden`, `TooManyRequests`.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message


def refusal(status: int, raw: bytes) -> ApiError:
    """What the API server answered, as an error."""
    try:
        answer = json.loads(raw)
        return ApiError(status, answer.get("reason", ""), answer.get("message", ""))
    except (ValueError, AttributeError):
        return ApiError(status, "", raw.decode(errors="replace").strip()[:300])
