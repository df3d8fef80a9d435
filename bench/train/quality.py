#!/usr/bin/env python3
"""How long an instrument takes to be good: trains it, and Magenta's recipe beside it, on one recording, and makes a table and a plot.

    cargo build --release -p ddsp-cli --features train
    python3 bench/train/quality.py RECORDINGS -o OUT [--minutes 5] [--seeds 0,1] [--solo-minutes 30] [--ddsp target/release/ddsp]

Prepares RECORDINGS at 16 kHz with the last tenth held out (once), trains `instrument` for each seed and, if asked, `solo` with Magenta's
settings (16 windows of 4 s, Adam 3e-4), one after the other, and reads what each run measured on held-out windows of 4 s: Magenta's plain
multi-scale spectral loss, loudness L1, f0 L1 of errors up to 50 cents and the share of larger ones. Runs that are finished are not made
again: the same command goes on. Needs matplotlib for the plot. Say what else the machine did: the load is printed with each run.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys


def run(command, log):
    print(f"  load {os.getloadavg()[0]:.2f}  $ {' '.join(map(str, command))}", flush=True)
    with open(log, "a") as file:
        code = subprocess.run([str(c) for c in command], stdout=file, stderr=subprocess.STDOUT).returncode
    if code:
        sys.exit(f"{command[1]} ended with {code}: see {log}")


def evaluations(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [m for m in map(json.loads, lines) if m["kind"] == "eval"]


def first_within(evals, loss, loudness):
    """Seconds of training at the first evaluation that is at least as good."""
    good = (e["elapsed_s"] for e in evals if e["spectral_loss"] <= loss and e["loudness_l1_db"] <= loudness)
    return next(good, None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+")
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--solo-minutes", type=float, default=0.0)
    parser.add_argument("--sample-rate", type=int, default=16000)
    parser.add_argument("--loss", type=float, default=5.6, help="good enough")
    parser.add_argument("--loudness", type=float, default=1.2, help="good enough, dB")
    parser.add_argument("--set", action="append", default=[], help="a setting of the instrument, as for ddsp train")
    parser.add_argument("--ddsp", default="target/release/ddsp")
    args = parser.parse_args()

    out = args.output
    out.mkdir(parents=True, exist_ok=True)
    data, log = out / "data", out / "log.txt"
    run([args.ddsp, "prepare", *args.recordings, "-o", data, "--sample-rate", args.sample_rate], log)
    runs = {}
    for seed in filter(None, args.seeds.split(",")):
        name = f"instrument, seed {seed}"
        runs[name] = out / f"instrument-{seed}"
        sets = [word for setting in args.set for word in ("--set", setting)]
        run([args.ddsp, "train", data, "-o", runs[name], "--seed", seed, "--minutes", args.minutes, "--plain", *sets], log)
    if args.solo_minutes:
        runs["Magenta's recipe (solo)"] = out / "solo"
        run([args.ddsp, "train", data, "-o", out / "solo", "--preset", "solo", "--minutes", args.solo_minutes, "--plain",
             "--set", "upkeep.n_evaluations=30"], log)

    curves = {name: evaluations(folder) for name, folder in runs.items()}
    print(f"\n{'run':26} {'steps':>6} {'min':>6} {'loss':>7} {'loud dB':>8} {'f0 st':>7} {'outl.':>6}  "
          f"min to loss <= {args.loss} and loudness <= {args.loudness} dB")
    for name, evals in curves.items():
        best = min(evals, key=lambda e: e["spectral_loss"])
        last = evals[-1]
        within = first_within(evals, args.loss, args.loudness)
        print(f"{name:26} {last['step']:6} {last['elapsed_s'] / 60:6.2f} {best['spectral_loss']:7.3f} "
              f"{best['loudness_l1_db']:8.3f} {best['f0_l1_semitones']:7.4f} {100 * best['f0_outliers']:5.2f}%  "
              + (f"{within / 60:.2f}" if within else "not reached"))
    solo = curves.get("Magenta's recipe (solo)")
    if solo:
        best = min(e["spectral_loss"] for e in solo)
        loud = min(e["loudness_l1_db"] for e in solo if e["spectral_loss"] == best)
        whole = solo[-1]["elapsed_s"]
        for name, evals in curves.items():
            within = first_within(evals, best, loud)
            if name.startswith("instrument") and within:
                print(f"{name} passes the best of Magenta's recipe ({best:.3f}, {loud:.2f} dB in {whole / 60:.1f} min) after "
                      f"{within / 60:.2f} min: {whole / within:.1f} times sooner")

    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4))
    for key, axis, title in (("spectral_loss", axes[0], "held-out spectral loss"), ("loudness_l1_db", axes[1], "loudness L1, dB")):
        for name, evals in curves.items():
            axis.plot([e["elapsed_s"] / 60 for e in evals], [e[key] for e in evals], marker=".", label=name)
        axis.set(title=title, xlabel="minutes of training", yscale="log")
        axis.grid(True, which="both", alpha=0.3)
    axes[0].axhline(args.loss, color="grey", linewidth=0.8)
    axes[1].axhline(args.loudness, color="grey", linewidth=0.8)
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(out / "quality.png", dpi=110)
    print(f"\nwrote {out / 'quality.png'}")


if __name__ == "__main__":
    main()
