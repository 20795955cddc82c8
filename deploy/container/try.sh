#!/bin/sh
# Runs the image as compose.yaml does, in the playground: it must get well on a read-only root, and
# end well within ten seconds of a SIGTERM.
set -eu
image=${1:-dateline}
name=dateline-try-$$
trap 'docker rm --force --volumes "$name" >/dev/null' EXIT

docker run --detach --name "$name" --read-only --tmpfs /tmp --cap-drop ALL \
  --security-opt no-new-privileges:true --memory 1g --pids-limit 200 "$image" >/dev/null
for _ in $(seq 60); do
  docker exec "$name" dateline health >/dev/null 2>&1 && break
  sleep 1
done
docker exec "$name" dateline health || { docker logs "$name"; exit 1; }
docker stop --time 10 "$name" >/dev/null
test "$(docker inspect --format '{{.State.ExitCode}}' "$name")" = 0
