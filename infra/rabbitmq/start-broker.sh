#!/usr/bin/env bash
# The container's entry point: users get their passwords from the environment, then the image's own start takes over.
set -euo pipefail
target=/etc/rabbitmq/pipeline-definitions.json
(umask 077 && bash /opt/pipeline/render-definitions.sh /opt/pipeline/definitions.json >"$target")
chown rabbitmq:rabbitmq "$target"
# The hashes are enough from here on.
for variable in $(compgen -e RABBITMQ_PASSWORD_); do unset "$variable"; done
exec docker-entrypoint.sh rabbitmq-server
