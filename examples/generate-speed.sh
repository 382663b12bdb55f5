#!/usr/bin/env bash
# How fast `lathe generate` is per token, and what memory it takes: a random Llama-shaped bfloat16 model of about 10^9
# parameters, the same in 4 bits, and low-rank factors of its shapes in bfloat16 and in 4 bits. Runs take turns, so that
# other work on the machine disturbs all alike; ratios are to the dense model, medians of those within each round.
# Processor seconds per token are what a run takes beyond one that generates a single token, over its other tokens.
#
# Needs `swift build -c release`, lathe-benchmarks and the plugins included.
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
# measure NAME ROUND TOKENS: writes the document, and the peaks of resident and anonymous memory in kB and the processor
# time in clock ticks, as they were seen last.
measure() {
  local out="$folder/$1.$2" pid anonymous=0 resident=0 ticks=0 high low
  "$lathe" generate --model "$folder/$1" --prompt "$prompt" --max-tokens "$3" --json >"$out.json" 2>/dev/null &
  pid=$!
  while { read -r high && read -r low; } < <(sed -n 's/^\(VmHWM\|RssAnon\):[^0-9]*\([0-9]*\).*/\2/p' \
    "/proc/$pid/status" 2>/dev/null); do
    resident=$((high > resident ? high : resident))
    anonymous=$((low > anonymous ? low : anonymous))
    ticks=$(awk '{ print $14 + $15 }' "/proc/$pid/stat" 2>/dev/null || echo "$ticks")
    sleep 0.02
  done
  wait "$pid"
  echo "$resident $anonymous ${ticks:-0}" >"$out.memory"
}
for model in "${models[@]}"; do measure "$model" single 1; done
for round in $(seq "$rounds"); do
  for model in "${models[@]}"; do measure "$model" "$round" "$tokens"; done
done

median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
# column NAME WHICH: the rate of the prompt (1) or of the generation (2), a line for each round.
column() { for round in $(seq "$rounds"); do number tokens_per_second "$folder/$1.$round.json" "$2"; done; }
# busy NAME: processor seconds per token, a line for each round.
busy() {
  for round in $(seq "$rounds"); do
    cat "$folder/$1.single.memory" "$folder/$1.$round.memory" |
      awk -v n="$((tokens - 1))" -v hz="$(getconf CLK_TCK)" 'NR == 1 { t = $3 } NR == 2 { print ($3 - t) / hz / n }'
  done
}
ratio() { paste "$1" "$2" | awk '{ print $1 / $2 }' | median; }
peak() { cut -d ' ' -f "$2" "$folder/$1".*.memory | sort -n | tail -n 1; }
echo '| model | file MB | tokens/s | ratio | processor s per token | ratio | resident MB | anonymous MB | prompt tokens/s |'
echo '|---|--:|--:|--:|--:|--:|--:|--:|--:|'
for model in "${models[@]}"; do
  bytes=$(cat "$folder/$model"/*.safetensors | wc -c)
  LC_ALL=C printf '| %s | %d | %.2f | %.2f | %.3f | %.2f | %d | %d | %.1f |\n' "$model" "$((bytes / 1000000))" \
    "$(column "$model" 2 | median)" "$(ratio <(column "$model" 2) <(column dense 2))" \
    "$(busy "$model" | median)" "$(ratio <(busy dense) <(busy "$model"))" \
    "$(($(peak "$model" 1) * 1024 / 1000000))" "$(($(peak "$model" 2) * 1024 / 1000000))" \
    "$(column "$model" 1 | median)"
done
