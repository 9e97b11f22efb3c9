"""CPU and peak memory of `forbear score`, by size, beside another commit.

Portfolios of 24 months are simulated, one of 3,000 customers trains the models that
score them all. Each run is a command of its own; its processes are counted together:
CPU as the operating system has it, memory as the sum of their resident pages, looked at
ten times a second (pages that processes share count in each: if anything too much).

    python -m benchmarks.portfolio [--sizes 2600,20000] [--base COMMIT] [--memory 2000]

With `--base` the same portfolios and models are scored by that commit as well, in a
worktree of its own. What says nothing about `--memory` is not given it.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
MONTHS = 24
PAGE = resource.getpagesize()


class Cost(NamedTuple):
    """What one run of a command cost."""

    cpu_s: float
    peak_mb: float


def cost_of(command: Sequence[str], root: Path, home: Path) -> Cost:
    """Run a command with the modules under `root`."""
    stated = {
        "PYTHONPATH": str(root),
        "FORBEAR_HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "",  # else every run compiles all libraries anew
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.Popen(
        command, cwd=root, env=os.environ | stated, stdout=subprocess.DEVNULL
    )
    peak = [0.0]
    watch = threading.Thread(target=_watch, args=(run, peak))
    watch.start()
    code = run.wait()
    watch.join()
    if code not in (0, 3):
        raise SystemExit(f"{' '.join(command)}: exit code {code}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, peak[0])


def _watch(run: "subprocess.Popen[bytes]", peak: list[float]) -> None:
    while run.poll() is None:
        peak[0] = max(peak[0], sum(map(_resident, _family(run.pid))) / 1e6)
        time.sleep(0.1)


def _family(pid: int) -> Iterator[int]:
    yield pid
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        for child in children.read_text().split():
            yield from _family(int(child))
    except OSError:  # it has ended
        return


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """The files of a commit; kernels and modules are compiled as in an installation."""
    place = folder / "base"
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--detach", "-q", str(place), commit], check=True)
    try:
        for kernel in ROOT.glob("*/**/*_kernel.so"):
            source = kernel.with_suffix(".c").relative_to(ROOT)
            theirs = place / source
            if theirs.is_file() and theirs.read_bytes() == (ROOT / source).read_bytes():
                theirs.with_suffix(".so").write_bytes(kernel.read_bytes())
        compile_modules(place)
        yield place
    finally:
        subprocess.run([*git, "remove", "--force", str(place)], check=True)


def compile_modules(root: Path) -> None:
    """Compile the modules under `root`: else each run compiles them anew."""
    compiled = [sys.executable, "-m", "compileall", "-q", "-x", r"[/\\][.]venv"]
    subprocess.run([*compiled, str(root)], check=True)


def forbear(*words: str) -> list[str]:
    return [sys.executable, "-m", "cli.main", *words]


def prepared(folder: Path, sizes: Sequence[int], n_trained: int) -> Path:
    """Simulated portfolios in `folder`, named by their sizes; returns the models."""
    compile_modules(ROOT)
    home = folder / "home"
    # uv leaves it to the first run to compile libraries: twelve seconds, not counted
    sample, out = ROOT / "data/samples/lumen", folder / "first.parquet"
    cost_of(forbear("score", str(sample), "--out", str(out)), ROOT, folder / "no-home")
    trained = ((n_trained, 1),) if n_trained else ()
    for n, seed in (*trained, *((n, 2) for n in sizes)):
        words = ("--customers", str(n), "--months", str(MONTHS), "--seed", str(seed))
        out = folder / f"{n}-{seed}"
        subprocess.run(
            forbear("simulate", *words, "--out", str(out)),
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    if n_trained:
        subprocess.run(
            forbear("train", str(folder / f"{n_trained}-1")),
            cwd=ROOT,
            check=True,
            env=os.environ | {"FORBEAR_HOME": str(home)},
            stdout=subprocess.DEVNULL,
        )
    return home


def main() -> None:
    """Measure runs over portfolios of the sizes that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", default="2600,20000")
    parser.add_argument("--trained-on", type=int, default=3_000, help="0: the starter")
    parser.add_argument("--base")
    parser.add_argument("--memory", default="2000")
    parser.add_argument("--workers", default="2")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    bounded = ("--memory", given.memory, "--workers", given.workers)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = prepared(folder, sizes, given.trained_on)
        if given.base is None:
            for n in sizes:
                _show("here", n, *_scored(ROOT, folder, home, n, bounded))
            return
        with checked_out(given.base, folder) as base:
            for n in sizes:
                ours, n_ours = _scored(ROOT, folder, home, n, bounded)
                theirs, n_theirs = _scored(base, folder, home, n, ())
                _show("here", n, ours, n_ours)
                _show(given.base, n, theirs, n_theirs)
                print(f"{'':12} CPU {ours.cpu_s / theirs.cpu_s:.2f} x its")


def _scored(
    root: Path, folder: Path, home: Path, n: int, more: Sequence[str]
) -> tuple[Cost, int]:
    """What a list cost, and how many rows it has."""
    out = folder / "list.parquet"
    command = forbear("score", str(folder / f"{n}-2"), "--out", str(out), *more)
    return cost_of(command, root, home), pq.read_metadata(out).num_rows


def _show(name: str, n: int, cost: Cost, n_rows: int) -> None:
    each = 1_000 * cost.cpu_s / n_rows
    print(
        f"{name:12} {n:>9,} customers, {n_rows:>9,} scored: "
        f"{cost.cpu_s:7.1f} s of CPU, {each:5.2f} ms each, "
        f"{cost.peak_mb:6,.0f} MB at the peak"
    )


if __name__ == "__main__":
    main()
