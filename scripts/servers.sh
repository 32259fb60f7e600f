#!/usr/bin/env bash
# RabbitMQ (with its management UI), PostgreSQL and Redis on loopback, for development and tests.
#
# Usage: scripts/servers.sh up|down|status [--kill] [--delete-data] [rabbitmq] [postgres] [redis]
#
#   up             start what does not run yet and wait until it answers; running it twice is fine
#   down           stop what 'up' started, and nothing else; the data stay
#   status         what runs, and how to reach it (exit code 3 when something does not run)
#   --kill         with down: no good-bye, as a crash would do it
#   --delete-data  with down: stop everything, then delete the data too
#
# Without a server's name: all three. Root on Debian or Ubuntu: missing packages are installed with apt-get, and the
# servers run without systemd from a folder of their own. Where they are installed, any user can run them. Otherwise
# Docker Compose is used (infra/docker/compose.servers.yml).
#
# Environment (folder and ports make an instance; give a second one others):
#   PIPELINE_SERVERS_DIR                 ${XDG_RUNTIME_DIR:-/tmp}/pipeline-servers; as root /tmp/pipeline-servers
#   PIPELINE_SERVERS_MODE                auto | native | docker
#   PIPELINE_RABBITMQ_PORT               5672
#   PIPELINE_RABBITMQ_MANAGEMENT_PORT    15672
#   PIPELINE_RABBITMQ_DISTRIBUTION_PORT  AMQP port + 20000
#   PIPELINE_RABBITMQ_EPMD_PORT          AMQP port + 21000
#   PIPELINE_POSTGRES_PORT               5433
#   PIPELINE_REDIS_PORT                  6390
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

action="" how=gently delete_data=false servers=()
while [ $# -gt 0 ]; do
  case $1 in
    up | down | status) [ -z "$action" ] || usage_error "only one of up, down, status"; action=$1 ;;
    rabbitmq | postgres | redis) servers+=("$1") ;;
    --kill) how="kill" ;;
    --delete-data) delete_data=true ;;
    -h | --help) print_help "$0"; exit 0 ;;
    *) usage_error "unknown argument '$1'" ;;
  esac
  shift
done
[ -n "$action" ] || usage_error "say up, down or status"
[ ${#servers[@]} -gt 0 ] && [ "$delete_data" = true ] && usage_error "--delete-data is for all servers together"
[ ${#servers[@]} -gt 0 ] || servers=(rabbitmq postgres redis)
servers_configure

show_status() {
  local server address all=0
  for server in "${servers[@]}"; do
    case $server in
      rabbitmq) address="amqp://guest:guest@127.0.0.1:$RABBITMQ_PORT_AMQP  management UI http://127.0.0.1:$RABBITMQ_PORT_MANAGEMENT (guest/guest)" ;;
      postgres) address="Host=127.0.0.1;Port=$POSTGRES_PORT;Username=postgres;Database=postgres" ;;
      redis) address="127.0.0.1:$REDIS_PORT" ;;
    esac
    if server_runs "$server"; then
      printf '%-9s up    %s\n' "$server" "$address"
    else
      printf '%-9s down\n' "$server"
      all=3
    fi
  done
  return "$all"
}

case $action in
  up)
    servers_up "${servers[@]}"
    show_status
    ;;
  down)
    servers_down "$how" "${servers[@]}"
    if [ "$delete_data" = true ]; then
      servers_delete_data
    fi
    say "Stopped: ${servers[*]} (folder $SERVERS_DIR)."
    ;;
  status) show_status ;;
esac
