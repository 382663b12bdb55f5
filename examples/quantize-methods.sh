#!/usr/bin/env bash
# The table of docs/METHODS.md about quantize: each method at 4 and 3 bits in groups of 64, as bytes of the tensors and
# perplexity on text that was not calibrated on.
#
#   examples/quantize-methods.sh MODEL CALIBRATION.txt HOLDOUT.txt [SAMPLES [CONTEXT [FOLDER]]]
#
# Results lie in FOLDER and are not computed again, so an interrupted table goes on where it stopped.
set -euo pipefail
. "$(dirname "$0")/table.sh"
begin quantize-methods 64 "$@"

# row TITLE BEFORE PARAMETERS [BITS...]: one line of the table; "-" where the method has no such width.
row() {
  printf '| %s |' "$1"
  for bits in 4 3; do
    case " ${4:-4 3} " in
    *" $bits "*)
      stages="$2 { strategy: \"quantize\", group_size: 64, bits: $bits$3 }"
      found=$(perplexity "$stages")
      result=$(run "$stages")
      printf ' %s | %s |' "$(value tensor_bytes_after "$result.report")" "$found"
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
