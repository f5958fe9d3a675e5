"""Starts what is in a container: a model-server process for `vllm serve`, times only for everything else."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anyport_sandbox.kubernetes.api import Api
from anyport_sandbox.kubernetes.apps import App, ProcessApp, SimulatedApp
from anyport_sandbox.kubernetes.clock import Clock
from anyport_sandbox.kubernetes.environment import environment, expand, service_links
from anyport_sandbox.kubernetes.errors import ClusterError
from anyport_sandbox.kubernetes.faults import Conduct
from anyport_sandbox.kubernetes.network import loopback
from anyport_sandbox.kubernetes.pod import Pod
from anyport_sandbox.kubernetes.processes import Child
from anyport_sandbox.kubernetes.vllm_arguments import UsageError, parse
from anyport_sandbox.kubernetes.volumes import check_volumes, lay_out, with_real_paths
from anyport_sandbox.servers.files import private_dir

__all__ = ["Runtime"]

_USAGE_EXIT = 2
_SYSTEM = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


class Runtime:
    """Launches containers.

    Args:
        folder: gets a log per container, `<namespace>_<pod>_<uid>/<container>.log`, mode 0700.
        servers: false: no processes, `vllm serve` has only its arguments checked.
    """

    def __init__(self, api: Api, clock: Clock, folder: Path, *, servers: bool) -> None:
        self._api, self._clock, self._folder, self._servers = api, clock, folder, servers

    def launch(self, pod: Pod, container: Mapping[str, Any], now: float) -> App:
        """Start a container.

        Raises:
            MountError: an object it mounts is not there.
            ClusterError: its environment cannot be made.
        """
        volumes = check_volumes(pod.body, self._reader(pod))
        made = environment(container, pod.body, self._reader(pod), self._links(pod))
        given = [*(container.get("command") or ()), *(container.get("args") or ())]
        words = [expand(word, made) for word in given]
        if not _is_vllm(container, words):
            return SimulatedApp(pod.conduct, now, ends=not pod.always(container))
        if self._servers and pod.conduct().server == "on":
            places = lay_out(self._own_folder(pod), container, volumes)
            return self._server(pod, container, with_real_paths(words, places), made)
        try:
            parse(words)
        except UsageError as error:
            problem = str(error)
            return SimulatedApp(lambda: _broken(pod.conduct(), problem), now, ends=True)
        return SimulatedApp(pod.conduct, now, ends=False)

    def _server(
        self, pod: Pod, container: Mapping[str, Any], words: list[str], made: Mapping[str, str]
    ) -> App:
        address = loopback(pod.ip)
        conduct = pod.conduct()
        limits = (container.get("resources") or {}).get("limits") or {}
        command = [sys.executable, "-m", "anyport_sandbox.kubernetes.model_server"]
        options = [
            f"--address={address}",
            f"--speed={self._clock.speed:g}",
            f"--load-seconds={conduct.start_seconds:g}",
            f"--answer-seconds={conduct.answer_seconds:g}",
            f"--gpus={limits.get('nvidia.com/gpu', 0)}",
        ]
        system = {name: os.environ[name] for name in _SYSTEM if name in os.environ}
        env = {**made, **system, "ANYPORT_SANDBOX_POD": f"{pod.namespace}/{pod.name}"}
        log = self._own_folder(pod) / f"{container['name']}.log"
        try:
            child = Child(container["name"], [*command, *options, "--", *words], log, env)
        except OSError as error:
            raise ClusterError(f"the model server cannot be started: {error.strerror}") from None
        ports = {
            each["name"]: each["containerPort"] for each in container.get("ports") or () if "name" in each
        }
        return ProcessApp(child, address, ports, pod.conduct, self._clock)

    def _own_folder(self, pod: Pod) -> Path:
        return private_dir(self._folder / f"{pod.namespace}_{pod.name}_{pod.uid}")

    def _reader(self, pod: Pod) -> Any:
        return lambda kind, name: self._api.find("v1", kind, name, pod.namespace)

    def _links(self, pod: Pod) -> dict[str, str]:
        if pod.body["spec"].get("enableServiceLinks") is False:
            return {}
        return service_links(self._api.list("v1", "Service", pod.namespace))


def _is_vllm(container: Mapping[str, Any], words: list[str]) -> bool:
    """`vllm serve`, or the arguments of an image whose entry point it is."""
    if words[:2] == ["vllm", "serve"]:
        return True
    return not container.get("command") and bool({"--model", "--served-model-name"} & set(words))


def _broken(conduct: Conduct, problem: str) -> Conduct:
    return conduct.model_copy(update={"exit_code": _USAGE_EXIT, "message": conduct.message or problem})
