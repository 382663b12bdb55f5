#!/usr/bin/env bash
# The table of docs/METHODS.md about adasvd: each half alone, both, iterations, targets, and the chain to 4 bits, at
# three sizes, as perplexity on text that was not calibrated on.
#
#   examples/methods.sh MODEL CALIBRATION.txt HOLDOUT.txt [SAMPLES [CONTEXT [FOLDER]]]
#
# Results lie in FOLDER and are not computed again, so an interrupted table goes on where it stopped.
set -euo pipefail
shopt -s inherit_errexit
if [ $# -lt 3 ]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0"
  exit 2
fi
model=$(realpath "$1")
calibration=$(realpath "$2")
holdout=$(realpath "$3")
samples=${4:-64}
context=${5:-512}
cd "$(dirname "$0")/.."
lathe=$(realpath "${LATHE:-.build/release/lathe}")
folder=${6:-examples/output/methods}
mkdir -p "$folder"

value() { sed -n "s/^ *\"$1\": \([-0-9.e+]*\),\{0,1\}$/\1/p" "$2" | head -n 1; }

# measure KEEP STAGES: the perplexity after the recipe's stages at that size.
measure() {
  local name
  name=$(printf '%s' "$2 $1 $model $calibration $holdout $samples $context" | cksum | cut -d ' ' -f 1)
  if [ ! -s "$folder/$name.eval" ]; then
    cat >"$folder/$name.json5" <<END
{ lathe: 1, seed: 3, stages: [$2],
  calibration: { text: ["$calibration"], samples: $samples, context: $context } }
END
    $lathe compress --model "$model" --recipe "$folder/$name.json5" --set "stages.0.keep=$1" \
      --output "$folder/$name" --force --json >"$folder/$name.report" 2>/dev/null
    $lathe eval --model "$folder/$name" --text "$holdout" --context "$context" --json \
      >"$folder/$name.partial" 2>/dev/null
    mv "$folder/$name.partial" "$folder/$name.eval"
    rm -rf "${folder:?}/$name"
  fi
  LC_ALL=C printf '%.2f' "$(value perplexity "$folder/$name.eval")"
}

# row TITLE STAGES: one line of the table.
row() {
  printf '| %s |' "$1"
  for keep in 0.8 0.6 0.4; do
    found=$(measure $keep "$2")
    printf ' %s |' "$found"
  done
  printf '\n'
}
ada() { echo "{ strategy: \"adasvd\"$1 }"; }
steps() { ada ", update: \"alternating\", iterations: $1, target: \"$2\""; }

echo '| | keep 0.8 | 0.6 | 0.4 |'
echo '|---|--:|--:|--:|'
row '`svdllm-v2`' '{ strategy: "svdllm-v2" }'
row '`svdllm-v2`, equal shares (neither half)' '{ strategy: "svdllm-v2", allocation: "uniform" }'
row 'adaCR only' "$(ada ', adaptive_compensation: false')"
row 'adaComp only' "$(ada ', adaptive_ratio: false')"
row '**both** (the defaults)' "$(ada '')"
row 'both, then `quantize` 4 bits, groups of 64' "$(ada ''), { strategy: \"quantize\", bits: 4, group_size: 64 }"
row 'both, `shifted`, direct' "$(ada ', target: "shifted"')"
row 'both, `original`, direct' "$(ada ', target: "original"')"
row 'both, `shifted`, tau = 1, `stack: 8` (the paper)' \
  "$(ada ', update: "alternating", target: "shifted", stack: 8')"
for iterations in ${ITERATIONS:-1 3 15}; do
  for target in ${TARGETS:-shifted original}; do
    row "both, \`$target\`, tau = $iterations" "$(steps "$iterations" "$target")"
  done
done
