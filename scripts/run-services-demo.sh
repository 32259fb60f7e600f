#!/usr/bin/env bash
# Shows the pipeline at work: starts everything as separate processes, submits the payment disputes with the Python
# publisher, prints what became of each, and stops everything again.
#
# Usage: scripts/run-services-demo.sh [--keep] [--no-build] [--timeout SECONDS] [--strict] [options of run-services.sh up]
#
#   --keep      leave it running, to look at the management UI and the API (stop: scripts/run-services.sh down)
#   --timeout   for the publisher, in seconds (default 180)
#   --strict    compare turns, tool calls and 'degraded' too
#
# Exit code: that of the publisher (0 = every case ended as expected, 1 = not), or of what failed before.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/functions/console.sh
. "$here/functions/console.sh"
# shellcheck source=scripts/functions/processes.sh
. "$here/functions/processes.sh"
# shellcheck source=scripts/functions/servers.sh
. "$here/functions/servers.sh"

keep=false timeout=180 publisher=() up=()
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=true ;;
    --timeout) [ $# -gt 1 ] || usage_error "--timeout needs seconds"; timeout=$2; shift ;;
    --strict) publisher+=(--strict) ;;
    --no-build | --guest | --no-simulator) up+=("$1") ;;
    --database) [ $# -gt 1 ] || usage_error "--database needs a kind"; up+=("$1" "$2"); shift ;;
    -h | --help) print_help "$0"; exit 0 ;;
    *) usage_error "unknown option '$1'" ;;
  esac
  shift
done

find_python() {
  local candidate
  for candidate in /usr/bin/python3 python3; do
    if "$candidate" -c 'import pika' >/dev/null 2>&1; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

python=$(find_python) || {
  if is_root_on_debian; then apt_install python3-pika; fi
  python=$(find_python) || fail "The publisher needs Python 3 with the module pika: apt-get install python3-pika, or pip install pika."
}

# shellcheck disable=SC2317 # called by the trap
finish() {
  local code=$?
  trap - EXIT INT TERM
  if [ "$keep" = true ]; then
    say "Left running. Stop with: scripts/run-services.sh down"
  else
    "$here/run-services.sh" down || true
  fi
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$here/run-services.sh" up ${up[@]+"${up[@]}"} </dev/null
say ""
code=0
PIPELINE_AMQP_URL=$(cat "$REPOSITORY_ROOT/.run/upstream.url") "$python" "$REPOSITORY_ROOT/samples/publishers/python/submit_disputes.py" \
  --timeout "$timeout" ${publisher[@]+"${publisher[@]}"} || code=$?
say ""
if [ "$code" = 0 ]; then say "Every case ended as expected."; else say "Not every case ended as expected (exit code $code); see .run/logs/."; fi
exit "$code"
