#!/bin/sh
# Builds the plugins that every later host must load, into Tests/Golden/plugins-1.0/ARCHITECTURE.
# Run once, when ABI 1.0 is released: a file that is there is never built again.
set -eu
cd "$(dirname "$0")/../.."
architecture=$(uname -m)
target=$PWD/Tests/Golden/plugins-1.0/$architecture
include=$PWD/Sources/PluginAPI/Header/include
mkdir -p "$target"
shared="-Os -s -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -Wl,-z,nodelete -ffile-prefix-map=$PWD=. -I$include"
c() { # NAME SOURCE...
  [ -e "$target/$1.so" ] || (name=$1 && shift && cc -std=c11 $shared -o "$target/$name.so" "$@" -lm)
}
c round_bits examples/plugins/minimal-c/round_bits.c
c every_service Tests/BadPlugins/every_service.c
c keeps_every_rule Tests/BadPlugins/keeps_every_rule.c
c asvd examples/plugins/asvd-c/asvd.c examples/plugins/asvd-c/ranks.c
[ -e "$target/fwsvd.so" ] || c++ -std=c++17 $shared -Wl,--version-script=examples/plugins/fwsvd-cpp/exports.map \
  -o "$target/fwsvd.so" examples/plugins/fwsvd-cpp/fwsvd.cpp
if [ ! -e "$target/wanda.so" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  (cd examples/plugins/wanda-rust && RUSTFLAGS="--remap-path-prefix=$PWD=." cargo build --release --offline --quiet \
    --target-dir "$scratch" --config 'profile.release.strip=true' --config 'profile.release.opt-level="z"')
  cp "$scratch/release/libwanda.so" "$target/wanda.so"
fi
ls -l "$target"
