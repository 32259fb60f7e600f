#!/usr/bin/env bash
# The pipeline as separate processes on this machine: broker, database, simulated model provider, services.
#
# Usage: scripts/run-services.sh up|down|status [options]
#
#   up        start the servers, apply the migrations as steps of their own, start the services, wait until each is ready
#   down      stop the services gracefully (SIGTERM, wait, then KILL), then the servers
#   status    what runs (exit code 3 when something does not)
#
#   --no-build         with up: use what was built in Release before
#   --guest            with up: one broker user for all, on the virtual host '/'; without it every service is its own
#                      least-privileged user on the virtual host 'pipeline', with the policies of infra/rabbitmq
#   --database KIND    with up: postgres (default), sqlite, or sqlserver (the connection strings come from
#                      PIPELINE_SQLSERVER_ORCHESTRATOR, PIPELINE_SQLSERVER_TOOLS, PIPELINE_SQLSERVER_LLM)
#   --no-simulator     with up: do not start the simulated provider; set Llm__OpenAi__BaseUrl and so on yourself
#   --keep-servers     with down: leave broker and database running
#   --delete-data      with down: delete queues, databases and the folder .run
#
# Ports (the next free one is taken where the default is not free): PIPELINE_ORCHESTRATOR_PORT 8080,
# PIPELINE_TOOL_WORKERS_PORT 8081, PIPELINE_LLM_GATEWAY_PORT 8082, PIPELINE_SIMULATOR_PORT 5099, and those of servers.sh.
# Any setting of a service (Bus__…, Agents__Directory, Logging__LogLevel__Default, OTEL_EXPORTER_OTLP_ENDPOINT …) that is
# in the environment reaches it. Run folder: .run/ (logs/, pids/, credentials.env), not under version control.
#
# Exit codes: 0 done, 1 failed, 2 usage, 3 status: something does not run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/functions/console.sh
. "$here/functions/console.sh"
# shellcheck source=scripts/functions/processes.sh
. "$here/functions/processes.sh"
# shellcheck source=scripts/functions/servers.sh
. "$here/functions/servers.sh"

action="" build=true guest=false database=postgres simulator=true keep_servers=false delete_data=false
while [ $# -gt 0 ]; do
  case $1 in
    up | down | status) [ -z "$action" ] || usage_error "only one of up, down, status"; action=$1 ;;
    --no-build) build=false ;;
    --guest) guest=true ;;
    --database) [ $# -gt 1 ] || usage_error "--database needs a kind"; database=$2; shift ;;
    --no-simulator) simulator=false ;;
    --keep-servers) keep_servers=true ;;
    --delete-data) delete_data=true ;;
    -h | --help) print_help "$0"; exit 0 ;;
    *) usage_error "unknown argument '$1'" ;;
  esac
  shift
done
[ -n "$action" ] || usage_error "say up, down or status"
case $database in postgres | sqlite | sqlserver) ;; *) usage_error "--database is '$database'; it must be postgres, sqlite or sqlserver" ;; esac

run=$REPOSITORY_ROOT/.run
samples=$REPOSITORY_ROOT/samples/payment-disputes
services=(provider-simulator tool-workers llm-gateway orchestrator) # the order of the start; the stop is the reverse

project_of() {
  case $1 in
    provider-simulator) printf 'ProviderSimulator\n' ;;
    tool-workers) printf 'ToolWorkers\n' ;;
    llm-gateway) printf 'LlmGateway\n' ;;
    orchestrator) printf 'Orchestrator\n' ;;
  esac
}

assembly_of() { printf '%s/artifacts/bin/%s/release/Pipeline.%s.dll\n' "$REPOSITORY_ROOT" "$(project_of "$1")" "$(project_of "$1")"; }

port_of() {
  case $1 in
    provider-simulator) printf '%s\n' "$PIPELINE_SIMULATOR_PORT" ;;
    tool-workers) printf '%s\n' "$PIPELINE_TOOL_WORKERS_PORT" ;;
    llm-gateway) printf '%s\n' "$PIPELINE_LLM_GATEWAY_PORT" ;;
    orchestrator) printf '%s\n' "$PIPELINE_ORCHESTRATOR_PORT" ;;
  esac
}

