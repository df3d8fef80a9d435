"""Cuts the golden data out of the full reference sets.

    python3 golden/make_golden.py ../shared

The full sets were made with the real library: ddsp 3.7.0 under Python 3.11, tensorflow-cpu 2.12.1,
numpy 1.23.5 (see README.md here). This script copies tensors byte for byte: it computes nothing.
Needs only Python's standard library.
"""

import json
import pathlib
import shutil
import struct
import sys

CASES = {
    "core.exp_sigmoid": ["exp_sigmoid_0"],
    "core.hz_to_midi": ["hz_to_midi"],
    "core.midi_to_hz": ["midi_to_hz_0"],
    "core.db_to_amplitude": ["db_to_amplitude"],
    "synths.Harmonic": ["Harmonic_0", "Harmonic_2"],
    "synths.FilteredNoise": ["FilteredNoise_0", "FilteredNoise_1", "FilteredNoise_2"],
    "effects.Reverb": ["Reverb_0_dry1", "Reverb_0_dry0", "Reverb_1_dry1", "Reverb_1_dry0"],
    "spectral_ops.compute_loudness": [
        "compute_loudness_0", "compute_loudness_2", "compute_loudness_3", "compute_loudness_6"],
    "decoders.RnnFcDecoder": ["RnnFcDecoder_0"],
}


def read(path):
    data = path.read_bytes()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + n])
    header.pop("__metadata__", None)
    return {k: (v["dtype"], v["shape"], data[8 + n + v["data_offsets"][0]:8 + n + v["data_offsets"][1]])
            for k, v in header.items()}


def write(path, tensors):
    header, offset = {}, 0
    for name, (dtype, shape, data) in sorted(tensors.items()):
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text
                     + b"".join(data for _, (_, _, data) in sorted(tensors.items())))


def core(shared, golden):
    source = shared / "oracle/core"
    index = json.loads((source / "index.json").read_text())
    wanted = {name for names in CASES.values() for name in names}
    rows = [row for row in index["cases"] if row["case"] in wanted]
    missing = wanted - {row["case"] for row in rows}
    assert not missing, f"the full set has no {missing}"
    files, out = {}, {}
    for row in rows:
        tensors = files.setdefault(row["file"], read(source / row["file"]))
        for name, tensor in tensors.items():
            if name.startswith(row["case"] + "/") and "/grad" not in name and "grad_w" not in name:
                out[name] = tensor
        row["file"] = "cases.safetensors"
        row["tensors"] = {k: v for k, v in row["tensors"].items() if k in out}
    folder = golden / "core"
    folder.mkdir(exist_ok=True)
    write(folder / "cases.safetensors", out)
    rows = ",\n".join(json.dumps(row) for row in rows)
    versions = json.dumps(index["versions"])
    (folder / "index.json").write_text(f'{{"versions": {versions}, "cases": [\n{rows}\n]}}\n')


def alto_sax(shared, golden):
    """The first 500 frames of both examples, and the weights in f32."""
    folder = golden / "alto_sax"
    folder.mkdir(exist_ok=True)
    source = shared / "models/alto_sax"
    out = {}
    for name, (dtype, shape, data) in read(source / "reference.safetensors").items():
        if name in ("harmonic", "filtered_noise", "noise"):
            continue
        frame = len(data) // (shape[0] * shape[1])
        rows = [data[i * shape[1] * frame:][:500 * frame] for i in range(shape[0])]
        out[name] = (dtype, [shape[0], 500] + shape[2:], b"".join(rows))
    write(folder / "reference.safetensors", out)
    shutil.copyfile(source / "model.safetensors", folder / "model.safetensors")
    shutil.copyfile(source / "config.json", folder / "config.json")
    for copied in ("model.safetensors", "config.json"):
        (folder / copied).chmod(0o644)


if __name__ == "__main__":
    shared, golden = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent
    core(shared, golden)
    alto_sax(shared, golden)
