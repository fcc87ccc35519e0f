#!/usr/bin/env bash
# Train in several processes, on GPUs or, where there are none, on CPU cores:
#   bash tools/dist_train.sh CONFIG PROCESSES [options of tools/train.py]
# On several machines, run it on each with NNODES, NODE_RANK, MASTER_ADDR and PORT set:
#   NNODES=2 NODE_RANK=0 MASTER_ADDR=10.0.0.1 PORT=29500 bash tools/dist_train.sh CONFIG 8
# MAX_RESTARTS=3 restarts all processes up to three times when one fails; training then resumes.
set -euo pipefail
if (($# < 2)); then
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
config=$1 processes=$2
shift 2
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "${PYTHON:-python}" -m mmcontrast.apis.training.launch "$processes" "$tools/train.py" "$config" "$@"