user_of() { if [ "$guest" = true ]; then printf 'guest\n'; else printf '%s\n' "$1"; fi; }

password_of() {
  local variable
  if [ "$guest" = true ]; then
    printf 'guest\n'
  else
    variable=RABBITMQ_PASSWORD_$(printf '%s' "$1" | tr 'a-z-' 'A-Z_')
    printf '%s\n' "${!variable}"
  fi
}

# --- What an earlier 'up' decided ---------------------------------------------------------------------------------------

# choose_port VARIABLE DEFAULT: the environment's, else the one of an earlier start, else the next free one.
choose_port() {
  if [ -z "${!1:-}" ]; then
    printf -v "$1" '%s' "$(free_port "$2")"
  fi
  export "${1?}"
}

# The folder and ports of what was started; the caller's environment wins.
load_instance() {
  # shellcheck disable=SC1091
  if [ -f "$run/instance.env" ]; then . "$run/instance.env"; fi
  PIPELINE_SERVERS_DIR=${PIPELINE_SERVERS_DIR:-$(servers_default_parent)/pipeline-servers-run-$(printf '%s' "$REPOSITORY_ROOT" | cksum | cut -d' ' -f1)}
  export PIPELINE_SERVERS_DIR
  servers_configure
}

choose_instance() {
  local port=5672
  if [ -z "${PIPELINE_RABBITMQ_PORT:-}" ]; then
    while is_listening "$port" || is_listening $((port + 10000)) || is_listening $((port + 20000)) || is_listening $((port + 21000)); do port=$((port + 1)); done
    PIPELINE_RABBITMQ_PORT=$port
  fi
  PIPELINE_RABBITMQ_MANAGEMENT_PORT=${PIPELINE_RABBITMQ_MANAGEMENT_PORT:-$((PIPELINE_RABBITMQ_PORT + 10000))}
  export PIPELINE_RABBITMQ_PORT PIPELINE_RABBITMQ_MANAGEMENT_PORT
  choose_port PIPELINE_POSTGRES_PORT 5433
  choose_port PIPELINE_ORCHESTRATOR_PORT 8080
  choose_port PIPELINE_TOOL_WORKERS_PORT 8081
  choose_port PIPELINE_LLM_GATEWAY_PORT 8082
  choose_port PIPELINE_SIMULATOR_PORT 5099
  servers_configure
  local name
  for name in PIPELINE_SERVERS_DIR PIPELINE_RABBITMQ_PORT PIPELINE_RABBITMQ_MANAGEMENT_PORT PIPELINE_POSTGRES_PORT \
    PIPELINE_ORCHESTRATOR_PORT PIPELINE_TOOL_WORKERS_PORT PIPELINE_LLM_GATEWAY_PORT PIPELINE_SIMULATOR_PORT; do
    # shellcheck disable=SC2016 # the file expands it, not this script
    printf 'export %s="${%s:-%s}"\n' "$name" "$name" "${!name}"
  done >"$run/instance.env"
}

# --- Up -----------------------------------------------------------------------------------------------------------------

build_services() {
  local service
  require_dotnet
  "$here/detect-feed.sh"
  for service in "${services[@]}"; do
    say "Building $(project_of "$service") (Release) …"
    dotnet build "$REPOSITORY_ROOT/src/$(project_of "$service")/$(project_of "$service").csproj" -c Release --disable-build-servers -v quiet --nologo \
      >"$run/logs/build-$service.log" 2>&1 || {
      tail -n 30 "$run/logs/build-$service.log" >&2
      fail "$(project_of "$service") does not build; see above."
    }
  done
}

prepare_broker() {
  [ "$guest" = false ] || return 0
  local user variable
  if ! grep -q '^export RABBITMQ_PASSWORD_' "$run/credentials.env" 2>/dev/null; then
    (
      umask 077
      for user in orchestrator tool-workers llm-gateway upstream-acme operator; do
        variable=RABBITMQ_PASSWORD_$(printf '%s' "$user" | tr 'a-z-' 'A-Z_')
        printf 'export %s=%s\n' "$variable" "$(od -An -N18 -tx1 /dev/urandom | tr -d ' \n')"
      done >>"$run/credentials.env"
    )
  fi
  # shellcheck disable=SC1091
  . "$run/credentials.env"
  say "Users, permissions and policies of infra/rabbitmq/definitions.json …"
  (umask 077 && bash "$REPOSITORY_ROOT/infra/rabbitmq/render-definitions.sh" >"$run/definitions.json")
  import_rabbitmq_definitions "$run/definitions.json" >"$run/logs/definitions.log" 2>&1 || {
    cat "$run/logs/definitions.log" >&2
    fail "The broker did not take the definitions; its answer is above."
  }
  rm -f "$run/definitions.json"
}

