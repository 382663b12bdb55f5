#!/usr/bin/env bash
# How fast `lathe generate` is per token, and what memory it takes: a random Llama-shaped bfloat16 model of about 10^9
# parameters, the same in 4 bits, and low-rank factors of its shapes in bfloat16 and in 4 bits. Runs take turns, so that
# other work on the machine disturbs all alike; the last column is the median of the ratios within each round.
#
#   examples/generate-speed.sh [ROUNDS [TOKENS [BLOCKS [FOLDER]]]]
#
# FOLDER (default: examples/output/generate-speed) needs 6 GB for 22 blocks; the models in it are removed at the end.
set -euo pipefail
rounds=${1:-5}
tokens=${2:-48}
blocks=${3:-22}
cd "$(dirname "$0")/.."
folder=${4:-examples/output/generate-speed}
lathe=$(realpath "${LATHE:-.build/release/lathe}")
benchmarks=$(realpath "${LATHE_BENCHMARKS:-.build/release/lathe-benchmarks}")
mkdir -p "$folder"
models=(dense dense-4bit low-rank low-rank-4bit)
clean() { for model in "${models[@]}"; do rm -rf "${folder:?}/$model"; done; }
trap clean EXIT
clean
cat >"$folder/4bit.json5" <<'END'
{ lathe: 1, stages: [{ strategy: "quantize", bits: 4, group_size: 64 }] }
END
make_model() { "$benchmarks" random-model --size 2048 --blocks "$blocks" --vocabulary 32000 "$@" >/dev/null; }
quantize() { "$lathe" compress --model "$1" --recipe "$folder/4bit.json5" --output "$1-4bit" --json >/dev/null; }
make_model --directory "$folder/dense"
make_model --directory "$folder/low-rank" --keep 0.7
quantize "$folder/dense"
quantize "$folder/low-rank"

prompt="It was the best of times, it was the worst of times, it was the age"
number() { sed -n "s/^ *\"$1\": \([-0-9.e+]*\),\{0,1\}$/\1/p" "$2" | sed -n "${3}p"; }
# measure NAME ROUND: writes the document and the peaks of resident and anonymous memory in kB.
measure() {
  local out="$folder/$1.$2" pid anonymous=0 resident=0 now
  "$lathe" generate --model "$folder/$1" --prompt "$prompt" --max-tokens "$tokens" --json >"$out.json" 2>/dev/null &
  pid=$!
  while now=$(grep -E '^(VmHWM|RssAnon)' "/proc/$pid/status" 2>/dev/null | tr -dc '0-9\n') && [ -n "$now" ]; do
    { read -r high; read -r low; } <<<"$now" || true
    resident=$((high > resident ? high : resident))
    anonymous=$((${low:-0} > anonymous ? ${low:-0} : anonymous))
    sleep 0.05
  done
  wait "$pid"
  echo "$resident $anonymous" >"$out.memory"
}
for round in $(seq "$rounds"); do
  for model in "${models[@]}"; do measure "$model" "$round"; done
done

median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
# column NAME WHICH: the rate of the prompt (1) or of the generation (2), a line for each round.
column() { for round in $(seq "$rounds"); do number tokens_per_second "$folder/$1.$round.json" "$2"; done; }
peak() { cut -d ' ' -f "$2" "$folder/$1".*.memory | sort -n | tail -n 1; }
echo '| model | file MB | prompt tokens/s | generated tokens/s | ratio to dense | peak resident MB | peak anonymous MB |'
echo '|---|--:|--:|--:|--:|--:|--:|'
for model in "${models[@]}"; do
  bytes=$(cat "$folder/$model"/*.safetensors | wc -c)
  ratio=$(paste <(column "$model" 2) <(column dense 2) | awk '{ print $1 / $2 }' | median)
  LC_ALL=C printf '| %s | %d | %.1f | %.2f | %.2f | %d | %d |\n' "$model" "$((bytes / 1000000))" \
    "$(column "$model" 1 | median)" "$(column "$model" 2 | median)" "$ratio" \
    "$(($(peak "$model" 1) * 1024 / 1000000))" "$(($(peak "$model" 2) * 1024 / 1000000))"
done
