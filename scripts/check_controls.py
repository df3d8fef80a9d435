"""Measures what auto adjust, autotune and quiet do to a folder of recordings.

    python3 scripts/check_controls.py FOLDER [--ddsp target/release/ddsp] [--model models/alto_sax.ddsp] [--out OUT]

For each recording: the share of sounding frames whose pitch, and whose loudness, lies inside the instrument's own
5-95% range, without and with auto adjust; the share of steady frames within 10 cents of a note of the scale that
autotune named; and by how much `--quiet 40` changes notes and gaps beside `--quiet 0`. `--out` keeps the sounds, the
tables and a picture of each. Needs only Python's standard library.
"""

import argparse
import csv
import json
import math
import pathlib
import re
import statistics
import struct
import subprocess
import tempfile

NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
MAJOR = [0, 2, 4, 5, 7, 9, 11]
# Frames that surely sound: a pitch the tracker believes, and a level near that of the loudest.
SURE, SOUNDING_DB = 0.5, 30.0
# A frame this near to the softest is silent.
SILENT_DB = 6.0
# A steady frame moves by less than this over 10 frames around it.
STEADY_CENTS = 30.0


def description(model):
    data = model.read_bytes()
    header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
    return json.loads(header["__metadata__"]["ddsp"])


def ends(quantiles):
    at = lambda share: quantiles[round((len(quantiles) - 1) * share)]
    return at(0.05), at(0.95)


def table(path):
    with open(path) as f:
        rows = [[float(x) for x in row] for row in list(csv.reader(f))[1:]]
    return [list(column) for column in zip(*rows)]


def midi(hz):
    return 69 + 12 * math.log2(hz / 440)


def sounding(features):
    _, f0, confidence, loudness = features
    loudest = max(loudness)
    return [i for i in range(len(f0)) if confidence[i] > SURE and loudness[i] > loudest - SOUNDING_DB]


def steady(features, frames):
    pitch = [midi(hz) for hz in features[1]]
    kept = set(frames)
    for i in frames:
        around = range(i - 5, i + 6)
        if all(j in kept for j in around):
            near = [pitch[j] for j in around]
            if 100 * (max(near) - min(near)) < STEADY_CENTS:
                yield pitch[i]


def share(values, low, high):
    return sum(low <= x <= high for x in values) / max(len(values), 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--ddsp", type=pathlib.Path, default="target/release/ddsp")
    parser.add_argument("--model", type=pathlib.Path, default="models/alto_sax.ddsp")
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    trained = description(args.model)["dataset_statistics"]
    pitch_ends, loudness_ends = ends(trained["pitch_quantiles_midi"]), ends(trained["loudness_quantiles_db"])
    print(f"instrument: pitch {pitch_ends[0]:.1f} to {pitch_ends[1]:.1f} midi, "
          f"loudness {loudness_ends[0]:.1f} to {loudness_ends[1]:.1f} dB")
    out = args.out or pathlib.Path(tempfile.mkdtemp())
    out.mkdir(parents=True, exist_ok=True)

    def run(*words):
        return subprocess.run([args.ddsp, *words], check=True, capture_output=True, text=True).stdout

    def played(source, name, *options):
        wav, features = out / f"{source.stem}.{name}.wav", out / f"{source.stem}.{name}.csv"
        said = run("transfer", source, "-m", args.model, "-o", wav, "--plot", wav.with_suffix(".png"), *options)
        run("analyze", wav, "-m", args.model, "--no-normalize-input", "--features", features)
        return said, table(features)

    print(f"{'recording':28} {'pitch inside':>16} {'loudness inside':>18} {'in tune':>16} {'quiet: notes':>13} {'gaps':>7}")
    totals = []
    for source in sorted(p for p in args.folder.iterdir() if p.suffix in (".flac", ".wav")):
        inside = []
        for options in (["--no-auto-adjust"], []):
            _, heard = played(source, "adjusted" if not options else "plain", *options)
            frames = sounding(heard)
            inside.append((share([midi(heard[1][i]) for i in frames], *pitch_ends),
                           share([heard[3][i] for i in frames], *loudness_ends)))
        said, tuned = played(source, "autotune", "--autotune", "1")
        tonic = re.search(r"tuned to (\S+) major", said).group(1)
        notes = [NAMES.index(tonic) + step for step in MAJOR]
        off = [min(abs((x - note + 6) % 12 - 6) for note in notes) for x in steady(tuned, sounding(tuned))]
        in_tune = sum(d <= 0.1 for d in off) / max(len(off), 1)
        _, loud = played(source, "quiet0", "--quiet", "0")
        _, quiet = played(source, "quiet40", "--quiet", "40")
        said, _ = played(source, "quiet40", "--quiet", "40", "--features", out / f"{source.stem}.in.csv")
        heard = table(out / f"{source.stem}.in.csv")
        certain = [c > 0.8 for c in heard[2]]
        n = len(certain)
        # Away from borders: 40 frames of one kind around.
        inner = lambda kind: [i for i in range(20, n - 20) if all(certain[j] == kind for j in range(i - 20, i + 20))]
        # What is silent without it cannot come down.
        heard_db = min(loud[3]) + SILENT_DB
        change = lambda frames: statistics.median(
            [quiet[3][i] - loud[3][i] for i in frames if loud[3][i] > heard_db] or [math.nan])
        notes_db, gaps_db = change(inner(True)), change(inner(False))
        totals.append((*inside[0], *inside[1], in_tune, notes_db, gaps_db))
        print(f"{source.stem:28} {inside[0][0]:7.0%} -> {inside[1][0]:5.0%} {inside[0][1]:9.0%} -> {inside[1][1]:5.0%}"
              f" {in_tune:7.1%} {tonic:>2} major {notes_db:+10.1f} dB {gaps_db:+6.1f} dB")
    mean = [statistics.fmean(x for x in column if not math.isnan(x)) for column in zip(*totals)]
    print(f"{'mean':28} {mean[0]:7.0%} -> {mean[2]:5.0%} {mean[1]:9.0%} -> {mean[3]:5.0%} {mean[4]:7.1%}          "
          f"{mean[5]:+10.1f} dB {mean[6]:+6.1f} dB")


main()
