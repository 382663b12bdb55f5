#!/usr/bin/env bash
# The table of docs/METHODS.md about adasvd: each half alone, both, iterations, targets, and the chain to 4 bits, at
# three sizes, as perplexity on text that was not calibrated on.
#
#   examples/methods.sh MODEL CALIBRATION.txt HOLDOUT.txt [SAMPLES [CONTEXT [FOLDER]]]
#
# Results lie in FOLDER and are not computed again, so an interrupted table goes on where it stopped.
set -euo pipefail
. "$(dirname "$0")/table.sh"
begin methods 64 "$@"

# row TITLE STAGES: one line of the table.
row() {
  printf '| %s |' "$1"
  for keep in 0.8 0.6 0.4; do
    found=$(perplexity "$2" --set "stages.0.keep=$keep")
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