database_setting() { # database_setting SERVICE: Database__ConnectionString of the service
  case $database-$1 in
    postgres-orchestrator) printf 'Host=127.0.0.1;Port=%s;Username=postgres;Database=pipeline_orchestrator\n' "$POSTGRES_PORT" ;;
    postgres-tool-workers) printf 'Host=127.0.0.1;Port=%s;Username=postgres;Database=pipeline_tools\n' "$POSTGRES_PORT" ;;
    postgres-llm-gateway) printf 'Host=127.0.0.1;Port=%s;Username=postgres;Database=pipeline_llm\n' "$POSTGRES_PORT" ;;
    sqlite-*) printf 'Data Source=%s/%s.db\n' "$run" "$1" ;;
    sqlserver-orchestrator) printf '%s\n' "${PIPELINE_SQLSERVER_ORCHESTRATOR:?set it to the connection string of the Orchestrator\'s database}" ;;
    sqlserver-tool-workers) printf '%s\n' "${PIPELINE_SQLSERVER_TOOLS:?set it to the connection string of the ToolWorkers\' database}" ;;
    sqlserver-llm-gateway) printf '%s\n' "${PIPELINE_SQLSERVER_LLM:?set it to the connection string of the LlmGateway\'s database}" ;;
  esac
}

# set_service_environment SERVICE: fills the array service_environment. What the caller's environment has, wins.
set_service_environment() {
  local service=$1 entry name provider
  case $database in postgres) provider=Postgres ;; sqlite) provider=Sqlite ;; sqlserver) provider=SqlServer ;; esac
  local settings=("DOTNET_ENVIRONMENT=Production" "ASPNETCORE_URLS=http://127.0.0.1:$(port_of "$service")")
  if [ "$service" != provider-simulator ]; then
    settings+=(
      "Bus__Transport=RabbitMq" "Bus__Host=127.0.0.1" "Bus__Port=$RABBITMQ_PORT_AMQP"
      "Bus__VirtualHost=$([ "$guest" = true ] && printf / || printf pipeline)"
      "Bus__Username=$(user_of "$service")" "Bus__Password=$(password_of "$service")"
    )
  fi
  case $service in
    orchestrator)
      settings+=("Database__Provider=$provider" "Database__ConnectionString=$(database_setting "$service")" "Agents__Directory=$samples/agents")
      ;;
    tool-workers)
      settings+=("Database__Provider=$provider" "Database__ConnectionString=$(database_setting "$service")" "Tools__Directory=$samples/tools" "Tools__Seed=$samples/accounts.json")
      ;;
    llm-gateway)
      settings+=("Database__Provider=$provider" "Database__ConnectionString=$(database_setting "$service")")
      if [ "$simulator" = true ]; then
        settings+=(
          "Llm__OpenAi__BaseUrl=http://127.0.0.1:$PIPELINE_SIMULATOR_PORT/v1" "Llm__OpenAi__ApiKey=simulator"
          "Llm__Anthropic__BaseUrl=http://127.0.0.1:$PIPELINE_SIMULATOR_PORT" "Llm__Anthropic__ApiKey=simulator"
        )
      fi
      ;;
  esac
  service_environment=()
  for entry in "${settings[@]}"; do
    name=${entry%%=*}
    case $name in
      ASPNETCORE_URLS | Bus__Username | Bus__Password | Database__ConnectionString) service_environment+=("$entry") ;;
      *) [ -n "${!name:-}" ] || service_environment+=("$entry") ;;
    esac
  done
}

