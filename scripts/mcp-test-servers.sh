#!/usr/bin/env bash
# Installs the MCP servers that the tests of the tool workers run against: from the npm registry, in the versions and with
# the checksums of the committed lock file.
#
# Usage: scripts/mcp-test-servers.sh [--help]
#
# Needs node 20 or newer and npm; as root on Debian or Ubuntu it installs them where they are missing. Where they cannot be had,
# it says so and ends well: those tests are then skipped, with the reason. Install scripts of packages are not run.
#
# Exit codes: 0 installed, or not to be had; 1 npm failed; 2 usage.
set -euo pipefail
# shellcheck source=scripts/functions/console.sh
. "$(dirname "${BASH_SOURCE[0]}")/functions/console.sh"
case ${1:-} in
  "") ;;
  -h | --help) print_help "$0"; exit 0 ;;
  *) usage_error "unknown option '$1'" ;;
esac

folder=$REPOSITORY_ROOT/tests/ToolWorkers.Tests/Mcp/Servers
installed=$folder/node_modules/.package-lock.json
if [ -f "$installed" ] && [ "$installed" -nt "$folder/package-lock.json" ]; then
  exit 0
fi

if ! command -v npm >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  say "Installing node and npm (Debian packages) …"
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm; } >/dev/null 2>&1 || say "They could not be installed."
fi
if ! command -v npm >/dev/null 2>&1; then
  say "MCP servers: npm is missing; the tests that need them are skipped."
  exit 0
fi

say "Installing the MCP servers for tests (npm ci) …"
timeout 300 npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --no-progress --loglevel error </dev/null ||
  fail "npm ci failed in tests/ToolWorkers.Tests/Mcp/Servers; its messages are above."
