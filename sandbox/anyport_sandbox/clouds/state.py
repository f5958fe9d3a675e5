"""What a simulated cloud remembers between processes: one JSON file per cloud.

Several plugin processes (one per explicit provider) and several `pulumi` runs share a file, so every
change is a transaction: lock, read, change, write beside, rename. The file is mode 0600 because inputs may
hold secrets in clear text. It is not a database: one file is rewritten as a whole, which is fine for the
hundreds of resources of a sandbox.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from .errors import SandboxError

__all__ = ["Records", "State", "state_dir"]

_SECTIONS = ("resources", "deleted", "busy", "faults", "serials")


def state_dir(checkout: Path) -> Path:
    """Where the clouds keep their state: `ANYPORT_SANDBOX_STATE`, else a folder of the checkout."""
    named = os.environ.get("ANYPORT_SANDBOX_STATE", "")
    return Path(named).absolute() if named else checkout / ".anyport" / "sandbox" / "clouds"


class Records:
    """The contents of one cloud during one transaction.

    Attributes:
        resources: key to record (`type`, `id`, `urn`, `inputs`, `outputs`, both in wire form).
        deleted: soft-deleted things by id, with the time they went.
        busy: ids that an operation is working on, with the epoch second after which that is stale.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        for section in _SECTIONS:
            data.setdefault(section, {})
        self.data = data
        self.resources: dict[str, dict[str, Any]] = data["resources"]
        self.deleted: dict[str, dict[str, Any]] = data["deleted"]
        self.busy: dict[str, float] = data["busy"]

    def serial(self, key: str) -> int:
        """1, 2, 3 … per key: makes ids unique without chance."""
        count = int(self.data["serials"].get(key, 0)) + 1
        self.data["serials"][key] = count
        return count

    def fired(self, fault: str, limit: int | None) -> bool:
        """Count one firing of a fault; False once its limit is used up."""
        count = int(self.data["faults"].get(fault, 0))
        if limit is not None and count >= limit:
            return False
        self.data["faults"][fault] = count + 1
        return True

    def of_type(self, token: str) -> list[dict[str, Any]]:
        """All records of one resource type."""
        return [record for record in self.resources.values() if record["type"] == token]


class State:
    """The file of one cloud in a folder that is created on first use."""

    def __init__(self, folder: Path, cloud: str) -> None:
        self.folder = folder
        self.path = folder / f"{cloud}.json"
        self._guard = RLock()

    @contextmanager
    def transaction(self) -> Iterator[Records]:
        """Exclusive view of the records; written back on success, untouched when the block raises.

        Raises:
            SandboxError: the folder or file cannot be read or written.
        """
        with self._guard, self._locked():
            before = self._load()
            records = Records(json.loads(before) if before else {})
            yield records
            after = json.dumps(records.data, indent=1, sort_keys=True)
            if after != before:
                self._save(after)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _load(self) -> str:
        try:
            text = self.path.read_text("utf-8")
            dict(json.loads(text))
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise self._unusable(error) from error
        except (ValueError, TypeError) as error:
            raise SandboxError(
                f"The sandbox state {self.path} is not valid JSON; delete it to start with an empty cloud."
            ) from error
        return text

    def _save(self, text: str) -> None:
        temporary = ""
        try:
            handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=self.path.stem, suffix=".tmp")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).replace(self.path)
        except OSError as error:
            if temporary:
                Path(temporary).unlink(missing_ok=True)
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> SandboxError:
        return SandboxError(
            f"The sandbox cannot keep its state in {self.folder} ({error.strerror or error}); "
            "free some space or point ANYPORT_SANDBOX_STATE at a folder that can be written."
        )
