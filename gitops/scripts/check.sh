#!/usr/bin/env bash
# Runs `anyport check` once, in every format that the pipeline reads. It ends well whatever is found; the verdict is
# the exit code it leaves in GITHUB_OUTPUT (or, where there is none, its own exit code).
set -euo pipefail
home="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
anyport="${ANYPORT:-$home/.venv/bin/anyport}"
reports="${ANYPORT_REPORTS:?names the folder for reports}"
mkdir -p "$reports"
rm -f "$reports"/anyport.*
read -r -a paths <<< "${ANYPORT_PATHS:-stacks}"

arguments=()
[ -z "${ANYPORT_BASE:-}" ] || arguments+=(--base "$ANYPORT_BASE")
[ -z "${ANYPORT_BASELINE:-}" ] || arguments+=(--baseline "$ANYPORT_BASELINE")
for events in "$reports"/preview-*.jsonl; do
  [ ! -e "$events" ] || arguments+=(--preview "$events")
done
for format in sarif=anyport.sarif junit=anyport.xml json=anyport.json markdown=anyport.md gitlab=anyport.codequality.json; do
  arguments+=(--format "${format%%=*}=$reports/${format#*=}")
done
[ -z "${GITHUB_ACTIONS:-}" ] || arguments+=(--format github)

code=0
"$anyport" check "${arguments[@]}" -- "${paths[@]}" || code=$?
[ "$code" -le 3 ] || code=3
if [ ! -e "$reports/anyport.md" ]; then
  printf '<!-- anyport-check -->\n### Anyport cannot judge this\n\nThe check did not run (exit code %d); the log of the job says why.\n' "$code" > "$reports/anyport.md"
fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  printf 'exit-code=%d\nreports=%s\n' "$code" "$reports" >> "$GITHUB_OUTPUT"
  exit 0
fi
exit "$code"
