import re
import subprocess
import sys

import pytest

for package in ("av", "decord", "librosa"):
    pytest.importorskip(package, reason="needs the extra 'bench'")


@pytest.mark.slow
def test_it_prints_its_figures():
    output = subprocess.run(
        [sys.executable, "benchmarks/av_input.py", "--rounds", "1", "--clips", "2"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in ("av_over_decord", "av_over_all", "mel_over_librosa"):
        assert re.search(rf"^figure {name} \d+\.\d+ ratio$", output, re.M)
