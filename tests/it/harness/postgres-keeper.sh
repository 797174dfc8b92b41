#!/bin/sh
# Starts, stops and finally removes one throw-away PostgreSQL server for the tests. postgres.rs, beside it, orders.
#
# Arguments: directory of the programs, "memory" or "disk", file limit in blocks (0: none), WAL segment size in MB,
# lines for postgresql.conf. Writes the directory it made, then "ok" or "failed" for each order it reads. The orders
# end when the process that gives them ends, however it ends.
set -u
bin=$1 medium=$2 blocks=$3 segment=$4 settings=$5
pid=

alive() { [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; }

initdb() {
    "$bin/initdb" -D "$root/data" -U postgres -A trust -E UTF8 --locale=C --data-checksums --no-sync \
        --wal-segsize="$segment" "$@"
}

# Text sorts by language, as on most servers, so that an order which relies on bytes without saying so fails a test.
# Versions before 15, and those built without ICU, sort by bytes.
initialise() {
    initdb --locale-provider=icu --icu-locale=en || { rm -rf "$root/data" && initdb; } || return 1
    printf '%s\n' "$settings" >>"$root/data/postgresql.conf"
}

start() {
    halt QUIT
    (
        trap '' XFSZ
        [ "$blocks" = 0 ] || ulimit -f "$blocks"
        exec "$bin/postgres" -D "$root/data" -k "$root" -p "$1"
    ) &
    pid=$!
    tries=3000
    # A file left by a killed server says ready too: the first line must be this one's process.
    until [ "$(sed -n '1p;8p' "$root/data/postmaster.pid" 2>/dev/null | tr -d ' \n')" = "${pid}ready" ]; do
        alive || { wait "$pid"; pid=; return 1; }
        [ "$tries" -gt 0 ] || { halt KILL; return 1; }
        tries=$((tries - 1))
        sleep 0.02
    done
}

# Ends the server and returns when no process of it is left.
halt() {
    if [ "$1" = QUIT ] && alive; then
        kill -QUIT "$pid"
        tries=500
        while alive && [ "$tries" -gt 0 ]; do tries=$((tries - 1)); sleep 0.01; done
    fi
    if alive; then
        kill -STOP "$pid"
        children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
        # shellcheck disable=SC2086 # one word for each child
        kill -KILL "$pid" $children
        for child in $children; do
            while grep -qs '^State:[^Z]*$' "/proc/$child/status"; do sleep 0.01; done
        done
    fi
    [ -z "$pid" ] || wait "$pid"
    pid=
    return 0
}

finish() {
    halt QUIT
    # A killed server leaves its small System V segment behind: the second number of the seventh line.
    segment=$(sed -n '7s/.* //p' "$root/data/postmaster.pid" 2>/dev/null)
    [ -z "$segment" ] || ipcrm -m "$segment"
    rm -rf "$root"
}

parent=${TMPDIR:-/tmp}
if [ "$medium" = memory ] && [ -w /dev/shm ]; then
    free=$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')
    [ "${free:-0}" -lt 4194304 ] || parent=/dev/shm
fi
root=$(mktemp -d "$parent/recourse-postgres.XXXXXX") || root=$(mktemp -d /tmp/recourse-postgres.XXXXXX) || exit 1
trap '' PIPE
trap 'finish; exit 1' HUP INT TERM
exec 3>&1 >>"$root/log" 2>&1
echo "$root" >&3
while read -r order argument; do
    case $order in
        initialise) initialise ;;
        start) start "$argument" ;;
        quit) halt QUIT ;;
        kill) halt KILL ;;
    esac </dev/null 3>&- && echo ok >&3 || echo failed >&3
done
finish