migrate() {
  local service=$1
  say "Migrations of $service …"
  set_service_environment "$service"
  if ! (cd "$run" && env "${service_environment[@]}" timeout 180 dotnet "$(assembly_of "$service")" --migrate </dev/null >"$run/logs/$service-migrate.log" 2>&1); then
    tail -n 20 "$run/logs/$service-migrate.log" >&2
    fail "The migrations of $service failed; the end of $run/logs/$service-migrate.log is above."
  fi
}

# make_api_key VARIABLE NAME ARGUMENTS…: a key of the HTTP API in the credentials, where the database in use does not have the one that is there.
make_api_key() {
  local variable=$1 name=$2 id_variable=$1_ID key id
  shift 2
  # shellcheck disable=SC1091
  if [ -f "$run/credentials.env" ]; then . "$run/credentials.env"; fi
  set_service_environment orchestrator
  if [ -n "${!variable:-}" ] && (cd "$run" && env "${service_environment[@]}" timeout 60 dotnet "$(assembly_of orchestrator)" --list-api-keys </dev/null 2>>"$run/logs/api-keys.log") |
    grep "^${!id_variable}"$'\t.*\tactive$' >/dev/null; then
    return 0
  fi
  key=$(cd "$run" && env "${service_environment[@]}" timeout 60 dotnet "$(assembly_of orchestrator)" --create-api-key "$@" --name "$name" </dev/null 2>"$run/logs/api-key.log") || {
    tail -n 20 "$run/logs/api-key.log" >&2
    fail "The key '$name' of the HTTP API could not be made; see above."
  }
  id=$(sed -n "s/^Key '\([0-9a-f-]*\)'.*/\1/p" "$run/logs/api-key.log")
  (
    umask 077
    { grep -v "^export $variable\(_ID\)\?=" "$run/credentials.env" 2>/dev/null || true; printf 'export %s=%s\nexport %s=%s\n' "$variable" "$key" "$id_variable" "$id"; } >"$run/credentials.new"
    mv "$run/credentials.new" "$run/credentials.env"
  )
}

make_api_keys() {
  say "Keys of the HTTP API …"
  make_api_key PIPELINE_API_KEY run-services --operator
  make_api_key PIPELINE_API_KEY_ACME run-services-acme --tenant acme
}

simulator_arguments() {
  local rules=${PIPELINE_SIMULATOR_RULES:-$samples/model-rules.json}
  if [ -f "$rules" ]; then
    printf -- '--rules\n%s\n' "$rules"
  else
    warn "there is no rule file '$rules' (PIPELINE_SIMULATOR_RULES): the simulator gives its fixed answer"
  fi
}

# The simulator depends on nothing: for it, alive is ready.
health_path() { if [ "$1" = provider-simulator ]; then printf '/health/live\n'; else printf '/health/ready\n'; fi; }
is_ready() { timeout 6 bash "$REPOSITORY_ROOT/infra/docker/probe.sh" "$(port_of "$1")" "$(health_path "$1")"; }
is_ready_or_ended() { is_ready "$1" || ! running_pid "$run/pids/$1.pid" >/dev/null; }

start_service() {
  local service=$1 arguments=()
  if running_pid "$run/pids/$service.pid" >/dev/null; then
    return 0
  fi
  ! is_listening "$(port_of "$service")" || fail "Port $(port_of "$service") is taken, so $service cannot start. Choose another with its PIPELINE_…_PORT (see --help)."
  if [ "$service" = provider-simulator ]; then
    mapfile -t arguments < <(simulator_arguments)
    arguments+=(--urls "http://127.0.0.1:$(port_of "$service")")
  fi
  set_service_environment "$service"
  if [ -f "$run/logs/$service.log" ]; then mv "$run/logs/$service.log" "$run/logs/$service.previous.log"; fi
  cd "$run"
  start_process "$run/pids/$service.pid" "$run/logs/$service.log" env "${service_environment[@]}" dotnet "$(assembly_of "$service")" ${arguments[@]+"${arguments[@]}"}
}

await_service() {
  wait_until 120 is_ready_or_ended "$1" || true
  is_ready "$1" 2>/dev/null || {
    tail -n 20 "$run/logs/$1.log" | cut -c1-1000 >&2
    if running_pid "$run/pids/$1.pid" >/dev/null; then
      fail "$1 runs but was not ready within 120 s. The end of $run/logs/$1.log is above. Stop everything with: $0 down"
    fi
    fail "$1 ended while it started. The end of $run/logs/$1.log is above. Stop the rest with: $0 down"
  }
}

