" Colours for .dag models.
if exists('b:current_syntax')
  finish
endif

syntax match dagComment "#.*$" contains=dagTodo,@Spell
syntax keyword dagTodo TODO FIXME contained
syntax region dagString start=+"+ skip=+\\.+ end=+"+ oneline contains=dagEscape
syntax match dagEscape +\\\([abfnrtv\\"']\|[0-7]\{1,3}\|x\x\+\)+ contained
syntax match dagNumber "\<\d\+\(\.\d\+\)\=\([eE][-+]\=\d\+\)\=\>"

syntax keyword dagDeclaration dim const input param state export import train require
syntax keyword dagFunctionWord fn layer optimizer nextgroup=dagDefined skipwhite
syntax match dagDefined "\h\w*" contained
syntax keyword dagRepeat repeat scan in with
syntax keyword dagConditional if else where
syntax keyword dagReturn return
syntax keyword dagLogic and or not
syntax keyword dagBoolean true false
syntax keyword dagConstant pi inf training step
syntax keyword dagType f32 f64 i8 i32 i64 u8 bool real int

" a reduction binds indices: sum[i](…); or takes a tensor: sum(x)
syntax match dagReduction "\<\(sum\|prod\|max\|min\|argmax\|argmin\|any\|all\|mean\|tensor\)\>\ze\s*[[(]"
syntax match dagDerivative "\<\(grad\|vjp\|jvp\|jacobian\|hessian\|stop_gradient\)\>\ze\s*("
" the new value of a state or param
syntax match dagNewValue "\<\h\w*'"
" a clause of train, at the beginning of its statement
syntax match dagClause "\(^\|[{;]\)\s*\zs\(minimize\|epochs\|steps\|seed\|clip_norm\|freeze\|report\|data\|valid\)\>\ze\s\+[^=[:space:]<]"
syntax match dagOperator "|>\|??\|<-\|[-+*/%@^]\|[<>=!]=\|[<>]"

highlight default link dagComment Comment
highlight default link dagTodo Todo
highlight default link dagString String
highlight default link dagEscape SpecialChar
highlight default link dagNumber Number
highlight default link dagDeclaration Keyword
highlight default link dagFunctionWord Keyword
highlight default link dagDefined Function
highlight default link dagRepeat Repeat
highlight default link dagConditional Conditional
highlight default link dagReturn Statement
highlight default link dagLogic Operator
highlight default link dagBoolean Boolean
highlight default link dagConstant Constant
highlight default link dagType Type
highlight default link dagReduction Function
highlight default link dagDerivative Special
highlight default link dagNewValue Identifier
highlight default link dagClause Keyword
highlight default link dagOperator Operator

let b:current_syntax = 'dag'
