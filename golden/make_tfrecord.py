"""Writes golden/tfrecord: a record file as TensorFlow writes it, and nothing but numbers that need no rounding.

    pip install tensorflow-cpu==2.21.0
    python3 golden/make_tfrecord.py

Three examples of 0.04 s in Magenta's layout: 16 kHz, 250 frames a second, not centred. Each begins 0.02 s after the one
before. Sample n of the recording is ((n * 7919) mod 2001 - 1000) / 1024; frame i has f0 200 + i, confidence i / 16 and
loudness -i / 2.
"""

import pathlib

import tensorflow as tf

SIZE, STEP, HOP = 640, 320, 64


def floats(values):
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def main():
    folder = pathlib.Path(__file__).parent / "tfrecord"
    folder.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / "tiny.tfrecord-00000-of-00001")) as writer:
        for start in range(0, 3 * STEP, STEP):
            audio = [((n * 7919) % 2001 - 1000) / 1024 for n in range(start, start + SIZE)]
            frames = range(start // HOP, (start + SIZE) // HOP)
            features = {
                "audio": floats(audio),
                "audio_16k": floats(audio),
                "f0_hz": floats([200 + i for i in frames]),
                "f0_confidence": floats([i / 16 for i in frames]),
                "loudness_db": floats([-i / 2 for i in frames]),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


if __name__ == "__main__":
    main()
