"""The gateway's guarantee inside an HTTP client; see `transport` for how to use it."""

from .credentials import AsyncCredential, Credential
from .library import httpx
from .report import Served, Tried
from .settings import ClientSettings
from .transport import AsyncFailoverTransport, FailoverTransport

__all__ = [
    "AsyncCredential",
    "AsyncFailoverTransport",
    "ClientSettings",
    "Credential",
    "FailoverTransport",
    "Served",
    "Tried",
    "httpx",
]
