#!/usr/bin/env bash
# Runs the whole pipeline in one process and submits the sample disputes: the first thing to try.
#
# Usage: scripts/run-sample.sh [options of the embedded host; --help lists them]
#
# Looks at the package feed first (scripts/detect-feed.sh), then builds and starts src/EmbeddedHost. Works from any
# folder; databases and log go to .run/embedded of this checkout unless --data names another folder.
#
# Exit codes: those of the embedded host: 0 every case ended as expected, 1 not, 2 the file of cases cannot be used.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/functions/console.sh
. "$here/functions/console.sh"

data=(--data "$REPOSITORY_ROOT/.run/embedded")
for argument in "$@"; do
  case $argument in --data | --data=* | --data:*) data=() ;; esac
done

require_dotnet
"$here/detect-feed.sh" --quiet
exec dotnet run -c Release --project "$REPOSITORY_ROOT/src/EmbeddedHost" -- ${data[@]+"${data[@]}"} "$@"
