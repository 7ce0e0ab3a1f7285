#!/bin/bash
# links.sh ROOT DOCUMENT…: every link of a document to a file of the repository, or to a heading in one,
# leads there.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$1"
shift
failures=0

# The names by which headings are linked: in lower case, without punctuation, blanks as dashes; a
# second one of the same name has -1 behind it.
anchors() { # DOCUMENT
  awk '/^```/ { code = !code } !code && /^#+ / { sub(/^#+ /, ""); print }' "$1" |
    sed -E 's/\[([^]]*)\]\([^)]*\)/\1/g; s/.*/\L&/; s/[^[:alnum:]_ -]//g; s/ /-/g' |
    awk '{ print $0 (seen[$0]++ ? "-" seen[$0] - 1 : "") }'
}

declare -A anchors_of
has_anchor() { # DOCUMENT NAME
  [ -v "anchors_of[$1]" ] || anchors_of[$1]=$'\n'$(anchors "$1")$'\n'
  [[ ${anchors_of[$1]} == *$'\n'"$2"$'\n'* ]]
}

links() { # DOCUMENT: LINE:TARGET for each
  awk '/^```/ { code = !code } { print code ? "" : $0 }' "$1" | sed -E 's/`[^`]*`//g' |
    grep -noE '\]\([^) ]+\)' | sed -E 's/\]\((.*)\)/\1/' || true
}

for document in "$@"; do
  folder=$(dirname "$document")
  while IFS=: read -r line target; do
    case $target in
    http://* | https://* | '') continue ;;
    esac
    file=${target%%#*}
    path=$document
    [ -z "$file" ] || path=$folder/$file
    if [ ! -e "$path" ]; then
      echo "$document:$line: there is no $file"
      failures=$((failures + 1))
    elif [[ $target == *'#'* && $path == *.md ]] && ! has_anchor "$path" "${target#*#}"; then
      echo "$document:$line: there is no heading ${target#*#} in $path"
      failures=$((failures + 1))
    fi
  done < <(links "$document")
done
((failures == 0))
