autocmd BufNewFile,BufRead *.dag setfiletype dag
