#!/usr/bin/env python3
"""A training step of Magenta's solo_instrument, ours beside PyTorch's, operation by operation. One command:

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r bench/requirements.txt
    /tmp/peers/bin/python bench/train/compare.py

builds `bench/step`, then runs ours and `peer.py` by turns, each in a process of its own, so that a busy machine is busy for both. A pair
gives one ratio, the median of ours to the median of theirs; the table has the median of the ratios, with the least and the greatest, and
the load average of that time. PyTorch runs in f32 and with the decoder in bf16. Below 1, ours is faster. Measure on a machine that does
nothing else: two threads of PyTorch wait for each other a thousand times in the GRU, and a third program makes each wait long.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(__file__).with_name("peer.py")
PRECISIONS = ("f32", "bf16")
# Steps that each process makes before those that are timed: bench/step's own number.
WARM_UP = 3

# What both sides time: the name, our parts of the plain step, theirs with forward and backward.
OPERATIONS = [
    (
        "decoder",
        ("matrix products", "bias, norm, activation", "copies of columns", "bias of the gates", "GRU, the recurrence"),
        ("input stacks", "GRU", "out stack"),
    ),
    ("controls", ("controls",), ("controls",)),
    ("harmonic", ("harmonic bank",), ("harmonic",)),
    ("filtered noise", ("filtered noise",), ("noise",)),
    ("reverb", ("mix", "reverb"), ("reverb",)),
    ("spectral loss", ("spectral loss and its gradient",), ("loss",)),
    ("Adam", ("Adam",), ("Adam",)),
]


def build():
    command = ["cargo", "bench", "-p", "ddsp", "--bench", "step", "--no-run", "--message-format", "json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    built = [m for m in map(json.loads, lines) if m.get("executable") and m["target"]["name"] == "step"]
    return built[-1]["executable"]


def run(command, threads):
    """What a process says of itself."""
    environment = os.environ | {"RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    return json.loads(text.splitlines()[-1])


def spread(values, form="{:.2f}"):
    values = sorted(values)
    return " ".join(["{:>8}".format(form.format(statistics.median(values))), f"({form.format(values[0])} to {form.format(values[-1])})"])


def theirs(parts, names):
    """Forward and backward of some parts."""
    return sum(seconds for name, seconds in parts.items() if name.split(", ")[0] in names)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="See the head of this file.")
    parser.add_argument("--pairs", type=int, default=5, help="turns of ours and theirs")
    parser.add_argument("--steps", type=int, default=3, help="steps that each process times, after those that it does not")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of both sides")
    parser.add_argument("--step", help="the built bench/step, instead of building it")
    parser.add_argument("--compile", action="store_true", help="PyTorch's parts through torch.compile")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured there, too")
    arguments = parser.parse_args()
    step = arguments.step or build()
    steps = str(arguments.steps)
    ours = [step, "--json", "--steps", steps, "--only"]
    peer = [sys.executable, str(PEER), "--json", "--steps", steps, "--warm-up", str(WARM_UP), "--threads", str(arguments.threads)]
    peer += ["--compile"] * arguments.compile
    extra = {"f32": [], "bf16": ["--bf16"]}

    rows, loads, start = [], [], time.time()
    for pair in range(arguments.pairs):
        row = {"graph": run([*ours, "graph"], arguments.threads), "plain": run([*ours, "plain"], arguments.threads)}
        row |= {precision: run([*peer, *extra[precision]], arguments.threads) for precision in PRECISIONS}
        rows.append(row)
        loads.append(os.getloadavg()[0])
        print(f"pair {pair + 1} of {arguments.pairs}, load average {loads[-1]:.2f}", file=sys.stderr, flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"pairs": rows, "load_average": loads}) + "\n")

    print(f"{platform.machine()}, {arguments.threads} threads each, PyTorch {rows[0]['f32']['torch']}, "
          f"{arguments.pairs} pairs in {time.time() - start:.0f} s, load average {spread(loads).strip()}")
    print(f"{'ms, the median of the pairs':28}" + "".join(f"{x:>14}" for x in ("ours", "PyTorch f32", "PyTorch bf16")))
    for name, our_parts, their_parts in OPERATIONS:
        cells = [statistics.median(sum(r["plain"]["parts"][p] for p in our_parts) for r in rows)]
        cells += [statistics.median(theirs(r[p]["parts"], their_parts) for r in rows) for p in PRECISIONS]
        print(f"  {name:26}" + "".join(f"{1e3 * x:14.1f}" for x in cells))
    graph = [statistics.median(r["graph"]["graph_s"]) for r in rows]
    plain = [statistics.median(r["plain"]["plain_s"]) for r in rows]
    peers = {p: [statistics.median(r[p]["step_s"]) for r in rows] for p in PRECISIONS}
    whole = [graph, *peers.values()]
    print(f"{'the whole step':28}" + "".join(f"{1e3 * statistics.median(x):14.1f}" for x in whole))
    print(f"{'written out without a graph':28}{1e3 * statistics.median(plain):14.1f}")
    memory = [[r[x]["peak_rss_bytes"] for r in rows] for x in ("graph", *PRECISIONS)]
    print(f"{'peak memory, MiB':28}" + "".join(f"{max(x) / 2**20:14.0f}" for x in memory))
    for p in PRECISIONS:
        print(f"ours to PyTorch {p}: {spread([a / b for a, b in zip(graph, peers[p])])}")
    print("Operations of ours are those of the step without a graph, forward and backward; PyTorch's are forward and backward, cut apart.")


if __name__ == "__main__":
    main()
