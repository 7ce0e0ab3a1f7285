# allocations.sh DAGC LIBRARY MODEL SCRATCH: every allocation of a compilation fails in turn. Each time
# dagc ends with exit code 3, says why, and leaves no file; in the end one run is whole.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
dagc=$1
library=$2
model=$3
empty "$4"
cd "$4"

"$dagc" "$model" -o whole.c
for at in $(seq 100000); do
  code=0
  FAIL_AT=$at LD_PRELOAD=$library "$dagc" "$model" -o out.c 2>err || code=$?
  if [ "$code" = 0 ]; then
    cmp whole.c out.c || fail "allocation $at: another file"
    rm out.c
    # a failure that libc survives by itself (a buffer) leaves a whole run; the last ones are none
    survived=$((${survived:-0} + 1))
    [ "$survived" -lt 20 ] && continue
    [ "$at" -gt 40 ] || fail "only $at allocations: are they made to fail?"
    echo "$at allocations"
    exit 0
  fi
  survived=0
  [ "$code" = 3 ] || fail "allocation $at: exit code $code: $(cat err)"
  [ -s err ] || fail "allocation $at: nothing is said"
  [ -z "$(ls | grep -v -e '^whole.c$' -e '^err$')" ] || fail "allocation $at: a file is left: $(ls)"
done
fail "no end"
