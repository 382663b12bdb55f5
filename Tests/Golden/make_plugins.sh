#!/bin/sh
# Builds the plugins that every later host must load, into Tests/Golden/plugins-1.0/ARCHITECTURE.
# Run once, when ABI 1.0 is released; the files are never built again.
set -eu
cd "$(dirname "$0")/../.."
architecture=$(uname -m)
target="Tests/Golden/plugins-1.0/$architecture"
mkdir -p "$target"
build() { # NAME SOURCE
  cc -std=c11 -Os -s -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -Wl,-z,nodelete \
    -ffile-prefix-map="$PWD"=. -ISources/PluginAPI/Header/include -o "$target/$1.so" "$2" -lm
}
build round_bits examples/plugins/minimal-c/round_bits.c
build every_service Tests/BadPlugins/every_service.c
build keeps_every_rule Tests/BadPlugins/keeps_every_rule.c
ls -l "$target"
