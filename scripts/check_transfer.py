#!/usr/bin/env python3
"""Checks transferred audio with a pitch tracker that is not ours.

It stands beside `ddsp compare`, which measures one pair with our own tracker and has no criteria: this is
the independent check, with Praat's tracker and a click counter of another kind, and it shares no code
with what it checks.

usage: check_transfer.py IN_DIR OUT_DIR [--shift-octaves N]
       check_transfer.py --silence-tail FILE

For every audio file STEM.* below IN_DIR, OUT_DIR/STEM.wav is its transfer. Praat's autocorrelation
method finds the pitch of both, and the table shows whether the transfer plays the same melody, shifted
by N octaves, and whether it is clean. Files that have "singing" among their folders, IN_DIR included,
must meet the criteria below, pitch over all their frames together and the rest each; others are only
reported. Exit code 1 if one fails, 2 if nothing was checked. Needs scripts/requirements.txt.

  voiced   frames, 4 ms apart, that Praat calls voiced in both files
  within   share of these less than 50 cents from the shifted input: at least 90 %
  octave   share within 50 cents of a nonzero number of octaves from it: less than 2 %
  cents    median distance
  lag      shift in time of the output, up to 100 ms, at which most frames agree: should be 0;
           reported, never made up for
  clicks   in the input and in the output: at most 2 more in the output
  pulses   the same count above 4 kHz, reported: a harmonic bank whose partials start together, as
           Magenta's does, has one pulse a period there, and each is counted
  dc, peak mean and largest magnitude of the output;  nan: samples that are no number, none allowed
"""

import argparse
import pathlib
import sys

import numpy as np
import parselmouth
import scipy.ndimage
import scipy.signal
import soundfile

STEP_S = 0.004

# Above the rumble and hum that Praat would track in pauses, below the lowest singing; 1200 Hz is above
# the highest note of a singer short of a coloratura, and leaves Praat's search for octaves narrow.
FLOOR_HZ = 50.0
CEILING_HZ = 1200.0

MIN_WITHIN = 0.90
MAX_OCTAVE = 0.02
MAX_NEW_CLICKS = 2
MAX_LAG_S = 0.1

# A sample 14 times above the median magnitude around it does not come from noise: for Gaussian noise that
# is 9.4 standard deviations. The corner lies where a tone's own pulses do not count: from 1 kHz on, the
# trained library's rendering of the default instrument counts 170 to 600 of them in 4 s. Neighbourhoods
# quieter than -100 dBFS are rounding.
CLICK_CORNER_HZ = 500.0
PULSE_CORNER_HZ = 4000.0
CLICK_RATIO = 14.0
CLICK_NEIGHBOURHOOD_S = 0.012
CLICK_CLUSTER_S = 0.003
CLICK_FLOOR = 1e-5

TAIL_S = 1.5
LOUDEST_S = 0.5
TAIL_DB = -60.0

SUFFIXES = {".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif"}


def read_mono(path: pathlib.Path) -> tuple[np.ndarray, int]:
    audio, rate = soundfile.read(path, always_2d=True)
    return audio.mean(axis=1), rate


def pitch(audio: np.ndarray, rate: int, n_octaves: float = 0.0) -> np.ndarray:
    """Pitch in Hz every STEP_S from the start on, 0 where unvoiced.

    Floor and ceiling move with the octaves, so that the search is equally hard on both sides.
    """
    scale = 2.0**n_octaves
    floor = FLOOR_HZ * scale
    n = int(len(audio) / rate / STEP_S) + 1
    if len(audio) < 3.2 * rate / floor:
        return np.zeros(n)
    ceiling = min(CEILING_HZ * scale, 0.49 * rate)
    track = parselmouth.Sound(audio, rate).to_pitch_ac(
        time_step=STEP_S, pitch_floor=floor, pitch_ceiling=ceiling
    )
    return np.nan_to_num([track.get_value_at_time(i * STEP_S) for i in range(n)])


