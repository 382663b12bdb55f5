# shellcheck shell=bash
# What scripts that make a table of docs/METHODS.md have in common; they source it and call
#
#   begin NAME SAMPLES "$@"      with MODEL CALIBRATION.txt HOLDOUT.txt [SAMPLES [CONTEXT [FOLDER]]]
#
# which prints the comment at their head where arguments are missing. Results lie in FOLDER (examples/output/NAME) and are
# not computed again. A measurement that fails ends the table.
shopt -s inherit_errexit

begin() {
  local name=$1 windows=$2
  shift 2
  if [ $# -lt 3 ]; then
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 2
  fi
  model=$(realpath "$1")
  calibration=$(realpath "$2")
  holdout=$(realpath "$3")
  samples=${4:-$windows}
  context=${5:-512}
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  lathe=$(realpath "${LATHE:-.build/release/lathe}")
  folder=${6:-examples/output/$name}
  mkdir -p "$folder"
  folder=$(realpath "$folder")
}

value() { sed -n "s/^ *\"$1\": \([-0-9.e+]*\),\{0,1\}$/\1/p" "$2" | head -n 1; }

# run STAGES [OPTION...]: compresses by the recipe's stages with these options, and prints what its results' names begin with.
run() {
  local name stages=$1
  name=$(printf '%s' "$* $model $calibration $holdout $samples $context" | cksum | cut -d ' ' -f 1)
  shift
  if [ ! -s "$folder/$name.eval" ]; then
    cat >"$folder/$name.json5" <<END
{ lathe: 1, seed: 3, stages: [$stages],
  calibration: { text: ["$calibration"], samples: $samples, context: $context } }
END
    $lathe compress "$@" --model "$model" --recipe "$folder/$name.json5" --output "$folder/$name" --force --json \
      >"$folder/$name.report" 2>"$folder/$name.log"
    $lathe eval --model "$folder/$name" --text "$holdout" --context "$context" --json \
      >"$folder/$name.partial" 2>>"$folder/$name.log"
    mv "$folder/$name.partial" "$folder/$name.eval"
    rm -rf "${folder:?}/$name"
  fi
  echo "$folder/$name"
}

# perplexity STAGES [OPTION...]: after a run.
perplexity() {
  local result
  result=$(run "$@")
  LC_ALL=C printf '%.2f' "$(value perplexity "$result.eval")"
}
