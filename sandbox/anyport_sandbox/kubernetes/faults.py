"""What a simulated container does, and what is broken about it on purpose.

Told by annotations of the pod (`sandbox.anyport.dev/start-seconds: "120"`), or by `Kubelet.inject` for pods whose
manifest is not ours to change; annotations win. Both may be changed while the pod runs. Times are simulated seconds.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from anyport_sandbox.kubernetes.errors import ClusterError

__all__ = ["PREFIX", "Conduct", "Injections", "conduct"]

PREFIX = "sandbox.anyport.dev/"
_OTHER = frozenset({"simulated", "lost", "address"})


class Conduct(BaseModel):
    """How the containers of a pod behave.

    Attributes:
        image: `missing` cannot be pulled.
        start_seconds: until a container answers its probes.
        answers: false: it never answers a probe (again).
        unhealthy_after_seconds: it stops answering that long after its start.
        run_seconds: it ends after that time; None: never, or at once in a pod that is not restarted always.
        exit_code: how it ends.
        message: what it leaves as its termination message.
        stop_seconds: from SIGTERM to its end.
        answer_seconds: that a model server takes for a chat completion.
        server: `off`: no process even where the kubelet would start a model server.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: Literal["present", "missing"] = "present"
    start_seconds: float = Field(default=0, ge=0)
    answers: bool = True
    unhealthy_after_seconds: float | None = Field(default=None, ge=0)
    run_seconds: float | None = Field(default=None, ge=0)
    exit_code: int = Field(default=0, ge=0, le=255)
    message: str = ""
    stop_seconds: float = Field(default=0, ge=0)
    answer_seconds: float = Field(default=0, ge=0)
    server: Literal["on", "off"] = "on"


def conduct(annotations: Mapping[str, str], injected: Mapping[str, str]) -> Conduct:
    """The conduct that annotations ask for, over what was injected.

    Raises:
        ClusterError: a key that means nothing, or a value that does not fit.
    """
    asked = {
        key.removeprefix(PREFIX).replace("-", "_"): value
        for key, value in annotations.items()
        if key.startswith(PREFIX) and key.removeprefix(PREFIX) not in _OTHER
    }
    try:
        return Conduct.model_validate({**injected, **asked})
    except ValidationError as error:
        detail = error.errors(include_input=False)[0]
        name = ".".join(map(str, detail["loc"])).replace("_", "-")
        raise ClusterError(f"{PREFIX}{name}: {detail['msg'].lower()}") from None


class Injections:
    """Conducts laid on pods from outside, by shell patterns of namespace and name; later ones win."""

    def __init__(self) -> None:
        self._all: list[tuple[str, str, Mapping[str, str]]] = []

    def add(self, namespace: str, pods: str, settings: Mapping[str, str]) -> None:
        """Lay one on, also on pods to come."""
        self._all.append((namespace, pods, settings))

    def clear(self) -> None:
        """Forget all."""
        self._all.clear()

    def of(self, namespace: str, pod: str) -> dict[str, str]:
        """What lies on one pod."""
        found: dict[str, str] = {}
        for spaces, pods, settings in self._all:
            if fnmatch.fnmatchcase(namespace, spaces) and fnmatch.fnmatchcase(pod, pods):
                found |= settings
        return found
