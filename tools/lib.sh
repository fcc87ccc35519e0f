# Shared by tools/quickstart.sh and tools/test.sh: the virtual environment, what is installed into
# it, and mmcv's compiled operators. Sourced, never run.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CONSTRAINTS=$ROOT/requirements/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '\n==> %s\n' "$*"; }

die() {
    printf '\nerror: %s\n' "$1" >&2
    shift
    (($#)) && printf '       %s\n' "$@" >&2
    exit 1
}

is_supported() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; }

# Sets PY to the interpreter of the active environment, else of .venv, which it makes if need be.
use_environment() {
    local active=${VIRTUAL_ENV:-} candidate
    [[ -z $active && ${CONDA_DEFAULT_ENV:-base} != base ]] && active=$CONDA_PREFIX
    if [[ -n $active ]]; then
        PY=$active/bin/python
        is_supported "$PY" || die "the active environment $active has no Python 3.11 or 3.12." \
            "Deactivate it and run this script again: it then makes its own .venv."
        say "Using the active environment $active"
        return
    fi
    PY=$ROOT/.venv/bin/python
    if ! is_supported "$PY"; then
        [[ -e $ROOT/.venv ]] && die "$ROOT/.venv has no working Python 3.11 or 3.12." \
            "Remove it and run this script again: rm -r $ROOT/.venv"
        for candidate in "${PYTHON:-}" python3.12 python3.11 python3 python; do
            [[ -n $candidate ]] && is_supported "$candidate" && break
            candidate=
        done
        [[ -n $candidate ]] || die "Python 3.11 or 3.12 is needed, and none is on the PATH." \
            "Install one (Debian, Ubuntu: apt-get install python3.12 python3.12-venv; anywhere:" \
            "conda, pyenv or uv), or name it: PYTHON=/path/to/python3.12 bash $0"
        say "Making $ROOT/.venv with $("$candidate" --version)"
        "$candidate" -m venv "$ROOT/.venv" || {
            rm -rf "$ROOT/.venv"
            die "the virtual environment could not be made." \
                "On Debian and Ubuntu: apt-get install python3-venv"
        }
    fi
    say "Using $ROOT/.venv"
}

is_installed() { "$PY" -c 'import sys; from importlib.metadata import version; version(sys.argv[1])' "$1" 2>/dev/null; }

# The originals and OneDL's forms fill the same folders: one overwrites the other without a word.
refuse_originals() {
    local name originals=()
    for name in mmengine mmcv mmcv-full mmdet mmsegmentation; do
        is_installed "$name" && originals+=("$name")
    done
    ((${#originals[@]} == 0)) || die "this environment has ${originals[*]}, which OneDL's forms would overwrite." \
        "Remove them ($PY -m pip uninstall ${originals[*]}), or use another environment."
}

# pip's progress bars suit a terminal, not a log.
pip_install() {
    local quiet=--quiet
    [[ -t 1 ]] && quiet=
    # shellcheck disable=SC2086
    "$PY" -m pip install $quiet --constraint "$CONSTRAINTS" "$@"
}

install_torch() {
    say "Installing torch and torchvision (about 3 GB with the CUDA libraries)"
    pip_install torch torchvision
}

# Runs "$2"... unless the environment's stamp "$1" says that it ran for these very requirements.
once() {
    local stamp state
    stamp=$("$PY" -c 'import sys; print(sys.prefix)')/.mmcontrast-$1
    state=$({ "$PY" -VV; echo "$ROOT"; cat "$ROOT/pyproject.toml" "$CONSTRAINTS"; } | sha256sum)
    if [[ -f $stamp && $(<"$stamp") == "$state" ]]; then
        say "Nothing to install: $1 is up to date (to install anew: rm $stamp)"
        return
    fi
    refuse_originals
    "${@:2}"
    echo "$state" >"$stamp"
}

# cv2 of the plain package needs libGL, which servers and containers seldom have.
ensure_cv2() {
    "$PY" -c 'import cv2' 2>/dev/null && return
    say "cv2 cannot be imported here (no libGL?): installing its headless build"
    pip_install --force-reinstall --no-deps opencv-python-headless
    "$PY" -c 'import cv2' || die "opencv cannot be imported (see above)." \
        "On Debian and Ubuntu: apt-get install libgl1 libglib2.0-0"
}

# mmcv without operators, unless some mmcv is there. It is a source package, and
# --no-cache-dir: pip's cache keeps the wheel with and the one without operators under one key.
install_pure_mmcv() {
    is_installed onedl-mmcv || pip_install --no-cache-dir onedl-mmcv
}

has_operators() { "$PY" -c 'import torch, mmcv._ext' 2>/dev/null; }

# Installs mmcv with its compiled operators, from the wheel folder of this torch, Python and device.
install_mmcv_operators() {
    has_operators && return
    local key wheels
    key=$(operators_key)
    wheels=${XDG_CACHE_HOME:-$HOME/.cache}/mmcontrast/wheels/$key
    if ! compgen -G "$wheels/onedl_mmcv-*.whl" >/dev/null; then
        build_mmcv_operators "$wheels" "${key##*-}"
    fi
    say "Installing mmcv with operators from $wheels"
    # --force-reinstall: a pure-Python mmcv of the same version may be there already.
    pip_install --force-reinstall --no-deps "$wheels"/onedl_mmcv-*.whl
    pip_install "$wheels"/onedl_mmcv-*.whl
    has_operators || die "mmcv was installed, but its operators cannot be imported." \
        "Remove $wheels and run this script again."
}

# torch<version>-cp<python>-<mmcv version>-<cpu|cuda>: 'cuda' where torch sees a GPU and nvcc is there.
operators_key() {
    "$PY" - "$CONSTRAINTS" <<'PY'
import platform, re, sys
import torch

def has_nvcc():
    from torch.utils.cpp_extension import CUDA_HOME  # warns where there is no GPU

    return CUDA_HOME is not None

mmcv = re.search(r"^onedl-mmcv==(\S+)", open(sys.argv[1]).read(), re.M).group(1)
device = "cuda" if torch.cuda.is_available() and has_nvcc() else "cpu"
python = f"cp{sys.version_info.major}{sys.version_info.minor}"
print(f"torch{torch.__version__}-{python}-{platform.machine()}-mmcv{mmcv}-{device}")
PY
}

# Compiles mmcv into the folder $1 for the device $2. Nearly all of the time goes into parsing
# torch's headers 78 times, so they are parsed once, into a precompiled header.
build_mmcv_operators() {
    local wheels=$1 device=$2 flags="-DNDEBUG -g0 -O1 -w" jobs memory_jobs work started=$SECONDS
    local cxx=${CXX:-c++}
    command -v "$cxx" >/dev/null || die "a C++ compiler is needed to build mmcv's operators." \
        "Debian, Ubuntu: apt-get install g++    Fedora: dnf install gcc-c++"
    "$PY" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
        die "Python.h, which mmcv's operators are compiled against, is missing." \
            "Debian, Ubuntu: apt-get install python3-dev (python3.12-dev, ... for another version)"

    # A compiler process with torch's headers takes about 1.5 GB.
    jobs=$(nproc)
    memory_jobs=$(awk '/MemAvailable/ {print int($2 / 2e6)}' /proc/meminfo)
    ((memory_jobs < jobs)) && jobs=$((memory_jobs > 0 ? memory_jobs : 1))
    say "Compiling mmcv's operators ($device, $jobs processes): about 8 minutes on 2 cores," \
        "once for this torch and Python"
    mkdir -p "$wheels"
    work=$(mktemp -d "$wheels/build.XXXXXX")
    # shellcheck disable=SC2064  # the folder of now, 750 MB of header
    trap "rm -rf '$work'" EXIT
    pip_install setuptools wheel ninja psutil packaging

    local -a includes
    mapfile -t includes < <("$PY" -c 'import sysconfig
from torch.utils.cpp_extension import include_paths
print(*("-I" + path for path in [*include_paths(), sysconfig.get_path("include")]), sep="\n")' 2>/dev/null)
    echo '#include <torch/extension.h>' >"$work/all.h"
    # The flags and macros of both must be the same, or the compiler ignores the header.
    # shellcheck disable=SC2086
    "$cxx" $flags -fPIC "${includes[@]}" -std=c++17 -DTORCH_API_INCLUDE_EXTENSION_H \
        -DTORCH_EXTENSION_NAME=_ext -x c++-header "$work/all.h" -o "$work/all.h.gch"
    echo "    torch's headers are precompiled ($((SECONDS - started)) s); now mmcv's 78 files"
    # --no-cache-dir as above
    (
        [[ $device == cpu ]] && export CUDA_VISIBLE_DEVICES=
        CFLAGS="$flags -Winvalid-pch -include $work/all.h" MAX_JOBS=${MAX_JOBS:-$jobs} \
            MMCV_WITH_OPS=1 TMPDIR=$work "$PY" -m pip wheel --quiet --no-cache-dir --no-deps \
            --no-build-isolation --no-binary onedl-mmcv --constraint "$CONSTRAINTS" \
            --wheel-dir "$work/wheel" onedl-mmcv
    ) || die "mmcv's operators could not be compiled (see above)."
    mv "$work"/wheel/onedl_mmcv-*.whl "$wheels/"
    echo "    done in $((SECONDS - started)) s: $(ls -sh "$wheels"/*.whl)"
}

# All extras, detection and so mmcv's operators included.
install_everything() {
    install_torch
    install_mmcv_operators
    say "Installing mmcontrast with every extra"
    pip_install -e '.[all]'
    ensure_cv2
    has_operators || die "mmcv's operators were lost while the extras were installed."
}
