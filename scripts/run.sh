#!/usr/bin/env bash
# Behind `make run` and `make serve`.
#   run.sh check LISTEN                     fail if something listens there already
#   run.sh serve LISTEN DATA_DIR BINARY     the server, until it is told to stop
#   run.sh demo  LISTEN DATA_DIR BINARY     the server, the demo against it, and the server's end
set -euo pipefail
cd "$(dirname "$0")/.."

# How long the server may take to be ready: a first start makes a database cluster, a later one may have to recover it.
READY_WITHIN_S=180

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

check() {
  local host=${1%:*} port=${1##*:}
  [[ $1 == *:* && $port =~ ^[0-9]+$ ]] || die "LISTEN must be ADDRESS:PORT, and is \`$1\`"
  host=${host#[} host=${host%]}
  if (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null; then
    die "something listens on $1 already: stop it, or choose another port with LISTEN=127.0.0.1:8081"
  fi
}

# The data folder. Postgres must be able to live in it: its socket's path has a limit, and under root it runs as another account, which
# must be able to get there. Root gets a folder elsewhere if it cannot.
data_dir() {
  local dir above
  dir=$(realpath -m -- "$1") above=$dir
  [ "$((${#dir} + 36))" -le 107 ] || die "the path of the data folder is too long for a socket: choose another one with DATA_DIR="
  while [ "$(id -u)" -eq 0 ] && [ "$above" != / ]; do
    above=$(dirname -- "$above")
    if [ -d "$above" ] && [ $((8#$(stat -c %a -- "$above") & 1)) -eq 0 ]; then
      dir=/var/lib/wardgraph-$(printf '%s' "$dir" | sha256sum | cut -c1-8)
      printf 'Postgres never runs as root, and only root may enter %s: the data folder is %s.\n' "$above" "$dir" >&2
      break
    fi
  done
  printf '%s\n' "$dir"
}

serve() {
  local data
  data=$(data_dir "$2")
  exec "$3" serve --listen "$1" --data-dir "$data"
}

demo() {
  local data log out url='' status=0
  data=$(data_dir "$2")
  mkdir -p -m 0711 -- "$data"
  log=$data/server.log out=$data/server.out
  : >"$out"
  "$3" serve --listen "$1" --data-dir "$data" >"$out" 2>"$log" &
  server=$!
  trap stop EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  local waited=0
  while url=$(sed -n 's/^listening on //p' "$out") && [ -z "$url" ]; do
    if ! kill -0 "$server" 2>/dev/null; then
      tail -n 20 -- "$log" >&2
      die "the server did not start; its log is $log"
    fi
    [ "$waited" -lt $((READY_WITHIN_S * 5)) ] || die "the server was not ready within $READY_WITHIN_S s; its log is $log"
    waited=$((waited + 1))
    sleep 0.2
  done
  printf 'The server listens on %s, with its data in %s.\n\n' "$url" "$data"
  "$3" demo --url "$url" --data-dir "$data" || status=$?
  [ "$status" -eq 0 ] || printf '\nThe server'"'"'s log is %s.\n' "$log" >&2
  exit "$status"
}

# Ends the server that we started, and nothing else, and waits until its Postgres has stopped too.
stop() {
  local status=$?
  trap - EXIT INT TERM
  kill -TERM "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  exit "$status"
}

case ${1:-} in
  check | serve | demo) "$@" ;;
  *) die "run.sh: say check, serve or demo" ;;
esac
