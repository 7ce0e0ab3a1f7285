#!/bin/sh
# indices.sh FOLDER BUILD: an input that holds what is no index is refused, by the generated function and
# with its name, row and value by the reader; what may be is read.
set -eu
. "$(dirname "$0")/../support/shell.sh"
folder=$1
build=$2
mkdir -p "$build"
cd "$build"
"$DAGC" build "$folder/indices.dag" -o indices
"$DAGC" check "$folder/indices.dag" >check || fail "check: $(cat check)"

# refused EXPORT INPUT VALUE LEAST GREATEST: a file whose third column holds the value.
refused() {
  printf '5,5,%s,5\n' "$3" >"$2.csv"
  status=0
  ./indices predict "$1" --data "$2=$2.csv[0:4]" --out out.npy >out 2>err || status=$?
  [ "$status" -eq 1 ] || fail "$1 takes $3 as $2: exit code $status"
  grep -q "$2.csv, row 1, column \[2\]: $3 is out of range for $2" err || fail "$1: $(cat err)"
  grep -q "$2 takes whole numbers from $4 to $5$" err || fail "$1: $(cat err)"
}
accepted() {
  printf '5,5,%s,5\n' "$3" >"$2.csv"
  ./indices predict "$1" --data "$2=$2.csv[0:4]" --out out.npy >out 2>&1 || fail "$1, $3: $(cat out)"
}
refused first one 0 1 10
refused first one 11 1 10
accepted first one 1
accepted first one 10
refused last back 2 3 12
refused small byte 0 1 10
refused last back 13 3 12
accepted last back 12
accepted padded known 0
refused padded known -1 0 10

"$DAGC" "$folder/indices.dag" --no-main -o indices.c
for condition in 'one\[i\] < 1 || one\[i\] >= 11) return 1' 'byte\[i\] < 1 || byte\[i\] >= 11) return 1' 'back\[i\] < 3 || back\[i\] >= 13) return 1' \
  'maybe\[i\] < -2 || maybe\[i\] >= 8) return 1' 'known\[i\] < 0 || known\[i\] >= 11) return 1'; do
  grep -q "$condition" indices.c || fail "no condition $condition: $(grep return indices.c)"
done
clang -std=c11 -Wall -Wextra -Werror -c indices.c -o indices.o
