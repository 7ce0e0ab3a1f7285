# The trainer as a user runs it: commands.sh LINEAR LABELS SCRATCH
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
linear=$1
labels=$2
empty "$3"
cd "$3"

# expect CODE TEXT COMMAND…: the exit code, and all of what stands on stderr.
expect() {
  local code=$1 text=$2 got=0
  shift 2
  "$@" >out 2>err || got=$?
  [ "$got" = "$code" ] || fail "$*: exit code $got, expected $code: $(cat err)"
  [ "$(cat err)" = "$text" ] || fail "$*: $(cat err)
expected: $text"
}

same() { cmp "$1" "$2" || fail "$1 and $2 differ"; }
figures() { sed 's/, "seconds.*//' "$1"; }

# 22 rows: 5 batches of 4 and a ragged rest; header, quotes, CRLF and a blank line.
{
  printf 'y,a,"b ""quoted"""\r\n\r\n'
  for i in $(seq 22); do
    a=$((i * 7 % 11)) b=$((i * 5 % 13))
    printf '%d.5e-1,"%d.%d", %d.25\r\n' $((a - 2 * b)) 0 "$a" $((b / 6))
  done
} >train.csv

# --- training, log, resume ---
"$linear" train --epochs 6 --save whole.safetensors --log whole.jsonl --valid x=train.csv >lines
[ "$(wc -l <whole.jsonl)" = 6 ] && [ "$(wc -l <lines)" = 6 ] || fail "six epochs, a line each"
grep -q '^{"epoch": 6, "step": 30, "loss": .*, "bias": .*, "valid_loss": .*, "valid_bias": .*, "seconds": .*}$' \
  whole.jsonl || fail "log: $(tail -n 1 whole.jsonl)"
for steps in 1 5 13 29; do
  rm -f part.jsonl
  "$linear" train --steps $steps --save part.safetensors --quiet
  "$linear" train --epochs 6 --resume part.safetensors --save part.safetensors --quiet \
    --log part.jsonl --valid x=train.csv
  same whole.safetensors part.safetensors
  [ "$(figures part.jsonl | tail -n 1)" = "$(figures whole.jsonl | tail -n 1)" ] ||
    fail "the log of the run resumed at step $steps"
done

# --- every row counts once: the weighted rest equals the mean over single rows ---
"$linear" eval --load whole.safetensors --data x=train.csv >all
for n in $(seq 3 24); do sed -n "${n}p" train.csv >one.csv
  "$linear" eval --load whole.safetensors --data x=one.csv --data y=one.csv; done |
  awk '/^loss/ { sum += $2; n++ } END { printf "%.4f\n", sum / n }' >mean
[ "$(awk '/^loss/ { printf "%.4f\n", $2 }' all)" = "$(cat mean)" ] || fail "eval: $(cat all mean)"

# --- the checkpoint, read without the runtime ---
length=$(od -An -t u8 -N 8 whole.safetensors | tr -d ' ')
[ $((length % 8)) = 0 ] || fail "header of $length bytes"
header=$(head -c $((8 + length)) whole.safetensors | tail -c "$length")
[[ $header == *'"W":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'* ]] || fail "$header"
[[ $header == *'"b":{"dtype":"F32","shape":[],"data_offsets":[8,12]}'* ]] || fail "$header"
[[ $header == *'"step":"30","epoch":"6","position":"0","rows":"22","seed":"7"'* ]] || fail "$header"
[ "$(wc -c <whole.safetensors)" = $((8 + length + 24)) ] || fail "size of the checkpoint"

# --- predict: CSV and NPY agree; 22 rows in batches of 4 ---
"$linear" predict apply --data x=train.csv --out z.csv --load whole.safetensors
[ "$(wc -l <z.csv)" = 23 ] && [ "$(head -n 1 z.csv)" = z ] || fail "z.csv"
"$linear" predict apply --data x=train.csv --out z.npy --load whole.safetensors
head -c 128 z.npy | grep -aq "'<f4', 'fortran_order': False, 'shape': (22,)" || fail "z.npy"
grep -q '^loss 0$' <<<"$("$linear" eval --load whole.safetensors --data 'x=train.csv' --data y=z.npy)" ||
  fail "predictions read back are not those of eval"

