#!/usr/bin/env bash
# Loads what `lathe export` writes with the software it is for, and compares logits and weights.
#
# The software comes from PyPI into .venv, once; LATHE_INTEROP_VENV names an environment that exists already, and
# PIP_FIND_LINKS may name a folder of wheels (a torch for the CPU alone saves gigabytes). Without Python or the
# network the checks are skipped, and said so; LATHE_INTEROP_REQUIRED=1 makes that a failure.
# Arguments choose checks: scripts/interop.sh packed gptq
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
  echo "SKIP  interop: $1"
  [ "${LATHE_INTEROP_REQUIRED:-}" != 1 ]
  exit
}

packages="torch transformers compressed-tensors safetensors tokenizers gguf peft numpy"
modules="import torch, transformers, compressed_tensors, safetensors, tokenizers, gguf, peft, numpy"
environment=${LATHE_INTEROP_VENV:-.venv}
if ! "$environment/bin/python" -c "$modules" >/dev/null 2>&1; then
  [ -z "${LATHE_INTEROP_VENV:-}" ] || skip "$environment lacks one of: $packages"
  command -v python3 >/dev/null || skip "there is no python3"
  echo "making $environment (a few minutes, once)"
  python3 -m venv "$environment" || skip "python3 cannot make a virtual environment (is python3-venv installed?)"
  # shellcheck disable=SC2086
  "$environment/bin/pip" install --quiet --disable-pip-version-check $packages ||
    skip "the packages could not be installed"
  "$environment/bin/python" -c "$modules" || skip "the installed packages do not import"
fi

if [ -z "${LATHE:-}" ]; then
  . scripts/prerequisites.sh
  require_everything
  swift build -c release
fi
export LATHE=${LATHE:-$PWD/.build/release/lathe}
export LATHE_WORK=$(mktemp -d)
export PYTHONWARNINGS=ignore PYTHONDONTWRITEBYTECODE=1
trap 'rm -rf "$LATHE_WORK"' EXIT

checks=("$@")
if [ ${#checks[@]} -eq 0 ]; then
  for path in Tests/Interop/*.py; do
    name=$(basename "$path" .py)
    [ "$name" = common ] || checks+=("$name")
  done
fi
broken=()
for name in "${checks[@]}"; do
  echo "== $name"
  "$environment/bin/python" "Tests/Interop/$name.py" 2>"$LATHE_WORK/$name.err" || {
    tail -n 20 "$LATHE_WORK/$name.err"
    broken+=("$name")
  }
done
if [ ${#broken[@]} -gt 0 ]; then
  echo "FAIL  interop: ${broken[*]}"
  exit 1
fi
echo "interop: ${#checks[@]} files of checks passed"
