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
    "core.nan_to_num": ["nan_to_num"],
    "core.safe_divide": ["safe_divide"],
    "core.safe_log": ["safe_log"],
    "core.logb": ["logb_2.0"],
    "core.log10": ["log10"],
    "core.log_scale": ["log_scale"],
    "core.soft_limit": ["soft_limit_0", "soft_limit_1"],
    "core.gradient_reversal": ["gradient_reversal"],
    "core.exp_sigmoid": ["exp_sigmoid_0", "exp_sigmoid_1"],
    "core.sym_exp_sigmoid": ["sym_exp_sigmoid_8.0"],
    "core.pad_axis": ["pad_axis_0", "pad_axis_1"],
    "core.diff": ["diff_0", "diff_1"],
    "core.amplitude_to_db": ["amplitude_to_db_0", "amplitude_to_db_1"],
    "core.power_to_db": ["power_to_db_0", "power_to_db_1"],
    "core.db_to_amplitude": ["db_to_amplitude"],
    "core.db_to_power": ["db_to_power"],
    "core.hz_to_midi": ["hz_to_midi"],
    "core.midi_to_hz": ["midi_to_hz_0", "midi_to_hz_1"],
    "core.unit_to_midi": ["unit_to_midi_0", "unit_to_midi_1"],
    "core.midi_to_unit": ["midi_to_unit_1"],
    "core.unit_to_hz": ["unit_to_hz_0", "unit_to_hz_1"],
    "core.hz_to_unit": ["hz_to_unit_0", "hz_to_unit_1"],
    "core.hz_to_bark": ["hz_to_bark"],
    "core.bark_to_hz": ["bark_to_hz"],
    "core.hz_to_mel": ["hz_to_mel"],
    "core.mel_to_hz": ["mel_to_hz"],
    "core.hz_to_erb": ["hz_to_erb"],
    "core.frequencies_softmax": ["frequencies_softmax_0", "frequencies_softmax_2"],
    "core.frequencies_sigmoid": ["frequencies_sigmoid_0_0", "frequencies_sigmoid_1_0"],
    "core.frequencies_critical_bands": [
        "frequencies_critical_bands_bark_0", "frequencies_critical_bands_mel_2"],
    "core.get_fft_size": ["get_fft_size_100_1", "get_fft_size_1000_257"],
    "core.crop_and_compensate_delay": ["crop_and_compensate_delay_same_7"],
    "core.fft_convolve": [
        "fft_convolve_2_same_5", "fft_convolve_2_valid_0", "fft_convolve_3_same_-1",
        "fft_convolve_broadcast_ir"],
    "core.frequency_impulse_response": [
        "frequency_impulse_response_2", "frequency_impulse_response_3",
        "frequency_impulse_response_4"],
    "core.apply_window_to_impulse_response": [
        "apply_window_2_causal0", "apply_window_3_causal1", "apply_window_4_causal0"],
    "core.frequency_filter": [
        "frequency_filter_2_valid", "frequency_filter_3_same", "frequency_filter_3_valid",
        "frequency_filter_4_same", "frequency_filter_static"],
    "core.sinc": ["sinc"],
    "core.sinc_impulse_response": ["sinc_impulse_response_1", "sinc_impulse_response_2"],
    "core.sinc_filter": ["sinc_filter_2"],
    "core.linear_lookup": ["linear_lookup_1"],
    "core.harmonic_distribution_to_wavetable": ["harmonic_distribution_to_wavetable_1_64"],
    "core.wavetable_synthesis": ["wavetable_synthesis_1", "wavetable_synthesis_static_1"],
    "core.variable_length_delay": ["variable_length_delay_1_100"],
    "synths.Harmonic": ["Harmonic_0", "Harmonic_2"],
    "synths.FilteredNoise": ["FilteredNoise_0", "FilteredNoise_1", "FilteredNoise_2"],
    "effects.Reverb": ["Reverb_0_dry1", "Reverb_0_dry0", "Reverb_1_dry1", "Reverb_1_dry0"],
    "effects.ExpDecayReverb": ["ExpDecayReverb_0", "ExpDecayReverb_trainable_0"],
    "effects.FilteredNoiseReverb": ["FilteredNoiseReverb_0"],
    "spectral_ops.compute_mfcc": ["compute_mfcc_0"],
    "spectral_ops.compute_loudness": [
        "compute_loudness_0", "compute_loudness_2", "compute_loudness_3", "compute_loudness_6"],
    "decoders.RnnFcDecoder": ["RnnFcDecoder_0", "RnnFcDecoder_1"],
    "encoders.MfccTimeDistributedRnnEncoder": ["MfccTimeDistributedRnnEncoder_125"],
    "postprocessing.detect_notes": ["detect_notes_2"],
    "postprocessing.smooth": ["smooth_40"],
    "postprocessing.fit_quantile_transform": ["fit_quantile_transform"],
    "colab_utils.auto_tune": ["auto_tune_0.5_0", "auto_tune_1.0_1"],
    "preprocessing.scale_db": ["scale_db"],
    "preprocessing.inv_scale_db": ["inv_scale_db"],
    "preprocessing.scale_f0_hz": ["scale_f0_hz"],
    "preprocessing.inv_scale_f0_hz": ["inv_scale_f0_hz"],
    "prepare_tfrecord_lib._split_example": ["split_example_center0", "split_example_center1"],
    "prepare_tfrecord_lib._chunk_audio": ["chunk_audio"],
}

