#!/bin/bash
# projects.sh BUILD SOURCE SCRATCH: BUILD is installed into a prefix with blanks in its path, which is
# then moved. It names neither BUILD nor SOURCE, and the projects of docs/embedding.md build with it.
set -euo pipefail
. "$(dirname "$0")/../support/shell.sh"
build=$1
source=$2
empty "$3"
cd "$3"

cmake --install "$build" --prefix "$PWD/first place" >log || fail "$(cat log)"
mv "first place" "another place"
prefix="$PWD/another place"
for file in bin/dagc lib/libdagrt.a include/dagc/dag_model.h share/man/man1/dagc.1 \
  share/doc/dagc/README.md share/doc/dagc/docs/tutorial.md share/doc/dagc/examples/mlp/mlp.dag \
  share/doc/dagc/prelude/layers.dag share/dagc/editors/vim; do
  [ -s "$prefix/$file" ] || fail "$file is not installed"
done
! grep -rlF -e "$build" -e "$source" -e "first place" "$prefix" || fail "these name the folders of the build"

export CMAKE_PREFIX_PATH=$prefix PKG_CONFIG_PATH=$prefix/lib/pkgconfig
"$source/tests/docs/docs.sh" "$prefix/bin/dagc" "$source/docs/embedding.md" "$PWD/projects"

# --- the model is compiled anew when what it reads has changed, and only then ---
cd projects/examples/mlp
compiled() { cmake --build build --target serve | grep -c 'dagc mlp.dag' || true; }
[ "$(compiled)" = 0 ] || fail "compiled anew without a reason"
echo 'fn answer(z) = softmax(z)' >'a part.dag'
sed -i 's/softmax(logits)/answer(logits)/; 1i import "a part.dag"' mlp.dag
[ "$(compiled)" = 1 ] || fail "not compiled anew for a changed model"
echo 'fn answer(z) = ' >'a part.dag'
! cmake --build build --target serve >log 2>&1 || fail "a wrong model, or one that imports a wrong file, is built"
grep -q 'a part.dag:1:' log || fail "no message of a wrong model: $(cat log)"

# --- calls that are wrong say why ---
refuses() { # TEXT CALL
  echo "$2" >>CMakeLists.txt
  ! cmake -S . -B build >log 2>&1 || fail "accepted: $2"
  grep -qF "$1" <<<"$(tr -s ' \n' ' ' <log)" || fail "$2: $(cat log)"
  sed -i '$d' CMakeLists.txt
}
refuses "there is no target of that name yet" 'dagc_add_model(app mlp.dag)'
refuses "not understood: ONY;answer" 'dagc_add_model(serve mlp.dag ONY answer)'
mkdir deeper
echo 'dagc_add_model(serve ../mlp.dag)' >deeper/CMakeLists.txt
refuses "call it where the target is made" 'add_subdirectory(deeper)'

# --- dagc build links the library that was installed with it; without that it compiles the text ---
printf '#!/bin/sh\necho "$@" >arguments\nexec clang "$@"\n' >cc
chmod +x cc
builds() {
  DAGC_CC=./cc "$prefix/bin/dagc" build "$prefix/share/doc/dagc/examples/mlp/mlp.dag" -o digits \
    >log 2>&1 || fail "dagc build: $(cat log)"
  ./digits info >info
  grep -q '^params: ' info || fail "the program says: $(cat info)"
}
builds
grep -qF "$prefix/bin/../lib/libdagrt.a" arguments || fail "the library is not linked: $(cat arguments)"
rm "$prefix/lib/libdagrt.a"
builds
! grep -q libdagrt arguments || fail "there is no library: $(cat arguments)"
