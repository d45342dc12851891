#!/usr/bin/env bash
# Runs the end-to-end tests, as root, and fails when fewer of them ran than there should be: a test that cannot run
# here passes, but says `skipped: NAME: REASON`.
# usage: e2e.sh EXPECTED
set -euo pipefail
cd "$(dirname "$0")/.."
expected=${1:?how many tests there are}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
# The binary as it is shipped; the tests themselves need no optimisation, which would take minutes to build.
export UNDERSPAN_BIN=${UNDERSPAN_BIN:-$target/release/underspan}
if [[ $(id -u) != 0 ]]; then
    echo "e2e: the end-to-end tests attach to the kernel, which needs root" >&2
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() {
    "${CARGO:-cargo}" test -p underspan-tests --locked --test e2e -- --test-threads=1 "$@" 2>&1 | tee -a "$log"
}

# A test that fails runs once more, and is named: on a machine that is busy with something else the reader may come late, and a test that wants
# no loss at all sees one.
if ! run; then
    mapfile -t failed < <(sed -n 's/^    \([a-z0-9_]*::[a-z0-9_:]*\)$/\1/p' "$log" | sort -u)
    echo "e2e: failed, running once more: ${failed[*]:-nothing, the build failed}"
    ((${#failed[@]} > 0 && ${#failed[@]} <= 2)) || exit 1
    run --exact "${failed[@]}"
fi

passed=$(sed -n 's/^test result: [a-zA-Z]*\. \([0-9]*\) passed.*/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
# Standard error, so that it may stand in the middle of the harness's own line.
skipped=$(grep -cE 'skipped: [^ ]+: ' "$log" || true)
ran=$((passed - skipped))
echo "e2e: $ran tests ran, $skipped were skipped, $expected are expected"
if ((ran < expected)); then
    echo "e2e: $((expected - ran)) tests are missing" >&2
    exit 1
fi
