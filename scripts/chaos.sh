#!/usr/bin/env bash
# Runs the pipeline as real processes against a RabbitMQ and a PostgreSQL of its own, breaks them by a script, and checks that
# nothing was lost, repeated or left behind. Prints the seed; the same seed replays the same faults.
#
# Usage: scripts/chaos.sh [--seed N] [--invocations N] [--script NAME] [--trials N] [--rate N] [--output FILE] [--keep] [--no-build]
#
#   --script NAME     mixed (default): everything, for as long as the load lasts, the broker down for 60 to 90 s included
#                     short: one of everything that is quick; kills: only kill -9; none: a quiet day
#                     sigstop: trials of an orchestrator that is frozen in the middle of work and wakes up
#                     recovery: trials of kill -9, measuring how long the work in dead hands is away
#   --seed N          replays a run's faults (default: random)
#   --invocations N   how many are submitted, at most (20000)
#   --rate N          submissions a second, at most (100)
#   --trials N        of sigstop and recovery (200)
#   --output FILE     the report as JSON; the table goes to the screen
#   --keep            leave the services' logs in their temporary folder
#   --no-build        use what was built and published in Release before
#
# Exit codes: 0 everything holds, 1 something does not, 2 usage.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/functions/console.sh
. "$here/functions/console.sh"

build=true arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) print_help "$0"; exit 0 ;;
    --no-build) build=false ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
published=$REPOSITORY_ROOT/artifacts/chaos-services
require_dotnet
if [ "$build" = true ]; then
  "$here/detect-feed.sh"
  dotnet build "$REPOSITORY_ROOT/tests/Chaos.Tests/Chaos.Tests.csproj" -c Release --disable-build-servers -v quiet --nologo ||
    fail "The chaos harness does not build; its messages are above."
  # The services as they are deployed: published, compiled ahead of time.
  for service in Orchestrator ToolWorkers LlmGateway ProviderSimulator; do
    dotnet publish "$REPOSITORY_ROOT/src/$service/$service.csproj" -c Release --use-current-runtime --self-contained false \
      -o "$published/$service" --disable-build-servers -v quiet --nologo || fail "$service cannot be published; the messages are above."
  done
fi
export PIPELINE_CHAOS_SERVICES=$published
exec dotnet "$REPOSITORY_ROOT/artifacts/bin/Chaos.Tests/release/Pipeline.Chaos.Tests.dll" run ${arguments[@]+"${arguments[@]}"}
