import os
import re
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_it_prints_its_figures():
    small = dict(points=600, large=900, channels=16, clusters=5, iters=3, rounds=1)
    options = [text for name, value in small.items() for text in (f"--{name}", str(value))]
    output = subprocess.run(
        [sys.executable, "benchmarks/clustering.py", *options],
        env=os.environ | dict(PYTHONPATH="."),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert re.search(r"^figure kmeans_over_sklearn \d+\.\d\d ratio$", output, re.M)
    inertia = re.search(r"^figure inertia_over_sklearn (\d\.\d{4}) ratio$", output, re.M)
    assert float(inertia[1]) == pytest.approx(1, abs=1e-3)
    assert re.search(r"^figure peak_gib_1m \d+\.\d\d GiB$", output, re.M)
    assert "assignment of 900" in output
