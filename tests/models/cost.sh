# Forward and backward together take at most four times the operations of forward (Baur & Strassen
# 1983, Griewank 1989): of the training step, and of every export that has a gradient. A Hessian or a
# Jacobian is a gradient for each of its rows: as many times four as BOUND in cost.txt says.
. "$(dirname "$0")/common.sh"

# An export of y, grad(f, x) returns f as well: what is differentiated is part of forward.
perl -pe 's/^(export [^=]*= )(.*?(?<![a-z_.])grad\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))+?), )/$1$3, $2/' \
  "$model" >"$scratch/$model"
cmp -s "$model" "$scratch/$model" && measured=$model || measured=$scratch/$model # it may import
"$DAGC" --verify "$measured" --emit=cost --target generic >"$scratch/cost"

awk -v bounds="$(cat "$(dirname "$0")/cost.txt")" -v name="$name" '
  BEGIN {
    n = split(bounds, line, "\n")
    for (i = 1; i <= n; i++) if (split(line[i], f, " ") == 3 && f[1] == name) bound[f[2]] = f[3]
  }
  / bytes read / { entry = $1 }
  /^\(forward \+ backward\) \/ forward/ {
    most = entry in bound ? bound[entry] : 4
    if ($NF > most) { print entry ": " $NF " times forward, more than " most; failed = 1 }
    seen++
  }
  END { print seen + 0 " with a gradient"; exit failed }
' "$scratch/cost" || fail "$(cat "$scratch/cost")"