# --- bytes as text: what windows are read from ---
printf '\0\1\2\2\1\0\0' >bytes.txt
"$labels" predict copy --data y=bytes.txt --out same.txt 2>err
same bytes.txt same.txt
expect 2 "error: z is f32[4]: only u8 is written as text
hint: name it .npy or .csv" "$linear" predict apply --data x=train.csv --out z.txt
expect 2 "error: cannot tell the kind of 'z.text'
hint: name it .npy, .csv or .txt" "$linear" predict apply --data x=train.csv --out z.text

# --- gzip by its bytes, whatever the name; a file cut short ---
gzip -c train.csv >train.gz && cp train.gz packed.csv
"$linear" train --epochs 6 --data x=packed.csv --data y=packed.csv --save packed.safetensors --quiet
same whole.safetensors packed.safetensors
head -c 100 train.gz >cut.csv
expect 1 "error: cut.csv: the gzipped file is cut short
hint: fetch or make the file again" "$linear" train --data x=cut.csv --data y=cut.csv

# --- wrong data ---
printf '0\n1\n2\n3\n' >labels.csv
expect 1 "error: labels.csv, row 4, column [0]: 3 is out of range for y: u8[4]
hint: y takes whole numbers from 0 to 2" "$labels" train
printf '0\n1\nx\n2\n' >labels.csv
expect 1 "error: labels.csv, row 3, column [0]: 'x' is not a number
hint: correct the row or take it out" "$labels" train
printf '0\n1\n2,1\n2\n' >labels.csv
expect 1 "error: labels.csv, row 3: it has 2 columns, the rows before have 1
hint: correct the row or take it out" "$labels" train
printf '0\n1\n2\n' >labels.csv
expect 1 "error: labels.csv: 3 rows, but a batch takes 4
hint: give more rows, or compile with a smaller batch" "$labels" train
printf '\0\0\10\1\0\0\0\5\0\1\2\0' >short.idx
expect 1 "error: short.idx: the file ends in row 5 of 5
hint: fetch or make the file again" "$labels" train --data y=short.idx
printf '\0\0\10\1\0\0\0\5\0\1\2\0\1' >good.idx
# bytes for a real input are the same numbers as text: training, the ragged rest, prediction, check
printf '\0\0\10\2\0\0\0\26\0\0\0\2' >bytes.idx
for i in $(seq 22); do
  a=$((i * 7 % 4)) b=$((i * 5 % 3))
  printf "\\$a\\$b" >>bytes.idx
  echo "0,$a,$b"
done >bytes.csv
for kind in idx csv; do
  "$linear" train --epochs 3 --data x=bytes.$kind --valid x=bytes.$kind --data y=train.csv[0] \
    --valid y=train.csv[0] --log bytes.jsonl --save $kind.safetensors --quiet
  figures bytes.jsonl >$kind.figures
  "$linear" predict apply --data x=bytes.$kind --load $kind.safetensors --out $kind.npy
  "$linear" check --data x=bytes.$kind --data y=train.csv[0] >$kind.check
done
same idx.safetensors csv.safetensors
same idx.figures csv.figures
same idx.npy csv.npy
same idx.check csv.check
"$labels" train --data y=good.idx --quiet
expect 1 "error: cannot read 'none.csv': No such file or directory
hint: paths are relative to the folder that this program runs in" "$labels" train --data y=none.csv
expect 1 "error: cannot read '.': it is a folder
hint: name a file in it" "$labels" train --data y=.
sed -n '3,$s/^[^,]*/1e30/p' train.csv >huge.csv
expect 1 "error: the loss is infinite in epoch 1, step 1
hint: a smaller learning rate often helps; no file was overwritten" \
  "$linear" train --data x=huge.csv --data y=huge.csv --save packed.safetensors --log whole.jsonl
same whole.safetensors packed.safetensors
[ "$(wc -l <whole.jsonl)" = 6 ] || fail "the log was overwritten"

