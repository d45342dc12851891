#!/usr/bin/env bash
# Shows underspan at work: starts a small shop (a Python front that calls a Python back and nginx over HTTP), attaches
# to the three processes, sends a bounded load, prints the spans as they come and ends with a table per route.
# None of the three knows of underspan.
#
# usage: run.sh [--keep] [--seconds N]
#   --keep       leave the shop running at the end, and say how to stop it
#   --seconds N  length of the load (default 8)
# UNDERSPAN=PATH uses that binary instead of building one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH:/usr/sbin:/sbin"

keep=0 seconds=8
while (($#)); do
    case $1 in
        --keep) keep=1 ;;
        --seconds) seconds=${2:?a number of seconds}; shift ;;
        -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit ;;
        *) echo "demo: unknown argument $1, see --help" >&2; exit 2 ;;
    esac
    shift
done
if [[ $(id -u) != 0 ]]; then
    echo "demo: attaching to the kernel needs root: sudo -E make demo" >&2
    exit 3
fi

"$root/.ci/setup" demo
underspan=${UNDERSPAN:-}
if [[ -z $underspan ]]; then
    (cd "$root" && cargo build --release --locked -p underspan)
    underspan=${CARGO_TARGET_DIR:-$root/target}/release/underspan
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/underspan-demo.XXXXXX")
app=() tracer=

stop() {
    for pid in $tracer "${app[@]}"; do
        kill "$pid" 2> /dev/null || true
    done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

say() { printf '\n== %s\n' "$*"; }

# Waits until a command succeeds, at most 20 s, as long as the process lives.
wait_for() {
    local pid=$1 what=$2
    shift 2
    for _ in {1..200}; do
        if "$@" > /dev/null 2>&1; then
            return
        fi
        kill -0 "$pid" 2> /dev/null || break
        sleep 0.1
    done
    echo "demo: $what did not start" >&2
    cat "$work"/*.log >&2
    exit 1
}

read -r shop_port stock_port prices_port < <(/usr/bin/python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*[socket.getsockname()[1] for socket in sockets])')
shop="http://127.0.0.1:$shop_port"
stock="http://127.0.0.1:$stock_port"
prices="http://127.0.0.1:$prices_port"

say "Starting the shop on $shop, which calls stock on $stock and nginx on $prices"
sed "s|@DIR@|$work|; s|@PORT@|$prices_port|" "$here/nginx.conf.in" > "$work/nginx.conf"
# start NAME COMMAND...: in a session of its own, since with --keep it outlives this script and its terminal.
start() {
    setsid "${@:2}" < /dev/null > "$work/$1.log" 2>&1 &
    app+=("$!")
}
start nginx nginx -p "$work" -c "$work/nginx.conf"
start stock /usr/bin/python3 "$here/stock.py" "$stock_port"
start shop /usr/bin/python3 "$here/shop.py" "$shop_port" "$stock" "$prices"
wait_for "${app[0]}" nginx curl -fsS "$prices/"
wait_for "${app[1]}" stock curl -fsS "$stock/"
wait_for "${app[2]}" shop curl -fsS "$shop/"

select=()
for pid in "${app[@]}"; do
    select+=(--pid "$pid")
done
say "Attaching: underspan trace ${select[*]} --format text --summary"
"$underspan" trace "${select[@]}" --format text --summary \
    > >(tee "$work/spans.txt") 2> >(tee "$work/underspan.log" >&2) &
tracer=$!
wait_for "$tracer" underspan grep -q ready "$work/underspan.log"

say "Sending requests for $seconds s"
/usr/bin/python3 "$here/load.py" "$shop_port" "$seconds"
sleep 1 # the last spans are exported within this time

# A trace of an order with server spans of all three and both calls between them. The last column of a line is the
# beginning of the trace's id.
joined() {
    awk '
        { trace = $NF }
        /SERVER .* stock / { stock[trace] = 1 }
        /SERVER .* nginx / { nginx[trace] = 1 }
        /CLIENT .* shop / { calls[trace]++ }
        /SERVER .* shop .* \/orders\// && stock[trace] && nginx[trace] && calls[trace] == 2 { print trace; exit }
    ' "$work/spans.txt"
}
trace=$(joined)
if [[ -z $trace ]]; then
    echo "demo: no trace holds the spans of all three" >&2
    exit 1
fi
say "One of these traces, children first: $trace"
grep "$trace\$" "$work/spans.txt"

say "Detaching"
kill "$tracer"
wait "$tracer"
tracer=
sleep 0.2 # tee prints what it still holds
# Spans show the path as it was, so routes stand in the table alone.
if ! grep -q '/orders/{' "$work/spans.txt"; then
    echo "demo: there is no table per route" >&2
    exit 1
fi

if ((keep)); then
    printf '\nStill running: %s\n' "$shop/orders/1"
    printf 'Trace it again:  sudo %s trace %s\n' "$underspan" "${select[*]}"
    printf 'Stop it:         sudo sh -c "kill %s; rm -r %s"\n' "${app[*]}" "$work"
    trap - EXIT
fi
