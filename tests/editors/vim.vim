" The colours at places of sample.dag, as `group at word, which of that word`: run by vim.sh.
function! s:check(group, line, word, ...) abort
  let column = 0
  for n in range(a:0 ? a:1 : 1)
    let column = stridx(getline(a:line), a:word, column) + 1
  endfor
  let found = synIDattr(synID(a:line, column, 1), 'name')
  if column == 0 || found !=# a:group
    call add(s:wrong, printf('line %d, %s: %s, expected %s', a:line, a:word, found, a:group))
  endif
endfunction

let s:wrong = []
call s:check('dagComment', 1, 'string')
call s:check('dagComment', 1, 'layer')
call s:check('dagDeclaration', 2, 'dim')
call s:check('', 2, 'B')
call s:check('dagNumber', 2, '64')
call s:check('dagType', 3, 'f32')
call s:check('dagNumber', 4, '1e-2')
call s:check('dagDeclaration', 5, 'state')
call s:check('dagNumber', 5, '0.5')
call s:check('dagFunctionWord', 6, 'layer')
call s:check('dagDefined', 6, 'scaled')
call s:check('dagType', 6, 'int')
call s:check('dagReduction', 7, 'sum')
call s:check('dagOperator', 7, '*')
call s:check('dagOperator', 7, '??')
call s:check('dagReturn', 8, 'return')
call s:check('dagReduction', 8, 'max')
call s:check('dagOperator', 8, '|>')
call s:check('dagFunctionWord', 10, 'fn')
call s:check('dagDefined', 10, 'data')
call s:check('dagConditional', 10, 'where')
call s:check('dagLogic', 10, 'and')
call s:check('dagBoolean', 10, 'true')
call s:check('dagString', 10, '#')
call s:check('dagEscape', 10, '\"')
call s:check('dagConstant', 10, 'pi')
call s:check('dagOperator', 11, '<-')
call s:check('dagNewValue', 11, "m'")
call s:check('dagDerivative', 11, 'grad')
call s:check('', 12, 'data')
call s:check('dagDeclaration', 13, 'train')
call s:check('dagClause', 14, 'minimize')
call s:check('dagClause', 15, 'data')
call s:check('dagString', 15, 'csv')
call s:check('dagClause', 16, 'steps')
call s:check('dagClause', 16, 'report')
call s:check('', 16, 'data')
call s:check('dagRepeat', 17, 'with')
if !empty(s:wrong)
  call writefile(s:wrong, '/dev/stderr')
  cquit
endif
qall!
