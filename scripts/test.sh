#!/usr/bin/env bash
# Builds everything with warnings as errors, starts the servers that tests need, runs every test project, sums up.
#
# Usage: scripts/test.sh [--long] [--project NAME]… [--filter EXPRESSION] [--no-build] [--keep-servers] [--help]
#
#   --long              the tests marked Category=Long (measurements, endurance, chaos) in place of all others
#   --project NAME      only tests/NAME (may be repeated)
#   --filter EXPR       a further 'dotnet test --filter' expression
#   --no-build          use what was built in Release before
#   --keep-servers      leave RabbitMQ, PostgreSQL and Redis running; the next run stops them
#
# The servers are private to this checkout: own folder, own ports (the first free ones). A server that is named by the
# environment is used as it is and none is started in its place. What the tests get, and what you may set:
#   PIPELINE_TEST_RABBITMQ             amqp://guest:guest@127.0.0.1:PORT
#   PIPELINE_TEST_RABBITMQ_MANAGEMENT  http://guest:guest@127.0.0.1:PORT
#   PIPELINE_TEST_POSTGRES             Host=127.0.0.1;Port=PORT;Username=postgres;Database=postgres
#   PIPELINE_TEST_REDIS                127.0.0.1:PORT
#   PIPELINE_TEST_SQLSERVER            a connection string of a SQL Server you have; without it those tests are skipped
# Further: PIPELINE_TEST_MINUTES, the time for everything (45, a quarter of it on a quiet machine; with --long 170). CI=true only changes nothing you see.
#
# The last line is always 'N passed, N failed, N skipped'; a test project that crashes or runs out of time counts as one
# failed test. Exit codes: 0 all passed, 1 something failed or nothing ran, 2 usage.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/functions/console.sh
. "$here/functions/console.sh"
# shellcheck source=scripts/functions/processes.sh
. "$here/functions/processes.sh"
# shellcheck source=scripts/functions/servers.sh
. "$here/functions/servers.sh"

long=false projects=() filter="" build=true keep_servers=false
while [ $# -gt 0 ]; do
  case $1 in
    --long) long=true ;;
    --project) [ $# -gt 1 ] || usage_error "--project needs a name"; projects+=("$2"); shift ;;
    --filter) [ $# -gt 1 ] || usage_error "--filter needs an expression"; filter=$2; shift ;;
    --no-build) build=false ;;
    --keep-servers) keep_servers=true ;;
    -h | --help) print_help "$0"; exit 0 ;;
    *) usage_error "unknown option '$1'" ;;
  esac
  shift
done

cd "$REPOSITORY_ROOT"
if [ "$long" = true ]; then
  minutes=${PIPELINE_TEST_MINUTES:-170} hang=40m category="Category=Long"
else
  minutes=${PIPELINE_TEST_MINUTES:-45} hang=5m category="Category!=Long"
fi
[ -z "$filter" ] || category="($category)&($filter)"
deadline=$((SECONDS + minutes * 60))
results=$REPOSITORY_ROOT/TestResults
passed=0 failed=0 skipped=0 crashed=0 started_servers=() test_group=""

left() { local rest=$((deadline - SECONDS)); [ "$rest" -gt 1 ] || rest=1; printf '%s\n' "$rest"; }

