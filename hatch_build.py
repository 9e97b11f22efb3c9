"""Compiles the optional kernel when the project is built or installed.

Without a C compiler, or with `FORBEAR_BUILD_KERNEL=0`, there is none, and NumPy gives
the same answers (`scoring/kernels.py`).
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags

SOURCE, BUILT = "scoring/contributions_kernel.c", "scoring/contributions_kernel.so"
FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", "-fPIC", "-shared")


class KernelHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Into the checkout if it is installed as it lies, else into the wheel."""
        source, there = Path(self.root) / SOURCE, Path(self.root) / BUILT
        if version == "editable":
            there.unlink(missing_ok=True)  # an old one is worse than none
            with tempfile.TemporaryDirectory(dir=there.parent) as folder:
                if (fresh := compiled(source, Path(folder))) is not None:
                    fresh.replace(there)
            return
        self._folder = tempfile.TemporaryDirectory()
        if (fresh := compiled(source, Path(self._folder.name))) is not None:
            build_data["force_include"][str(fresh)] = BUILT
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{next(platform_tags())}"

    def finalize(self, version: str, _data: dict[str, Any], _artifact: str) -> None:
        if version != "editable":
            self._folder.cleanup()


def compiled(source: Path, folder: Path) -> Path | None:
    """The kernel, written into `folder`; None where it cannot be compiled."""
    if os.environ.get("FORBEAR_BUILD_KERNEL") == "0" or sys.platform == "win32":
        return None
    fresh = folder / "kernel.so"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    command = [*compiler, *FLAGS, "-o", str(fresh), str(source)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        problem = done.stderr if done.returncode else ""
    except OSError as error:
        problem = str(error)
    if problem:
        sys.stderr.write(f"no kernel in C, NumPy answers instead: {problem}\n")
        return None
    return fresh
