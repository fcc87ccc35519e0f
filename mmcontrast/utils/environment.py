"""The installed packages, and combinations of them that do not work."""

import importlib
import importlib.metadata
from collections.abc import Mapping

_FORKS = {
    "onedl-mmengine": ("mmengine", "mmengine-lite"),
    "onedl-mmcv": ("mmcv", "mmcv-lite", "mmcv-full"),
    "onedl-mmdetection": ("mmdet",),
    "onedl-mmsegmentation": ("mmsegmentation",),
}
_OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python")
_SHOWN = (
    "torch", "torchvision", *_FORKS, "numpy", "pillow", *_OPENCV, "timm", "webdataset",
    "safetensors", "tensorboard", "matplotlib", "scikit-learn",
)  # fmt: skip


def installed_versions() -> dict[str, str]:
    """Return the version of every installed package, by its name in lower case with hyphens."""
    return {
        distribution.metadata["Name"].lower().replace("_", "-"): distribution.version
        for distribution in importlib.metadata.distributions()
        if distribution.metadata["Name"]
    }


def shown_versions(versions: Mapping[str, str]) -> dict[str, str]:
    """Return the versions of the packages that matter to this one."""
    return {name: versions[name] for name in _SHOWN if name in versions}


def find_conflicts(versions: Mapping[str, str]) -> list[str]:
    """Name the combinations of packages that are known to fail, each with its remedy.

    Args:
        versions: Version by package, as from :func:`installed_versions`.
    """
    problems = []
    for fork, originals in _FORKS.items():
        for original in originals:
            if original in versions and fork in versions:
                problems.append(
                    f"{original} is installed beside {fork}; both write the same folder, and what "
                    f"is in it now is a mixture. pip uninstall -y {original} {fork} && "
                    f"pip install {fork}"
                )
            elif original in versions:
                problems.append(
                    f"{original} {versions[original]} is the original, which is no longer "
                    f"maintained and does not work with this torch. pip uninstall -y {original} && "
                    f"pip install {fork}"
                )
    for package in ("onedl-mmdetection", "onedl-mmsegmentation"):
        for needed in ("onedl-mmengine", "onedl-mmcv"):
            if package in versions and needed not in versions:
                problems.append(f"{package} needs {needed} without saying so. pip install {needed}")
    if _number(versions, "torch") >= (2, 14):
        problems.append(
            "torch 2.14 and newer demand C++20, which mmcv's operators do not build with. "
            "pip install 'torch<2.14'"
        )
    if _number(versions, "numpy") >= (2, 3) and "imaug" in versions:
        problems.append("imaug, which mmdet brings, needs numpy below 2.3. pip install 'numpy<2.3'")
    if _number(versions, "pillow") >= (13,) and "gradio" in versions:
        problems.append("gradio needs pillow below 13. pip install 'pillow<13'")
    return problems


def find_import_failures(versions: Mapping[str, str]) -> list[str]:
    """Import the installed packages that often fail, and name those that do, with the remedy."""
    problems = []
    for package, module, remedy in (
        (
            "torchvision",
            "torchvision",
            "it belongs to another torch; install the pair that requirements/constraints.txt names",
        ),
        (
            "onedl-mmdetection",
            "mmcv._ext",
            "mmdet needs mmcv with compiled operators; bash tools/test.sh builds them",
        ),
    ):
        if package in versions:
            try:
                importlib.import_module(module)
            except (ImportError, RuntimeError) as error:
                problems.append(f"{module} cannot be imported ({error}): {remedy}.")
    return problems


def _number(versions: Mapping[str, str], package: str) -> tuple[int, ...]:
    """Return a version's first two numbers; () if the package is not installed."""
    numbers = versions.get(package, "").split("+")[0].split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdigit())
