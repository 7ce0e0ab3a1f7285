# The example, trained as its README says, reaches its expected.txt. A line there is
#   FIGURE >= VALUE      or      FIGURE within VALUE SHARE
# of the last epoch in the trainer's log: `within 2859.7 0.01` allows 1 % either way. A line
#   train OPTION…
# gives options to the trainer, where the whole training is too long for a test.
. "$(dirname "$0")/common.sh"

missing() {
  { grep -o '"[^"]*\.\(csv\|idx\.gz\|npy\|txt\)"' "$model" || true; } | tr -d '"' | while read -r file; do
    [ -f "$file" ] || echo "$file"
  done
}
files=$(missing)
if [ -n "$files" ]; then
  owner=$(basename "$(realpath -m "$(head -n 1 <<<"$files")/../..")") # of examples/mnist/data/x: mnist
  [ -x "../../scripts/get-$owner" ] || fail "no $(echo $files)"
  skip "no $(echo $files): scripts/get-$owner brings it"
fi

"$DAGC" build "$model" -o "$scratch/$name"
options=$(sed -n 's/^train  *//p' expected.txt)
"$scratch/$name" train $options --log "$scratch/log.jsonl" --save "$scratch/$name.safetensors" |
  tail -n 3

last=$(tail -n 1 "$scratch/log.jsonl")
echo "last epoch: $last"
checked=0
while read -r key relation value share; do
  case $key in '' | '#'* | train) continue ;; esac
  got=$(figure "$key" <<<"$last")
  [ -n "$got" ] || fail "the log has no $key"
  case $relation in
    '>=') test='got >= value' ;;
    within) test='got >= value - share * (value < 0 ? -value : value) &&
                  got <= value + share * (value < 0 ? -value : value)' ;;
    *) fail "expected.txt: unknown relation $relation" ;;
  esac
  awk -v got="$got" -v value="$value" -v share="${share:-0}" \
    "BEGIN { exit !(got ~ /^[-+0-9.eE]+\$/ && ($test)) }" ||
    fail "$key is $got, expected $relation $value ${share:-}"
  echo "$key = $got ($relation $value ${share:-})"
  checked=$((checked + 1))
done <expected.txt
[ "$checked" -gt 0 ] || fail "expected.txt has no figure"
