#!/usr/bin/env bash
# Checks what can be checked of infra/ without a container engine, and more where there is one.
#
# Usage: scripts/check-infra.sh [--no-publish] [--no-broker] [--help]
#
#   --no-publish   do not run the 'dotnet publish' commands of the Dockerfiles
#   --no-broker    do not start a broker to load the definitions into
#
# What it looks at: JSON and YAML parse; compose files agree with their variables and files; every Dockerfile pins its
# images, does not end as root, has a health check, and copies only what is there; each publish command really works and
# brings the assembly that the entry point names; the health probe tells 200 from anything else; a RabbitMQ of its own
# takes the definitions, users can log in, and each queue name gets the policy it should.
#
# Exit codes: 0 all that could be checked is right (what could not be is said), 1 something is wrong, 2 usage.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/functions/console.sh
. "$here/functions/console.sh"
# shellcheck source=scripts/functions/processes.sh
. "$here/functions/processes.sh"
# shellcheck source=scripts/functions/servers.sh
. "$here/functions/servers.sh"

publish=true broker=true
while [ $# -gt 0 ]; do
  case $1 in
    --no-publish) publish=false ;;
    --no-broker) broker=false ;;
    -h | --help) print_help "$0"; exit 0 ;;
    *) usage_error "unknown option '$1'" ;;
  esac
  shift
done
cd "$REPOSITORY_ROOT"

wrong=0 scratch=$(mktemp -d)
good() { printf 'ok       %s\n' "$*"; }
bad() { printf 'WRONG    %s\n' "$*"; wrong=$((wrong + 1)); }
unchecked() { printf 'skipped  %s\n' "$*"; }

broker_started=false
# shellcheck disable=SC2317 # called by the trap
finish() {
  if [ "$broker_started" = true ]; then
    servers_down gently rabbitmq
    servers_delete_data
  fi
  rm -rf "$scratch"
}
trap finish EXIT

# --- Files parse --------------------------------------------------------------------------------------------------------

python=""
for candidate in /usr/bin/python3 python3; do
  if "$candidate" -c 'import json' >/dev/null 2>&1; then python=$candidate; break; fi
done
if [ -n "$python" ]; then
  while IFS= read -r file; do
    if "$python" -c 'import json, sys; json.load(open(sys.argv[1], encoding="utf-8"))' "$file" 2>"$scratch/error"; then good "JSON $file"; else bad "JSON $file: $(tail -1 "$scratch/error")"; fi
  done < <(find infra -name '*.json')
  if "$python" -c 'import yaml' 2>/dev/null; then
    while IFS= read -r file; do
      if "$python" -c 'import sys, yaml; list(yaml.safe_load_all(open(sys.argv[1], encoding="utf-8")))' "$file" 2>"$scratch/error"; then good "YAML $file"; else bad "YAML $file: $(tail -1 "$scratch/error")"; fi
    done < <(find infra -name '*.yml' -o -name '*.yaml')
  else
    unchecked "YAML syntax: Python's yaml module is missing (apt-get install python3-yaml)"
  fi
else
  unchecked "JSON and YAML syntax: there is no Python 3"
fi

# --- Compose ------------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2016 # the dollar signs are compose's
# Every variable that compose.yml demands must be in the example, and the example must hold no values.
while IFS= read -r name; do
  grep -qE "^#?$name=" infra/docker/.env.example || bad "compose.yml demands $name, which .env.example does not mention"
done < <(grep -v '^ *#' infra/docker/compose.yml | grep -oE '\$\{[A-Z_]+' | tr -d '${' | sort -u | grep -vx PIPELINE_VERSION)
if grep -qE '^[A-Z_]*(PASSWORD|KEY|SECRET)[A-Z_]*=.' infra/docker/.env.example; then bad ".env.example holds a value for a password or key"; else good ".env.example holds no secret"; fi
while IFS= read -r file; do
  [ -e "infra/docker/$file" ] || bad "compose.yml mounts infra/docker/$file, which does not exist"
