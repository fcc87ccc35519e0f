import os
import re
import subprocess
import sys

import pytest

pytest.importorskip("lightly", reason="needs the extra 'bench'")


@pytest.mark.slow
def test_it_prints_its_figures():
    environment = {k: v for k, v in os.environ.items() if k != "MMCONTRAST_DATA"}
    output = subprocess.run(
        [sys.executable, "benchmarks/data_pipeline.py", "--rounds", "1"],
        env=environment | dict(PYTHONPATH="."),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in ("lightly", "torchvision"):
        assert re.search(rf"^figure pipeline_over_{name} \d+\.\d\d ratio$", output, re.M)
    assert "read and decode" in output
