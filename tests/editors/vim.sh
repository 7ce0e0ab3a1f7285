# vim.sh EDITORS SCRATCH: the colours of editors/vim, in Neovim, which reads Vim's files.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
here=$(realpath "$(dirname "$0")")
editors=$1
empty "$2"
export HOME=$2 XDG_CONFIG_HOME=$2 XDG_DATA_HOME=$2 XDG_STATE_HOME=$2
timeout 60 nvim --headless -n -i NONE -u NONE --cmd "set runtimepath^=$editors/vim" \
  --cmd 'let g:dagc_lsp = 0 | filetype plugin on | syntax on' -c "source $here/vim.vim" \
  "$here/sample.dag" || fail "see above"
