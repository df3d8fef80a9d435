"""Reads a data set of `ddsp prepare` with TensorFlow, as Magenta's reader does, and exits with 1 where anything is amiss.

    pip install tensorflow-cpu
    python3 tools/check_tfrecord.py DATASET

Every record is parsed with the features of `ddsp.training.data.TFRecordProvider` (ddsp 3.7): `FixedLenFeature`s, so that a key
that is missing or has another length is an error. Then the numbers are looked at: lengths and counts as `dataset.json` says,
values finite and in range, neighbouring examples the same where they overlap, and no sample in both parts.
"""

import json
import pathlib
import sys

import numpy as np
import tensorflow as tf

CREPE_RATE = 16000


def fixed(length):
    return tf.io.FixedLenFeature([length], dtype=tf.float32)


def main():
    folder = pathlib.Path(sys.argv[1])
    info = json.loads((folder / "dataset.json").read_text())
    rate, frame_rate, example_s = info["sample_rate"], info["frame_rate"], info["example_s"]
    n_frames = round(example_s * frame_rate) + int(info["center"])
    features = {
        "audio": fixed(round(example_s * rate)),
        "audio_16k": fixed(round(example_s * CREPE_RATE)),
        "f0_hz": fixed(n_frames),
        "f0_confidence": fixed(n_frames),
        "loudness_db": fixed(n_frames),
    }
    ours = {"source": tf.io.FixedLenFeature([], dtype=tf.string), "start_s": fixed(1)}
    failures = []

    def check(is_right, sentence):
        if not is_right and len(failures) < 20:
            failures.append(sentence)

    spans = {}
    for part in ["train", "held_out"]:
        files = sorted(str(path) for path in folder.glob(f"{part}.tfrecord-*"))
        n = 0
        last = None
        for record in tf.data.TFRecordDataset(files):
            # Without our own keys, as Magenta parses it.
            example = tf.io.parse_single_example(record, features)
            placed = tf.io.parse_single_example(record, ours)
            n += 1
            at = f"{part} example {n}"
            values = {key: example[key].numpy() for key in features}
            for key, x in values.items():
                check(np.isfinite(x).all(), f"{at}: {key} holds a number that is not finite")
            check(np.abs(values["audio"]).max() <= 1.001, f"{at}: audio above full scale")
            check((values["f0_hz"] > 0).all(), f"{at}: f0_hz of 0 or less")
            confidence = values["f0_confidence"]
            check((confidence >= 0).all() and (confidence <= 1).all(), f"{at}: confidence")
            check((values["loudness_db"] >= -80.001).all(), f"{at}: loudness below its scale")
            if rate == CREPE_RATE:
                check((values["audio"] == values["audio_16k"]).all(), f"{at}: audio_16k is other")
            source, start = placed["source"].numpy(), round(float(placed["start_s"][0]) * frame_rate)
            hop = rate // frame_rate
            spans.setdefault(source, {}).setdefault(part, []).append((start, start + n_frames))
            if last and last[0] == source and 0 < start - last[1] < n_frames:
                shift = start - last[1]
                for key, step in [("audio", hop), ("f0_hz", 1), ("f0_confidence", 1), ("loudness_db", 1)]:
                    same = last[2][key][shift * step :] == values[key][: len(values[key]) - shift * step]
                    check(same.all(), f"{at}: {key} differs where it overlaps the example before")
            last = (source, start, values)
        check(n == info[f"n_{part}_examples"], f"{part}: {n} examples, {info[f'n_{part}_examples']} promised")
        print(f"{part}: {n} examples in {len(files)} files")
    for source, parts in spans.items():
        for first in parts.get("train", []):
            for second in parts.get("held_out", []):
                # The frame between two hops belongs to both; their samples are apart.
                apart = first[1] - info["center"] <= second[0] or second[1] - info["center"] <= first[0]
                check(apart, f"{source.decode()}: held out and learned from at {second[0] / frame_rate} s")
    for sentence in failures:
        print(sentence)
    print("found other than it should be" if failures else "all as it should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
