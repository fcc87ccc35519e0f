#!/usr/bin/env bash
# Evaluate a checkpoint in several processes; the variables are those of tools/dist_train.sh:
#   bash tools/dist_test.sh CONFIG CHECKPOINT PROCESSES [options of tools/test.py]
set -euo pipefail
if (($# < 3)); then
    sed -n '2,3s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
config=$1 checkpoint=$2 processes=$3
shift 3
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "${PYTHON:-python}" -m mmcontrast.apis.training.launch "$processes" "$tools/test.py" "$config" \
    "$checkpoint" "$@"
