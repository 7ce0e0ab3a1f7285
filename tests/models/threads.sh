# The same bits with any number of threads (threads.c), by clang's OpenMP; by gcc's too where the C is short.
. "$(dirname "$0")/common.sh"
need clang gcc
tests=$(dirname "$0")
runtime=$tests/../../runtime

"$DAGC" "$model" -o "$scratch/$name.c" --no-main
grep -q 'TEAM {' "$scratch/$name.c" || "$TEAM_C" "$model" >"$scratch/$name.c" # too small for one
compilers=clang
[ "$(wc -l <"$scratch/$name.c")" -gt 3000 ] || compilers="clang gcc"
for compiler in $compilers; do
  $compiler -std=gnu11 -O1 -march=native -fopenmp "-DMODEL=${prefix}_model" -I "$runtime" \
    "$tests/threads.c" "$runtime/types.c" "$runtime/half.c" "$runtime/errors.c" "$scratch/$name.c" \
    -o "$scratch/$compiler" -lm
  OMP_WAIT_POLICY=passive "$scratch/$compiler" || fail "$compiler: the number of threads shows in the results"
done
grep -q 'TEAM {' "$scratch/$name.c" || echo "nothing to share"
