"""What the simulated kubelet reports of pods that start, fail, and end."""

from __future__ import annotations

import pytest
from k8s_objects import Space, container, first_status, pod_spec, ready, waiting

pytestmark = pytest.mark.engine


def test_a_slow_start_is_not_ready_until_its_probe_passes(space: Space) -> None:
    probe = {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 10, "failureThreshold": 30}
    space.pod("slow", pod_spec(container_extra={"startupProbe": probe}), start_seconds="120")
    pod = space.until("slow", lambda pod: "running" in first_status(pod).get("state", {}))
    assert not ready(pod)
    assert first_status(pod)["started"] is False
    assert first_status(space.until("slow", ready))["restartCount"] == 0


def test_a_start_beyond_its_budget_is_killed_and_tried_again(space: Space) -> None:
    probe = {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 10, "failureThreshold": 3}
    space.pod("late", pod_spec(container_extra={"startupProbe": probe}), start_seconds="1000000")
    pod = space.until("late", lambda pod: first_status(pod).get("restartCount", 0) >= 1)
    assert first_status(pod)["lastState"]["terminated"]["exitCode"] == 137
    assert space.events("Unhealthy") == ["Startup probe failed"] * len(space.events("Unhealthy"))
    assert space.events("Killing")


def test_a_crash_loop_shows_its_exit_code_and_the_wait(space: Space) -> None:
    space.pod("crash", pod_spec(), exit_code="3", message="no such model")
    pod = space.until("crash", waiting("CrashLoopBackOff"))
    status = first_status(pod)
    assert "restarting failed container=app pod=crash_" in status["state"]["waiting"]["message"]
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert status["lastState"]["terminated"]["message"] == "no such model"
    assert status["restartCount"] >= 1
    assert not ready(pod)
    space.until(
        "crash",
        lambda pod: (
            "back-off 20s" in first_status(pod).get("state", {}).get("waiting", {}).get("message", "")
        ),
    )


def test_an_image_that_is_not_there(space: Space) -> None:
    space.pod("image", pod_spec(), image="missing")
    message = first_status(space.until("image", waiting("ErrImagePull")))["state"]["waiting"]["message"]
    assert "registry.example/app:1: not found" in message
    message = first_status(space.until("image", waiting("ImagePullBackOff")))["state"]["waiting"]["message"]
    assert message.startswith('Back-off pulling image "registry.example/app:1"')
    assert space.get("image")["status"]["phase"] == "Pending"


def test_a_missing_secret_is_named_and_waited_for(space: Space) -> None:
    env = [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "key", "key": "api-key"}}}]
    space.pod("keyless", pod_spec(container_extra={"env": env}))
    pod = space.until("keyless", waiting("CreateContainerConfigError"))
    assert first_status(pod)["state"]["waiting"]["message"] == 'secret "key" not found'
    space.key()
    space.until("keyless", ready)


def test_init_containers_run_first_and_in_order(space: Space) -> None:
    space.pod(
        "init",
        {**pod_spec(), "initContainers": [container(name="one"), container(name="two")]},
        run_seconds="60",
    )
    pod = space.until("init", lambda pod: "running" in first_status(pod).get("state", {}))
    inits = pod["status"]["initContainerStatuses"]
    assert [each["state"]["terminated"]["reason"] for each in inits] == ["Completed", "Completed"]
    assert inits[0]["state"]["terminated"]["finishedAt"] <= inits[1]["state"]["terminated"]["startedAt"]


def test_a_job_ends(space: Space) -> None:
    template = {"spec": {**pod_spec(), "restartPolicy": "Never"}}
    space.put("batch/v1", "Job", "once", {"template": template, "backoffLimit": 0})
    job = space.api.wait(
        lambda: space.api.get("batch/v1", "Job", "once", space.name),
        lambda job: job["status"].get("succeeded"),
    )
    assert job["status"]["succeeded"] == 1


def test_a_pod_falls_sick_and_recovers_while_it_runs(space: Space) -> None:
    probe = {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 5, "failureThreshold": 3}
    space.pod("sick", pod_spec(container_extra={"readinessProbe": probe}))
    space.until("sick", ready)
    space.cluster.kubelet.inject(space.name, "sick", answers="false")
    space.until("sick", lambda pod: not ready(pod))
    space.cluster.kubelet.clear()
    pod = space.until("sick", ready)
    assert first_status(pod)["restartCount"] == 0


def test_an_end_waits_for_pre_stop_and_for_the_container(space: Space) -> None:
    hook = {"lifecycle": {"preStop": {"sleep": {"seconds": 60}}}}
    spec = {**pod_spec(container_extra=hook), "terminationGracePeriodSeconds": 36000}
    space.pod("polite", spec, stop_seconds="60")
    space.until("polite", ready)
    clock = space.cluster.clock
    asked = clock.now()
    space.api.delete("v1", "Pod", "polite", space.name)
    assert space.until("polite", lambda pod: pod["metadata"].get("deletionTimestamp") and ready(pod))
    space.api.wait(lambda: space.api.find("v1", "Pod", "polite", space.name) is None)
    assert clock.now() - asked >= 120


def test_an_end_does_not_wait_beyond_the_grace_period(space: Space) -> None:
    space.pod("stubborn", {**pod_spec(), "terminationGracePeriodSeconds": 60}, stop_seconds="1000000")
    space.until("stubborn", ready)
    asked = space.cluster.clock.now()
    space.api.delete("v1", "Pod", "stubborn", space.name)
    space.api.wait(lambda: space.api.find("v1", "Pod", "stubborn", space.name) is None)
    assert space.cluster.clock.now() - asked >= 60


def test_a_misspelt_annotation_is_told(space: Space) -> None:
    space.pod("typo", pod_spec(), star_seconds="5")
    pod = space.until("typo", waiting("CreateContainerConfigError"))
    assert "sandbox.anyport.dev/star-seconds" in first_status(pod)["state"]["waiting"]["message"]
