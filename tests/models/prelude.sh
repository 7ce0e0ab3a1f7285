# The prelude's functions and optimizers against figures from PyTorch (prelude/reference.py).
. "$(dirname "$0")/common.sh"
need clang gcc

# each of the tests uses a part of reference.h
flags="-std=c11 -Wall -Wextra -Werror -Wno-unused-const-variable -D_GNU_SOURCE -O1"
for part in functions optimizers training layers; do
  sizes="-D real=f64"
  [ "$part" != layers ] ||
    sizes="-D real=f64 -D N=1 -D L=7 -D H=6 -D W=5 -D B=2 -D T=3 -D D=6 -D HEADS=1" # torch_peer.SMALL
  "$DAGC" $sizes "$part.dag" -o "$scratch/$part.c" --no-main --header "$scratch/$part.h"
  for compiler in clang gcc; do
    $compiler $flags -I "$scratch" -I "$example" "$part.c" -c -o "$scratch/$compiler-test.o"
    $compiler $flags -c "$scratch/$part.c" -o "$scratch/$compiler-$part.o"
    $compiler "$scratch/$compiler-test.o" "$scratch/$compiler-$part.o" -o "$scratch/$compiler-$part" -lm
    "$scratch/$compiler-$part" || fail "$part differ from PyTorch's ($compiler)"
  done
done
