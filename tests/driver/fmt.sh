# fmt.sh DAGC SCRATCH: dagc fmt writes files whole or not at all, and names those that differ.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
dagc=$1
empty "$2"
cd "$2"

expect() { # CODE COMMAND…: the exit code; output to out and err
  local code=$1 got=0
  shift
  "$@" >out 2>err || got=$?
  [ "$got" = "$code" ] || fail "$*: exit code $got, expected $code: $(cat out err)"
}
holds() { [ "$(cat "$1")" = "$2" ] || fail "$1 holds $(cat "$1"), expected $2"; }

loose='x=1 # one
y =   2'
laid='x = 1  # one
y = 2'
printf '%s' "$loose" >loose.dag
printf '%s\n' "$laid" >laid.dag
printf 'x = (1\n' >wrong.dag

# --check names what differs, and changes nothing
expect 1 "$dagc" fmt --check loose.dag laid.dag
holds out loose.dag
holds loose.dag "$loose"
expect 0 "$dagc" fmt --check laid.dag
[ ! -s out ] || fail "--check names a file that is laid out: $(cat out)"

# a file with mistakes stays, the others are laid out
expect 1 "$dagc" fmt wrong.dag loose.dag
grep -q "wrong.dag:1:5: error" err || fail "no place: $(cat err)"
holds wrong.dag 'x = (1'
holds loose.dag "$laid"

# permissions stay, links lead to the file, and what is laid out is not touched
printf '%s' "$loose" >target.dag
chmod 640 target.dag
ln -s target.dag link.dag
expect 0 "$dagc" fmt link.dag
[ -L link.dag ] || fail "the link is gone"
holds target.dag "$laid"
[ "$(stat -c %a target.dag)" = 640 ] || fail "permissions: $(stat -c %a target.dag)"
touch -d 2020-01-01 laid.dag
expect 0 "$dagc" fmt laid.dag
[ "$(stat -c %y laid.dag | cut -c1-4)" = 2020 ] || fail "a file without a change was written"
[ -z "$(ls -- *.dag.* 2>/dev/null)" ] || fail "left behind: $(ls)"

# standard input to standard output
expect 0 "$dagc" fmt - <loose.dag
holds out "$laid"
expect 1 "$dagc" fmt - <wrong.dag
[ ! -s out ] || fail "a text with mistakes was printed: $(cat out)"
grep -q "<standard input>:1:5: error" err || fail "no place: $(cat err)"

# usage
expect 2 "$dagc" fmt
expect 2 "$dagc" fmt model.c
expect 2 "$dagc" --check laid.dag
expect 1 "$dagc" fmt nowhere.dag
expect 2 "$dagc" lsp laid.dag
