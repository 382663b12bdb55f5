#!/usr/bin/env bash
# The table "Third-party methods" of docs/METHODS.md: the example plugins beside the strategies of this repository, at three
# sizes, as perplexity on text that was not calibrated on. Wanda's rows are shares of zeros, which save no bytes.
#
#   examples/plugins/compare.sh MODEL CALIBRATION.txt HOLDOUT.txt [SAMPLES [CONTEXT [FOLDER]]]
#
# Results lie in FOLDER and are not computed again, so an interrupted table goes on where it stopped.
set -euo pipefail
. "$(dirname "$0")/../table.sh"
begin compare 64 "$@"

examples=examples/plugins
make -s -C $examples/asvd-c
make -s -C $examples/fwsvd-cpp
(cd $examples/wanda-rust && cargo build --quiet --release --offline)
(cd $examples/plain-svd-swift && swift build -c release >"$folder/swift.log" 2>&1)
plugins=(--plugin $examples/asvd-c --plugin $examples/fwsvd-cpp --plugin $examples/wanda-rust/target/release
  --plugin $examples/plain-svd-swift/.build/release)

# row TITLE STAGE: one line of the table; KEEP and ZEROS stand for the share of bytes and of zeros.
row() {
  printf '| %s |' "$1"
  for keep in 0.8 0.6 0.4; do
    local stage=${2//KEEP/$keep}
    found=$(perplexity "${stage//ZEROS/0.$((10 - ${keep#0.}))}" "${plugins[@]}")
    printf ' %s |' "$found"
  done
  printf '\n'
}

echo '| | language | keep 0.8 | 0.6 | 0.4 |'
echo '|---|---|--:|--:|--:|'
row 'plain SVD | Swift' '{ strategy: "example.plain-svd", keep: KEEP }'
row 'FWSVD | C++' '{ strategy: "example.fwsvd", keep: KEEP }'
row 'ASVD | C' '{ strategy: "example.asvd", keep: KEEP }'
row '`svdllm-v2`, equal shares | Swift' '{ strategy: "svdllm-v2", keep: KEEP, allocation: "uniform" }'
row '`svdllm-v2` | Swift' '{ strategy: "svdllm-v2", keep: KEEP }'
row '`adasvd` | Swift' '{ strategy: "adasvd", keep: KEEP }'
echo
echo '| same bytes as the dense model | language | 20 % zeros | 40 % | 60 % |'
echo '|---|---|--:|--:|--:|'
row 'Wanda, any place in a row | Rust' '{ strategy: "example.wanda", sparsity: ZEROS }'
found=$(perplexity '{ strategy: "example.wanda", sparsity: 0.5, group: 4 }' "${plugins[@]}")
printf '\nWanda 2:4 (50 %% zeros): %s\n' "$found"
