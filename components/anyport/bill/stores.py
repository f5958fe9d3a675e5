"""Object stores: what lies below a prefix, and its bytes piece by piece.

Azure, Google and S3 through `obstore` (extra `bill`), Oracle through its own SDK (extra `live`). Each finds credentials as
it always does; none is taken from or put into a message here, and of a library's error only its kind is told.
Interfaces: obstore 0.12.1, oci 2.189.0 `ObjectStorageClient`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread
from typing import Any, Protocol, TypeVar

from ..errors import Problem
from .remote import Remote

__all__ = ["PIECE_BYTES", "Object", "Store", "StoreError", "open_store"]

T = TypeVar("T")

PIECE_BYTES = 8 * 2**20
"""Of one request: bounds what is held in memory, and how long a request may take."""
_TIMES = {"connect": 10, "request": 120}
_RETRIES = 3


@dataclass(frozen=True)
class Object:
    """One object. `tag` changes when its bytes do; empty where the store gives none."""

    key: str
    size: int
    tag: str


class StoreError(Exception):
    """Why a store is not read; carries the problem to show (AP572, AP573)."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Store(Protocol):
    """What is asked of a store. All raise `StoreError`."""

    def below(self, prefix: str) -> Iterator[Object]:
        """Objects whose key begins with the whole segments of the prefix, in any order."""
        ...

    def one(self, key: str) -> Object | None:
        """The object of that key; None when there is none."""
        ...

    def piece(self, asked: Object, start: int, end: int) -> bytes:
        """Bytes from `start` to before `end`, of the very bytes that were listed."""
        ...


def open_store(remote: Remote) -> Store:
    """The store that an address names.

    Raises:
        StoreError: AP572, its library is not installed, or there are no credentials.
    """
    return _Oracle(remote) if remote.kind == "oci" else _Obstore(remote)


def refused(remote: Remote, why: str, fix: str, got: str = "") -> StoreError:
    """AP572."""
    return StoreError(Problem("AP572", "", why, got=got, fix=fix, file=remote.url))


def changed(remote: Remote, key: str, why: str) -> StoreError:
    """AP573."""
    shown = remote.shown(key)
    return StoreError(Problem("AP573", "", why, fix="run it again when the export is written", file=shown))


_LOGIN = {
    "s3": "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, for another store than Amazon's AWS_ENDPOINT_URL too",
    "gs": "gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or AZURE_USE_AZURE_CLI=true after az login",
    "oci": "oci setup config; only profiles with an API signing key are read",
}
_VARIABLES = {"s3": "AWS", "gs": "GOOGLE", "az": "AZURE"}
"""How the names of variables of each kind begin."""
_READER = {
    "s3": "grant s3:ListBucket and s3:GetObject",
    "gs": "grant roles/storage.objectViewer",
    "az": "grant Storage Blob Data Reader",
    "oci": "allow the group to read objects; cost reports need the policy that endorses it in tenancy usage-report",
}
_HINTS = (
    (
        (
            "credential",
            "169.254.169.254",
            "latest/api/token",
            "latest/meta-data",
            "metadata.google",
            "computemetadata",
            "api-version=2019-08-01&resource",
        ),
        "no credentials were found",
    ),
    (("empty segment",), "a key below the prefix has an empty segment (`//`), which is not read"),
    (
        ("dns error", "failed to lookup", "name or service not known"),
        "its address is not known to the network",
    ),
    (("kind: timeout", "timed out"), "it did not answer in time"),
    (("kind: connect", "connectionerror", "unreachable"), "it cannot be reached"),
    (("builder error",), "its address is not encrypted, and that was not allowed"),
)
_STATUS = re.compile(r"non-2xx status code: (\d{3})")


@contextmanager
def _told(remote: Remote, key: str = "") -> Iterator[None]:
    """Errors of either library in our words."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  # kinds of two libraries, told apart by name and status
        raise _words(remote, key, error) from None


def _words(remote: Remote, key: str, error: Exception) -> StoreError:
    """Texts of libraries hold addresses, answers and more, so they are looked at and never shown."""
    text = f"{type(error).__name__} {error}"
    for name in filter(None, (key, remote.prefix, remote.bucket)):
        text = text.replace(name, "")
    found = _STATUS.search(text)
    status = getattr(error, "status", None) or (int(found[1]) if found else 0)
    got = f"status {status}" if status else type(error).__name__
    if status == 412:
        return changed(remote, key, "the object was changed while it was fetched")
    if status and "token request" in text:
        return refused(remote, "the login is refused", _LOGIN[remote.kind], got)
    if status in (401, 403):
        return refused(
            remote, "access is refused", f"{_READER[remote.kind]} to whom the credentials are of", got
        )
    if status == 404 or isinstance(error, FileNotFoundError):
        if key:
            return changed(remote, key, "the object was removed while it was fetched")
        return refused(
            remote,
            "there is no such bucket, or it is not shown to these credentials",
            "look at its name",
            got,
        )
    return _by_text(remote, text.lower(), got)


def _by_text(remote: Remote, text: str, got: str) -> StoreError:
    why = next((why for words, why in _HINTS if any(word in text for word in words)), "")
    if why == _HINTS[0][1]:
        return refused(remote, why, _LOGIN[remote.kind], got)
    if why == _HINTS[-1][1]:
        return refused(
            remote,
            why,
            f"use https, or set {_VARIABLES[remote.kind]}_ALLOW_HTTP=true for a store of your own",
            got,
        )
    if "segment" in why:
        return refused(remote, why, "name a prefix that ends before or beyond it, or fetch the files by hand")
    if why:
        return refused(remote, why, "look at the network, and at the endpoint if one is set", got)
    return refused(
        remote, "the store answered with an error", "try again; fetch the files by hand if it stays", got
    )


def _waited(call: Callable[[], T]) -> T:
    """What a call of `obstore` gives. It takes no signal while it waits for a store, so it runs beside: whoever presses
    Ctrl-C need not wait for a timeout, and the working folder goes at once.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001  # raised again where the result is waited for
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future.result()


