" .dag models: comments, layout, and in Neovim the language server.
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal comments=:# commentstring=#\ %s
setlocal expandtab shiftwidth=2 softtabstop=2
setlocal iskeyword=@,48-57,_
setlocal suffixesadd=.dag
" gq lays lines out: gggqG all of them
setlocal formatprg=dagc\ fmt\ -
let b:undo_ftplugin = 'setlocal comments< commentstring< expandtab< shiftwidth< softtabstop<'
      \ . ' iskeyword< suffixesadd< formatprg<'

" let g:dagc_lsp = 0 in your vimrc leaves the server out
if has('nvim') && get(g:, 'dagc_lsp', 1) && executable('dagc')
  lua require('dagc').attach(0)
endif
