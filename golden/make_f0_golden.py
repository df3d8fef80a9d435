"""Writes golden/f0/sung_melody.safetensors: a sung melody at 16 kHz and its pitch by Praat.

    python3 golden/make_f0_golden.py examples/sung_melody.flac

Tensors: `audio` in full scale 1, `praat_f0_hz` every 4 ms, 0 where unvoiced: Praat's autocorrelation
method with floor 50 Hz and ceiling 1200 Hz, everything else as Praat sets it.
Needs scripts/requirements.txt, whose versions made the committed file.
"""

import json
import pathlib
import struct
import sys

import numpy as np
import parselmouth
import scipy.signal
import soundfile

RATE = 16000
STEP_S = 0.004


def main() -> None:
    audio, rate = soundfile.read(sys.argv[1])
    if rate != 3 * RATE or audio.ndim != 1:
        sys.exit(f"expected mono at {3 * RATE} Hz, got {audio.ndim} dimensions at {rate} Hz")
    audio = scipy.signal.decimate(audio, 3, ftype="fir").astype("<f4")
    pitch = parselmouth.Sound(audio.astype(float), RATE).to_pitch_ac(
        time_step=STEP_S, pitch_floor=50.0, pitch_ceiling=1200.0
    )
    times = np.arange(0, len(audio) / RATE, STEP_S)
    f0_hz = np.nan_to_num([pitch.get_value_at_time(t) for t in times]).astype("<f4")
    header, data = {}, b""
    for name, values in (("audio", audio), ("praat_f0_hz", f0_hz)):
        offsets = [len(data), len(data) + values.nbytes]
        header[name] = {"dtype": "F32", "shape": [len(values)], "data_offsets": offsets}
        data += values.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    out = pathlib.Path(__file__).parent / "f0" / "sung_melody.safetensors"
    out.write_bytes(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