class _Obstore:
    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        try:
            import obstore
            from obstore import store
        except ImportError:
            raise refused(
                remote, "the library for object stores is not installed", "pip install 'anyport[bill]'"
            ) from None
        self.library: Any = obstore
        makers: dict[str, Any] = {"s3": store.S3Store, "gs": store.GCSStore, "az": store.AzureStore}
        account = {"account_name": remote.owner} if remote.owner else {}
        common = {
            "client_options": {
                "connect_timeout": timedelta(seconds=_TIMES["connect"]), "timeout": timedelta(seconds=_TIMES["request"]),
                "allow_http": os.environ.get(f"{_VARIABLES[remote.kind]}_ALLOW_HTTP", "").lower() == "true",
            },
            "retry_config": {"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=60)},
        }  # fmt: skip
        with _told(remote):
            self.store: Any = makers[remote.kind](remote.bucket, **account, **common)

    def below(self, prefix: str) -> Iterator[Object]:
        with _told(self.remote):
            batches = iter(self.library.list(self.store, prefix or None))
            while (batch := _waited(lambda: next(batches, None))) is not None:
                yield from (_object(one) for one in batch)

    def one(self, key: str) -> Object | None:
        with _told(self.remote):
            try:
                return _object(_waited(lambda: self.library.head(self.store, key)))
            except FileNotFoundError:
                return None

    def piece(self, asked: Object, start: int, end: int) -> bytes:
        options: dict[str, Any] = {"range": (start, end)}
        if asked.tag:
            options["if_match"] = asked.tag
        with _told(self.remote, asked.key):
            return _waited(lambda: bytes(self.library.get(self.store, asked.key, options=options).bytes()))


def _object(row: Any) -> Object:
    return Object(str(row["path"]), int(row["size"]), str(row.get("e_tag") or ""))


class _Oracle:
    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        try:
            import oci  # type: ignore[import-untyped]
        except ImportError:
            raise refused(
                remote, "Oracle's library is not installed", "pip install 'anyport[live]'"
            ) from None
        try:
            config = oci.config.from_file(profile_name=os.environ.get("OCI_CLI_PROFILE", "DEFAULT"))
            # Where the CLI's own variable for a private or another endpoint is set, it holds here too.
            endpoint = os.environ.get("OCI_CLI_ENDPOINT")
            more = {"service_endpoint": endpoint} if endpoint else {}
            self.client: Any = oci.object_storage.ObjectStorageClient(
                config, timeout=(_TIMES["connect"], _TIMES["request"]), **more,
                retry_strategy=oci.retry.RetryStrategyBuilder(max_attempts=_RETRIES + 1).get_retry_strategy(),
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001  # the SDK's kinds are many, and their texts name paths of keys
            raise refused(
                remote, "no credentials were found", _LOGIN["oci"], got=type(error).__name__
            ) from None

    def below(self, prefix: str) -> Iterator[Object]:
        start: str | None = None
        whole = f"{prefix}/" if prefix else ""
        while True:
            with _told(self.remote):
                data = self.client.list_objects(
                    self.remote.owner, self.remote.bucket, prefix=whole or None, start=start, fields="name,size,etag", limit=1000,
                ).data  # fmt: skip
            yield from (Object(one.name, int(one.size or 0), str(one.etag or "")) for one in data.objects)
            if not data.next_start_with:
                return
            start = data.next_start_with

    def one(self, key: str) -> Object | None:
        with _told(self.remote):
            data = self.client.list_objects(
                self.remote.owner, self.remote.bucket, prefix=key, fields="name,size,etag", limit=1
            ).data
        found = [one for one in data.objects if one.name == key]
        return Object(key, int(found[0].size or 0), str(found[0].etag or "")) if found else None

    def piece(self, asked: Object, start: int, end: int) -> bytes:
        more: dict[str, Any] = {"if_match": asked.tag} if asked.tag else {}
        with _told(self.remote, asked.key):
            answer = self.client.get_object(
                self.remote.owner, self.remote.bucket, asked.key, range=f"bytes={start}-{end - 1}", **more
            )
            return bytes(answer.data.content)
