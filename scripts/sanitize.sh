#!/usr/bin/env bash
# Builds everything under a sanitizer, in a build folder of its own, and validates the plugins of this repository
# with it. A finding of the sanitizer ends the process of a case, which so fails.
#
#   scripts/sanitize.sh address|thread [PLUGIN...]      names as in Package.swift; all of them by default
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
kind=${1:?address or thread}
shift
case "$kind" in
  address | thread) ;;
  *) echo "sanitize.sh: address or thread, not $kind" >&2; exit 2 ;;
esac
folder=.build/sanitize-$kind
swift build --sanitize="$kind" --scratch-path "$folder" -j "${JOBS:-2}" || exit 1
built=$(swift build --sanitize="$kind" --scratch-path "$folder" --show-bin-path) || exit 1
# Leaks are a case of their own; Foundation and the runtime keep some blocks for the life of the process.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:abort_on_error=1:handle_segv=0:allow_user_segv_handler=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:abort_on_error=1:handle_segv=0:allow_user_segv_handler=1}
plugins=("$@")
if [ ${#plugins[@]} -eq 0 ]; then
  for file in "$built"/lib*.so; do
    name=$(basename "$file" .so)
    plugins+=("${name#lib}")
  done
fi
status=0
for name in "${plugins[@]}"; do
  echo "== $name under the $kind sanitizer"
  # What a sanitizer slows down five to twenty times is given time.
  "$built/lathe" plugins validate "$built/lib$name.so" --limit 600 --jobs "${JOBS:-2}" | grep -v '^PASS'
  [ "${PIPESTATUS[0]}" -eq 0 ] || status=1
done
exit $status