# Cases with their gradients, for the differentiable forms.
GRADIENTS = [
    "soft_limit_0", "exp_sigmoid_0", "exp_sigmoid_1", "sym_exp_sigmoid_8.0",
    "cubic_4d_ep0", "upsample_with_windows_6_50_0",
    "harmonic_synthesis_0_window", "harmonic_synthesis_0_shifts", "Harmonic_0", "Harmonic_2",
    "fft_convolve_2_same_5", "fft_convolve_3_same_-1", "fft_convolve_broadcast_ir",
    "frequency_impulse_response_3", "frequency_impulse_response_4", "frequency_filter_3_valid",
    "FilteredNoise_1", "FilteredNoise_2", "Reverb_1_dry1", "Reverb_trainable_0",
    "compute_mag_64_0.75_1", "compute_loudness_0", "mean_difference_L1", "mean_difference_COSINE",
    "SpectralLoss_L1_logmag", "SpectralLoss_all_terms",
    "FcStack", "FcStackOut", "Rnn_gru", "Rnn_gru_last", "RnnSandwich", "RnnFcDecoder_0",
    "RnnFcDecoder_1", "RnnFcDecoder_2", "StatelessRnn_gru", "SingleGru", "Normalize_layer",
    "Normalize_instance", "Normalize_group", "Fc_relu", "MfccTimeDistributedRnnEncoder_125",
    "ExpDecayReverb_0", "ExpDecayReverb_1", "FilteredNoiseReverb_0",
    "FilteredNoiseReverb_trainable_0",
]


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


def core(shared, folder, wanted, with_gradients):
    source = shared / "oracle/core"
    index = json.loads((source / "index.json").read_text())
    rows = [row for row in index["cases"] if row["case"] in wanted]
    missing = wanted - {row["case"] for row in rows}
    assert not missing, f"the full set has no {missing}"
    files, out = {}, {}
    for row in rows:
        tensors = files.setdefault(row["file"], read(source / row["file"]))
        for name, tensor in tensors.items():
            of_gradients = "/grad" in name or "grad_w" in name
            if name.startswith(row["case"] + "/") and (with_gradients or not of_gradients):
                out[name] = tensor
        row["file"] = "cases.safetensors"
        row["tensors"] = {k: v for k, v in row["tensors"].items() if k in out}
    folder.mkdir(exist_ok=True, parents=True)
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
    core(shared, golden / "core", {name for names in CASES.values() for name in names}, False)
    core(shared, golden / "gradients/core", set(GRADIENTS), True)
    alto_sax(shared, golden)
