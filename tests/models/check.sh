#!/bin/sh
# check.sh FOLDER BUILD: `dagc check` finds nothing wrong with the models of the folder.
set -eu
for model in "$1"/*.dag; do
  "$DAGC" check "$model"
done