def cents_between(reference: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Distance in cents of the frames that are voiced in both."""
    n = min(len(reference), len(actual))
    reference, actual = reference[:n], actual[:n]
    both = (reference > 0) & (actual > 0)
    return 1200 * np.log2(actual[both] / reference[both])


def best_lag_ms(reference: np.ndarray, actual: np.ndarray) -> float:
    """The delay of `actual` at which most frames agree; the smallest of equals."""
    max_lag = round(MAX_LAG_S / STEP_S)

    def n_agreeing(lag: int) -> int:
        late, early = actual[max(lag, 0) :], reference[max(-lag, 0) :]
        return int(np.sum(np.abs(cents_between(early, late)) < 50))

    lags = sorted(range(-max_lag, max_lag + 1), key=abs)
    return 1e3 * STEP_S * max(lags, key=n_agreeing)


def count_clicks(audio: np.ndarray, rate: int, corner_hz: float) -> int:
    if rate <= 2.2 * corner_hz or len(audio) < rate // 100:
        return 0
    sos = scipy.signal.butter(4, corner_hz, "highpass", fs=rate, output="sos")
    magnitude = np.abs(scipy.signal.sosfilt(sos, audio))
    size = int(CLICK_NEIGHBOURHOOD_S * rate) | 1
    median = scipy.ndimage.median_filter(magnitude, size=size, mode="nearest")
    at = np.flatnonzero((median >= CLICK_FLOOR) & (magnitude > CLICK_RATIO * median))
    return int(len(at) > 0) + int(np.sum(np.diff(at) > CLICK_CLUSTER_S * rate))


def check(source: pathlib.Path, result: pathlib.Path, n_octaves: float, binding: bool) -> tuple:
    """Prints the row of one file: whether it is clean, the frames compared, those within, octave errors."""
    audio_in, rate_in = read_mono(source)
    audio_out, rate_out = read_mono(result)
    n_nan = int(np.sum(~np.isfinite(audio_out)))
    audio_out = np.nan_to_num(audio_out, nan=0.0, posinf=0.0, neginf=0.0)
    expected = pitch(audio_in, rate_in) * 2.0**n_octaves
    actual = pitch(audio_out, rate_out, n_octaves)
    cents = cents_between(expected, actual)
    octaves = np.round(cents / 1200)
    near_octave = np.abs(cents - 1200 * octaves) < 50
    n = max(len(cents), 1)
    within = np.sum(np.abs(cents) < 50) / n
    octave = np.sum(near_octave & (octaves != 0)) / n
    median = np.median(np.abs(cents)) if len(cents) else np.nan
    clicks_in = count_clicks(audio_in, rate_in, CLICK_CORNER_HZ)
    clicks_out = count_clicks(audio_out, rate_out, CLICK_CORNER_HZ)
    pulses_in = count_clicks(audio_in, rate_in, PULSE_CORNER_HZ)
    pulses_out = count_clicks(audio_out, rate_out, PULSE_CORNER_HZ)
    peak = np.max(np.abs(audio_out), initial=0.0)
    dc = np.mean(audio_out) if len(audio_out) else 0.0

    failures = []
    if len(cents) == 0:
        failures.append("no frame voiced in both")
    if clicks_out > clicks_in + MAX_NEW_CLICKS:
        failures.append("clicks")
    if n_nan > 0:
        failures.append("nan")
    verdict = "ok" if not failures else ", ".join(failures)
    print(
        f"{source.stem:32.32} {len(cents):6d} {within:7.1%} {octave:7.2%} {median:6.1f}"
        f" {best_lag_ms(expected, actual):+5.0f} {clicks_in:4d} {clicks_out:4d}"
        f" {pulses_in:4d} {pulses_out:4d}"
        f" {dc:+8.5f} {peak:6.3f} {n_nan:4d}  {verdict if binding else f'({verdict})'}"
    )
    return not failures, len(cents), np.sum(np.abs(cents) < 50), np.sum(near_octave & (octaves != 0))


def check_transfers(in_dir: pathlib.Path, out_dir: pathlib.Path, n_octaves: float) -> int:
    sources = sorted(p for p in in_dir.rglob("*") if p.suffix.lower() in SUFFIXES)
    print(
        f"{'file':32} {'voiced':>6} {'within':>7} {'octave':>7} {'cents':>6} {'lag':>5} {'clicks':>9} {'pulses':>9}"
        f" {'dc':>8} {'peak':>6} {'nan':>4}"
    )
    n_checked, passed = 0, True
    total = np.zeros(3)
    for source in sources:
        binding = "singing" in source.resolve().parts
        result = out_dir / f"{source.stem}.wav"
        if not result.exists():
            print(f"{source.stem:32.32} has no {result}")
            passed = passed and not binding
            continue
        n_checked += 1
        clean, *counts = check(source, result, n_octaves, binding)
        if binding:
            passed = passed and clean
            total += counts
    if n_checked == 0:
        print(f"nothing to check in {in_dir} and {out_dir}", file=sys.stderr)
        return 2
    if total[0] > 0:
        within, octave = total[1] / total[0], total[2] / total[0]
        print(f"singing together: {total[0]:.0f} frames, {within:.2%} within, {octave:.2%} octave errors")
        passed = passed and within >= MIN_WITHIN and octave < MAX_OCTAVE
    return 0 if passed else 1


def check_silence_tail(path: pathlib.Path) -> int:
    """Whether the end of the file is silent, measured against its loudest stretch."""
    audio, rate = read_mono(path)
    n_loud, n_tail = int(LOUDEST_S * rate), int(TAIL_S * rate)
    if len(audio) < n_loud + n_tail or not np.all(np.isfinite(audio)):
        print(f"{path}: shorter than {LOUDEST_S + TAIL_S} s, or not finite", file=sys.stderr)
        return 1
    power = np.concatenate([[0.0], np.cumsum(audio**2)])
    loudest = np.max(power[n_loud:] - power[:-n_loud]) / n_loud
    tail = np.mean(audio[-n_tail:] ** 2)
    if loudest == 0.0:
        print(f"{path}: silent throughout", file=sys.stderr)
        return 1
    tail_db = 10 * np.log10(max(tail, 1e-30) / loudest)
    print(f"{path}: last {TAIL_S} s at {tail_db:.1f} dB of the loudest {LOUDEST_S} s")
    return 0 if tail_db <= TAIL_DB else 1


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("in_dir", nargs="?", type=pathlib.Path)
    parser.add_argument("out_dir", nargs="?", type=pathlib.Path)
    parser.add_argument("--shift-octaves", type=float, default=0.0, metavar="N")
    parser.add_argument("--silence-tail", type=pathlib.Path, metavar="FILE")
    args = parser.parse_args()
    if args.silence_tail is not None:
        return check_silence_tail(args.silence_tail)
    if args.in_dir is None or args.out_dir is None:
        parser.error("IN_DIR and OUT_DIR, or --silence-tail FILE")
    return check_transfers(args.in_dir, args.out_dir, args.shift_octaves)


if __name__ == "__main__":
    sys.exit(main())
