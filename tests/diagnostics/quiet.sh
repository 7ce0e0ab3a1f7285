#!/bin/sh
# quiet.sh DAGC MODEL…: nothing is said of these models.
set -eu
. "$(dirname "$0")/../support/shell.sh"
dagc=$1
shift
for model in "$@"; do
  said=$("$dagc" "$model" --emit=ir 2>&1 >/dev/null) || fail "$model: $said"
  [ -z "$said" ] || fail "a warning without need: $said"
done
