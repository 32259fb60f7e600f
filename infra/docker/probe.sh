#!/usr/bin/env bash
# Asks a service for its health without curl: infra/docker/probe.sh PORT PATH. Exit code 0 when the answer is 200.
# The runtime image has bash and nothing that speaks HTTP.
set -euo pipefail
port=${1:-8080} path=${2:-/health/ready} status=""
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$path" >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
