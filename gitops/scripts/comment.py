"""Keeps one comment on a pull or merge request: `comment.py report.md`. Standard library only.

The comment is found again by its first line, among those that a bot (GitHub) or the token's own user (GitLab) wrote,
so nobody else's comment is ever changed. The verdict of a pipeline does not hang on it: when it cannot be written,
as on pull requests from forks, that is said and the exit code is 0 all the same. Exit code 2: wrong use.

GitHub: GITHUB_REPOSITORY, GITHUB_API_URL, ANYPORT_PULL_REQUEST, ANYPORT_TOKEN, and GITHUB_STEP_SUMMARY for a copy.
GitLab: CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID, ANYPORT_TOKEN (a project token with the scope `api`).
"""

# ruff: noqa: T201  # what it prints is for the log of a pipeline
from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

MARKER = "<!-- anyport-check -->"
LONGEST = 65_000
PAGES = 30
SECONDS = 30


class Host:
    """Comments of one pull or merge request."""

    def __init__(self, base: str, headers: Mapping[str, str], comments: str, one: str, change: str) -> None:
        """Take the addresses below `base`, the method that changes a comment, and headers with the token."""
        self.base, self.headers = base.rstrip("/"), dict(headers)
        self.comments, self.one, self.change = comments, one, change

    def ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        """One call; the answer's JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {**self.headers, "Content-Type": "application/json", "User-Agent": "anyport"}
        request = urllib.request.Request(self.base + path, data=data, headers=headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310  # the pipeline's own API
            return json.loads(answer.read() or b"null")

    def all(self) -> Iterator[Mapping[str, Any]]:
        """Every comment, oldest first."""
        for page in range(1, PAGES + 1):
            found = self.ask(
                "GET", f"{self.comments}?per_page=100&page={page}&sort=created_at&order_by=created_at"
            )
            yield from found
            if len(found) < 100:
                return

    def own(self, comment: Mapping[str, Any]) -> bool:
        """Whether a bot wrote it."""
        return str((comment.get("user") or {}).get("type")) == "Bot"

    def put(self, text: str) -> str:
        """Write the comment; what was done, as a word."""
        for comment in self.all():
            if str(comment.get("body") or "").startswith(MARKER) and self.own(comment):
                self.ask(self.change, f"{self.one}/{comment['id']}", {"body": text})
                return "renewed"
        self.ask("POST", self.comments, {"body": text})
        return "written"


class GitLab(Host):
    """Notes of a merge request."""

    def own(self, comment: Mapping[str, Any]) -> bool:
        """Whether the token's user wrote it."""
        if not hasattr(self, "user"):
            self.user = self.ask("GET", "/user")["id"]
        return bool((comment.get("author") or {}).get("id") == self.user)


def host(environ: Mapping[str, str]) -> Host | None:
    """What the environment names; None outside of a pull or merge request, or without a token."""
    token = environ.get("ANYPORT_TOKEN")
    number = environ.get("ANYPORT_PULL_REQUEST") or environ.get("CI_MERGE_REQUEST_IID") or ""
    if not token or not number.isdigit():
        return None
    if repository := environ.get("GITHUB_REPOSITORY"):
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        base = f"{environ.get('GITHUB_API_URL', 'https://api.github.com')}/repos/{repository}/issues"
        return Host(base, headers, f"/{number}/comments", "/comments", "PATCH")
    if project := environ.get("CI_PROJECT_ID"):
        notes = f"/projects/{project}/merge_requests/{number}/notes"
        return GitLab(environ["CI_API_V4_URL"], {"PRIVATE-TOKEN": token}, notes, notes, "PUT")
    return None


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Entry point."""
    try:
        (name,) = sys.argv[1:]
        text = Path(name).read_text("utf-8")
    except (ValueError, OSError) as error:
        print(f"anyport: usage: comment.py REPORT.md ({error})", file=sys.stderr)
        return 2
    if not text.startswith(MARKER):
        print(f"anyport: {name} does not begin with {MARKER}", file=sys.stderr)
        return 2
    if summary := environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)
    try:
        found = host(environ)
        if found is None:
            print("anyport: no comment: this is no pull or merge request, or there is no ANYPORT_TOKEN")
        else:
            print(f"anyport: comment {found.put(text[:LONGEST])}")
    except urllib.error.HTTPError as error:
        print(
            f"anyport: no comment: the server answered {error.code}; the token may not comment here (a fork?)"
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"anyport: no comment: {type(error).__name__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
