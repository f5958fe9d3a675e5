"""What a CoreWeave cluster says of a target: machines of the type that is asked for, and GPUs that nobody holds.

A cluster lists what is in it. What the zone could add is not listed anywhere.
"""

from __future__ import annotations

from ..live.asker import Asker
from ..live.coreweave import Machine, machines, pool_targets
from ..live.failure import LiveError
from ..live.questions import Question, Quota
from .model import Checked, Need, Row, Subject

__all__ = ["judge"]

_ASK = "your CoreWeave contact: NEEDED GPUs of {type} in {place}, or a larger node pool in that cluster"


def judge(checked: Checked, asker: Asker) -> None:
    """Add rows and needs of a target. Raises LiveError where the cluster cannot be asked."""
    subject = checked.subject
    target = subject.target
    place = target.zone or target.region
    found = machines(*(asker.ask(Question("coreweave_vllm", what, place)) for what in ("nodes", "pods")))
    mine = [machine for machine in found if machine.instance_type == target.instance_type]
    if not mine:
        checked.rows.append(_none(subject, place, asker))
        return
    text = f"{len(mine)} ready machine(s) of {target.instance_type} in {place}; the weights are fetched at the start"
    checked.rows.append(subject.row("offered", "PASS", text))
    gpus = target.gpus_per_replica
    if gpus is None:
        text = "how many GPUs a server needs is not known; say options.gpus_per_replica"
        checked.rows.append(subject.row("quota", "WARN", text))
        return
    checked.needs.append(
        Need(
            pool=("coreweave_vllm", "", place, target.instance_type or ""),
            amount=gpus * (target.replicas or 1),
            unit="GPUs",
            quota=_placeable(target.instance_type or "", mine, gpus),
            how=_ASK.format(type=target.instance_type, place=place),
        )
    )


def _none(subject: Subject, place: str, asker: Asker) -> Row:
    """No machine now; a node pool, the target's own or one of the cluster, may bring some."""
    target = subject.target
    text = f"the cluster in {place} has no ready machine of {target.instance_type}"
    try:
        pools = pool_targets(asker.ask(Question("coreweave_vllm", "node_pools", place)))
    except LiveError:
        pools = {}
    wanted, there = pools.get(target.instance_type or "", (0, 0))
    if wanted > there:
        return subject.row("offered", "WARN", f"{text}; node pools ask for {wanted} and have {there}")
    if getattr(target.options, "node_pool", None):
        text += "; the target makes a node pool, and whether the zone has machines for it is not told"
        return subject.row("offered", "WARN", text)
    return subject.row("offered", "FAIL", text)


def _placeable(name: str, mine: list[Machine], gpus: int) -> Quota:
    """GPUs of the type, less those that are held or too few on their machine for one server."""
    each = max(machine.gpus for machine in mine)
    block = min(gpus, each)
    fits = sum(machine.free // block * block for machine in mine)
    total = sum(machine.gpus for machine in mine)
    return Quota(name, total, total - fits, "GPUs")
