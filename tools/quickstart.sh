#!/usr/bin/env bash
# The first training, from nothing: installs what pre-training and segmentation transfer need
# (nothing is compiled), writes the embedded mini-world of small images, trains DenseCL on it on the
# CPU, and then an FCN from the trained and from random weights, which a page compares. Run again,
# it reuses what is there; an interrupted training is resumed.
#
#   bash tools/quickstart.sh [--detection]
#
#   --detection  install mmdet too, with mmcv's compiled operators, and do the same with Mask R-CNN
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"
detection=
case ${1:-} in
    '') ;;
    --detection) detection=true ;;
    *) die "unknown argument $1" "usage: bash tools/quickstart.sh [--detection]" ;;
esac

CONFIG=configs/densecl/mini.py
FCN=configs/downstream/mmseg/fcn_r18_mini.py
MASK_RCNN=configs/downstream/mmdet/mask-rcnn_r18_mini.py
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
    "$PY" "$@" 2>&1 | (trap '' INT; tee "$output" | sed -un 's/.* \(\(Epoch\|Iter\)(.*\)/    \1/p') || {
        tail -n 20 "$output" >&2
        die "python $* failed (above: the end of $output)"
    }
}

# Prints the last value of the metric "$2" that the training in the folder "$1" has logged, or else the
# newest test in it, in percent.
read_metric() {
    "$PY" - "$@" <<'PY'
import pathlib, sys
from mmcontrast.apis.reports.runs import read_runs

runs = read_runs(pathlib.Path(sys.argv[1]))
metrics = (runs[0] if runs[0].training else runs[-1]).metrics
name, value = next(item for item in metrics.items() if sys.argv[2] in item[0])
print(f"{value * 100 if 'mAP' in name else value:.1f} %")  # mmdet's are fractions
PY
}

# Trains the downstream config "$2" from random and from the trained weights; adds the metric "$3" of
# both to the rows of the table, under the name "$1".
compare() {
    local weights scores=() dir option
    for weights in random pretrained; do
        dir=$WORK_DIR/$1_$weights
        option=load_from=$checkpoint
        [[ $weights == random ]] && option=default_hooks.backbone.random_weights=True
        say "Training for $1 from $weights weights: $2"
        show_progress tools/train.py "$2" --device cpu --work-dir "$dir" --resume auto \
            --cfg-options "$option"
        scores+=("$(read_metric "$dir" "$3")")
    done
    rows+=("$1, $3|${scores[0]}|${scores[1]}")
}

use_environment
if [[ -n $detection ]]; then
    once everything install_everything
else
    once basics install_basics
fi
started=$SECONDS

say "Writing the mini-world to data/mini"
"$PY" tools/data/make_mini.py --out data/mini

say "Untrained: k-NN accuracy of random weights"
show_progress tools/test.py "$CONFIG" --device cpu --work-dir "$WORK_DIR/untrained"

say "Training DenseCL on the CPU: $CONFIG"
show_progress tools/train.py "$CONFIG" --device cpu --work-dir "$WORK_DIR/densecl" --resume auto
checkpoint=$(<"$WORK_DIR/densecl/last_checkpoint")
rows=("k-NN accuracy|$(read_metric "$WORK_DIR/untrained" top1)|$(read_metric "$WORK_DIR/densecl" top1)")

compare segmentation "$FCN" mIoU
[[ -n $detection ]] && compare detection "$MASK_RCNN" segm_mAP_50

say "Writing the page"
"$PY" tools/report.py "$WORK_DIR" --title "Quick start" --out "$WORK_DIR/report.html"

log=$(find "$WORK_DIR/densecl" -name '*.log' | sort | tail -n 1)
printf '\n==> Done, %d s after the installation\n\n' $((SECONDS - started))
printf '    %-28s%-16s%s\n' '' 'random weights' 'DenseCL'
for row in "${rows[@]}"; do
    IFS='|' read -r name random trained <<<"$row"
    printf '    %-28s%-16s%s\n' "$name" "$random" "$trained"
done
cat <<EOF

    page            $WORK_DIR/report.html
    log             $log
    checkpoint      $checkpoint
    curves          $WORK_DIR/densecl/curves.png

    To train anew:              rm -r $WORK_DIR && bash tools/quickstart.sh
    Next, on your own images (a folder of them is enough):

        source ${PY%/python}/activate
        python tools/train.py configs/densecl/r50_coco.py --data-root /my/photos
EOF
