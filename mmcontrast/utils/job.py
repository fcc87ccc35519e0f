"""The job that a process belongs to, by which a restarted process recognizes what is its own.

torchrun restarts the processes of a training after one of them was killed, and Slurm starts a job
again that was preempted or lost a node. Both count these restarts in an environment variable.
"""

import os
import shlex
import sys


def restarts_by_job() -> dict[str, int]:
    """Return how often torchrun and Slurm have restarted this training, by its name there.

    A name is the same after a restart, and differs from those of all other trainings. Outside of
    both there is none.
    """
    environment, restarts = os.environ, {}
    if environment.get("TORCHELASTIC_RUN_ID", "none") != "none":  # none: of all without an id
        name = f"torchrun {environment['TORCHELASTIC_RUN_ID']}"
        restarts[name] = int(environment.get("TORCHELASTIC_RESTART_COUNT", 0))
    if "SLURM_JOB_ID" in environment:
        # One job of Slurm may run several trainings.
        cluster, job = environment.get("SLURM_CLUSTER_NAME", ""), environment["SLURM_JOB_ID"]
        name = f"slurm {cluster} {job} {shlex.join(sys.argv)}"
        restarts[name] = int(environment.get("SLURM_RESTART_COUNT", 0))
    return restarts
