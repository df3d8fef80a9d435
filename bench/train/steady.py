#!/usr/bin/env python3
"""Whether a long training stays as fast and as small as it began.

    cargo build --release -p ddsp-cli --features train
    python3 bench/train/steady.py DATASET -o OUT [--steps 5000] [--batch-size 16] [--ddsp target/release/ddsp]

Trains `tiny` and prints the median time of a step in the first and the last 500 (after the first 20, in which the process gets its memory),
and the resident memory over the run. A step's time is that between two lines of metrics.jsonl, over the steps between them. Linux: memory is
read from /proc.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

WINDOW = 500
WARM_UP = 20


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=pathlib.Path)
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--ddsp", default="target/release/ddsp")
    args = parser.parse_args()

    command = [args.ddsp, "train", args.dataset, "-o", args.output, "--restart", "--plain", "--preset", "tiny",
               "--steps", str(args.steps), "--batch-size", str(args.batch_size)]
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL)
    memory, start = [], time.time()
    while process.poll() is None:
        try:
            found = resident_mib(process.pid)
        except OSError:
            found = None
        if found:
            memory.append((time.time() - start, found))
        time.sleep(1)
    if process.returncode:
        sys.exit(f"training ended with {process.returncode}")

    lines = [json.loads(line) for line in (args.output / "metrics.jsonl").read_text().splitlines()]
    steps = [m for m in lines if m["kind"] == "step"]
    times = [(b["step"], (b["elapsed_s"] - a["elapsed_s"]) / (b["step"] - a["step"])) for a, b in zip(steps, steps[1:])]
    first = statistics.median(s for n, s in times if WARM_UP < n <= WARM_UP + WINDOW)
    last = statistics.median(s for n, s in times if n > args.steps - WINDOW)
    print(f"a step: {1e3 * first:.1f} ms in the first {WINDOW}, {1e3 * last:.1f} ms in the last, ratio {last / first:.3f}")
    whole = memory[-1][0]
    tenths = [[m for t, m in memory if i / 10 * whole <= t <= (i + 1) / 10 * whole] for i in range(10)]
    print("resident MiB, the median of each tenth of the run: " + " ".join(f"{statistics.median(x):.0f}" for x in tenths if x))


if __name__ == "__main__":
    main()
