#!/bin/bash
# Makes the database at the first start (user, password, *.sql and *.sh of /docker-entrypoint-initdb.d), then
# becomes PostgreSQL. Settings: POSTGRES_USER (postgres), POSTGRES_DB (the user's name), POSTGRES_PASSWORD.
set -euo pipefail

user="${POSTGRES_USER:-postgres}"
db="${POSTGRES_DB:-$user}"

fail() {
  echo "postgres: $1" >&2
  exit 1
}

# Runs psql on the temporary server, which listens on no network.
sql() {
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --host "$socket" --username "$user" "$@"
}

initialise() {
  local new="$PGDATA.new" socket script
  [ -n "${POSTGRES_PASSWORD:-}" ] || fail "POSTGRES_PASSWORD is not set: the database would be open to everybody"
  # Made beside and renamed at the end: a start that was cut short begins again from nothing.
  rm -rf "$new"
  mkdir -p "$(dirname "$PGDATA")" || fail "cannot write to $(dirname "$PGDATA"): is the volume writable for uid $(id -u)?"
  initdb --pgdata "$new" --username "$user" --pwfile <(printf '%s' "$POSTGRES_PASSWORD") \
    --auth-local trust --auth-host scram-sha-256 --encoding UTF8 --locale C.UTF-8 --no-sync >/dev/null
  echo "host all all all scram-sha-256" >>"$new/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$new/postgresql.conf"

  socket="$(mktemp -d)"
  pg_ctl --pgdata "$new" --wait --silent --log "$socket/log" \
    --options "-c listen_addresses='' -c unix_socket_directories='$socket' -c fsync=off" start ||
    { cat "$socket/log" >&2; fail "the temporary server did not start"; }
  [ "$db" = postgres ] || sql --dbname postgres --set name="$db" <<<'CREATE DATABASE :"name"'
  for script in /docker-entrypoint-initdb.d/*; do
    echo "postgres: first start: $script"
    case "$script" in
      *.sql) sql --dbname "$db" --file "$script" ;;
      *.sh) PGHOST="$socket" PGUSER="$user" PGDATABASE="$db" bash "$script" ;;
      *) echo "postgres: skipped (neither .sql nor .sh): $script" ;;
    esac
  done
  pg_ctl --pgdata "$new" --wait --silent --mode fast stop
  initdb --sync-only --pgdata "$new" >/dev/null
  mv "$new" "$PGDATA"
  sync "$(dirname "$PGDATA")"
  rm -rf "$socket"
}

if [ "${1:-}" != postgres ]; then
  exec "$@"
fi
shopt -s nullglob
[ -s "$PGDATA/PG_VERSION" ] || initialise
# With an fsGroup, Kubernetes opens a volume to the group at every mount; PostgreSQL takes a closed folder only.
chmod 0700 "$PGDATA"
exec "$@"
