#!/usr/bin/env bash
# Everything that must hold before a change lands: formatting, build, tests, and the numbers of real models
# where ../shared lies beside the checkout, and other people's loaders where Python packages can be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prerequisites.sh
require_everything

echo "== format"
swift format lint --strict --recursive Package.swift Sources Plugins Tests

echo "== tests"
swift test

echo "== release build"
swift build -c release

echo "== end to end"
scripts/acceptance.sh

echo "== other people's software"
LATHE=$PWD/.build/release/lathe scripts/interop.sh
