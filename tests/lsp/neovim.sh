# neovim.sh DAGC EDITORS SCRATCH: the server in a real editor, as editors/vim attaches it.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
dagc=$(realpath "$1")
editors=$2
empty "$3"
script=$(realpath "$(dirname "$0")")/neovim.lua
cd "$3"
export HOME=$PWD XDG_CACHE_HOME=$PWD/cache XDG_CONFIG_HOME=$PWD/config XDG_DATA_HOME=$PWD/data \
  XDG_STATE_HOME=$PWD/state PATH=$(dirname "$dagc"):$PATH

printf '%s\n' 'input x: f32[2, 3]' '' 'h = x |> dense(4) |> relu' 'loss = mean(h^2)' \
  'train { minimize loss; with sgd(lr = 0.1); epochs 1; data x = "x.csv"[0:3] }' >model.dag
timeout 90 nvim --headless -n -i NONE -u NONE --cmd "set runtimepath^=$editors/vim" \
  --cmd 'filetype plugin on' model.dag -c "luafile $script" || fail "see above"
