"""Compiles the optional kernels when the project is built or installed.

By `cc`, by what `CC` names, or, where neither is there, by the C compiler that the
package `ziglang` brings. Without any, or with `FORBEAR_BUILD_KERNEL=0`, there are no
kernels, and Python and NumPy give the same answers (`scoring/kernels.py`,
`features/reading/json_rows.py`).
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
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
# any processor of this kind, as `cc` has it, not only the one that compiles
ZIG = (sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline", "-s")


class KernelHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """A compiler, where one is wanted and none is there."""
        if not lacks_compiler():
            return []
        groups: dict[str, list[str]] = self.metadata.config["dependency-groups"]
        return groups["compiler"]

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


def is_refused() -> bool:
    """Whether kernels are not wanted, or nobody would load them."""
    return os.environ.get("FORBEAR_BUILD_KERNEL") == "0" or sys.platform == "win32"


def own_compiler() -> list[str] | None:
    """The command of this machine's C compiler; None where it has none."""
    command = shlex.split(os.environ.get("CC") or "cc")
    return command if command and shutil.which(command[0]) else None


def lacks_compiler() -> bool:
    """Whether kernels are wanted, and this machine has no compiler for them."""
    return not is_refused() and own_compiler() is None


def compiled(source: Path, folder: Path) -> Path | None:
    """The kernel, written into `folder`; None where it cannot be compiled."""
    if is_refused():
        return None
    compiler = own_compiler() or (ZIG if find_spec("ziglang") else None)
    if compiler is None:
        sys.stderr.write("no C compiler: Python and NumPy answer instead of kernels\n")
        return None
    fresh = folder / f"{source.stem}.so"
    command = [*compiler, *FLAGS, "-o", str(fresh), str(source), "-lm"]
    caches = {
        f"ZIG_{kind}_CACHE_DIR": str(folder / "zig") for kind in ("GLOBAL", "LOCAL")
    }
    environment = {**os.environ, **caches}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        sys.stderr.write(f"no kernel in C, NumPy answers instead: {done.stderr}\n")
        return None
    return fresh
