"""Reads the event files of a training run as TensorBoard does, and says what is in them.

    python3 scripts/check_events.py RUN

Every point of every scalar must be a number, steps must grow, every sound must be a WAV file of the length and the rate
that its event tells, and every picture a PNG file of its size. Ends with exit code 1 if there are no scalars, no
sounds or no pictures, or one of them is broken. Needs tensorboard (`requirements.txt`).
"""

import io
import math
import pathlib
import struct
import sys
import wave

from tensorboard.backend.event_processing import event_accumulator


def check_audio(event):
    with wave.open(io.BytesIO(event.encoded_audio_string)) as wav:
        assert wav.getsampwidth() == 2 and wav.getnchannels() == 1, "expected 16 bits, mono"
        assert wav.getframerate() == event.sample_rate, (wav.getframerate(), event.sample_rate)
        assert wav.getnframes() == event.length_frames > 0, (wav.getnframes(), event.length_frames)
        assert event.content_type == "audio/wav", event.content_type
    return f"{event.length_frames / event.sample_rate:.2f} s at {event.sample_rate:.0f} Hz"


def check_image(event):
    png = event.encoded_image_string
    assert png.startswith(b"\x89PNG\r\n\x1a\n"), png[:8]
    assert struct.unpack(">II", png[16:24]) == (event.width, event.height), (event.width, event.height)
    return f"{event.width} x {event.height}"


def check_scalar(event):
    assert not math.isinf(event.value), event
    return f"{event.value:.6g}"


def main():
    run = pathlib.Path(sys.argv[1])
    files = sorted(run.rglob("*tfevents*"))
    print(f"{len(files)} event files in {run}")
    kinds = [("scalars", check_scalar), ("audio", check_audio), ("images", check_image)]
    found = {kind: 0 for kind, _ in kinds}
    for folder in sorted({file.parent for file in files}):
        # No limit: everything is looked at.
        accumulator = event_accumulator.EventAccumulator(str(folder), size_guidance={kind: 0 for kind in (*found, "tensors")})
        accumulator.Reload()
        tags = accumulator.Tags()
        for kind, check in kinds:
            for tag in tags[kind]:
                events = getattr(accumulator, kind.capitalize())(tag)
                steps = [event.step for event in events]
                assert steps == sorted(set(steps)), f"{tag}: steps do not grow: {steps}"
                said = [check(event) for event in events]
                print(f"{kind:8} {tag}: {len(events)} from step {steps[0]} to {steps[-1]}, the last {said[-1]}")
                found[kind] += len(events)
        for tag in tags["tensors"]:
            print(f"tensors  {tag}: {len(accumulator.Tensors(tag))}")
    missing = [kind for kind, n in found.items() if n == 0]
    if missing:
        sys.exit(f"there are no {' and no '.join(missing)}")


main()
