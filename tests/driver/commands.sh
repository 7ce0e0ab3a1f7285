# commands.sh DAGC EXAMPLES SCRATCH: dagc as a user calls it: commands, options, exit codes.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
dagc=$1
examples=$2
empty "$3"
cd "$3"

# expect CODE TEXT COMMAND…: the exit code, and a text on stderr ("": nothing stands there).
expect() {
  local code=$1 text=$2 got=0
  shift 2
  "$@" >out 2>err || got=$?
  [ "$got" = "$code" ] || fail "$*: exit code $got, expected $code: $(cat err)"
  if [ -z "$text" ]; then
    [ ! -s err ] || fail "$*: $(cat err)"
  else
    grep -qF -- "$text" err || fail "$*: $(cat err)
expected: $text"
  fi
}

absent() { [ ! -e "$1" ] || fail "$1 was written"; }

cp "$examples"/rosenbrock/rosenbrock.dag "$examples"/mlp/mlp.dag "$examples"/mlp/*.csv .

# --- usage: 2 ---
expect 2 "dagc MODEL.dag -o MODEL.c" "$dagc"
expect 2 "no model given" "$dagc" --emit=ir
expect 2 "did you mean '--emit'" "$dagc" mlp.dag --emmit
expect 2 "did you mean 'grad'" "$dagc" mlp.dag --emit=grads
expect 2 "did you mean 'build'" "$dagc" biuld mlp.dag
expect 2 "ends in .dag" "$dagc" mlp.c
expect 2 "-D takes NAME=VALUE" "$dagc" mlp.dag -D B
expect 2 "for one machine" "$dagc" mlp.dag --emit=html --target portable
expect 2 "unknown target" "$dagc" mlp.dag --target z80 -o x.c
expect 2 "does not run on this machine" "$dagc" run mlp.dag --target wasm32
DAGC_SYSROOT=/nowhere expect 3 "hint: programs for wasm32 are cross-compiled" "$dagc" build mlp.dag --target wasm32 -o x.wasm
[ ! -e x.wasm ] || fail "a build that failed left a program"
expect 2 "one model at a time" "$dagc" mlp.dag rosenbrock.dag
expect 2 "--verify takes no value" "$dagc" mlp.dag --verify=yes
expect 2 "-o needs a value" "$dagc" mlp.dag -o
expect 2 "--emit does not go with dagc build" "$dagc" build mlp.dag --emit=ir
expect 2 "it goes with -o" "$dagc" mlp.dag --depfile mlp.d
expect 2 "dagc flags takes no 'mlp.dag'" "$dagc" flags mlp.dag
expect 2 "did you mean 'check'" "$dagc" help chek
expect 0 "" "$dagc" --help
grep -q "dagc check" out || fail "--help: $(cat out)"
expect 0 "" "$dagc" help build
grep -q -- "-o FILE" out || fail "help build: $(cat out)"
! grep -q -- "--emit" out || fail "help build lists what does not go with it: $(cat out)"
expect 0 "" "$dagc" flags --target x86-64-v3
[ "$(cat out)" = "-O2 -march=x86-64-v3 -ffp-contract=fast -fno-math-errno" ] || fail "flags: $(cat out)"
expect 0 "" "$dagc" --version

# --- the model is wrong: 1, and nothing is written ---
printf 'input x: f32[3]\ny = x + z\nexport f(x) = y\n' >wrong.dag
echo kept >kept.c
expect 1 "wrong.dag:2:9: error: \`z\` is not defined" "$dagc" wrong.dag -o kept.c
[ "$(cat kept.c)" = kept ] || fail "the old file is gone"
expect 1 "cannot read nowhere.dag" "$dagc" nowhere.dag -o x.c
expect 1 "there is no \`dim\` or \`const\`" "$dagc" mlp.dag -D C=3 -o x.c
expect 1 "f32 or f64" "$dagc" mlp.dag -D real=f16 -o x.c
expect 1 "error: the size \`B\`" "$dagc" mlp.dag -D B=0 -o x.c
expect 1 "does not export" "$dagc" mlp.dag --only nothing -o x.c
absent x.c

# --- the system: 3 ---
expect 3 "cannot write" "$dagc" mlp.dag -o nowhere/x.c
expect 3 "it is a folder" "$dagc" mlp.dag -o .
expect 3 "No space left" "$dagc" mlp.dag -o /dev/full
expect 3 "No space left" sh -c "'$dagc' mlp.dag >/dev/full"
expect 3 "clang was not found" env PATH=/nowhere "$dagc" build mlp.dag -o m
expect 3 "DAGC_CC names" env DAGC_CC=/nowhere/cc "$dagc" build mlp.dag -o m
absent m

# --- stages, sizes ---
for stage in ast ir grad opt kernels plan cost dot html c; do
  expect 0 "" "$dagc" mlp.dag --emit=$stage -o "mlp.$stage"
  [ -s "mlp.$stage" ] || fail "--emit=$stage is empty"
done
mkdir again
expect 0 "" "$dagc" mlp.dag --emit=ast -o again/mlp.dag
expect 0 "" "$dagc" again/mlp.dag --emit=ast -o again/ast
cmp again/mlp.dag again/ast || fail "--emit=ast is not a fixed point"
expect 0 "" "$dagc" mlp.dag -D B=32 -o b.c
grep -q 'mlp_B = 32' b.c || fail "-D B=32"
expect 0 "" "$dagc" mlp.dag -D real=f64 --emit=ir
grep -q 'param dense1.W: f64' out || fail "-D real=f64: $(cat out)"
expect 0 "" "$dagc" mlp.dag --only classify --no-main -o only.c
! grep -q mlp_step only.c || fail "--only keeps the training step"
grep -q mlp_classify only.c || fail "--only loses the export"

# --- what the C depends on, as make reads it ---
mkdir 'a folder'
printf 'import "part #1.dag"\nexport f() = k\n' >'a folder/whole.dag'
printf 'k = 3.0\n' >'a folder/part #1.dag'
expect 0 "" "$dagc" 'a folder/whole.dag' -o 'a $.c' --depfile whole.d
[ "$(cat whole.d)" = 'a\ $$.c: a\ folder/whole.dag a\ folder/part\ \#1.dag' ] || fail "--depfile: $(cat whole.d)"

# --- build, run, check ---
expect 0 "" "$dagc" build mlp.dag
[ -x mlp ] || fail "build wrote no mlp"
./mlp info >out || fail "the built trainer does not run"
expect 0 "" "$dagc" run mlp.dag -- --epochs 1 --quiet

# --- a param that lies in another order: the same file, the same predictions ---
expect 0 "" "$dagc" mlp.dag --only classify -D B=1 -o one.c
grep -q 'offsetof(mlp, dense1_W), 1, (const int64_t\[\]){1, 64}' one.c ||
  fail "a matrix that multiplies one vector lies row by row"
expect 0 "" "$dagc" build mlp.dag --only classify -D B=1 -o one
./mlp train --epochs 1 --quiet --save trained.safetensors >out || fail "the trainer saves nothing"
expect 0 "" "$dagc" build mlp.dag --only classify -o many
head -n 4 digits-test.csv >few.csv # fewer rows than a batch
for program in ./mlp ./one ./many; do
  $program predict classify --load trained.safetensors --data 'x=digits-test.csv[1:65]' --out "$program.csv" ||
    fail "$program does not predict"
  $program predict classify --load trained.safetensors --data 'x=few.csv[1:65]' --out few.out.csv ||
    fail "$program does not predict a few rows"
  head -n 4 "$program.csv" | cmp - few.out.csv || fail "$program predicts a few rows otherwise"
done
paste -d, mlp.csv one.csv | awk -F, 'NR > 1 { for (i = 1; i <= NF / 2; i++) if (($i - $(i + NF / 2))^2 > 1e-10) exit 1 }' ||
  fail "predictions differ"

expect 0 "" "$dagc" check rosenbrock.dag
grep -q "all is right" out || fail "check: $(cat out)"
# what a branch that is not taken would give does not count, infinite as it may be
cat >infinite.dag <<'END'
input v: f32[3]
input x: f32[4, 3]
w = exp(v)
y[n: 4] = sum[i](where(n > 0, w[i] * x[n - 1, i], 0))
export edge(v, x) = y, w
END
printf '1000,1,1\n' >v.csv
printf '1,1,1,2,2,2,3,3,3,4,4,4\n' >x.csv
expect 0 "" "$dagc" build infinite.dag -o infinite
expect 1 "compile the model with x of one row" ./infinite predict edge --data v=v.csv --data x=v.csv --out y=y.csv
expect 0 "" ./infinite predict edge --data v=v.csv --data x=x.csv --out y=y.csv --out w=w.csv
[ "$(tail -n 1 y.csv)" = 0,inf,inf,inf ] || fail "infinite.dag: $(cat y.csv)"
# nor in a product of matrices
cat >infinite.dag <<'END'
input v: f32[8]
input x: f32[16]
w[i, j: 8] = exp(v[i] / real(j + 1))
u[n, i: 8] = x[n] + real(i)
y[n: 17, j] = sum[i](where(n > 0, w[i, j] * u[n - 1, i], 0))
export edge(v, x) = y[:, 0]
END
printf '1000,1,1,1,1,1,1,1\n' >v.csv
printf '1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1\n' >x.csv
expect 0 "" "$dagc" infinite.dag --emit=kernels
grep -q "^# contraction .*[MN] 17" out || fail "infinite.dag: no product of matrices: $(cat out)"
expect 0 "" "$dagc" build infinite.dag -o infinite
expect 0 "" ./infinite predict edge --data v=v.csv --data x=x.csv --out edge=y.csv
[ "$(tail -n 1 y.csv)" = 0,inf,inf,inf,inf,inf,inf,inf,inf,inf,inf,inf,inf,inf,inf,inf,inf ] ||
  fail "infinite.dag: $(cat y.csv)"
cat >offset.dag <<'END'
input whole: f32[81, 2]
input year: i32[5]
input back: i32[5]
export at(whole, year, back) = tensor[b, i](whole[4 * (year[b] - 1900), i] + whole[20 - back[b], i])
END
expect 0 "" "$dagc" check offset.dag

# --- without inputs: an epoch is `steps` over `epochs` ---
cat >drawn.dag <<'END'
param w: real = 1
x = uniform()
train { minimize (w - x)^2; with sgd(lr = 0.1); steps 6; epochs 3 }
END
expect 0 "" "$dagc" build drawn.dag
./drawn train --quiet --log drawn.jsonl
[ "$(wc -l <drawn.jsonl)" = 3 ] && grep -q '"epoch": 3, "step": 6' drawn.jsonl || fail "$(cat drawn.jsonl)"
