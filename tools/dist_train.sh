#!/usr/bin/env bash
# Train in several processes, on GPUs or, where there are none, on CPU cores:
#   bash tools/dist_train.sh CONFIG PROCESSES [options of tools/train.py]
# On several machines, run it on each with NNODES, NODE_RANK, MASTER_ADDR and PORT set:
#   NNODES=2 NODE_RANK=0 MASTER_ADDR=10.0.0.1 PORT=29500 bash tools/dist_train.sh CONFIG 8
# When a process is killed, all are restarted, up to MAX_RESTARTS=3 times, and training resumes from
# the newest checkpoint that this command has written.
set -euo pipefail
if (($# < 2)); then
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
config=$1 processes=$2
shift 2
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "${PYTHON:-python}" -m mmcontrast.apis.training.launch "$processes" "$tools/train.py" "$config" "$@"
