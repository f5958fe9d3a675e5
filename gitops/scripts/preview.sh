#!/usr/bin/env bash
# Previews stacks with the policy packs and keeps the engine's events for check.sh. It ends well even when a preview
# does not: what went wrong is in the events, and check.sh gives the verdict.
set -euo pipefail
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
reports="${ANYPORT_REPORTS:?names the folder for reports}"
read -r -a stacks <<< "${ANYPORT_PREVIEW_STACKS:-}"
read -r -a paths <<< "${ANYPORT_PATHS:-stacks}"

case "${GITHUB_EVENT_NAME:-push}" in
  pull_request | push | merge_group | schedule | workflow_dispatch) ;;
  *)
    echo "anyport: a preview runs the program of the pull request, so it is not made on $(printf %q "$GITHUB_EVENT_NAME"), where that program would find the secrets of the repository; use pull_request" >&2
    exit 2
    ;;
esac
if [ -n "${ANYPORT_HEAD_REPOSITORY:-}" ] && [ "$ANYPORT_HEAD_REPOSITORY" != "${GITHUB_REPOSITORY:-}" ]; then
  echo "anyport: a preview runs the program of the pull request, so it is not made for a fork ($(printf %q "$ANYPORT_HEAD_REPOSITORY"))" >&2
  exit 2
fi
if ! command -v pulumi > /dev/null; then
  echo "anyport: pulumi is not on PATH; install it in a step before this one" >&2
  exit 3
fi

mkdir -p "$reports"
# The packs would look beside themselves; the files meant are those of the checkout that is checked.
folder="${paths[0]:-stacks}"
[ -d "$folder" ] || folder="$(dirname "$folder")"
export ANYPORT_WAIVERS="${ANYPORT_WAIVERS:-$(realpath -m "$folder")/waivers.yaml}"
export ANYPORT_POLICY_CONFIG="${ANYPORT_POLICY_CONFIG:-$(realpath -m "$folder")/policy-config.json}"
# What would let that program speak for the steps after it, or comment.
unset ANYPORT_TOKEN GITHUB_ENV GITHUB_PATH GITHUB_OUTPUT GITHUB_STATE GITHUB_STEP_SUMMARY
unset ACTIONS_RUNTIME_TOKEN ACTIONS_CACHE_URL ACTIONS_RESULTS_URL
export PULUMI_ENABLE_STREAMING_JSON_PREVIEW=1 PULUMI_SKIP_UPDATE_CHECK=true

packs=()
for pack in ${ANYPORT_PACKS:-resilience baseline}; do
  packs+=(--policy-pack "$home/policies/$pack")
done
for stack in "${stacks[@]}"; do
  if ! [[ "$stack" =~ ^[A-Za-z0-9][A-Za-z0-9._/-]*$ ]]; then
    echo "anyport: $(printf %q "$stack") is no name of a stack" >&2
    exit 2
  fi
  events="$reports/preview-${stack//\//_}.jsonl"
  code=0
  pulumi -C "${ANYPORT_PROJECT:-.}" preview -s "$stack" --json --non-interactive "${packs[@]}" \
    > "$events" 2> "$events.err" || code=$?
  if [ "$code" -ne 0 ] && [ -s "$events.err" ]; then
    # What the engine says outside of its events becomes one, so that the report has it.
    python3 -I -c 'import json, sys
said = " ".join(sys.stdin.read(4000).split())
print("\n" + json.dumps({"diagnosticEvent": {"severity": "error", "message": said}}))' < "$events.err" >> "$events"
  fi
  echo "anyport: preview of $stack ended with $code"
done
