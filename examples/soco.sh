#!/usr/bin/env bash
# The table of docs/METHODS.md about soco: what trains against what does not, at three sizes, as perplexity on text that
# was not calibrated on. Whatever trains sees the same windows, STEPS steps of 4.
#
#   examples/soco.sh MODEL CALIBRATION.txt HOLDOUT.txt [SAMPLES [CONTEXT [FOLDER]]]
#
# Results lie in FOLDER and are not computed again, so an interrupted table goes on where it stopped.
# STEPS (300), KEEPS ("0.8 0.6 0.4") and ROWS (a pattern of titles, all) choose less.
set -euo pipefail
. "$(dirname "$0")/table.sh"
begin soco 256 "$@"
steps=${STEPS:-300}

# row TITLE STAGES: one line of the table.
row() {
  [[ "$1" == ${ROWS:-*} ]] || return 0
  printf '| %s |' "$1"
  for keep in ${KEEPS:-0.8 0.6 0.4}; do
    found=$(perplexity "$2" --set "stages.0.keep=$keep")
    printf ' %s |' "$found"
  done
  printf '\n'
}
soco() { echo "{ strategy: \"soco\", steps: $steps$1 }"; }
recover="{ strategy: \"recover\", steps: $steps }"
four='{ strategy: "quantize", bits: 4, group_size: 64 }'

printf '| |'
for keep in ${KEEPS:-0.8 0.6 0.4}; do printf ' keep %s |' "$keep"; done
printf '\n|---|'
for keep in ${KEEPS:-0.8 0.6 0.4}; do printf -- '--:|'; done
printf '\n'
row '**`soco`** (the defaults)' "$(soco '')"
row '`svdllm-v2`' '{ strategy: "svdllm-v2" }'
row '`svdllm-v2`, then `recover`' "{ strategy: \"svdllm-v2\" }, $recover"
row '`adasvd`' '{ strategy: "adasvd" }'
row '`adasvd`, then `recover`' "{ strategy: \"adasvd\" }, $recover"
row '`soco`, not trained (steps 0)' '{ strategy: "soco", steps: 0 }'
row '`soco`, then `quantize` 4 bits, groups of 64' "$(soco ''), $four"
row '`soco`, without deviation' "$(soco ', deviation: false')"
row '`soco`, cut at once' "$(soco ', compress: 0, refine: 0')"
row '`soco`, `per-type` threshold' "$(soco ', threshold: "per-type"')"
row '`soco`, `clamp`' "$(soco ', map: "clamp"')"
row '`soco`, `plain` basis' "$(soco ', basis: "plain"')"