done < <(sed -n 's/^ *- \(\.\.\/[^:]*\):.*/\1/p' infra/docker/compose.yml | sort -u)

sed 's/=$/=Check-1234567/; s/^ACCEPT_MSSQL_EULA=.*/ACCEPT_MSSQL_EULA=Y/' infra/docker/.env.example >"$scratch/env"
if docker_compose version >/dev/null 2>&1; then
  for file in compose.yml compose.servers.yml; do
    # Without the project's name, which Compose 1 does not know: so an old client can check too.
    if sed '/^name:/d' "infra/docker/$file" | docker_compose --project-directory infra/docker --env-file "$scratch/env" -f - config >/dev/null 2>"$scratch/error"; then
      good "docker compose config: $file"
    else
      bad "docker compose config: $file: $(tail -3 "$scratch/error" | tr '\n' ' ')"
    fi
  done
else
  unchecked "docker compose config: Docker Compose is not installed"
fi

# --- Dockerfiles --------------------------------------------------------------------------------------------------------

[ "$publish" = false ] || { require_dotnet; "$here/detect-feed.sh" --quiet; }
for dockerfile in infra/docker/*.Dockerfile; do
  name=$(basename "$dockerfile" .Dockerfile) before=$wrong
  while IFS= read -r image; do
    case $image in
      *:latest | *[!:]*:*[!0-9a-z.@_-]*) bad "$name: the image '$image' is not pinned" ;;
      *:*[0-9].[0-9]*.[0-9]* | *@sha256:*) ;;
      *) bad "$name: the image '$image' has no exact version" ;;
    esac
  done < <(sed -n 's/^FROM  *\([^ ]*\).*/\1/p' "$dockerfile")
  user=$(sed -n 's/^USER  *//p' "$dockerfile" | tail -1)
  case ${user:-root} in root | 0) bad "$name: ends as root" ;; esac
  grep -q '^HEALTHCHECK ' "$dockerfile" || bad "$name: has no HEALTHCHECK"
  while IFS= read -r source; do
    [ -e "$source" ] || bad "$name: copies '$source', which does not exist"
  done < <(sed -n '/^COPY --from/d; s/^COPY  *//p' "$dockerfile" | awk '{ for (i = 1; i < NF; i++) print $i }')
  assembly=$(sed -n 's/^ENTRYPOINT .*"\(Pipeline\.[A-Za-z]*\.dll\)".*/\1/p' "$dockerfile")
  project=$(sed -n 's/.*dotnet publish \([^ ]*\.csproj\).*/\1/p' "$dockerfile")
  [ "$assembly" = "Pipeline.$(basename "$project" .csproj).dll" ] || bad "$name: publishes '$project' but starts '$assembly'"
  [ "$wrong" != "$before" ] || good "Dockerfile $name"
  if [ "$publish" = true ]; then
    # The command of the Dockerfile as it stands there, with the output folder and the feed of this machine.
    command=$(sed -n 's/^ *\(dotnet publish .*\)$/\1/p' "$dockerfile")
    command=${command/-o \/published/-o $scratch/$name}
    command=${command/ -p:PipelineFeed=\$PIPELINE_FEED/}
    read -r -a words <<<"$command"
    if "${words[@]}" -v quiet >"$scratch/publish.log" 2>&1 && [ -f "$scratch/$name/$assembly" ]; then
      good "publish of $name: $(find "$scratch/$name" -name '*.dll' | wc -l) assemblies"
    else
      bad "publish of $name: $(grep -E 'error' "$scratch/publish.log" | sort -u | head -3 | tr '\n' ' ')"
    fi
    rm -rf "${scratch:?}/$name"
  fi
