# shellcheck shell=bash
# What every script says and asks in the same way. Sourced, never run.

REPOSITORY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export REPOSITORY_ROOT
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }

# fail "what happened and what to do" [exit code]
fail() {
  printf 'error: %s\n' "$1" >&2
  exit "${2:-1}"
}

# The comment block under the shebang is the help text: one place, never out of date.
print_help() {
  awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$1"
}

usage_error() {
  printf 'error: %s\nTry: %s --help\n' "$1" "$0" >&2
  exit 2
}

require_command() {
  command -v "$1" >/dev/null 2>&1 || fail "'$1' is not on the PATH. $2"
}

require_dotnet() {
  require_command dotnet "Install the .NET 10 SDK (https://dot.net) and try again."
  (cd "$REPOSITORY_ROOT" && dotnet --version >/dev/null 2>&1) ||
    fail "The installed .NET SDK does not satisfy global.json (10.0.100 or a later 10.0 feature band). Installed: $(cd / && dotnet --list-sdks | tr '\n' ';')"
}

# is_listening PORT: does somebody accept connections on the loopback address?
is_listening() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_port START: the first port from START upwards that nobody listens on.
free_port() {
  local port=$1
  while is_listening "$port"; do port=$((port + 1)); done
  printf '%s\n' "$port"
}

# wait_until SECONDS COMMAND…: polls five times a second; false when the time is over.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}
