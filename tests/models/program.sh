# The user's own C program, built by the lines of the README, finds the minimum (1, 1).
. "$(dirname "$0")/common.sh"
need clang gcc

"$DAGC" "$model" -o "$scratch/$name.c" --no-main --header "$scratch/$name.h"
for compiler in clang gcc; do
  $compiler -Wall -Wextra -Werror -O2 -I "$scratch" main.c "$scratch/$name.c" -o "$scratch/$compiler" -lm
  "$scratch/$compiler" >"$scratch/$compiler.txt" || fail "$compiler: no minimum found"
  # f, its gradient and its Hessian decide every iterate: compare them all with the README's
  sed -n '/^ *[0-9]*  p = /p' README.md | cut -c 1-36 >"$scratch/expected.txt"
  [ -s "$scratch/expected.txt" ] || fail "README.md shows no iterates"
  diff <(cut -c 1-36 "$scratch/$compiler.txt") "$scratch/expected.txt" ||
    fail "$compiler: other iterates than the README's"
done
