#!/usr/bin/env bash
# The table of docs/METHODS.md about soco: what trains against what does not, at three sizes, as perplexity on text that
# was not calibrated on. Whatever trains sees the same windows, STEPS steps of 4.
#
#   examples/soco.sh MODEL CALIBRATION.txt HOLDOUT.txt [SAMPLES [CONTEXT [FOLDER]]]
#
# Results lie in FOLDER and are not computed again, so an interrupted table goes on where it stopped.
# STEPS (300), KEEPS ("0.8 0.6 0.4") and ROWS (a pattern of titles, all) choose less.
set -euo pipefail
shopt -s inherit_errexit
if [ $# -lt 3 ]; then
  sed -n '2,9s/^# \{0,1\}//p' "$0"
  exit 2
fi
model=$(realpath "$1")
calibration=$(realpath "$2")
holdout=$(realpath "$3")
samples=${4:-256}
context=${5:-512}
cd "$(dirname "$0")/.."
lathe=$(realpath "${LATHE:-.build/release/lathe}")
folder=${6:-examples/output/soco}
steps=${STEPS:-300}
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
      --output "$folder/$name" --force --json >"$folder/$name.report" 2>"$folder/$name.log"
    $lathe eval --model "$folder/$name" --text "$holdout" --context "$context" --json \
      >"$folder/$name.partial" 2>/dev/null
    mv "$folder/$name.partial" "$folder/$name.eval"
    rm -rf "${folder:?}/$name"
  fi
  LC_ALL=C printf '%.2f' "$(value perplexity "$folder/$name.eval")"
}

# row TITLE STAGES: one line of the table.
row() {
  [[ "$1" == ${ROWS:-*} ]] || return 0
  printf '| %s |' "$1"
  for keep in ${KEEPS:-0.8 0.6 0.4}; do
    found=$(measure "$keep" "$2")
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
