#!/usr/bin/env bash
# Installs everything, detection with mmcv's compiled operators included, and runs every check:
# ruff, mypy, import-linter and the tests that need no GPU.
#
#   bash tools/test.sh [--slow] [--install]
#
#   --slow     run the slow tests too (so does CI=true)
#   --install  only install
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

slow=${CI:-} install_only=
for argument in "$@"; do
    case $argument in
        --slow) slow=true ;;
        --install) install_only=true ;;
        *) die "unknown argument $argument" "usage: bash tools/test.sh [--slow] [--install]" ;;
    esac
done

failed=()
check() {
    say "$*"
    local started=$SECONDS
    "$@" || failed+=("$*")
    echo "    ($((SECONDS - started)) s)"
}

use_environment
once everything install_everything
[[ -n $install_only ]] && exit

# Two test processes share the cores; more threads each would only get in each other's way.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export PATH=$(dirname "$PY"):$PATH
tier=fast marks='not slow and not gpu'
[[ -n $slow && $slow != false ]] && tier=slow marks='not gpu'
check ruff check
check ruff format --check
check mypy
check lint-imports --no-logo
started=$SECONDS
check pytest -n 2 -m "$marks" --durations 10
# tools/dev/measures.py reports it.
echo "$((SECONDS - started)) $(git rev-parse --short HEAD)" >".pytest_cache/seconds_$tier"

if ((${#failed[@]})); then
    die "these failed:" "${failed[@]}"
fi
say "Everything passed in $SECONDS s"
