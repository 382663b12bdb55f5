#!/usr/bin/env bash
# The full table of Tests/Zoo: each plugin must fail (or, for advice, be warned about) in the case it is named after
# and in no other. `swift test` runs each plugin's own case; this runs all of them against all cases, minutes long.
#
#   scripts/zoo.sh [--own] [--products] [--lathe FILE] [NAME...]
#
# --products builds each so that it acts on products of factors only.
set -euo pipefail
cd "$(dirname "$0")/.."
own=no
products=
lathe=.build/release/lathe
[ -x "$lathe" ] || lathe=.build/debug/lathe
names=()
while [ $# -gt 0 ]; do
  case "$1" in
    --own) own=yes ;;
    --products) products=-DPRODUCTS_ONLY ;;
    --lathe) lathe=$2; shift ;;
    *) names+=("$1") ;;
  esac
  shift
done
if [ ${#names[@]} -eq 0 ]; then
  for file in Tests/Zoo/*.c; do names+=("$(basename "$file" .c)"); done
  if [ -z "$products" ]; then
    for file in Tests/Zoo/products/*.c; do names+=("products/$(basename "$file" .c)"); done
  fi
fi
work=$(mktemp -d)
mkdir "$work/products"
trap 'rm -rf "$work"' EXIT
export work lathe own products

one() {
  name=$1
  item=${name##*/}
  flags=$(sed -n 's|^/\* flags: \(.*\) \*/$|\1|p' "Tests/Zoo/$name.c")
  flags="$flags $products"
  # shellcheck disable=SC2086
  "${CC:-cc}" -std=c11 -D_GNU_SOURCE -shared -fPIC -O1 -Wall -Wextra -fvisibility=hidden \
    -I Sources/PluginAPI/Header/include -o "$work/$name.so" "Tests/Zoo/$name.c" $flags -lm
  only=()
  if [ "$own" = yes ] && [ "$item" != keeps-every-rule ]; then only=(--only "$item"); fi
  "$lathe" plugins validate "$work/$name.so" "${only[@]}" >"$work/$name.txt" || true
  found=$(awk '$1 == "FAIL" || $1 == "WARN" { printf "%s ", $3 }' "$work/$name.txt")
  expected="$item "
  [ "$item" = keeps-every-rule ] && expected=""
  if [ "$found" = "$expected" ]; then
    echo "ok    $name"
  else
    echo "BAD   $name: found ${found:-nothing}"
    grep -E -A2 "^(FAIL|WARN)|^SKIP .* $item " "$work/$name.txt" | grep -v -e "^--" | cut -c1-300 | sed 's/^/        /'
  fi
}
export -f one
status=0
printf '%s\n' "${names[@]}" | xargs -P "${JOBS:-2}" -I{} bash -c 'one {}' | tee "$work/table"
if grep -q '^BAD' "$work/table"; then status=1; fi
echo "$(grep -c '^ok' "$work/table" || true) of ${#names[@]} as they should be"
exit $status