stop_servers() {
  [ ${#started_servers[@]} -gt 0 ] || return 0
  if [ "$keep_servers" = true ]; then
    say "Servers left running in $SERVERS_DIR; the next run stops them."
  else
    servers_down gently "${started_servers[@]}" || true
    servers_delete_data || true
  fi
  started_servers=()
}

end_test_group() {
  [ -z "$test_group" ] || kill -s KILL -- "-$test_group" 2>/dev/null || true
  test_group=""
}

# Whatever happened, the last line says how many tests passed.
finish() {
  local code=$?
  trap - EXIT INT TERM
  end_test_group
  stop_servers
  if [ "$code" = 0 ] && { [ "$failed" != 0 ] || [ $((passed + failed)) = 0 ]; }; then
    code=1
  fi
  # Both streams into one terminal or file: the errors must not come after the last line.
  exec 2>&1
  if [ "$code" = 1 ] && [ $((passed + failed)) = 0 ]; then
    say "No test was executed."
  fi
  say "$passed passed, $failed failed, $skipped skipped"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- Which projects ---------------------------------------------------------------------------------------------------

test_projects=()
for project in tests/*.Tests/*.csproj; do
  [ -f "$project" ] || continue
  name=$(basename "$project" .csproj)
  if [ ${#projects[@]} = 0 ] || printf '%s\n' "${projects[@]}" | grep -qx "$name"; then
    test_projects+=("$project")
  fi
done
[ ${#test_projects[@]} -gt 0 ] || fail "There is no test project tests/NAME.Tests/NAME.Tests.csproj${projects[*]:+ for NAME.Tests = ${projects[*]}}."

# --- Check and build --------------------------------------------------------------------------------------------------

require_dotnet
"$here/check-repository.sh"
"$here/detect-feed.sh"
if [ "$build" = true ]; then
  say "Building Pipeline.sln (Release, warnings are errors) …"
  # Without build servers: nothing may go on running after this script.
  timeout --kill-after=30 "$(left)" dotnet build Pipeline.sln -c Release -warnaserror --disable-build-servers -v quiet --nologo ||
    fail "The build failed; its messages are above. Repeat it with: dotnet build Pipeline.sln -c Release -warnaserror"
fi

# --- Servers ----------------------------------------------------------------------------------------------------------

servers_dir_of_checkout=$(servers_default_parent)/pipeline-servers-test-$(printf '%s' "$REPOSITORY_ROOT" | cksum | cut -d' ' -f1)
export PIPELINE_SERVERS_DIR=${PIPELINE_TEST_SERVERS_DIR:-$servers_dir_of_checkout}
mkdir -p "$PIPELINE_SERVERS_DIR"
if command -v flock >/dev/null 2>&1; then
  exec 9>"$PIPELINE_SERVERS_DIR.lock"
  flock -n 9 || fail "Another test run of this checkout is going on (lock $PIPELINE_SERVERS_DIR.lock). Wait for it."
fi
servers_configure
servers_down gently rabbitmq postgres redis # left behind by a run that was killed

rabbitmq_ports_free() { ! is_listening "$1" && ! is_listening $(($1 + 10000)) && ! is_listening $(($1 + 20000)) && ! is_listening $(($1 + 21000)); }
if [ -z "${PIPELINE_RABBITMQ_PORT:-}" ]; then
  port=5673
  until rabbitmq_ports_free "$port"; do port=$((port + 1)); done
  export PIPELINE_RABBITMQ_PORT=$port
fi
PIPELINE_RABBITMQ_MANAGEMENT_PORT=${PIPELINE_RABBITMQ_MANAGEMENT_PORT:-$((PIPELINE_RABBITMQ_PORT + 10000))}
PIPELINE_POSTGRES_PORT=${PIPELINE_POSTGRES_PORT:-$(free_port 5434)}
PIPELINE_REDIS_PORT=${PIPELINE_REDIS_PORT:-$(free_port 6391)}
export PIPELINE_RABBITMQ_MANAGEMENT_PORT PIPELINE_POSTGRES_PORT PIPELINE_REDIS_PORT
servers_configure

wanted=()
if [ -z "${PIPELINE_TEST_RABBITMQ:-}" ]; then
  wanted+=(rabbitmq)
  export PIPELINE_TEST_RABBITMQ=amqp://guest:guest@127.0.0.1:$RABBITMQ_PORT_AMQP
  export PIPELINE_TEST_RABBITMQ_MANAGEMENT=http://guest:guest@127.0.0.1:$RABBITMQ_PORT_MANAGEMENT
fi
if [ -z "${PIPELINE_TEST_POSTGRES:-}" ]; then
  wanted+=(postgres)
  export PIPELINE_TEST_POSTGRES="Host=127.0.0.1;Port=$POSTGRES_PORT;Username=postgres;Database=postgres"
fi
if [ -z "${PIPELINE_TEST_REDIS:-}" ]; then
  wanted+=(redis)
  export PIPELINE_TEST_REDIS=127.0.0.1:$REDIS_PORT
fi
if [ ${#wanted[@]} -gt 0 ]; then
  say "Starting ${wanted[*]} (folder $SERVERS_DIR) …"
  started_servers=("${wanted[@]}")
  servers_up "${wanted[@]}"
fi
if [ -n "${PIPELINE_TEST_SQLSERVER:-}" ]; then
  export PIPELINE_TEST_SQLSERVER
  say "SQL Server: the one that PIPELINE_TEST_SQLSERVER names."
else
  say "SQL Server: none named (PIPELINE_TEST_SQLSERVER is not set); the tests that need one are skipped."
fi

# --- Sample publishers ------------------------------------------------------------------------------------------------

if is_root_on_debian; then
  publisher_packages=()
  /usr/bin/python3 -c 'import pika' 2>/dev/null || publisher_packages+=(python3-pika)
  command -v npm >/dev/null 2>&1 || publisher_packages+=(nodejs npm)
  # They are for some tests only, which are skipped without them: not a reason to run none.
  if [ ${#publisher_packages[@]} -gt 0 ]; then
    (apt_install "${publisher_packages[@]}") || say "The tests of the Python or Node publisher are skipped: ${publisher_packages[*]} could not be installed."
  fi
fi
if command -v npm >/dev/null 2>&1 && [ ! -d samples/publishers/node/node_modules ]; then
  (cd samples/publishers/node && timeout 120 npm ci --silent --no-audit --no-fund) || say "The tests of the Node publisher are skipped: 'npm ci' found no registry."
fi
if printf '%s\n' "${test_projects[@]}" | grep -q '/ToolWorkers.Tests.csproj$'; then
  # Without them those tests are skipped; that is not a reason to run no other.
  "$here/mcp-test-servers.sh" || say "MCP servers: not installed; the tests that need them are skipped."
fi

# --- Run --------------------------------------------------------------------------------------------------------------

rm -rf "$results"
mkdir -p "$results"
failures=$results/failures.txt skips=$results/skips.txt
: >"$failures"
: >"$skips"

for project in "${test_projects[@]}"; do
  name=$(basename "$project" .csproj) trx=$results/$name.trx code=0
  say "--- $name"
  if [ "$SECONDS" -ge "$deadline" ]; then
    failed=$((failed + 1)) crashed=$((crashed + 1))
    printf '%s\t%s\t%s\n' "$name" "(the whole project)" "not run: the $minutes minutes of PIPELINE_TEST_MINUTES were over" >>"$failures"
    continue
  fi
  # In a process group of its own: what a killed test run leaves behind can be found and ended.
  setsid timeout --kill-after=30 "$(left)" dotnet test "$project" -c Release --no-build --nologo -v quiet \
    --filter "$category" --results-directory "$results" --logger "trx;LogFileName=$name.trx" \
    --blame-hang-timeout "$hang" --blame-hang-dump-type none </dev/null 9>&- &
  test_group=$!
  wait "$test_group" || code=$?
  end_test_group

  project_failed=0
  if [ -f "$trx" ]; then
    while IFS=$'\t' read -r kind first second; do
      case $kind in
        passed) passed=$((passed + first)) project_passed=$first ;;
        failed) failed=$((failed + first)) project_failed=$first ;;
        skipped) skipped=$((skipped + first)) project_skipped=$first ;;
        F) printf '%s\t%s\t%s\n' "$name" "$first" "$second" >>"$failures" ;;
        S) printf '%s\t%s\t%s\n' "$name" "$first" "$second" >>"$skips" ;;
      esac
    done < <(LC_ALL=C awk -f "$here/functions/summarise-trx.awk" "$trx")
    say "    $project_passed passed, $project_failed failed, $project_skipped skipped"
  fi
  if [ "$code" != 0 ] && [ "$project_failed" = 0 ]; then
    failed=$((failed + 1)) crashed=$((crashed + 1))
    case $code in
      124 | 137) reason="stopped: the $minutes minutes of PIPELINE_TEST_MINUTES were over" ;;
      *) reason="the test run ended with exit code $code without a failed test (crash, hang or no result file); its output is above" ;;
    esac
    printf '%s\t%s\t%s\n' "$name" "(the whole project)" "$reason" >>"$failures"
  fi
done

stop_servers
say ""
if [ -s "$skips" ]; then
  say "Skipped:"
  awk -F'\t' '{ printf "  - %s: %s\n      %s\n", $1, $2, ($3 == "" ? "(no reason given)" : $3) }' "$skips"
fi
if [ -s "$failures" ]; then
  say "Failed:"
  awk -F'\t' '{ printf "  - %s: %s\n      %s\n", $1, $2, $3 }' "$failures"
fi
say "Result files: $results/*.trx; ${SECONDS} s in all."
if [ "$crashed" -gt 0 ]; then
  say "$crashed test project(s) crashed, hung or ran out of time: each counts as one failed test."
fi
