"""The real engine under the pipeline's own scripts: both nets in one report, also when the preview is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))
from engine_project import Project, kill_all

pytestmark = pytest.mark.engine

SPEC = """\
config:
  anyport:tier: prod
  anyport:owner: ai-platform
  anyport:cost_center: cc-1234
  anyport:providers:
    vertex_ai: {project: anyport-sandbox}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      targets:
        azure-central: {priority: 1, provider: azure_openai, region: centralus}
        vertex: {priority: 2, provider: vertex_ai, region: us-central1}
"""


def test_a_refused_preview_and_the_files_say_the_same(checkout: Path, tmp_path: Path) -> None:
    if not (checkout / ".engine" / "bin" / "pulumi").exists():
        pytest.fail("The Pulumi engine is not here; run: make engine", pytrace=False)
    project = Project(checkout, tmp_path / "project", {"Pulumi.x.yaml": SPEC})
    reports = tmp_path / "reports"
    environment = {
        **project.environment, "ANYPORT_REPORTS": str(reports), "ANYPORT_PREVIEW_STACKS": "x", "ANYPORT_PATHS": "stacks",
    }  # fmt: skip

    def script(name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", checkout / "gitops" / "scripts" / name],
            cwd=project.folder, env=environment, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip

    try:
        project.init()
        previewed = script("preview.sh")
        assert previewed.returncode == 0, previewed.stdout + previewed.stderr
        assert script("check.sh").returncode == 1
    finally:
        kill_all(tmp_path)
    report = json.loads((reports / "anyport.json").read_text())
    (preview,) = report["previews"]
    assert (preview["stack"], preview["result"], preview["errors"]) == ("x", "refused", [])
    seen = {f["rule_id"]: f["nets"] for f in report["findings"] if f["fails"]}
    assert {"AR001", "AR003"} <= set(seen)
    assert {tuple(nets) for nets in seen.values()} == {("offline", "preview")}
    text = (reports / "anyport.md").read_text()
    assert "`x` refused" in text
    assert os.fspath(tmp_path) not in text
