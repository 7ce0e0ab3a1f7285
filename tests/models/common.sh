# Shared by the tests of this folder. Each is called as `test.sh EXAMPLE-FOLDER SCRATCH-FOLDER [MODEL]`
# with DAGC in the environment, runs in the example's folder and writes only to the scratch folder.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"

example=$1
scratch=$2
name=${3:-$(basename "$example")}
model=$name.dag
prefix=${name//-/_}

empty "$scratch"
cd "$example"

skip() {
  echo "SKIPPED: $*"
  exit 77
}

# Whether this model is trained: only then it has data and a trainer.
trained() {
  grep -q '^train' "$model"
}

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "$tool is not installed; scripts/setup --tests brings it"
  done
}

# The value of a key in one line of JSON: figure KEY <<<"$line"
figure() {
  sed -n "s/.*\"$1\": *\(\"[^\"]*\"\|[^,}]*\).*/\1/p"
}
