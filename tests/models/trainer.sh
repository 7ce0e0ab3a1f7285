# The trainer ends with the same params whether it chooses the number of threads or is given one;
# the batch is one that is worth a team.
. "$(dirname "$0")/common.sh"
need clang

"$DAGC" build "$model" -D B=256 -o "$scratch/$name"
grep -q 'TEAM {' <("$DAGC" "$model" -D B=256 --no-main -o /dev/stdout) || fail "$model is too small for a team"
for threads in chosen 1 3; do
  given=
  [ $threads = chosen ] || given="--threads $threads"
  OMP_WAIT_POLICY=passive "$scratch/$name" train --steps 150 --quiet $given --save "$scratch/$threads"
done
cmp "$scratch/chosen" "$scratch/1" || fail "a chosen number of threads gives other params than one"
cmp "$scratch/3" "$scratch/1" || fail "three threads give other params than one"
OMP_WAIT_POLICY=passive "$scratch/$name" profile --threads 3 --steps 5 >"$scratch/profile"
grep -q ' on 3 threads: ' "$scratch/profile" && tail -n 1 "$scratch/profile" | grep -q total ||
  fail "profile: $(cat "$scratch/profile")"
"$scratch/$name" eval --load "$scratch/1" >"$scratch/eval.txt"
"$scratch/$name" eval --load "$scratch/1" --threads 2 | diff "$scratch/eval.txt" - ||
  fail "eval depends on the number of threads"
