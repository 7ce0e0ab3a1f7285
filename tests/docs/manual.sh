#!/bin/bash
# manual.sh DAGC MANUAL SCRATCH: the manual is well-formed, and has an item for each command, stage and option
# of --help, and no other. `dagc help COMMAND` lists options of --help only, and every option is
# listed by some command.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
dagc=$1
manual=$2
empty "$3"
cd "$3"

command -v mandoc >/dev/null || fail "mandoc is missing: scripts/setup --tests installs it"
mandoc -T lint -W warning "$manual" || fail "$manual is not well-formed"

options() { sed -nE 's/^  (-o|-D|--[a-z0-9-]+).*/\1/p' | sort -u; }
"$dagc" --help >help.txt
commands=$(sed -nE '/^Commands/,/^$/s/^  dagc ([a-z]+) .*/\1/p' help.txt)
stages=$(sed -nE '/^Stages/,/^$/s/^  ([a-z]+) .*/\1/p' help.txt)
[ -n "$commands" ] && [ -n "$stages" ] || fail "--help lists no commands or stages"

# The words that the items of a section begin with; options with their dashes.
items() { # SECTION MACRO
  sed -nE "/^\.Sh $1\$/,/^\.Sh /s/^\.It $2 ([^ ]+).*/\1/p" "$manual" | sort -u
}
same() { # WHAT HELP MANUAL
  diff <(printf '%s\n' "$2" | sort -u) <(printf '%s\n' "$3") ||
    fail "the $1 of --help (<) and of $manual (>) differ"
}
same commands "$commands" "$(items DESCRIPTION Cm)"
same stages "$stages" "$(items STAGES Cm)"
same options "$(options <help.txt)" "$(items OPTIONS Fl | sed 's/^/-/' | sort -u)"

"$dagc" help compile 2>/dev/null && fail "help of a command that is none"
for command in $commands; do
  [ "$command" = help ] && continue
  "$dagc" help "$command" >one.txt
  "$dagc" "$command" --help | cmp - one.txt || fail "dagc $command --help"
  grep -q "^  dagc $command" one.txt || fail "dagc help $command has no example"
  options <one.txt | comm -13 <(options <help.txt) - | grep . && fail "dagc help $command knows other options"
done
sed 's/…/./g' help.txt | awk 'length($0) > 80 { print; wide = 1 } END { exit wide }' || fail "--help has long lines"
