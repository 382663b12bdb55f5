#!/usr/bin/env bash
# The table of docs/METHODS.md about quantize: each method at 4 and 3 bits in groups of 64, as bytes of the tensors and
# perplexity on text that was not calibrated on.
#
#   examples/quantize-methods.sh MODEL CALIBRATION.txt HOLDOUT.txt [SAMPLES [CONTEXT [FOLDER]]]
#
# Results lie in FOLDER and are not computed again, so an interrupted table goes on where it stopped.
set -euo pipefail
shopt -s inherit_errexit
if [ $# -lt 3 ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0"
  exit 2
fi
model=$(realpath "$1")
calibration=$(realpath "$2")
holdout=$(realpath "$3")
samples=${4:-64}
context=${5:-512}
cd "$(dirname "$0")/.."
lathe=$(realpath "${LATHE:-.build/release/lathe}")
folder=${6:-examples/output/quantize-methods}
mkdir -p "$folder"

value() { sed -n "s/^ *\"$1\": \([-0-9.e+]*\),\{0,1\}$/\1/p" "$2" | head -n 1; }

# measure STAGES: "bytes | perplexity" after the recipe's stages.
measure() {
  local name
  name=$(printf '%s' "$1 $model $calibration $holdout $samples $context" | cksum | cut -d ' ' -f 1)
  if [ ! -s "$folder/$name.eval" ]; then
    cat >"$folder/$name.json5" <<END
{ lathe: 1, seed: 3, stages: [$1],
  calibration: { text: ["$calibration"], samples: $samples, context: $context } }
END
    $lathe compress --model "$model" --recipe "$folder/$name.json5" --output "$folder/$name" --force --json \
      >"$folder/$name.report" 2>/dev/null
    $lathe eval --model "$folder/$name" --text "$holdout" --context "$context" --json \
      >"$folder/$name.partial" 2>/dev/null
    mv "$folder/$name.partial" "$folder/$name.eval"
    rm -rf "${folder:?}/$name"
  fi
  value tensor_bytes_after "$folder/$name.report" | tr -d '\n'
  LC_ALL=C printf ' | %.2f' "$(value perplexity "$folder/$name.eval")"
}

# row TITLE BEFORE PARAMETERS [BITS...]: one line of the table; "-" where the method has no such width.
row() {
  printf '| %s |' "$1"
  for bits in 4 3; do
    case " ${4:-4 3} " in
    *" $bits "*)
      found=$(measure "$2 { strategy: \"quantize\", group_size: 64, bits: $bits$3 }")
      printf ' %s |' "$found"
      ;;
    *) printf ' | |' ;;
    esac
  done
  printf '\n'
}

echo '| | 4 bits: bytes | perplexity | 3 bits: bytes | perplexity |'
echo '|---|--:|--:|--:|--:|'
row '`rtn`' '' ''
row '`rtn`, `search: "mse"`' '' ', search: "mse"'
row '`gptq`' '' ', method: "gptq"'
row '`gptq`, `upstream: "compressed"`' '' ', method: "gptq", upstream: "compressed"'
row '`gptq`, `order: "activation"`' '' ', method: "gptq", order: "activation"'
row '`gptq`, `search: "mse"`' '' ', method: "gptq", search: "mse"'
row '`awq`' '' ', method: "awq"'
row '`nf4`' '' ', method: "nf4"' 4
row '`gptq`, `residual_rank: 8`' '' ', method: "gptq", residual_rank: 8'
row '`svdllm-v2` keep 0.8, then `gptq`' '{ strategy: "svdllm-v2", keep: 0.8 },' ', method: "gptq"' 4
row '`adasvd` keep 0.8, then `gptq`' '{ strategy: "adasvd", keep: 0.8 },' ', method: "gptq"' 4
