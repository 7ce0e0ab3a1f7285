# The C of random programs compiles without a warning: strict.sh RANDOM_GRAPHS DAGC SCRATCH COUNT
set -euo pipefail
random_graphs=$1 dagc=$2 scratch=$3 count=$4
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
compiled=0
for seed in $(seq 7001 $((7000 + count))); do
  # what is said of the program's own checks, the other test judges
  "$random_graphs" --count 1 --seed "$seed" --print >out.txt || true
  sed '/^[0-9]* programs, /,$d' out.txt >program.dag
  "$dagc" program.dag --no-main -o program.c || { echo "dagc fails on seed $seed" && exit 1; }
  for compiler in clang gcc; do
    $compiler -std=c11 -Wall -Wextra -Werror -O1 -c program.c -o /dev/null || {
      echo "$compiler warns of seed $seed" && exit 1
    }
  done
  compiled=$((compiled + 1))
done
test "$compiled" = "$count"
