"""Loading the optional kernels that the build hook compiles (`hatch_build.py`)."""

import ctypes
import os
from pathlib import Path


def compiled(path: Path, version: int) -> ctypes.CDLL | None:
    """The kernel at `path`; None where Python and NumPy have to answer.

    That is so where it was not compiled, is of another version or for another machine,
    or where `FORBEAR_KERNEL` is `numpy`.
    """
    if os.environ.get("FORBEAR_KERNEL") == "numpy":
        return None
    try:
        library = ctypes.CDLL(str(path))
        is_ours = library.kernel_version() == version
    except (OSError, AttributeError):
        return None
    return library if is_ours else None
