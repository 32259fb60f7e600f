#!/usr/bin/env bash
# The tests that are marked Category=Long (measurements, endurance, chaos); everything else as in scripts/test.sh,
# whose options apply here too.
#
# Usage: scripts/test-long.sh [options of test.sh]
set -euo pipefail
case ${1:-} in -h | --help)
  awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"
  exit 0
  ;;
esac
exec "$(dirname "${BASH_SOURCE[0]}")/test.sh" --long "$@"
