#!/usr/bin/env bash
# From a fresh machine to a compressed model: installs what is missing, builds, compresses the demo model with two
# plugins in a chain, and shows what it cost.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prerequisites.sh
require_everything

echo "building (a few minutes the first time)"
swift build -c release --quiet
lathe=.build/release/lathe
model=examples/demo-model/model
text=examples/demo-model/holdout.txt
output=examples/output/quickstart
mkdir -p examples/output

echo
echo "what the recipe will do"
$lathe plan --model $model --recipe examples/quickstart.json5 | grep -E "^(stage|[0-9]|tensors)"

echo
echo "compressing $model"
$lathe compress --model $model --recipe examples/quickstart.json5 --output $output --force --json >examples/output/report.json

echo "evaluating on text the model has not seen"
$lathe eval --model $output --reference $model --text $text --context 256 --json >examples/output/eval.json

# The value of KEY in a JSON document with one key a line.
value() { sed -n "s/^ *\"$1\": \([-0-9.e+]*\),\{0,1\}$/\1/p" "$2" | head -n 1; }
before=$(value tensor_bytes_before examples/output/report.json)
after=$(value tensor_bytes_after examples/output/report.json)

echo
LC_ALL=C awk -v before="$before" -v after="$after" \
  -v dense="$(value reference_perplexity examples/output/eval.json)" \
  -v small="$(value perplexity examples/output/eval.json)" \
  -v kl="$(value mean_kl examples/output/eval.json)" \
  -v top="$(value top1_agreement examples/output/eval.json)" 'BEGIN {
  printf "%-28s %12s %12s\n", "", "before", "after"
  printf "%-28s %12d %12d\n", "bytes of tensors", before, after
  printf "%-28s %12s %11.1f%%\n", "size", "100.0%", 100 * after / before
  printf "%-28s %12.4f %12.4f\n", "perplexity", dense, small
  printf "%-28s %12s %12.4f\n", "mean KL to the original", "0", kl
  printf "%-28s %12s %11.1f%%\n", "same most likely token", "100.0%", 100 * top
}'
echo
$lathe verify $output
echo "the compressed model is in $output; your own: $lathe compress --help"