done
if command -v hadolint >/dev/null 2>&1; then
  if hadolint infra/docker/*.Dockerfile; then good "hadolint"; else bad "hadolint: see above"; fi
else
  unchecked "hadolint: not installed"
fi

# --- The health probe ---------------------------------------------------------------------------------------------------

if [ -n "$python" ]; then
  port=$(free_port 18181)
  "$python" - "$port" >/dev/null 2>&1 <<'PYTHON' &
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health/ready" else 503)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
PYTHON
  server=$!
  wait_until 10 is_listening "$port" || true
  if bash infra/docker/probe.sh "$port" /health/ready && ! bash infra/docker/probe.sh "$port" /other; then good "health probe: 200 is healthy, 503 is not"; else bad "health probe answers wrongly"; fi
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  if bash infra/docker/probe.sh "$port" /health/ready 2>/dev/null; then bad "health probe: nobody listens, yet healthy"; fi
fi

# --- Definitions in a real broker ---------------------------------------------------------------------------------------

check_policy() { # check_policy QUEUE POLICY
  local actual
  curl -fsS -m 10 -u guest:guest -X PUT -H 'content-type: application/json' -d '{"durable":true,"arguments":{"x-queue-type":"quorum"}}' \
    "http://127.0.0.1:$RABBITMQ_PORT_MANAGEMENT/api/queues/pipeline/$1" >/dev/null
  actual=$(instance_rabbitmqctl list_queues -p pipeline name policy --no-table-headers | awk -v name="$1" '$1 == name { print $2 }')
  if [ "$actual" = "$2" ]; then good "queue $1 has the policy '$2'"; else bad "queue $1 has the policy '$actual' instead of '$2'"; fi
}

if [ "$broker" = true ] && is_installed rabbitmq && command -v curl >/dev/null 2>&1; then
  port=${PIPELINE_RABBITMQ_PORT:-5683}
  while is_listening "$port" || is_listening $((port + 10000)) || is_listening $((port + 20000)) || is_listening $((port + 21000)); do port=$((port + 1)); done
  export PIPELINE_SERVERS_DIR=$scratch/servers PIPELINE_RABBITMQ_PORT=$port PIPELINE_RABBITMQ_MANAGEMENT_PORT=$((port + 10000)) PIPELINE_SERVERS_MODE=native
  servers_configure
  broker_started=true
  servers_up rabbitmq
  export RABBITMQ_PASSWORD_ORCHESTRATOR=check-infra-only
  bash infra/rabbitmq/render-definitions.sh >"$scratch/definitions.json" 2>/dev/null
  if import_rabbitmq_definitions "$scratch/definitions.json" >"$scratch/import.log" 2>&1; then good "RabbitMQ takes the definitions"; else bad "RabbitMQ refuses the definitions: $(tail -3 "$scratch/import.log" | tr '\n' ' ')"; fi
  if instance_rabbitmqctl authenticate_user orchestrator check-infra-only >/dev/null 2>&1; then good "a rendered password is accepted"; else bad "the rendered password is refused"; fi
  if instance_rabbitmqctl authenticate_user tool-workers "" >/dev/null 2>&1; then bad "a user without a password can log in"; else good "a user without a password cannot log in"; fi
  check_policy invocations.dispute-resolver invocations
  check_policy invocations.dispute-resolver_error faults
  check_policy invocations.dispute-resolver.waiting waiting
  check_policy invocations.dispute-resolver.waiting_error faults
  check_policy invocation-events work
  check_policy invocation-events_skipped faults
  check_policy tool.lookup-account work
  check_policy tool.lookup-account_error faults
  check_policy llm.default work
  check_policy memory.3 memory
  check_policy memory.3_error faults
  check_policy dead-letters faults
else
  unchecked "the definitions in a broker: RabbitMQ or curl is not installed, or --no-broker"
fi
unchecked "building and running the images, SQL Server's script: need a container engine (docker compose -f infra/docker/compose.yml up --build --wait)"

if [ "$wrong" -gt 0 ]; then fail "$wrong finding(s) in infra; see WRONG above."; fi
say "Infra: everything that could be checked here is right."
