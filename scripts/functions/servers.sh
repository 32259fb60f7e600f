# shellcheck shell=bash
# RabbitMQ, PostgreSQL and Redis on loopback, for development and tests. Sourced, never run; needs console.sh and processes.sh.
#
# An instance is a folder and a set of ports. Two instances with different folders and ports know nothing of each other.

# Root's runtime folder is closed to the account that PostgreSQL must run as.
servers_default_parent() {
  if [ "$(id -u)" = 0 ]; then printf '/tmp\n'; else printf '%s\n' "${XDG_RUNTIME_DIR:-/tmp}"; fi
}

servers_configure() {
  SERVERS_DIR=${PIPELINE_SERVERS_DIR:-$(servers_default_parent)/pipeline-servers}
  RABBITMQ_PORT_AMQP=${PIPELINE_RABBITMQ_PORT:-5672}
  RABBITMQ_PORT_MANAGEMENT=${PIPELINE_RABBITMQ_MANAGEMENT_PORT:-15672}
  RABBITMQ_PORT_DISTRIBUTION=${PIPELINE_RABBITMQ_DISTRIBUTION_PORT:-$((RABBITMQ_PORT_AMQP + 20000))}
  RABBITMQ_PORT_EPMD=${PIPELINE_RABBITMQ_EPMD_PORT:-$((RABBITMQ_PORT_AMQP + 21000))}
  POSTGRES_PORT=${PIPELINE_POSTGRES_PORT:-5433}
  REDIS_PORT=${PIPELINE_REDIS_PORT:-6390}
  RABBITMQ_NODE=pipeline-$RABBITMQ_PORT_AMQP@localhost
  SERVERS_MODE=${PIPELINE_SERVERS_MODE:-auto}
  POSTGRES_DIR=$SERVERS_DIR/postgres
  RABBITMQ_DIR=$SERVERS_DIR/rabbitmq
  REDIS_DIR=$SERVERS_DIR/redis
  COMPOSE_PROJECT=pipeline-servers-$RABBITMQ_PORT_AMQP
}

# --- Where the programs are -------------------------------------------------------------------------------------------

rabbitmq_program() {
  local folder
  # The scripts under /usr/sbin insist on a system account; those beside the library take any user.
  for folder in /usr/lib/rabbitmq/bin /usr/local/sbin /opt/homebrew/sbin /usr/local/opt/rabbitmq/sbin; do
    if [ -x "$folder/$1" ]; then
      printf '%s\n' "$folder/$1"
      return 0
    fi
  done
  return 1
}

