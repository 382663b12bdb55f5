#!/usr/bin/env bash
# Builds every plugin of examples/plugins, and a new project in each language, with the project's own build file, puts
# each through the whole of `lathe plugins validate`, and runs it in a chain on the demo model with one and two threads.
# `swift test` does a part of this in seconds; this takes minutes, the Swift packages the most.
#
#   scripts/examples.sh [NAME...]     names as in examples/plugins, or new-c, new-cpp, new-rust, new-swift
set -euo pipefail
cd "$(dirname "$0")/.."
lathe=$(realpath "${LATHE:-.build/release/lathe}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# build FOLDER: builds what lies there and prints the library's path.
build() {
  if [ -f "$1/Package.swift" ]; then
    command -v swift >/dev/null || return 9
    (cd "$1" && swift build -c release >"$work/log" 2>&1) || { cat "$work/log" >&2; return 1; }
    echo "$1"/.build/release/lib*.so
  elif [ -f "$1/Cargo.toml" ]; then
    command -v cargo >/dev/null || return 9
    (cd "$1" && cargo build --quiet --release --offline) || return 1
    echo "$1"/target/release/lib*.so
  else
    command -v make >/dev/null || return 9
    make -s -B -C "$1" CC="${CC:-cc} -Werror" CXX="${CXX:-c++} -Werror" || return 1
    echo "$1"/*.so
  fi
}

# try NAME FOLDER
try() {
  local library id keep='' code=0
  library=$(build "$2") || code=$?
  if [ $code = 9 ]; then echo "SKIP $1: no compiler"; return; fi
  if [ $code != 0 ]; then echo "FAIL $1: it does not build"; status=1; return; fi
  if ! "$lathe" plugins validate "$library" >"$work/validated"; then
    echo "FAIL $1: $(grep ^FAIL "$work/validated")"; status=1; return
  fi
  id=$("$lathe" plugins list --plugin "$library" --json | sed -n 's/^ *"id": "\(.*\)",$/\1/p' | head -n 1)
  if "$lathe" plugins info "$id" --plugin "$library" | grep -q '^budget: takes'; then keep=', keep: 0.8'; fi
  cat >"$work/r.json5" <<END
{ lathe: 1, calibration: { text: "$PWD/examples/demo-model/calibration.txt", samples: 8, context: 128 },
  stages: [{ strategy: "svdllm-v2", keep: 0.8 }, { strategy: "$id"$keep }, { strategy: "quantize", bits: 4 }] }
END
  for threads in 1 2; do
    "$lathe" compress --model examples/demo-model/model --recipe "$work/r.json5" --plugin "$library" \
      --threads $threads --output "$work/out$threads" --force >"$work/log" 2>&1 ||
      { echo "FAIL $1: $(tail -n 1 "$work/log")"; status=1; return; }
  done
  if ! diff -r "$work/out1" "$work/out2" >/dev/null; then
    echo "FAIL $1: one and two threads differ"; status=1; return
  fi
  echo "ok   $1: $(tail -n 1 "$work/validated")"
}

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for folder in examples/plugins/*/; do names+=("$(basename "$folder")"); done
  names+=(new-c new-cpp new-rust new-swift)
fi
for name in "${names[@]}"; do
  folder=examples/plugins/$name
  if [[ $name == new-* ]]; then
    folder=$work/my-method-${name#new-}
    "$lathe" plugins new "my-method-${name#new-}" --language "${name#new-}" --output "$folder" >/dev/null
  fi
  try "$name" "$folder"
done
exit $status
