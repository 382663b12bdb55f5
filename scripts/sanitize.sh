#!/usr/bin/env bash
# Builds everything under a sanitizer, in a build folder of its own, and validates plugins with it: those of this
# repository, and the examples, which their own build files make. A finding of the sanitizer ends the process of a
# case, which so fails. A plugin with a known bug goes first: it must be found, or the sanitizer is not at work.
#
#   scripts/sanitize.sh address|thread [NAME...]     names as in Package.swift or in examples/plugins; all by default
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
kind=${1:?address or thread}
shift
case "$kind" in
  address | thread) ;;
  *) echo "sanitize.sh: address or thread, not $kind" >&2; exit 2 ;;
esac
folder=.build/sanitize-$kind
# The plugins take the runtime of the sanitizer from the program, which exports all of it only when told to.
# That cannot be done for a few hundred symbols of its assembly code, which no plugin calls.
swift build --sanitize="$kind" --scratch-path "$folder" -Xlinker --export-dynamic -j "${JOBS:-2}" 2>&1 |
  { grep -v 'Cannot export local symbol' || true; }
[ "${PIPESTATUS[0]}" -eq 0 ] || exit 1
built=$(swift build --sanitize="$kind" --scratch-path "$folder" --show-bin-path) || exit 1
# Leaks are a case of their own; Foundation and the runtime keep some blocks for the life of the process.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:abort_on_error=1:handle_segv=0:allow_user_segv_handler=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:handle_segv=0:allow_user_segv_handler=1:suppressions=$PWD/scripts/sanitize-thread.txt}
# The backtraces of the Swift runtime do not come back in a process that ThreadSanitizer watches.
export SWIFT_BACKTRACE=enable=no
# The runtime of the sanitizer is in the program, so plugins in C are compiled by the clang that comes with Swift.
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
# Only where the host brings threads is there something for ThreadSanitizer to see.
cases=()
if [ "$kind" = thread ]; then for group in module graph determinism threads; do cases+=(--only $group); done; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
lathe=$built/lathe
status=0

# A bug of each kind, which no case would see without the sanitizer.
control() {
  echo "== a known bug"
  if ! "$clang" -std=c11 -D_GNU_SOURCE -shared -fPIC -g -O1 -fvisibility=hidden -fsanitize="$kind" \
    -I Sources/PluginAPI/Header/include -I Tests/Zoo -o "$work/control.so" "Tests/Sanitized/$kind.c" -lm; then
    echo "FAIL  the known bug does not compile with $clang -fsanitize=$kind"
    exit 1
  fi
  # Whether two threads meet is a matter of chance.
  for _ in 1 2 3 4 5; do
    if ! "$lathe" plugins validate "$work/control.so" --only completes-a-run --only blocks-in-parallel \
      --only same-bytes-in-any-task-order >"$work/control.txt"; then
      echo "found, as it must be: $(grep -c '^FAIL' "$work/control.txt") cases fail"
      return
    fi
  done
  echo "FAIL  the $kind sanitizer did not find it: what follows would prove nothing"
  exit 1
}

# build NAME: prints the library of a plugin of this repository or of an example, instrumented where its compiler can.
build() {
  local place=$work/$1 root=$PWD
  if [ -f "$built/lib$1.so" ]; then echo "$built/lib$1.so"; return; fi
  [ -d "examples/plugins/$1" ] || { echo "sanitize.sh: no plugin $1" >&2; return 1; }
  mkdir -p "$place"
  if [ -f "examples/plugins/$1/Makefile" ]; then
    cp -r "examples/plugins/$1/." "$place"
    rm -f "$place"/*.so
    sed -i "s|\.\./\.\./\.\./Sources|$root/Sources|g" "$place/Makefile"
    make -s -B -C "$place" CC="$clang -g -fsanitize=$kind" CXX="$clang++ -g -fsanitize=$kind" >&2 || return 1
    echo "$place"/*.so
  elif [ -f "examples/plugins/$1/Package.swift" ]; then
    (cd "examples/plugins/$1" && swift build --sanitize="$kind" --scratch-path "$root/$folder/$1" -j "${JOBS:-2}") >&2 ||
      return 1
    echo "$folder/$1"/debug/lib*.so
  else
    command -v cargo >/dev/null || return 9
    (cd "examples/plugins/$1" && cargo build --quiet --release --offline --target-dir "$root/$folder/$1") >&2 || return 1
    echo "$folder/$1"/release/lib*.so
  fi
}

control
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for file in "$built"/lib*.so; do
    name=$(basename "$file" .so)
    names+=("${name#lib}")
  done
  for example in examples/plugins/*/; do names+=("$(basename "$example")"); done
fi
for name in "${names[@]}"; do
  echo "== $name under the $kind sanitizer"
  code=0
  library=$(build "$name" 2>"$work/log") || code=$?
  if [ $code = 9 ]; then echo "SKIP  $name: no compiler"; continue; fi
  if [ $code != 0 ]; then tail -n 20 "$work/log"; echo "FAIL  $name does not build"; status=1; continue; fi
  nm -D --undefined-only "$library" | grep -E '__(asan|tsan)_' >/dev/null ||
    echo "note  $name itself is not instrumented: a stable Rust compiler cannot; the host that serves it is"
  # What learns would learn for minutes.
  settings=()
  if [ "$name" = SoCo ]; then settings=(--set steps=4 --set interval=2 --set curvature_windows=2); fi
  # What a sanitizer slows down five to twenty times is given time.
  "$lathe" plugins validate "$library" "${settings[@]}" "${cases[@]}" --limit 600 --jobs "${JOBS:-2}" | grep -v '^PASS'
  [ "${PIPESTATUS[0]}" -eq 0 ] || status=1
done
exit $status
