#!/bin/sh
# awkward.sh NODE DAGC SCRATCH: pages of models with whatever text a model may hold, and of such as
# lack what others have.
set -eu
node=$1
dagc=$2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../support/shell.sh"
empty "$3"
cd "$3"

check() { # FILE
  "$node" "$here/static.mjs" "$dagc" "$1"
}

# comments and strings: markup, references, control characters, other scripts, right to left
printf '%s\n' '# </pre></script><script>alert(1)</script> &amp; &lt; &#60; "quotes" <!-- --> ]]>' \
  '# Σᵢ Wⱼᵢ xᵢ · 注意 · שלום · 🙂 · ‮reversed‬' >'a "b" & <c>.dag'
printf '# \001\033[31m\177\r\n# a tab:\there\n' >>'a "b" & <c>.dag'
cat >>'a "b" & <c>.dag' <<'EOF'
input x: f32[4]
param w: f32[4] = 1
loss = sum((w * x)^2)
train { minimize loss; with sgd(lr = 0.1); epochs 1; data x = "<b>&amp;\"'.csv" }
EOF
check 'a "b" & <c>.dag'
"$dagc" 'a "b" & <c>.dag' --emit=html | grep -q '&lt;script&gt;alert' || fail "markup is not shown as it is"

# no params, no train block, no derivative
printf 'input x: f32[3]\nexport twice(x) = 2 * x\n' >small.dag
check small.dag
# a number alone
printf 'export seven() = 7.0\n' >number.dag
check number.dag
# the last line is not ended; lines end as on other systems
printf 'input x: f32[3]\r\ny = x + 1 # next\r\nexport y(x) = y' >ends.dag
check ends.dag
# the file's name is no UTF-8
cp small.dag "$(printf 'caf\351.dag')"
"$dagc" "$(printf 'caf\351.dag')" --emit=html | iconv -f UTF-8 -t UTF-8 >/dev/null ||
  fail "a page that is no UTF-8"

# an output file is written whole or not at all
printf 'y = x\n' >wrong.dag
! "$dagc" wrong.dag --emit=html -o wrong.html 2>/dev/null || fail "a wrong model has a page"
[ ! -e wrong.html ] || fail "a wrong model leaves a page"
