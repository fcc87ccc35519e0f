#!/usr/bin/env bash
# Train on a Slurm cluster, one process a GPU:
#   GPUS=16 GPUS_PER_NODE=8 bash tools/slurm_train.sh PARTITION CONFIG [options of tools/train.py]
# Also read: CPUS_PER_TASK (8), PORT (29500), SRUN_ARGS (more arguments of srun). At the job's time
# limit Slurm sends SIGTERM: a checkpoint is saved, and the same line with --resume resumes from it.
set -euo pipefail
if (($# < 2)); then
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
partition=$1 config=$2
shift 2
gpus=${GPUS:-8}
per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export MASTER_PORT=${PORT:-29500}
# shellcheck disable=SC2086  # SRUN_ARGS is several words
exec srun --partition="$partition" --job-name="${JOB_NAME:-mmcontrast}" --ntasks="$gpus" \
    --ntasks-per-node="$per_node" --gres="gpu:$per_node" --cpus-per-task="${CPUS_PER_TASK:-8}" \
    --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$tools/train.py" "$config" --launcher slurm "$@"
