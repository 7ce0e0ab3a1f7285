#!/usr/bin/env bash
# docs.sh DAGC DOCUMENT SCRATCH: what the document shows is so. In the order of the document, in a
# scratch folder with a copy of examples/:
#   ```LANGUAGE FILE   is written to FILE, whatever the language is; one of examples/ must be equal
#   ```dag             compiles
#   ```console         each `$ command` prints what stands below it; `…` stands for any text.
#                      <!-- shown: FILTER --> on the line above filters the last command's output
# UPDATE=1 writes into the document what the commands print now.
set -euo pipefail
dagc=$(realpath "$1")
document=$(realpath "$2")
scratch=$3
examples=$(cd "$(dirname "$0")/../../examples" && pwd)
failures=0

rm -rf "$scratch"
mkdir -p "$scratch/examples"
scratch=$(cd "$scratch" && pwd)
(cd "$examples" && tar cf - --exclude=data .) | tar xf - -C "$scratch/examples"
export PATH=${dagc%/*}:$PATH
cd "$scratch"

wrong() { # LINE MESSAGE
  echo "${document##*/}:$1: $2"
  failures=$((failures + 1))
}

# Whether the text is the pattern, in which each … stands for any text.
matches() { # TEXT PATTERN
  local text=$1 rest=$2 part
  [[ $rest == *…* ]] || { [[ $text == "$rest" ]]; return; }
  part=${rest%%…*}
  [[ $text == "$part"* ]] || return 1
  text=${text#"$part"} rest=${rest#*…}
  while [[ $rest == *…* ]]; do
    part=${rest%%…*}
    [[ $text == *"$part"* ]] || return 1
    text=${text#*"$part"} rest=${rest#*…}
  done
  [[ $text == *"$rest" ]]
}

compile() { # LINE FILE
  dagc --verify "$2" -o "$scratch/.c" 2>"$scratch/.errors" ||
    wrong "$1" "this does not compile:"$'\n'"$(cat "$scratch/.errors")"
}

# A console block: sets `shown` to it, as it is or as it would be.
run() { # LINE FILTER LINES…
  local line=$1 filter=$2 i n=0 output
  local -a commands=() expected=()
  shift 2
  for text in "$@"; do
    if [[ $text == '$ '* ]]; then
      commands[n]=${text#'$ '} expected[n]=
      n=$((n + 1))
    elif ((n > 0)); then
      expected[n - 1]+=${expected[n - 1]:+$'\n'}$text
    fi
  done
  (
    set +eu
    for ((i = 0; i < n; i++)); do eval "${commands[i]}" >"$scratch/.out$i" 2>&1 </dev/null; done
    true # a command may fail: then its message is what is shown
  )
  shown=
  for ((i = 0; i < n; i++)); do
    output=$(cat "$scratch/.out$i")
    ((i < n - 1)) || output=$(eval "$filter" <<<"$output" || true)
    if ! matches "$output" "${expected[i]}"; then
      # what was left out by hand stays so: the compiler's own … are in what it prints
      [ "${UPDATE:-0}" = 1 ] && [[ ${expected[i]} != *…* || $output == *…* ]] ||
        wrong "$line" "\$ ${commands[i]} prints"$'\n'"$output"
      [[ ${expected[i]} == *…* && $output != *…* ]] || expected[i]=$output
    fi
    shown+="\$ ${commands[i]}"$'\n'${expected[i]:+${expected[i]}$'\n'}
  done
}

language= filter=cat number=0 shown=
lines=()
: >.document
while IFS= read -r text || [ -n "$text" ]; do
  number=$((number + 1))
  if [ -z "$language" ]; then
    printf '%s\n' "$text" >>.document
    if [[ $text =~ ^'```'([a-z-]+)(' '([^ ]+))?$ ]]; then
      language=${BASH_REMATCH[1]} file=${BASH_REMATCH[3]:-} lines=() start=$number
    elif [[ $text =~ ^'<!-- shown: '(.*)' -->'$ ]]; then
      filter=${BASH_REMATCH[1]}
    else
      filter=cat
    fi
  elif [ "$text" = '```' ]; then
    shown=
    ((${#lines[@]} == 0)) || shown=$(printf '%s\n' "${lines[@]}")$'\n'
    [ "$language" != console ] || run "$start" "$filter" "${lines[@]}"
    if [ -n "$file" ]; then
      [ ! -e "$file" ] || printf '%s' "$shown" | cmp -s - "$file" ||
        wrong "$start" "this differs from $file"
      printf '%s' "$shown" >"$file"
    fi
    if [ "$language" = dag ]; then
      [ -n "$file" ] || printf '%s' "$shown" >"${file:=block$start.dag}"
      compile "$start" "$file"
    fi
    printf '%s```\n' "$shown" >>.document
    language= filter=cat
  else
    lines+=("$text")
  fi
done <"$document"
[ -z "$language" ] || wrong "$start" "this block is not closed"

[ "${UPDATE:-0}" != 1 ] || cmp -s .document "$document" || cp .document "$document"
((failures == 0)) || { echo "UPDATE=1 tests/docs/docs.sh … writes what is printed now"; exit 1; }
