"""The scripts of the pipelines, run as a pipeline runs them, with stand-ins for pulumi and the hosts' APIs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

BAD = """\
config:
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      targets:
        azure: {priority: 1, provider: azure_openai, region: eastus2}
"""
REFUSED = {
    "policyEvent": {
        "resourceUrn": "urn:pulumi:x::p::anyport:index:InferenceEndpoint::chat",
        "message": "about\nAR002 fallback-provider: seen by the engine alone\n    fix: mend it\n",
        "policyName": "fallback-provider",
        "policyPackName": "anyport-resilience",
        "enforcementLevel": "mandatory",
    }
}
SUMMARY = {"summaryEvent": {"isPreview": True, "result": "failed", "resourceChanges": {"create": 2}}}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "stacks").mkdir(parents=True)
    (folder / "stacks" / "Pulumi.x.yaml").write_text(BAD)
    return folder


def script(
    checkout: Path, name: str, repo: Path, *arguments: str, **env: str
) -> subprocess.CompletedProcess[str]:
    program = "bash" if name.endswith(".sh") else sys.executable
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANYPORT", "GITHUB_", "CI_"))}
    return subprocess.run(
        [program, checkout / "gitops" / "scripts" / name, *arguments],
        cwd=repo,
        env={**kept, "ANYPORT_REPORTS": str(repo / "out"), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def pulumi(repo: Path, body: str) -> str:
    """A stand-in for the engine; the PATH that finds it first."""
    folder = repo / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "pulumi").write_text(f'#!/usr/bin/env bash\necho "$*" >> {repo}/calls\n{body}\n')
    (folder / "pulumi").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_check_writes_every_report_and_leaves_the_verdict(checkout: Path, repo: Path) -> None:
    output = repo / "output"
    done = script(checkout, "check.sh", repo, GITHUB_OUTPUT=str(output), GITHUB_ACTIONS="true")
    assert done.returncode == 0, done.stderr
    assert output.read_text() == f"exit-code=1\nreports={repo}/out\n"
    names = {path.name for path in (repo / "out").iterdir()}
    assert names == {f"anyport.{end}" for end in ("sarif", "xml", "json", "md", "codequality.json")}
    assert done.stdout.startswith("::error file=")
    plain = script(checkout, "check.sh", repo)
    assert plain.returncode == 1
    assert "fallback-region" in plain.stdout


def test_check_leaves_a_comment_even_when_it_cannot_run(checkout: Path, repo: Path) -> None:
    done = script(checkout, "check.sh", repo, ANYPORT_BASE="nowhere")
    assert done.returncode == 2
    assert (
        (repo / "out" / "anyport.md")
        .read_text()
        .startswith("<!-- anyport-check -->\n### Anyport cannot judge")
    )
    missing = script(checkout, "check.sh", repo, ANYPORT=str(repo / "nothing"))
    assert missing.returncode == 3


def test_check_takes_paths_that_look_like_options_for_paths(checkout: Path, repo: Path) -> None:
    done = script(checkout, "check.sh", repo, ANYPORT_PATHS="--write-baseline")
    assert done.returncode == 2
    assert "does not exist" in done.stderr


def test_a_refused_preview_is_joined_and_shown(checkout: Path, repo: Path) -> None:
    body = f"cat <<'EOF'\n{json.dumps(REFUSED)}\n{json.dumps(SUMMARY)}\nEOF\nexit 1"
    done = script(checkout, "preview.sh", repo, PATH=pulumi(repo, body), ANYPORT_PREVIEW_STACKS="x")
    assert done.returncode == 0, done.stderr
    (call,) = (repo / "calls").read_text().splitlines()
    assert call.startswith("-C . preview -s x --json --non-interactive --policy-pack")
    assert "policies/resilience" in call
    assert "policies/baseline" in call
    script(checkout, "check.sh", repo)
    report = json.loads((repo / "out" / "anyport.json").read_text())
    (seen,) = [f for f in report["findings"] if f["nets"] == ["preview"]]
    assert (seen["rule_id"], seen["file"], seen["line"], seen["fails"]) == (
        "AR002",
        "stacks/Pulumi.x.yaml",
        3,
        True,
    )
    assert report["previews"] == [
        {"stack": "x", "result": "refused", "changes": [["create", 2]], "errors": []}
    ]
    assert "seen by the engine alone" in (repo / "out" / "anyport.md").read_text()


def test_a_preview_that_dies_still_gives_a_report_that_says_so(checkout: Path, repo: Path) -> None:
    (repo / "stacks" / "Pulumi.x.yaml").write_text(BAD.replace("config:\n", "config:\n  anyport:tier: dev\n"))
    path = pulumi(repo, "echo 'error: no credentials `@all`' >&2; exit 255")
    done = script(checkout, "preview.sh", repo, PATH=path, ANYPORT_PREVIEW_STACKS="x org/p/y")
    assert done.returncode == 0, done.stderr
    checked = script(checkout, "check.sh", repo)
    assert checked.returncode == 1
    text = (repo / "out" / "anyport.md").read_text()
    assert text.count("no credentials") == 2
    assert "unfinished" in text


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"GITHUB_EVENT_NAME": "pull_request_target"}, "use pull_request"),
        ({"GITHUB_EVENT_NAME": "workflow_run"}, "use pull_request"),
        ({"GITHUB_EVENT_NAME": "issue_comment"}, "use pull_request"),
        ({"GITHUB_REPOSITORY": "a/b", "ANYPORT_HEAD_REPOSITORY": "evil/b"}, "not made for a fork"),
        ({"ANYPORT_PREVIEW_STACKS": "-x"}, "no name of a stack"),
        ({"ANYPORT_PREVIEW_STACKS": "$(id)"}, "no name of a stack"),
    ],
)
def test_previews_that_are_not_made(checkout: Path, repo: Path, env: dict[str, str], words: str) -> None:
    done = script(
        checkout, "preview.sh", repo, **{"PATH": pulumi(repo, "true"), "ANYPORT_PREVIEW_STACKS": "x", **env}
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert not (repo / "calls").exists()


def test_a_preview_without_pulumi_says_so(checkout: Path, repo: Path) -> None:
    tools = repo / "tools"
    tools.mkdir()
    for name in ("bash", "dirname", "realpath", "mkdir"):
        found = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
        (tools / name).symlink_to(found)
    done = script(checkout, "preview.sh", repo, PATH=str(tools), ANYPORT_PREVIEW_STACKS="x")
    assert done.returncode == 3
    assert "pulumi is not on PATH" in done.stderr


def test_the_packs_read_waivers_of_the_checkout_that_is_checked(checkout: Path, repo: Path) -> None:
    path = pulumi(repo, 'echo "$ANYPORT_WAIVERS $ANYPORT_POLICY_CONFIG" > seen')
    script(checkout, "preview.sh", repo, PATH=path, ANYPORT_PREVIEW_STACKS="x")
    assert (repo / "seen").read_text() == f"{repo}/stacks/waivers.yaml {repo}/stacks/policy-config.json\n"


def test_what_is_installed_without_previews_is_what_the_check_needs(checkout: Path, repo: Path) -> None:
    text = (checkout / "gitops" / "scripts" / "install.sh").read_text()
    names = text.partition('requirements.lock" \\\n')[2].partition(">")[0].replace("\\", "").split()
    lock = script(checkout, "lock_of.py", repo, str(checkout / "requirements.lock"), *names)
    assert lock.returncode == 0, lock.stderr
    assert lock.stdout.count("==") == len(names)
    assert lock.stdout.count("--hash=sha256:") >= len(names)
    probe = (
        "import sys; sys.argv = ['anyport', 'check', 'stacks', '--format', 'sarif', '--format', 'markdown=m', '--format', 'junit=j', '--base', 'HEAD']\n"
        "from anyport_cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('LOADED', *{m.split('.')[0] for m in sys.modules})"
    )
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=t", "-c", "user.email=t@e", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", repo, *command], check=True)
    done = subprocess.run([sys.executable, "-c", probe], cwd=repo, capture_output=True, text=True, check=True)
    modules = done.stdout.split("LOADED")[1].split()
    owners = metadata.packages_distributions()
    needed = {owner.lower().replace("_", "-") for module in modules for owner in owners.get(module, ())}
    assert needed - {"anyport", "setuptools", "pip"} <= set(names), needed


def test_a_lock_that_lacks_a_package_is_refused(checkout: Path, repo: Path) -> None:
    done = script(checkout, "lock_of.py", repo, str(checkout / "requirements.lock"), "click", "no-such-thing")
    assert done.returncode == 2
    assert "no-such-thing" in done.stderr


class Api(BaseHTTPRequestHandler):
    """Comments in memory, in pages, as either host keeps them."""

    comments: list[dict[str, Any]]
    calls: list[tuple[str, str]]
    refuse: int

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        path, _, query = self.path.partition("?")
        self.calls.append((self.command, path))
        if self.refuse or "secret" not in (
            self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or ""
        ):
            self._send(self.refuse or 401, {})
        elif path.endswith("/user"):
            self._send(200, {"id": 7})
        elif self.command == "GET":
            page = int(query.split("page=")[-1].split("&")[0]) - 1
            self._send(200, self.comments[page * 100 : page * 100 + 100])
        elif self.command == "POST":
            self.comments.append(
                {"id": len(self.comments), "user": {"type": "Bot"}, "author": {"id": 7}, **body}
            )
            self._send(201, {})
        else:
            self.comments[int(path.rsplit("/", 1)[1])].update(body)
            self._send(200, {})

    do_GET = do_POST = do_PATCH = do_PUT = _answer  # noqa: N815  # as the server wants them

    def _send(self, code: int, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[tuple[type[Api], str]]:
    handler = type("Own", (Api,), {"comments": [], "calls": [], "refuse": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def environment(kind: str, address: str) -> dict[str, str]:
    if kind == "github":
        return {
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_API_URL": address,
            "ANYPORT_PULL_REQUEST": "5",
            "ANYPORT_TOKEN": "secret",
        }
    return {
        "CI_API_V4_URL": address,
        "CI_PROJECT_ID": "9",
        "CI_MERGE_REQUEST_IID": "5",
        "ANYPORT_TOKEN": "secret",
    }


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_one_comment_is_written_and_then_renewed(
    checkout: Path, repo: Path, api: tuple[type[Api], str], kind: str
) -> None:
    handler, address = api
    stranger = {"user": {"type": "User"}, "author": {"id": 1}, "body": "<!-- anyport-check -->\nmine"}
    handler.comments += [{"id": number, **stranger} for number in range(120)]
    report = repo / "r.md"
    for text in ("first", "second"):
        report.write_text(f"<!-- anyport-check -->\n{text}\n")
        done = script(checkout, "comment.py", repo, str(report), **environment(kind, address))
        assert done.returncode == 0, done.stderr
    assert len(handler.comments) == 121
    assert handler.comments[120]["body"].endswith("second\n")
    assert {one["body"] for one in handler.comments[:120]} == {stranger["body"]}
    assert "renewed" in done.stdout


def test_a_comment_that_may_not_be_written_fails_nothing(
    checkout: Path, repo: Path, api: tuple[type[Api], str]
) -> None:
    handler, address = api
    handler.refuse = 403
    (repo / "r.md").write_text("<!-- anyport-check -->\nx\n")
    summary = repo / "summary"
    env = environment("github", address) | {"GITHUB_STEP_SUMMARY": str(summary)}
    done = script(checkout, "comment.py", repo, "r.md", **env)
    assert done.returncode == 0
    assert "answered 403" in done.stdout
    assert summary.read_text() == "<!-- anyport-check -->\nx\n"
    gone = script(checkout, "comment.py", repo, "r.md", **environment("github", "http://127.0.0.1:9"))
    assert gone.returncode == 0
    assert "secret" not in done.stdout + done.stderr + gone.stdout + gone.stderr


@pytest.mark.parametrize(
    "env", [{}, {"ANYPORT_TOKEN": "secret"}, {"ANYPORT_TOKEN": "t", "ANYPORT_PULL_REQUEST": "../1"}]
)
def test_outside_of_a_pull_request_nothing_is_written(
    checkout: Path, repo: Path, env: dict[str, str]
) -> None:
    (repo / "r.md").write_text("<!-- anyport-check -->\nx\n")
    done = script(checkout, "comment.py", repo, "r.md", **env)
    assert done.returncode == 0
    assert "no comment" in done.stdout


@pytest.mark.parametrize("arguments", [(), ("missing.md",), ("stacks/Pulumi.x.yaml",)])
def test_wrong_use_of_the_comment(checkout: Path, repo: Path, arguments: tuple[str, ...]) -> None:
    done = script(checkout, "comment.py", repo, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
