# The C that comes out: the same bytes each time, no warning from clang and gcc, declarations that C++
# reads too, and with --standalone a program on its own.
. "$(dirname "$0")/common.sh"
need clang gcc g++

strict="-std=c11 -Wall -Wextra -Werror -D_GNU_SOURCE"
cd "$scratch"
source=$example/$model

"$DAGC" "$source" -o model.c
"$DAGC" "$source" -o again.c
cmp model.c again.c || fail "the same model gave other bytes the second time"
head -n 1 model.c | grep -qi 'belongs to' || fail "the first line does not say whose the output is"

"$DAGC" "$source" -o library.c --no-main
"$DAGC" "$source" -o split.c --no-main --header "$prefix.h"
"$DAGC" "$source" -o standalone.c --standalone
! grep -q 'int main(' library.c || fail "--no-main left main in"
grep -Eq '\b(malloc|calloc|realloc)\(' library.c && fail "the model allocates memory"

cat >use.c <<END
#include "$prefix.h"
static $prefix model;
int main(void) {
  $prefix *m = &model;
  return m == 0 || ${prefix}_model.size != sizeof model;
}
END
cp use.c use.cpp

for compiler in clang gcc; do
  # model.c has all of the others but the runtime: there are the warnings that take optimisation
  optimise=-O1
  for file in model.c library.c split.c standalone.c use.c; do
    $compiler $strict $optimise -c "$file" -o "$compiler-${file%.c}.o" || fail "$compiler on $file"
    optimise=-O0
  done
  $compiler "$compiler-use.o" "$compiler-split.o" -o "$compiler-use" -lm
  "./$compiler-use" || fail "$compiler: sizeof the struct differs from what the model says"
  $compiler "$compiler-standalone.o" -o "$compiler-standalone" -lm -lz -fopenmp ||
    fail "$compiler: --standalone does not link alone"
done
g++ -Wall -Wextra -Werror -c use.cpp -o use-cpp.o || fail "g++ on the header"
g++ use-cpp.o gcc-split.o -o use-cpp -lm
./use-cpp || fail "g++: sizeof the struct differs from what the model says"

./clang-standalone info >info.txt || fail "the standalone program cannot describe itself"
grep -q "$prefix" info.txt || fail "info does not name the model"
