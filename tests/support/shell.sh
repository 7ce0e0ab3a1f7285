# Shared by the tests that are shell scripts; POSIX sh.

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# An empty folder to write to.
empty() {
  rm -rf "$1"
  mkdir -p "$1"
}
