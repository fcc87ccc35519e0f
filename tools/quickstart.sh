#!/usr/bin/env bash
# The first training, from nothing: installs what pre-training and segmentation transfer need
# (nothing is compiled), writes the embedded mini-world of small pictures, and trains DenseCL on it
# on the CPU. Run again, it reuses what is there; an interrupted training goes on where it stopped.
#
#   bash tools/quickstart.sh
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"
(($# == 0)) || die "unknown argument $1" "usage: bash tools/quickstart.sh"

CONFIG=configs/densecl/mini.py
WORK_DIR=work_dirs/quickstart

install_basics() {
    install_torch
    install_pure_mmcv
    say "Installing mmcontrast with what segmentation transfer needs"
    pip_install -e '.[segmentation]'
    ensure_cv2
}

# Runs a Python script of tools/, its whole output in a file, its progress on the terminal.
show_progress() {
    local output=$WORK_DIR/output.txt
    mkdir -p "$WORK_DIR"
    # Ctrl-C is for the training, which saves a checkpoint then; its readers wait for the end.
    "$PY" "$@" 2>&1 | (trap '' INT; tee "$output" | sed -un 's/.*\(Epoch(.*\)/    \1/p') || {
        tail -n 20 "$output" >&2
        die "python $* failed (above: the end of $output)"
    }
}

# Prints the k-NN accuracy of the network with the weights "$2" (none: untrained).
measure_knn() {
    local dir=$WORK_DIR/$1
    show_progress tools/test.py "$CONFIG" "${@:2}" --device cpu --work-dir "$dir" >&2
    "$PY" - "$dir" <<'PY'
import json, pathlib, sys

newest = max(pathlib.Path(sys.argv[1]).glob("*/*.json"))
metrics = json.loads(newest.read_text().splitlines()[-1])
print(next(f"{value:.1f} %" for name, value in metrics.items() if "top1" in name))
PY
}

use_environment
once basics install_basics
started=$SECONDS

say "Writing the mini-world to data/mini"
"$PY" tools/data/make_mini.py --out data/mini

say "Untrained: k-NN accuracy of random weights"
before=$(measure_knn untrained)

say "Training DenseCL on the CPU: $CONFIG"
show_progress tools/train.py "$CONFIG" --device cpu --work-dir "$WORK_DIR" --resume auto
checkpoint=$(<"$WORK_DIR/last_checkpoint")

say "Trained: k-NN accuracy"
after=$(measure_knn trained "$checkpoint")

log=$(find "$WORK_DIR" -maxdepth 2 -name '*.log' -not -path '*trained*' | sort | tail -n 1)
cat <<EOF

==> Done, $((SECONDS - started)) s after the installation

    k-NN accuracy   untrained $before   trained $after
    log             $log
    checkpoint      $checkpoint
    curves          $WORK_DIR/curves.png

    To train anew:              rm -r $WORK_DIR && bash tools/quickstart.sh
    Next, on your own pictures (a folder of them is enough):

        source ${PY%/python}/activate
        python tools/train.py configs/densecl/r50_coco.py --data-root /my/photos
EOF
