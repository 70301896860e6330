# shellcheck shell=bash
# The server's process: `scripts/keep-server` runs it and starts it again when it dies.
# In $DATA: keeper.pid, maru.pid, server.log, and server.running (a hash of what runs, so that only a change restarts it).

# A process of ours? Its environment tells whose it is, so that a number used again is not taken for it.
process_is_ours() { # PIDFILE
  local pid
  pid="$(cat "$DATA/$1" 2>/dev/null)" || return 1
  [ -n "$pid" ] && [ -r "/proc/$pid/environ" ] && grep --null-data --quiet --line-regexp --fixed-strings "MARU_DATA=$DATA" "/proc/$pid/environ" 2>/dev/null
}

keeper_runs() { process_is_ours keeper.pid; }

server_answers() { [ "$(curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' "$URL/readyz")" = 200 ]; }

instance() { cat "$DATA/instance" 2>/dev/null || true; }

server_environment() {
  local line
  export MARU_DATA="$DATA" MARU_LISTEN="${MARU_LISTEN:-127.0.0.1:$PORT}" MARU_URL="$PUBLIC_URL"
  export MARU_AGENT="$ROOT/target/static/maru-agent" MARU_WEB="$ROOT/web/dist" MARU_TEMPLATES="$ROOT/templates"
  MARU_NODE_IMAGE="$("$ROOT/docker/node/build" --tag)"
  export MARU_NODE_IMAGE
  while IFS= read -r line; do export "${line?}"; done < <("$ROOT/docker/build-images" --tags)
  : "${MARU_WORKSPACE_IMAGE:?} ${MARU_REGISTRY_IMAGE:?}"
}

# What makes two servers the same: programs, pages, settings.
server_identity() {
  {
    sha256sum "$MARU" "$MARU_AGENT"
    cat "$MARU_WEB/.maru-hash" 2>/dev/null
    hash_of_files "$MARU_TEMPLATES"
    env | grep '^MARU_' | sort
  } | sha256sum | cut -c1-32
}

port_is_free_or_ours() {
  keeper_runs && return
  if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then
    die "port $PORT is taken by another program" "$PORT 포트를 다른 프로그램이 쓰고 있습니다" \
      "end it, or use ./up --port N --data DIR" "그 프로그램을 끝내거나 ./up --port N --data DIR 을 쓰세요"
  fi
}

start_server() {
  server_environment
  local identity deadline
  identity="$(server_identity)"
  if keeper_runs && server_answers && [ "$(cat "$DATA/server.running" 2>/dev/null)" = "$identity" ]; then
    echo "the server runs already and is the same"
    return
  fi
  stop_server
  if [ "$(stat --format %s "$DATA/server.log" 2>/dev/null || echo 0)" -gt 20000000 ]; then
    mv "$DATA/server.log" "$DATA/server.log.1"
  fi
  setsid "$ROOT/scripts/keep-server" "$MARU" >>"$DATA/server.log" 2>&1 </dev/null 8>&- 9>&- &
  deadline=$((SECONDS + 60))
  until server_answers; do
    if ((SECONDS > deadline)) || { ((SECONDS > deadline - 55)) && ! keeper_runs; }; then
      tail -n 15 "$DATA/server.log"
      die "the server did not start" "서버가 시작되지 않았습니다" "read $DATA/server.log" "$DATA/server.log 를 보세요"
    fi
    sleep 0.1
  done
  echo "$identity" >"$DATA/server.running"
}

# Asks a process of ours to end, waits, and does not ask a second time.
end_process() { # PIDFILE SECONDS
  local pid deadline=$((SECONDS + $2))
  process_is_ours "$1" || return 0
  pid="$(cat "$DATA/$1")"
  kill -TERM "$pid" 2>/dev/null || true
  while process_is_ours "$1"; do
    ((SECONDS <= deadline)) || kill -KILL "$pid" 2>/dev/null || true
    sleep 0.1
  done
}

stop_server() {
  end_process keeper.pid 30
  # Left over where the keeper itself was killed.
  end_process maru.pid 20
  rm -f "$DATA/keeper.pid" "$DATA/maru.pid" "$DATA/server.running"
}

# Ends the server and stops this instance's containers. Volumes and data stay.
stop_instance() {
  local id containers
  stop_server
  id="$(instance)"
  [ -n "$id" ] || return 0
  mapfile -t containers < <(docker ps --quiet --filter "label=maru.instance=$id")
  [ ${#containers[@]} -eq 0 ] || docker stop --time 10 "${containers[@]}" >/dev/null
}
