"""Compiles the optional kernels when the project is built or installed.

Without a C compiler, or with `FORBEAR_BUILD_KERNEL=0`, there are none, and Python
and NumPy give the same answers (`scoring/kernels.py`, `features/reading/json_rows.py`).
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags

KERNELS = (
    "scoring/contributions_kernel",
    "features/reading/json_kernel",
    "features/online/leaves_kernel",
)
FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", "-fPIC", "-shared")


class KernelHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Into the checkout if it is installed as it lies, else into the wheel."""
        self._folder = tempfile.TemporaryDirectory()
        for kernel in KERNELS:
            source, there = (Path(self.root) / f"{kernel}.{end}" for end in ("c", "so"))
            fresh = compiled(source, Path(self._folder.name))
            if version == "editable":
                there.unlink(missing_ok=True)  # an old one is worse than none
                if fresh is not None:
                    shutil.move(fresh, there)
            elif fresh is not None:
                build_data["force_include"][str(fresh)] = f"{kernel}.so"
                build_data["pure_python"] = False
                build_data["tag"] = f"py3-none-{next(platform_tags())}"

    def finalize(self, _version: str, _data: dict[str, Any], _artifact: str) -> None:
        self._folder.cleanup()


def compiled(source: Path, folder: Path) -> Path | None:
    """The kernel, written into `folder`; None where it cannot be compiled."""
    if os.environ.get("FORBEAR_BUILD_KERNEL") == "0" or sys.platform == "win32":
        return None
    fresh = folder / f"{source.stem}.so"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    command = [*compiler, *FLAGS, "-o", str(fresh), str(source), "-lm"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        problem = done.stderr if done.returncode else ""
    except OSError as error:
        problem = str(error)
    if problem:
        sys.stderr.write(f"no kernel in C, NumPy answers instead: {problem}\n")
        return None
    return fresh