up() {
  local service servers=(rabbitmq)
  mkdir -p "$run/pids" "$run/logs"
  load_instance
  choose_instance
  [ "$simulator" = true ] || services=("${services[@]:1}")
  [ "$build" = false ] || build_services
  for service in "${services[@]}"; do
    [ -f "$(assembly_of "$service")" ] || fail "There is no $(assembly_of "$service"). Leave out --no-build."
  done
  [ "$database" != postgres ] || servers+=(postgres)
  say "Starting ${servers[*]} …"
  servers_up "${servers[@]}"
  prepare_broker
  if [ "$database" = postgres ]; then
    create_postgres_database pipeline_orchestrator
    create_postgres_database pipeline_tools
    create_postgres_database pipeline_llm
  fi
  migrate orchestrator
  migrate tool-workers
  migrate llm-gateway
  make_api_keys
  for service in "${services[@]}"; do start_service "$service"; done
  for service in "${services[@]}"; do await_service "$service"; done
  printf '%s\n' "${services[@]}" >"$run/services"
  # For publishers: how an upstream system reaches the broker. The file holds a password, the screen does not.
  (
    umask 077
    if [ "$guest" = true ]; then
      printf 'amqp://guest:guest@127.0.0.1:%s/%%2F\n' "$RABBITMQ_PORT_AMQP"
    else
      printf 'amqp://upstream-acme:%s@127.0.0.1:%s/pipeline\n' "$(password_of upstream-acme)" "$RABBITMQ_PORT_AMQP"
    fi >"$run/upstream.url"
  )
  say ""
  status
  say ""
  say "Submit:   PIPELINE_AMQP_URL=\$(cat .run/upstream.url) /usr/bin/python3 samples/publishers/python/submit_disputes.py"
  say "Status:   . .run/credentials.env; curl -H \"X-Api-Key: \$PIPELINE_API_KEY\" http://127.0.0.1:$PIPELINE_ORCHESTRATOR_PORT/invocations"
  say "Logs:     .run/logs/    Stop: scripts/run-services.sh down"
}

# --- Down, status -------------------------------------------------------------------------------------------------------

down() {
  local index service
  load_instance
  for ((index = ${#services[@]} - 1; index >= 0; index--)); do
    service=${services[index]}
    if running_pid "$run/pids/$service.pid" >/dev/null 2>&1; then
      say "Stopping $service …"
      stop_process "$run/pids/$service.pid" 40
    fi
  done
  if [ "$keep_servers" = true ]; then
    return 0
  fi
  say "Stopping the servers …"
  servers_down gently rabbitmq postgres
  if [ "$delete_data" = true ]; then
    servers_delete_data
    rm -rf "$run"
  else
    # The next start may choose other ports.
    rm -f "$run/services" "$run/instance.env"
  fi
}

status() {
  local service all=0 started=("${services[@]}")
  [ -f "$run/instance.env" ] || { say "Nothing was started here."; return 3; }
  load_instance
  if [ -f "$run/services" ]; then mapfile -t started <"$run/services"; fi
  for service in "${started[@]}"; do
    if ! running_pid "$run/pids/$service.pid" >/dev/null 2>&1; then
      printf '%-19s down\n' "$service"
      all=3
    elif is_ready "$service" 2>/dev/null; then
      printf '%-19s ready      http://127.0.0.1:%s\n' "$service" "$(port_of "$service")"
    else
      printf '%-19s not ready  http://127.0.0.1:%s\n' "$service" "$(port_of "$service")"
      all=3
    fi
  done
  if server_runs rabbitmq; then
    printf '%-19s up         http://127.0.0.1:%s  (management UI, guest/guest)\n' rabbitmq "$RABBITMQ_PORT_MANAGEMENT"
  else
    printf '%-19s down\n' rabbitmq
    all=3
  fi
  if server_runs postgres; then
    printf '%-19s up         127.0.0.1:%s\n' postgres "$POSTGRES_PORT"
  fi
  return "$all"
}

case $action in
  up) up ;;
  down) down ;;
  status) status ;;
esac
