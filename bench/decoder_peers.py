#!/usr/bin/env python3
"""The decoder of Magenta's solo_instrument in other runtimes, beside `ddsp bench`, on one thread.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r bench/requirements.txt
    cargo build --release && /tmp/peers/bin/python bench/decoder_peers.py target/release/ddsp

Same shapes, random weights: two dense stacks of three layers of 512, a GRU of 512 units, a dense stack over
both, 126 outputs. PyTorch joins where it is installed. The fastest of many runs counts, and the programs
take turns, so that a busy machine is busy for all of them.
"""

import argparse
import os
import re
import subprocess
import time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

CHANNELS, UNITS, LAYERS, OUTPUTS, FRAME_RATE = 512, 512, 3, 126, 250
N_CONCATENATED = 2 * CHANNELS
ROUND_S = 2.0


def flop_per_frame():
    stacks = 2 * (CHANNELS + (LAYERS - 1) * CHANNELS**2)
    out_stack = (N_CONCATENATED + UNITS) * CHANNELS + (LAYERS - 1) * CHANNELS**2
    return 2 * (stacks + out_stack + 3 * UNITS * (N_CONCATENATED + UNITS) + CHANNELS * OUTPUTS)


def random_weights(rng, *shape):
    return (rng.uniform(-1, 1, shape) * 1.5 / np.sqrt(max(shape[-1], 4))).astype(np.float32)


def onnx_runtime(n_frames):
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(1)
    nodes, tensors = [], []

    def tensor(name, values):
        tensors.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(operator, inputs, output, **attributes):
        nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def stack(x, name, n_in):
        for i in range(LAYERS):
            at = f"{name}/{i}"
            kernel = tensor(f"{at}/kernel", random_weights(rng, CHANNELS, n_in if i == 0 else CHANNELS).T.copy())
            bias = tensor(f"{at}/bias", random_weights(rng, CHANNELS))
            gamma = tensor(f"{at}/gamma", np.ones(CHANNELS, np.float32))
            beta = tensor(f"{at}/beta", random_weights(rng, CHANNELS))
            x = node("Gemm", [x, kernel, bias], f"{at}/dense")
            x = node("LayerNormalization", [x, gamma, beta], f"{at}/norm", axis=-1, epsilon=1e-3)
            x = node("LeakyRelu", [x], f"{at}/out", alpha=0.2)
        return x

    stacks = [stack(f"{key}_scaled", f"{key}_stack", 1) for key in ("loudness", "f0")]
    x = node("Concat", stacks, "concatenated", axis=1)
    gru = [
        tensor("w", random_weights(rng, 1, 3 * UNITS, N_CONCATENATED)),
        tensor("r", random_weights(rng, 1, 3 * UNITS, UNITS)),
        tensor("b", random_weights(rng, 1, 6 * UNITS)),
    ]
    sequence = node("Unsqueeze", [x, tensor("one", np.array([1], np.int64))], "sequence")
    states = node("GRU", [sequence, *gru], "states", hidden_size=UNITS, linear_before_reset=1)
    states = node("Squeeze", [states, tensor("axes", np.array([1, 2], np.int64))], "squeezed")
    x = node("Concat", [x, states], "joined", axis=1)
    x = stack(x, "out_stack", N_CONCATENATED + UNITS)
    out = [tensor("dense_out/kernel", random_weights(rng, CHANNELS, OUTPUTS)), tensor("dense_out/bias", random_weights(rng, OUTPUTS))]
    node("Gemm", [x, *out], "raw")

    def described(name, width):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n_frames", width])

    inputs = [described(f"{key}_scaled", 1) for key in ("loudness", "f0")]
    graph = helper.make_graph(nodes, "decoder", inputs, [described("raw", OUTPUTS)], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    features = {f"{key}_scaled": rng.uniform(size=(n_frames, 1)).astype(np.float32) for key in ("loudness", "f0")}
    assert session.run(None, features)[0].shape == (n_frames, OUTPUTS)
    return f"ONNX Runtime {onnxruntime.__version__}", lambda: session.run(None, features)


def pytorch(n_frames):
    import torch
    from torch import nn

    torch.set_num_threads(1)

    def stack(n_in):
        layers = []
        for i in range(LAYERS):
            dense = nn.Linear(n_in if i == 0 else CHANNELS, CHANNELS)
            layers += [dense, nn.LayerNorm(CHANNELS, eps=1e-3), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers)

    stacks, out_stack = [stack(1), stack(1)], stack(N_CONCATENATED + UNITS)
    gru, dense_out = nn.GRU(N_CONCATENATED, UNITS), nn.Linear(CHANNELS, OUTPUTS)
    features = [torch.rand(n_frames, 1) for _ in stacks]

    def run():
        with torch.inference_mode():
            x = torch.cat([f(y) for f, y in zip(stacks, features)], -1)
            return dense_out(out_stack(torch.cat([x, gru(x)[0]], -1)))

    assert run().shape == (n_frames, OUTPUTS)
    return f"PyTorch {torch.__version__}", run


def fastest(run):
    best, end = float("inf"), time.perf_counter() + ROUND_S
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def ours(command):
    text = subprocess.run([command, "bench", "--seconds", "1"], check=True, capture_output=True, text=True).stdout
    figures = re.findall(r"f32 weights, +(\d+) frames at once +([\d.]+) GFLOP/s", text)
    peak = max(float(x) for x in re.findall(r"sgemm.* ([\d.]+) GFLOP/s", text))
    return peak, {int(n): float(x) for n, x in figures}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ddsp", help="the command that was built")
    parser.add_argument("--rounds", type=int, default=3, help="turns that each program takes")
    arguments = parser.parse_args()
    table, peak = {}, 0.0
    counts = (1, 16, 64, FRAME_RATE)
    peers = []
    for build in (onnx_runtime, pytorch):
        try:
            peers += [(n, *build(n)) for n in counts]
        except ImportError as missing:
            print(f"without {build.__name__}: {missing}")
    for _ in range(arguments.rounds):
        this_peak, figures = ours(arguments.ddsp)
        peak = max(peak, this_peak)
        for n in counts:
            table["ddsp", n] = max(table.get(("ddsp", n), 0.0), figures[n])
        for n, name, run in peers:
            gflop_s = 1e-9 * flop_per_frame() * n / fastest(run)
            table[name, n] = max(table.get((name, n), 0.0), gflop_s)
    print(f"sgemm peak {peak:.1f} GFLOP/s; the decoder, {1e-6 * flop_per_frame():.2f} MFLOP a frame:")
    print(f"{'':24}" + "".join(f"{n:4} frames at once" for n in counts))
    for name in dict.fromkeys(name for name, _ in table):
        cells = [f"{table[name, n]:10.1f} GFLOP/s" for n in counts]
        print(f"{name:24}" + "".join(cells))
    real_time = 1e-9 * flop_per_frame() * FRAME_RATE
    print(f"real time, {FRAME_RATE} frames a second, is {real_time:.2f} GFLOP/s")


if __name__ == "__main__":
    main()
