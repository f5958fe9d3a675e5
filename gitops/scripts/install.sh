#!/usr/bin/env bash
# Installs Anyport from its own checkout (never from the one that is checked) into that checkout's .venv, where
# the policy packs look for it. Without previews only what the check itself needs, all of it by hash.
set -euo pipefail
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
python="${PYTHON:-python3}"
# With -m Python looks in the working folder first, which is the tree that is checked: a venv.py there would be run.
# So not there, and isolated (-I), which also leaves PYTHONPATH out.
cd "$home"

"$python" -I -m venv "$home/.venv"
lock="$(mktemp)"
trap 'rm -f "$lock"' EXIT
if [ -n "${ANYPORT_PREVIEW_STACKS:-}" ]; then
  cp "$home/requirements.lock" "$lock"
else
  "$python" -I "$home/gitops/scripts/lock_of.py" "$home/requirements.lock" \
    click pydantic pydantic-core annotated-types typing-extensions typing-inspection pyyaml \
    hatchling packaging pathspec pluggy trove-classifiers > "$lock"
fi
pip=("$home/.venv/bin/python" -I -m pip --quiet --disable-pip-version-check install --no-deps)
"${pip[@]}" --require-hashes -r "$lock"
"${pip[@]}" --no-build-isolation -e "$home"
