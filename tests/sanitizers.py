"""A kernel in C under gcc's sanitizers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]


def under_sanitizers(folder: Path, source: Path, script: str) -> str:
    """What a script prints that loads the kernel as `./kernel.so` of its folder.

    AddressSanitizer and UndefinedBehaviorSanitizer end it at their first finding.
    """
    sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    build = ["gcc", *sanitize, "-std=c11", "-g", "-O1", "-fPIC", "-shared"]
    try:
        subprocess.run(
            [*build, "-o", str(folder / "kernel.so"), str(source), "-lm"],
            check=True,
            capture_output=True,
        )
        where = ["gcc", "-print-file-name=libasan.so"]
        runtime = subprocess.run(where, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no gcc with sanitizers")
    environment = {
        **os.environ,
        "LD_PRELOAD": runtime.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter's own
        "PYTHONPATH": str(HERE),
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