postgres_program() {
  local candidate newest=""
  for candidate in /usr/lib/postgresql/*/bin/"$1"; do
    [ -x "$candidate" ] && newest=$candidate
  done
  [ -n "$newest" ] || newest=$(command -v "$1") || return 1
  printf '%s\n' "$newest"
}

is_installed() {
  case $1 in
    rabbitmq) rabbitmq_program rabbitmq-server && command -v epmd ;;
    postgres) postgres_program initdb && postgres_program pg_ctl ;;
    redis) command -v redis-server ;;
  esac >/dev/null 2>&1
}

is_root_on_debian() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

docker_compose() {
  if docker compose version >/dev/null 2>&1; then
    docker compose "$@"
  elif command -v docker-compose >/dev/null 2>&1; then
    docker-compose "$@"
  else
    return 127
  fi
}

can_use_docker() { command -v docker >/dev/null 2>&1 && docker info >/dev/null 2>&1 && docker_compose version >/dev/null 2>&1; }

# apt_install PACKAGE…: without starting the services that the packages bring.
apt_install() {
  local policy=/usr/sbin/policy-rc.d mine=false result=0
  say "Installing $* with apt-get …"
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    mine=true
  fi
  {
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null
  } >"${TMPDIR:-/tmp}/pipeline-apt.$$.log" 2>&1 || result=$?
  [ "$mine" = false ] || rm -f "$policy"
  if [ "$result" != 0 ]; then
    tail -n 15 "${TMPDIR:-/tmp}/pipeline-apt.$$.log" >&2
    rm -f "${TMPDIR:-/tmp}/pipeline-apt.$$.log"
    fail "apt-get could not install: $*. See the lines above; install them by hand and try again."
  fi
  rm -f "${TMPDIR:-/tmp}/pipeline-apt.$$.log"
}

# servers_choose_mode SERVER…: native where the programs are installed or can be, else Docker, else a way out for the reader.
servers_choose_mode() {
  local server missing=() package
  for server in "$@"; do
    is_installed "$server" || missing+=("$server")
  done
  case $SERVERS_MODE in
    native | docker) ;;
    auto)
      if [ ${#missing[@]} = 0 ] || is_root_on_debian; then
        SERVERS_MODE=native
      elif can_use_docker; then
        SERVERS_MODE=docker
      else
        fail "Cannot start ${missing[*]}: not installed here, this is not root on Debian or Ubuntu (where they would be installed), and Docker Compose is not available. Either install rabbitmq-server, postgresql and redis-server, or start Docker and try again."
      fi
      ;;
    *) fail "PIPELINE_SERVERS_MODE is '$SERVERS_MODE'; it must be auto, native or docker." 2 ;;
  esac
  if [ "$SERVERS_MODE" = docker ]; then
    can_use_docker || fail "PIPELINE_SERVERS_MODE is 'docker', but there is no running Docker engine with Compose."
    return 0
  fi
  [ ${#missing[@]} != 0 ] || return 0
  is_root_on_debian || fail "Not installed: ${missing[*]}. Install them, or use Docker (PIPELINE_SERVERS_MODE=docker)."
  local packages=()
  for server in "${missing[@]}"; do
    case $server in
      rabbitmq) package=rabbitmq-server ;;
      postgres) package=postgresql ;;
      redis) package=redis-server ;;
    esac
    packages+=("$package")
  done
  apt_install "${packages[@]}"
}

# require_free_port PORT WHAT VARIABLE
require_free_port() {
  ! is_listening "$1" || fail "Port $1 is taken, so $2 cannot start. Stop what listens there, or choose another port with $3."
}

# --- RabbitMQ ---------------------------------------------------------------------------------------------------------

# The environment of this instance's RabbitMQ: server and tools must agree on home (cookie), node and ports.
set_rabbitmq_environment() {
  rabbitmq_environment=(
    "HOME=$RABBITMQ_DIR/home"
    "RABBITMQ_NODENAME=$RABBITMQ_NODE"
    "RABBITMQ_DIST_PORT=$RABBITMQ_PORT_DISTRIBUTION"
    "ERL_EPMD_PORT=$RABBITMQ_PORT_EPMD"
    "ERL_EPMD_ADDRESS=127.0.0.1"
    "RABBITMQ_CONFIG_FILE=$RABBITMQ_DIR/rabbitmq.conf"
    "RABBITMQ_CONF_ENV_FILE=$RABBITMQ_DIR/none"
    "RABBITMQ_ENABLED_PLUGINS_FILE=$RABBITMQ_DIR/enabled_plugins"
    "RABBITMQ_MNESIA_BASE=$RABBITMQ_DIR/data"
    "RABBITMQ_LOG_BASE=$RABBITMQ_DIR/log"
    "RABBITMQ_LOGS=$RABBITMQ_DIR/log/node.log"
    "RABBITMQ_PID_FILE=$RABBITMQ_DIR/node-own.pid"
    # No busy waiting: on a few cores the schedulers of an idle broker would take the time of those who work.
    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
    "RABBITMQ_CTL_DIST_PORT_MIN=$((RABBITMQ_PORT_DISTRIBUTION + 100))"
    "RABBITMQ_CTL_DIST_PORT_MAX=$((RABBITMQ_PORT_DISTRIBUTION + 110))"
  )
}

rabbitmqctl_here() {
  set_rabbitmq_environment
  env "${rabbitmq_environment[@]}" "$(rabbitmq_program rabbitmqctl)" -n "$RABBITMQ_NODE" "$@"
}

rabbitmq_answers() {
  is_listening "$RABBITMQ_PORT_AMQP" && is_listening "$RABBITMQ_PORT_MANAGEMENT" || return 1
  if command -v curl >/dev/null 2>&1; then
    curl -fsS -m 5 -u guest:guest "http://127.0.0.1:$RABBITMQ_PORT_MANAGEMENT/api/overview"
  else
    rabbitmqctl_here -q await_startup
  fi
}

rabbitmq_answers_or_ended() { rabbitmq_answers || ! running_pid "$RABBITMQ_DIR/start.pid" >/dev/null; }

rabbitmq_up() {
  if running_pid "$RABBITMQ_DIR/rabbitmq.pid" >/dev/null; then
    wait_until 60 rabbitmq_answers || fail "RabbitMQ runs but does not answer. See $RABBITMQ_DIR/log/node.log, or stop it with 'down rabbitmq'."
    return 0
  fi
  require_free_port "$RABBITMQ_PORT_AMQP" RabbitMQ PIPELINE_RABBITMQ_PORT
  require_free_port "$RABBITMQ_PORT_MANAGEMENT" "RabbitMQ's management UI" PIPELINE_RABBITMQ_MANAGEMENT_PORT
  require_free_port "$RABBITMQ_PORT_DISTRIBUTION" "RabbitMQ's node port" PIPELINE_RABBITMQ_DISTRIBUTION_PORT
  mkdir -p "$RABBITMQ_DIR"/{data,log,home}
  cat >"$RABBITMQ_DIR/rabbitmq.conf" <<CONF
listeners.tcp.local = 127.0.0.1:$RABBITMQ_PORT_AMQP
management.tcp.ip = 127.0.0.1
management.tcp.port = $RABBITMQ_PORT_MANAGEMENT
loopback_users = none
vm_memory_high_watermark.relative = 0.4
disk_free_limit.absolute = 512MB
raft.wal_max_size_bytes = 134217728
CONF
  printf '[rabbitmq_management,rabbitmq_consistent_hash_exchange].\n' >"$RABBITMQ_DIR/enabled_plugins"
  # A port mapper of this instance's own: nothing shared with other nodes on the machine, and nothing left behind.
  if ! running_pid "$RABBITMQ_DIR/epmd.pid" >/dev/null; then
    require_free_port "$RABBITMQ_PORT_EPMD" "Erlang's port mapper" PIPELINE_RABBITMQ_EPMD_PORT
    start_process "$RABBITMQ_DIR/epmd.pid" "$RABBITMQ_DIR/log/epmd.log" epmd -address 127.0.0.1 -port "$RABBITMQ_PORT_EPMD"
    wait_until 10 is_listening "$RABBITMQ_PORT_EPMD" || fail "Erlang's port mapper did not start. See $RABBITMQ_DIR/log/epmd.log."
  fi
  set_rabbitmq_environment
  rm -f "$RABBITMQ_DIR/node-own.pid"
  # The start script stays as the parent of the Erlang machine. The machine writes its own pid: that one is the server.
  start_process "$RABBITMQ_DIR/start.pid" "$RABBITMQ_DIR/log/start.log" env "${rabbitmq_environment[@]}" "$(rabbitmq_program rabbitmq-server)"
  wait_until 90 rabbitmq_answers_or_ended || true
  if [ -s "$RABBITMQ_DIR/node-own.pid" ]; then
    remember_process "$RABBITMQ_DIR/rabbitmq.pid" "$(cat "$RABBITMQ_DIR/node-own.pid")"
  fi
  if ! rabbitmq_answers >/dev/null 2>&1; then
    tail -n 20 "$RABBITMQ_DIR/log/start.log" "$RABBITMQ_DIR/log/node.log" >&2 2>/dev/null || true
    rabbitmq_down 20 TERM
    fail "RabbitMQ did not start. The last lines of its logs are above; the logs are in $RABBITMQ_DIR/log."
  fi
}

# rabbitmq_down SECONDS SIGNAL
rabbitmq_down() {
  # A start that was interrupted has not remembered the machine yet.
  if [ ! -f "$RABBITMQ_DIR/rabbitmq.pid" ] && [ -s "$RABBITMQ_DIR/node-own.pid" ] && running_pid "$RABBITMQ_DIR/start.pid" >/dev/null; then
    remember_process "$RABBITMQ_DIR/rabbitmq.pid" "$(cat "$RABBITMQ_DIR/node-own.pid")"
  fi
  stop_process "$RABBITMQ_DIR/rabbitmq.pid" "$1" "$2"
  stop_process "$RABBITMQ_DIR/start.pid" 5
  stop_process "$RABBITMQ_DIR/epmd.pid" 5
}

# --- PostgreSQL -------------------------------------------------------------------------------------------------------

# PostgreSQL refuses to run as root: there it gets the account that its package made for it.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- env HOME="$POSTGRES_DIR" "$@")
  else
    "$@"
  fi
}

postgres_user() { if [ "$(id -u)" = 0 ]; then printf 'postgres\n'; else id -un; fi; }

postgres_answers() { as_postgres "$(postgres_program pg_isready)" -q -h 127.0.0.1 -p "$POSTGRES_PORT"; }

# PostgreSQL keeps its own pid file, checks it at the start and removes it at the end. A killed server can linger as a
# zombie where nobody collects the dead (a container without an init): PostgreSQL's own check takes that for alive.
postgres_runs() {
  local pid=""
  { read -r pid <"$POSTGRES_DIR/data/postmaster.pid"; } 2>/dev/null || true
  if [ -z "$pid" ]; then
    return 1
  fi
  if is_gone "$pid"; then
    rm -f "$POSTGRES_DIR/data/postmaster.pid"
    return 1
  fi
  as_postgres "$(postgres_program pg_ctl)" -D "$POSTGRES_DIR/data" status >/dev/null 2>&1
}

postgres_up() {
  if postgres_runs; then
    wait_until 60 postgres_answers || fail "PostgreSQL runs but does not answer on port $POSTGRES_PORT. See $POSTGRES_DIR/postgres.log."
    return 0
  fi
  require_free_port "$POSTGRES_PORT" PostgreSQL PIPELINE_POSTGRES_PORT
  mkdir -p "$POSTGRES_DIR"
  [ "$(id -u)" != 0 ] || chown postgres: "$POSTGRES_DIR"
  if [ ! -f "$POSTGRES_DIR/data/PG_VERSION" ]; then
    rm -rf "$POSTGRES_DIR/data"
    as_postgres "$(postgres_program initdb)" -D "$POSTGRES_DIR/data" -U postgres -A trust -E UTF8 --no-locale >"$SERVERS_DIR/initdb.log" 2>&1 || {
      cat "$SERVERS_DIR/initdb.log" >&2
      rm -rf "$POSTGRES_DIR/data"
      fail "PostgreSQL's data folder could not be made; initdb's answer is above. The folder must be reachable by the user '$(postgres_user)': $POSTGRES_DIR"
    }
  fi
  as_postgres "$(postgres_program pg_ctl)" -D "$POSTGRES_DIR/data" -w -t 60 -s -l "$POSTGRES_DIR/postgres.log" \
    -o "-c listen_addresses=127.0.0.1 -p $POSTGRES_PORT -c unix_socket_directories='' -c max_connections=${PIPELINE_POSTGRES_MAX_CONNECTIONS:-200}" \
    start </dev/null >/dev/null 2>&1 8>&- 9>&- || {
    tail -n 15 "$POSTGRES_DIR/postgres.log" >&2 2>/dev/null || true
    fail "PostgreSQL did not start. The last lines of $POSTGRES_DIR/postgres.log are above."
  }
  wait_until 30 postgres_answers || fail "PostgreSQL started but does not answer on port $POSTGRES_PORT. See $POSTGRES_DIR/postgres.log."
}

postgres_down() {
  postgres_runs || return 0
  as_postgres "$(postgres_program pg_ctl)" -D "$POSTGRES_DIR/data" -w -t 30 -s -m "${1:-fast}" stop >/dev/null 2>&1 ||
    as_postgres "$(postgres_program pg_ctl)" -D "$POSTGRES_DIR/data" -w -t 30 -s -m immediate stop >/dev/null 2>&1 ||
    warn "PostgreSQL in $POSTGRES_DIR did not stop"
}

# --- Redis ------------------------------------------------------------------------------------------------------------

redis_answers() {
  local answer=""
  exec 3<>"/dev/tcp/127.0.0.1/$REDIS_PORT" || return 1
  printf 'PING\r\n' >&3
  read -r -t 2 answer <&3 || true
  exec 3>&- 3<&-
  [ "${answer%$'\r'}" = "+PONG" ]
}

redis_ready() { (redis_answers) 2>/dev/null; }

redis_up() {
  if running_pid "$REDIS_DIR/redis.pid" >/dev/null; then
    wait_until 30 redis_ready || fail "Redis runs but does not answer on port $REDIS_PORT. See $REDIS_DIR/redis.log."
    return 0
  fi
  require_free_port "$REDIS_PORT" Redis PIPELINE_REDIS_PORT
  mkdir -p "$REDIS_DIR"
  start_process "$REDIS_DIR/redis.pid" "$REDIS_DIR/redis.log" redis-server --bind 127.0.0.1 --port "$REDIS_PORT" --dir "$REDIS_DIR" \
    --daemonize no --save "" --appendonly no
  if ! wait_until 30 redis_ready; then
    tail -n 15 "$REDIS_DIR/redis.log" >&2 2>/dev/null || true
    redis_down 10 TERM
    fail "Redis did not start. The last lines of $REDIS_DIR/redis.log are above."
  fi
}

# redis_down SECONDS SIGNAL
redis_down() { stop_process "$REDIS_DIR/redis.pid" "$1" "$2"; }

# --- All of them ------------------------------------------------------------------------------------------------------

compose_servers() {
  PIPELINE_RABBITMQ_PORT=$RABBITMQ_PORT_AMQP PIPELINE_RABBITMQ_MANAGEMENT_PORT=$RABBITMQ_PORT_MANAGEMENT \
    PIPELINE_POSTGRES_PORT=$POSTGRES_PORT PIPELINE_REDIS_PORT=$REDIS_PORT \
    docker_compose -p "$COMPOSE_PROJECT" -f "$REPOSITORY_ROOT/infra/docker/compose.servers.yml" "$@"
}

remember_mode() { printf '%s\n' "$SERVERS_MODE" >"$SERVERS_DIR/mode"; }
remembered_mode() { cat "$SERVERS_DIR/mode" 2>/dev/null || printf 'native\n'; }

# servers_up SERVER…
servers_up() {
  local server
  mkdir -p "$SERVERS_DIR"
  chmod 755 "$SERVERS_DIR"
  # One at a time per instance: two scripts that bring up the same servers must not trip over each other.
  exec 8>"$SERVERS_DIR/lock"
  if command -v flock >/dev/null 2>&1; then
    flock -w 180 8 || fail "Another script has been starting or stopping the servers in $SERVERS_DIR for 3 minutes."
  fi
  servers_choose_mode "$@"
  remember_mode
  if [ "$SERVERS_MODE" = docker ]; then
    compose_servers up -d --wait "$@" || fail "Docker Compose could not start: $*. Its answer is above."
  else
    for server in "$@"; do
      "${server}_up"
    done
  fi
  exec 8>&-
}

# servers_down HOW SERVER…  (HOW: gently | kill)
servers_down() {
  local how=$1 server
  shift
  [ -d "$SERVERS_DIR" ] || return 0
  if [ "$(remembered_mode)" = docker ]; then
    if [ "$how" = kill ]; then compose_servers kill "$@"; else compose_servers stop "$@"; fi
    return 0
  fi
  for server in "$@"; do
    case $server-$how in
      postgres-kill) postgres_down immediate ;;
      postgres-*) postgres_down ;;
      *-kill) "${server}_down" 5 KILL ;;
      *) "${server}_down" 40 TERM ;;
    esac
  done
}

servers_delete_data() {
  if [ "$(remembered_mode)" = docker ]; then
    compose_servers down --volumes
  fi
  # Only what an instance is known to hold; never the folder's other contents.
  rm -rf "$RABBITMQ_DIR" "$POSTGRES_DIR" "$REDIS_DIR"
  rm -f "$SERVERS_DIR/initdb.log" "$SERVERS_DIR/mode" "$SERVERS_DIR/lock"
  rmdir "$SERVERS_DIR" 2>/dev/null || true
}

server_runs() {
  if [ "$(remembered_mode)" = docker ]; then
    [ -n "$(compose_servers ps -q --status running "$1" 2>/dev/null)" ]
    return
  fi
  case $1 in
    rabbitmq) running_pid "$RABBITMQ_DIR/rabbitmq.pid" >/dev/null ;;
    postgres) postgres_runs ;;
    redis) running_pid "$REDIS_DIR/redis.pid" >/dev/null ;;
  esac
}

# create_postgres_database NAME: nothing happens when it exists.
create_postgres_database() {
  local sql="SELECT 1 FROM pg_database WHERE datname = '$1'" psql
  if [ "$(remembered_mode)" = docker ]; then
    psql=(compose_servers exec -T postgres psql -U postgres -d postgres)
  else
    psql=(as_postgres "$(postgres_program psql)" -h 127.0.0.1 -p "$POSTGRES_PORT" -U postgres -d postgres)
  fi
  if [ "$("${psql[@]}" -XAtc "$sql" </dev/null)" != 1 ]; then
    "${psql[@]}" -XAqc "CREATE DATABASE \"$1\"" </dev/null
  fi
}

# instance_rabbitmqctl ARGUMENT…: in the broker of this instance, native or in its container.
instance_rabbitmqctl() {
  if [ "$(remembered_mode)" = docker ]; then
    compose_servers exec -T rabbitmq rabbitmqctl -q "$@"
  else
    rabbitmqctl_here -q "$@"
  fi
}

# import_rabbitmq_definitions FILE: users, permissions, policies and topology; what is there already is overwritten.
import_rabbitmq_definitions() {
  if [ "$(remembered_mode)" = docker ]; then
    instance_rabbitmqctl import_definitions <"$1"
  else
    instance_rabbitmqctl import_definitions "$1"
  fi
  # On a development broker the well-known user may look into everything; production has no such user.
  instance_rabbitmqctl set_permissions -p pipeline guest '.*' '.*' '.*'
}
