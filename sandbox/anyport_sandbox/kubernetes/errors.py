"""What can go wrong with a local cluster."""

from __future__ import annotations

__all__ = ["ApiError", "ClusterError", "MountError", "NotYetError"]


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
