# --trace, --stop-on-nan and profile on watched.dag: figures equal those of the same values computed
# apart; watched runs give the same losses and params; what is not finite is found where it begins.
. "$(dirname "$0")/common.sh"
need clang

"$DAGC" build "$model" --target generic -o "$scratch/watched"
cd "$scratch"
awk 'BEGIN { srand(3); for (r = 0; r < 8; r++) { for (i = 0; i < 7; i++)
  printf "%s%.6f", i ? "," : "", 2 * rand() - 1; print "" } }' >x.csv

# Where a definition stands: watched.dag:12
at() { echo "watched.dag:$(grep -n -m 1 "^ *$1 *[=[{:]" "$example/$model" | cut -d: -f1)"; }

# --- the same run, watched or not, on any number of threads ---
./watched train --quiet --log plain.jsonl --save plain.safetensors
./watched train --quiet --log log.jsonl --save params.safetensors --trace trace.jsonl --trace-every 2 \
  --stop-on-nan --threads 2
cmp plain.safetensors params.safetensors || fail "a watched run ends with other params"
diff <(sed 's/, "seconds.*//' plain.jsonl) <(sed 's/, "seconds.*//' log.jsonl) || fail "other losses"
[ "$(grep -c '"name": "loss"' trace.jsonl)" = 2 ] || fail "not steps 1 and 2 of 3"
[ "$(grep -c '"name": "dense2\[[0-8]\].W", "role": "param"' trace.jsonl)" = 18 ] ||
  fail "the trace does not have the params of nine blocks in two steps"

# --- figures: those of the exports before the first step; of W, after it ---
grep -q '"name": "masked".*"nan": 0, "infinite": 28}' trace.jsonl || fail "no infinite mask was stored"
grep -v '"name": "masked' trace.jsonl >finite && mv finite trace.jsonl
[ -z "$(sed 's/^{"epoch": [12], "step": [12], "name": "[^"]*", "role": "[a-z]*", "source": [^,]*, //
  s/^"elements": [0-9]*, "min": [-+.e0-9]*, "max": [-+.e0-9]*, "mean": [-+.e0-9]*, //
  s/^"zeros": [.e0-9-]*, "nan": 0, "infinite": 0}$//' trace.jsonl)" ] || fail "trace: $(cat trace.jsonl)"
line() { grep -F "\"step\": $1, \"name\": \"$2\"" trace.jsonl; }
same_figures() { # TRACED FILE
  tail -n +2 "$2" | tr ',' '\n' | awk -v traced="$(line 1 "$1")" -v what="$1" '
    function get(key) { match(traced, "\"" key "\": [^,}]*"); return substr(traced, RSTART + length(key) + 4, RLENGTH - length(key) - 4) + 0 }
    function differ(key, value,   d) { d = get(key) - value; if (d < 0) d = -d
      if (!(d <= 1e-9)) { print what ": " key " is " get(key) ", not " value; bad = 1 } }
    { if (NR == 1 || $1 < least) least = $1; if (NR == 1 || $1 > greatest) greatest = $1
      sum += $1; zeros += $1 == 0 }
    END { if (NR < 8 || traced == "") { print what ": " NR " values, " traced; exit 1 }
      differ("min", least); differ("max", greatest); differ("mean", sum / NR); differ("zeros", zeros / NR)
      exit bad }' || fail "$1 differs from $2"
}
parts() { # LOAD…
  ./watched predict parts "$@" --data 'x=x.csv[0:6]' --data 'y=x.csv[6]' --out hidden=hidden.csv \
    --out level=level.csv --out blocks9=blocks.csv --out memory=memory.csv --out z_bar=z_bar.csv \
    --out weights=weights.csv
}
parts 2>warning
same_figures hidden hidden.csv
same_figures level level.csv
same_figures blocks9 blocks.csv
same_figures carried memory.csv
same_figures z_bar z_bar.csv
./watched train --quiet --steps 1 --save one.safetensors
parts --load one.safetensors
same_figures W weights.csv
grep -q '"role": "activation", "source": "'$(at hidden)'", "elements": 40,' <<<"$(line 1 hidden)" || fail "hidden"
grep -q '"role": "adjoint"' <<<"$(line 1 z_bar)" || fail "z_bar"
grep -q '"role": "state", "source": "watched.dag:' <<<"$(line 1 'dense2[8].b.v')" || fail "a state"

# --- log(0): infinite where it stands, and then in the loss. The checkpoint stays as it is ---
stops() { # TEXT…
  local code=0 text
  ./watched train --quiet --stop-on-nan --save plain.safetensors 2>err || code=$?
  [ $code = 4 ] || fail "exit code $code, not 4: $(cat err)"
  cmp plain.safetensors params.safetensors || fail "the checkpoint was overwritten"
  for text in "$@"; do grep -qF "$text" err || fail "no '$text' in: $(cat err)"; done
}
sed -i '3s/.*/0,0,0,0,0,0,0.5/' x.csv
stops "error: in step 1, epoch 1, the first infinity is in level, $(at level): 1 of 8 values" \
  "    level[n] = log(level.sum[n])    $(at level)" "infinity follows in loss, $(at loss)" \
  ", $(at 'input x'): input f64[8, 6]: min -0."
# --- a square that f64 does not hold, in a layer of the prelude ---
sed -i '3s/.*/0.1,0.2,1e200,0.1,0.3,0.1,0.5/' x.csv
stops "error: in step 1, epoch 1, the first infinity is in layer_norm1[0].v, $(at 'repeat l in 0..9'): " \
  "    layer_norm1[0].v[n] = layer_norm1[0].v.sum[n] / 5    $(at 'repeat l in 0..9')" \
  "    hidden, $(at hidden): activation f64[8, 5]: min 0, max "
code=0
./watched train --quiet 2>err || code=$?
[ $code = 1 ] && grep -q -e '--stop-on-nan tells where' err || fail "without: $code, $(cat err)"

# --- a param that is infinite before the first step ---
cp one.safetensors bad.safetensors
length=$(od -An -t u8 -N 8 bad.safetensors | tr -d ' ')
begin=$(head -c $((8 + length)) bad.safetensors | tail -c "$length" |
  sed 's/.*"W":{[^}]*"data_offsets":\[\([0-9]*\),.*/\1/')
printf '\0\0\0\0\0\0\360\177' |
  dd of=bad.safetensors bs=1 seek=$((8 + length + begin)) conv=notrunc status=none
sed -i '3s/1e200/0.3/' x.csv
code=0
./watched train --quiet --stop-on-nan --init bad.safetensors 2>err || code=$?
[ $code = 4 ] || fail "exit code $code, not 4: $(cat err)"
grep -q '^error: .* the first infinity is in W.T: 1 of 25 values$' err &&
  grep -q "^    W, .*: param f64\[5, 5\]: .*, infinite 1$" err || fail "$(cat err)"

# --- what is read in a copy is found in that: of dense1.z the transposed W, x in reals, and b ---
"$DAGC" "$example/../../../examples/mlp/mlp.dag" --target generic | grep -A 4 '{"mlp_dense1_z", ' |
  grep -qF '(const int32_t[]){0, 1, 2}, 3, 0}' || fail "dense1.z is not of three"

# --- the profile: a row for each kernel, shares that add up ---
./watched profile --steps 20 --threads 1 >profile
grep -q '^watched on 1 thread: ' profile || fail "profile: $(cat profile)"
awk '/ kernel$/ { rows = 1; next }
  rows && $NF == "total" { total = $1; next }
  rows && $1 > last && rows > 1 { print "not the dearest first: " $0; exit 1 }
  rows { last = $1; sum += $1; share += $2; calls += $4; rows++ }
  END { if (rows < 10 || calls < 40) { print rows " rows, " calls " calls"; exit 1 }
        if (share < 98 || share > 102 || sum < 0.98 * total || sum > 1.02 * total) {
          print sum " of " total ", " share " %"; exit 1 } }' profile || fail "$(cat profile)"

# --- usage ---
code=0
./watched eval --trace t.jsonl 2>err || code=$?
[ $code = 2 ] || fail "eval has no --trace: $code"
