#!/usr/bin/env python3
"""Praat's pitch tracker on recordings whose pitch is known, beside ours.

usage: eval_pitch_praat.py DIR [--ddsp COMMAND] [--floor HZ] [--ceiling HZ]

Files, tables of true pitch, conditions and shares are those of `ddsp eval-pitch` (see its help and
crates/ddsp-cli/src/eval_pitch); they are found and computed anew here, so that each checks the other.
With --ddsp, that command runs on the same folder and its rows stand between Praat's.

Praat's settings: Sound: To Pitch (ac), time step 4 ms, floor 50 Hz and ceiling 2000 Hz unless told
otherwise, 15 candidates, not very accurate, silence threshold 0.03, voicing threshold 0.45, octave cost
0.01, octave-jump cost 0.35, voiced/unvoiced cost 0.14, all defaults but floor, ceiling and step. Files
are at their own rate, channels averaged. Praat is timed on one thread, best of three. Needs
scripts/requirements.txt.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import parselmouth
import soundfile

STEP_S = 0.004
TOLERANCE_CENTS = 50.0
N_RUNS = 3
SUFFIXES = {".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif"}
SHARES = ("rpa", "rca", "octave_error", "voicing_accuracy")


def table_of(audio: pathlib.Path) -> tuple[pathlib.Path, str] | None:
    """The table of a recording and the name of its row."""
    own = audio.with_suffix(".csv")
    if own.exists():
        return own, audio.stem
    base, underscore, condition = audio.stem.rpartition("_")
    shared = audio.with_name(f"{base}.csv")
    if not underscore or not shared.exists():
        return None
    if base.startswith("sweep_"):
        return shared, base if condition == "clean" else audio.stem
    return shared, condition


def order(name: str, recordings: set[str]) -> tuple:
    """Clean first, then the noises, louder ones later; sweeps; recordings."""
    if name in recordings:
        return (2, name)
    if name.startswith("sweep_"):
        return (1, name)
    kind, level = re.fullmatch(r"(.*?)(\d*)(?:dB)?", name).groups()
    return (0, name != "clean", kind, -int(level) if level else 0)


def track(audio: np.ndarray, rate: int, floor: float, ceiling: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Times in s, pitches in Hz with 0 where unvoiced, and the seconds that Praat took."""
    best_s = np.inf
    for _ in range(N_RUNS):
        start = time.perf_counter()
        pitch = parselmouth.Sound(audio, rate).to_pitch_ac(
            time_step=STEP_S, pitch_floor=floor, pitch_ceiling=min(ceiling, 0.49 * rate)
        )
        best_s = min(best_s, time.perf_counter() - start)
    return pitch.xs(), pitch.selected_array["frequency"], best_s


def shares(truth_hz: np.ndarray, estimate_hz: np.ndarray) -> dict[str, float]:
    voiced = truth_hz > 0
    both = voiced & (estimate_hz > 0)
    cents = 1200 * np.log2(estimate_hz[both] / truth_hz[both])
    octaves = np.round(cents / 1200)
    near = np.abs(cents - 1200 * octaves) <= TOLERANCE_CENTS
    n_voiced = np.sum(voiced) or np.nan
    return {
        "rpa": np.sum(near & (octaves == 0)) / n_voiced,
        "rca": np.sum(near) / n_voiced,
        "octave_error": np.sum(near & (octaves != 0)) / n_voiced,
        "voicing_accuracy": np.mean(voiced == (estimate_hz > 0)),
    }


def evaluate(folder: pathlib.Path, floor: float, ceiling: float) -> list[dict]:
    rows = collections.defaultdict(list)
    recordings = set()
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES):
        found = table_of(path)
        if found is None:
            print(f"no table of true pitch, left out: {path}")
            continue
        table, name = found
        if table.stem == path.stem:
            recordings.add(name)
        truth = np.loadtxt(table, delimiter=",", skiprows=1, usecols=(0, 1))
        audio, rate = soundfile.read(path, always_2d=True)
        times_s, pitch_hz, took_s = track(audio.mean(axis=1), rate, floor, ceiling)
        nearest = np.round((truth[:, 0] - times_s[0]) / STEP_S).astype(int)
        estimate_hz = pitch_hz[np.clip(nearest, 0, len(pitch_hz) - 1)]
        rows[name].append((shares(truth[:, 1], estimate_hz), took_s, len(audio) / rate))
    table = []
    for name in sorted(rows, key=lambda name: order(name, recordings)):
        clips, took_s, audio_s = zip(*rows[name])
        row = {"tracker": f"praat ac {floor:g} Hz", "condition": name}
        row |= {share: float(np.nanmean([clip[share] for clip in clips])) for share in SHARES}
        table.append(row | {"ms_per_s": 1e3 * sum(took_s) / sum(audio_s)})
    return table


def evaluate_ours(command: str, folder: pathlib.Path) -> list[dict]:
    with tempfile.TemporaryDirectory() as scratch:
        result = pathlib.Path(scratch) / "rows.json"
        subprocess.run(
            [command, "eval-pitch", folder, "--json", result], check=True, stdout=subprocess.DEVNULL
        )
        return json.loads(result.read_text())


def show(table: list[dict]) -> None:
    trackers = max(len(row["tracker"]) for row in table)
    conditions = max(9, *(len(row["condition"]) for row in table))
    print(f"{'tracker':{trackers}}  {'condition':{conditions}}     rpa    rca  octave  voicing   ms/s")
    for row in table:
        rpa, rca, octave, voicing = ("-" if row[s] is None else f"{row[s]:.3f}" for s in SHARES)
        print(
            f"{row['tracker']:{trackers}}  {row['condition']:{conditions}}  {rpa:>6} {rca:>6}"
            f"  {octave:>6}  {voicing:>7}  {row['ms_per_s']:5.2f}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--ddsp", metavar="COMMAND")
    parser.add_argument("--floor", type=float, default=50.0, metavar="HZ")
    parser.add_argument("--ceiling", type=float, default=2000.0, metavar="HZ")
    args = parser.parse_args()
    table = evaluate(args.folder, args.floor, args.ceiling)
    if not table:
        print(f"{args.folder}: no recordings with tables of their pitch", file=sys.stderr)
        return 2
    if args.ddsp is not None:
        ours = evaluate_ours(args.ddsp, args.folder)
        table = [
            row
            for praat in table
            for row in [*(r for r in ours if r["condition"] == praat["condition"]), praat]
        ]
    show(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
