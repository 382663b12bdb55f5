#!/usr/bin/env bash
# Runs the release build on real models and holds its numbers against independent references.
# The models lie in ../shared beside the checkout; without them the checks are skipped, and said so.
set -euo pipefail
cd "$(dirname "$0")/.."
lathe=.build/release/lathe
shared=../shared
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
passed=0

# check NAME CONDITION: an awk condition that must hold.
check() {
  if LC_ALL=C awk "BEGIN { exit !($2) }"; then
    echo "ok    $1"
    passed=$((passed + 1))
  else
    echo "FAIL  $1: $2"
    failed=$((failed + 1))
  fi
}
value() { sed -n "s/^ *\"$1\": \([-0-9.e+]*\),\{0,1\}$/\1/p" "$2" | head -n 1; }

for name in libSVDLLMv2.so libAdaSVD.so libQuantize.so libSoCo.so; do
  symbols=$(nm -D --defined-only ".build/release/$name" | awk '{ print $3 }')
  if [ "$symbols" = lathe_entry ]; then
    echo "ok    $name exports lathe_entry alone"
    passed=$((passed + 1))
  else
    echo "FAIL  $name exports: $symbols"
    failed=$((failed + 1))
  fi
done

if [ ! -f $shared/reference/expected.json ]; then
  echo "skip  real models: there is no $shared beside the checkout"
  [ $failed -eq 0 ]
  exit
fi
model=$shared/models/books-5m
holdout=$shared/texts/books-holdout.txt

# The reference's number for a method (and a keep) in expected.json.
expected() {
  tr -d '\n' <$shared/reference/expected.json |
    sed -n "s/.*\"$1\": *{\([^}]*\)}.*/\1/p" | tr ',' '\n' | sed -n "s/.*\"$2\": *\([0-9.]*\).*/\1/p"
}
dense=$(sed -n 's/^ *"dense": *\([0-9.]*\),.*/\1/p' $shared/reference/expected.json)

$lathe eval --model $model --text $holdout --context 512 --json >"$work/dense.json" 2>/dev/null
found=$(value perplexity "$work/dense.json")
check "perplexity of the dense model: $found, reference $dense (0.1 %)" "$found / $dense < 1.001 && $found / $dense > 0.999"

cat >"$work/recipe.json5" <<END
{ lathe: 1, seed: 3, stages: [{ strategy: "svdllm-v2", keep: 0.8 }],
  calibration: { text: ["$(cd $shared && pwd)/texts/books-calibration.txt"], samples: 64, context: 512 } }
END
sed 's/keep: 0.8 }/keep: 0.8 }, { strategy: "quantize", bits: 4, group_size: 64 }/' "$work/recipe.json5" >"$work/chain.json5"
# at STRATEGY REFERENCE TOLERANCE: perplexity and bytes at three sizes.
at() {
  for keep in 0.8 0.6 0.4; do
    $lathe compress --model $model --recipe "$work/recipe.json5" --set stages.0.strategy=$1 --set stages.0.keep=$keep \
      --output "$work/$1-$keep" --json >"$work/report.json" 2>/dev/null
    $lathe eval --model "$work/$1-$keep" --text $holdout --context 512 --json >"$work/eval.json" 2>/dev/null
    found=$(value perplexity "$work/eval.json")
    reference=$(expected $2 $keep)
    check "$1 at keep $keep: perplexity $found, reference $reference (times $3)" "$found < $3 * $reference"
    bytes=$(value linear_bytes_after "$work/report.json")
    before=$(value linear_bytes_before "$work/report.json")
    check "$1 at keep $keep: $bytes of $before bytes" "$bytes <= $keep * $before && $bytes > $keep * $before - 2 * (256 + 704)"
  done
}
at svdllm-v2 v2 1.01
at adasvd adasvd 1

# quantised NAME BITS REFERENCE PARAMETERS: perplexity of a method, groups of 64.
quantised() {
  sed "s/strategy: \"svdllm-v2\", keep: 0.8/strategy: \"quantize\", group_size: 64, bits: $2$4/" "$work/recipe.json5" >"$work/quantize.json5"
  $lathe compress --model $model --recipe "$work/quantize.json5" --output "$work/quantised" --force --json >"$work/report.json" 2>/dev/null
  $lathe eval --model "$work/quantised" --text $holdout --context 512 --json >"$work/eval.json" 2>/dev/null
  found=$(value perplexity "$work/eval.json")
  reference=$(expected $3 $2)
  check "$1 at $2 bits: perplexity $found, reference $reference of $3" "$found <= $reference"
}
quantised "rtn with search" 4 rtn ', search: "mse"'
quantised "rtn with search" 3 rtn ', search: "mse"'
quantised gptq 4 gptq ', method: "gptq"'
quantised gptq 3 gptq ', method: "gptq"'

$lathe compress --model $model --recipe "$work/chain.json5" --output "$work/one" --threads 1 --json >"$work/report.json" 2>/dev/null
$lathe compress --model $model --recipe "$work/chain.json5" --output "$work/two" --threads 2 >/dev/null 2>&1
check "one and two threads write the same bytes" "$(diff -r "$work/one" "$work/two" >/dev/null && echo 1 || echo 0)"
stated=$(value tensor_bytes_after "$work/report.json")
listed=$($lathe inspect "$work/one" --json | sed -n 's/^  "tensor_bytes": \([0-9]*\),.*/\1/p')
check "the chain states its size to the byte: $stated" "$stated == $listed"
check "verify finds no difference" "$($lathe verify "$work/one" >/dev/null && echo 1 || echo 0)"

# Training takes many minutes: only where it is asked for.
if [ -n "${LATHE_TRAINING:-}" ]; then
  sed -e 's/{ strategy: "svdllm-v2", keep: 0.8 }/{ strategy: "soco", keep: 0.8 }/' -e 's/samples: 64/samples: 256/' \
    "$work/recipe.json5" >"$work/soco.json5"
  cp "$work/soco.json5" "$work/recipe.json5"
  at soco soco 1
  $lathe compress --model $model --recipe "$work/soco.json5" --set stages.0.keep=0.6 --set stages.0.steps=0 \
    --output "$work/untrained" --json >/dev/null 2>&1
  $lathe eval --model "$work/untrained" --text $holdout --context 512 --json >"$work/untrained.json" 2>/dev/null
  $lathe eval --model "$work/soco-0.6" --text $holdout --context 512 --json >"$work/eval.json" 2>/dev/null
  check "training lowers the perplexity at the same size" \
    "$(value perplexity "$work/eval.json") < $(value perplexity "$work/untrained.json")"
  for threads in 1 2; do
    $lathe compress --model $model --recipe "$work/soco.json5" --set stages.0.keep=0.6 --set stages.0.steps=12 \
      --set stages.0.interval=4 --set calibration.samples=8 --threads $threads --output "$work/threads-$threads" \
      >/dev/null 2>&1
  done
  check "soco writes the same bytes with one and two threads" \
    "$(diff -r "$work/threads-1" "$work/threads-2" >/dev/null && echo 1 || echo 0)"
  check "verify covers the curves" "$($lathe verify "$work/threads-1" >/dev/null && echo 1 || echo 0)"
else
  echo "skip  soco at full length: set LATHE_TRAINING=1 (half an hour)"
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
