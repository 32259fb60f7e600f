#!/usr/bin/env bash
# Puts the users' passwords into definitions.json, as salted hashes, and prints the result.
#
# Usage: infra/rabbitmq/render-definitions.sh [definitions.json] > rendered.json
#
# For the user 'tool-workers' the password is taken from the environment variable RABBITMQ_PASSWORD_TOOL_WORKERS or from the
# file that RABBITMQ_PASSWORD_TOOL_WORKERS_FILE names. A user without a password stays without one and cannot log in.
# Needs bash and coreutils, nothing else: it runs inside the broker's container too.
set -euo pipefail
case ${1:-} in -h | --help)
  awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"
  exit 0
  ;;
esac
definitions=${1:-$(dirname "${BASH_SOURCE[0]}")/definitions.json}
[ -r "$definitions" ] || { printf "error: cannot read '%s'\n" "$definitions" >&2; exit 2; }

# RabbitMQ's salted SHA-256: base64(salt + sha256(salt + password)), with a salt of four bytes.
hash_password() {
  local salt digest
  salt=$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
  digest=$({ printf '%b' "$(printf '%s' "$salt" | sed 's/../\\x&/g')"; printf '%s' "$1"; } | sha256sum | cut -d' ' -f1)
  printf '%b' "$(printf '%s' "$salt$digest" | sed 's/../\\x&/g')" | base64 -w0
}

while IFS= read -r line || [ -n "$line" ]; do
  if [[ $line =~ \"name\":\ *\"([a-z0-9-]+)\",\ *\"password_hash\":\ *\"\" ]]; then
    user=${BASH_REMATCH[1]}
    variable=RABBITMQ_PASSWORD_$(printf '%s' "$user" | tr 'a-z-' 'A-Z_')
    file_variable=${variable}_FILE
    password=${!variable:-}
    if [ -z "$password" ] && [ -n "${!file_variable:-}" ]; then
      password=$(cat "${!file_variable}")
    fi
    if [ -n "$password" ]; then
      line=${line/\"password_hash\": \"\"/\"password_hash\": \"$(hash_password "$password")\"}
    else
      printf "warning: no %s: the user '%s' cannot log in\n" "$variable" "$user" >&2
    fi
  fi
  printf '%s\n' "$line"
done <"$definitions"