# --- wrong checkpoints ---
head -c $((8 + length + 20)) whole.safetensors >cut.safetensors
expect 1 "error: cut.safetensors: the file ends before the end of the tensor 'momentum.b'
hint: is it a whole checkpoint of this model?" "$linear" train --resume cut.safetensors
expect 1 "error: whole.safetensors: there is no tensor 'mean'
hint: is it a checkpoint of this model?" "$labels" eval --load whole.safetensors --data y=good.idx

# --- places that cannot be written ---
expect 3 "error: cannot write 'none/a.safetensors': No such file or directory
hint: make the folder 'none' first" "$linear" train --save none/a.safetensors
expect 3 "error: cannot write '/dev/full': it is not a regular file
hint: name a file" "$linear" train --save /dev/full
expect 3 "error: cannot write '/dev/full': No space left on device
hint: make room, or write to another disk" "$linear" train --quiet --log /dev/full
(
  ulimit -f 0
  "$linear" train --quiet --save packed.safetensors 2>&1 | cat >/dev/null
  exit "${PIPESTATUS[0]}"
) && fail "a full disk" || [ $? = 3 ] || fail "a full disk: exit code"
same whole.safetensors packed.safetensors
ls | grep -q 'safetensors\.' && fail "a temporary file stayed"

# --- curves: where they are asked for, or on a terminal; a picture is XML ---
"$linear" train --epochs 6 --quiet --curve --plot loss.svg --valid x=train.csv >drawn
[ "$(wc -l <drawn)" = 18 ] && grep -q '• valid_loss$' drawn && grep -q '┬.*┬' drawn ||
  fail "curve: $(cat drawn)"
grep -q '┤' lines && fail "a curve that nobody asked for"
xmllint --noout loss.svg || fail "loss.svg is no XML"
grep -q '<path class="curve c1"' loss.svg || fail "loss.svg has no second curve"
expect 3 "error: cannot write 'none/loss.svg': No such file or directory
hint: make the folder 'none' first" "$linear" train --plot none/loss.svg

# --- a model that does not tell what its step calls ---
for option in "train --trace t.jsonl" "train --stop-on-nan" profile; do
  expect 2 "error: the model linear does not tell what its step calls
hint: compile it for one target, and without --no-main" "$linear" $option
done

# --- usage ---
expect 2 "error: --trace-every takes a whole number from 1 to 9223372036854775807, not '0'" \
  "$linear" train --trace t.jsonl --trace-every 0
expect 2 "error: no option of eval '--plot'
hint: did you mean '--load'?" "$linear" eval --plot loss.svg
expect 2 "error: no option of train '--epoch'
hint: did you mean '--epochs'?" "$linear" train --epoch 3
expect 2 "error: no command 'tran'
hint: did you mean 'train'?" "$linear" tran
expect 2 "error: no export 'aply'
hint: did you mean 'apply'?" "$linear" predict aply
expect 2 "error: no input 'q'
hint: there is x, y" "$linear" train --data q=train.csv
grep -q '^usage: ' <<<"$("$linear" --help)" || fail "--help"
"$linear" check >checks || fail "check: $(cat checks)"
[ "$(grep -c '^ok ' checks)" = 7 ] || fail "check: $(cat checks)"

# --- Ctrl-C: saves, says how to go on, and going on gives the same run ---
set -m
"$linear" train --epochs 100000000 --quiet --save stopped.safetensors 2>err &
sleep 0.3
kill -INT $!
code=0
wait $! || code=$?
[ $code = 130 ] || fail "interrupted: exit code $code"
step=$(sed -n 's/interrupted after step //p' err)
grep -qF -e "--resume stopped.safetensors" err || fail "$(cat err)"
"$linear" train --steps $((step + 100)) --quiet --resume stopped.safetensors --save a.safetensors
"$linear" train --steps $((step + 100)) --quiet --save b.safetensors
same a.safetensors b.safetensors

# --- the bar, on a terminal only ---
if command -v script >/dev/null; then
  script -qec "$linear train --epochs 200000" bar >/dev/null
  grep -aq 'rows/s' bar || fail "no bar on a terminal"
  grep -aq '┬' bar || fail "no curve on a terminal"
fi
echo "all commands passed"
