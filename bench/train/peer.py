#!/usr/bin/env python3
"""One training step of Magenta's solo_instrument in PyTorch, on the CPU: what `cargo bench -p ddsp --bench step` is measured beside.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r bench/requirements.txt
    /tmp/peers/bin/python bench/train/peer.py --steps 5 [--bf16] [--json]
    /tmp/peers/bin/python bench/train/peer.py --check REFERENCE/core

The same shapes and the same mathematics as `bench/step`: batch 16 of 4 s at 16 kHz, exact phase, noise and target are given. It is
written as one would who wants it to be fast: f0 is data, so that the sines need no gradient and are made once for all harmonics of a
sample; amplitudes stay in frames, and each hop is one small matrix product with its sines; FFTs have sizes that MKL likes; Adam is fused.
With `--bf16` the decoder runs under autocast. `--check` compares the parts with numbers of Magenta's library.
"""

import argparse
import json
import math
import os
import resource
import statistics
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

BATCH, FRAMES, HOP, RATE = 16, 1000, 64, 16_000
SAMPLES = FRAMES * HOP
CHANNELS, UNITS, LAYERS, HARMONICS, BANDS, IR_SIZE = 512, 512, 3, 60, 65, 48_000
FFT_SIZES = (2048, 1024, 512, 256, 128, 64)


def stack(n_in):
    layers = []
    for i in range(LAYERS):
        dense = nn.Linear(n_in if i == 0 else CHANNELS, CHANNELS)
        layers += [dense, nn.LayerNorm(CHANNELS, eps=1e-3), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers)


def exp_sigmoid(x):
    return 2.0 * torch.sigmoid(x) ** math.log(10.0) + 1e-7


def next_frames(x):
    """The frame after each, the last one held."""
    return torch.cat([x[:, 1:], x[:, -1:]], 1)


def harmonic_controls(amplitudes, distribution, f0_hz):
    """Raw outputs to the amplitude of each harmonic, `[batch, frames, harmonics]`."""
    amplitudes, distribution = exp_sigmoid(amplitudes), exp_sigmoid(distribution)
    k = torch.arange(1, distribution.shape[-1] + 1, dtype=f0_hz.dtype)
    distribution = distribution * (f0_hz * k < RATE / 2)
    sums = distribution.sum(-1, keepdim=True)
    return amplitudes * distribution / torch.where(sums > 0, sums, 1e-7)


@torch.no_grad()
def sines(f0_hz, n_harmonics, hop, rate=RATE):
    """Every harmonic of every sample, silent from Nyquist on: `[batch * frames, hop, harmonics]`."""
    batch, frames, _ = f0_hz.shape
    between = torch.arange(hop, dtype=f0_hz.dtype) / hop
    f0 = f0_hz + (next_frames(f0_hz) - f0_hz) * between
    cycles = (f0.reshape(batch, -1).double() / rate).cumsum(1)
    phase = (2.0 * math.pi * (cycles - cycles.floor())).float()
    k = torch.arange(1, n_harmonics + 1, dtype=f0.dtype)
    table = (phase.reshape(-1, 1) * k).sin_()
    table.masked_fill_(k >= rate / 2 / f0.reshape(-1, 1), 0.0)
    return table.view(batch * frames, hop, n_harmonics)


def harmonic(amplitudes, table):
    """Sines under amplitudes that pass from frame to frame by a Hann window."""
    batch, frames, n_harmonics = amplitudes.shape
    hop = table.shape[1]
    pairs = torch.stack([amplitudes, next_frames(amplitudes)], -1)
    heard = torch.bmm(table, pairs.view(batch * frames, n_harmonics, 2))
    rising = torch.hann_window(2 * hop)[:hop]
    return (heard * torch.stack([1.0 - rising, rising], -1)).sum(-1).view(batch, frames * hop)


def fft_convolve(audio, ir, delay_compensation=None):
    """Each frame of the audio with its impulse response `[batch, frames, taps]`, added up, as long as the audio."""
    (batch, samples), (_, frames, taps) = audio.shape, ir.shape
    hop = -(-samples // frames)
    n_hops = -(-(hop + taps - 1) // hop)
    n_fft = n_hops * hop
    audio = F.pad(audio, (0, frames * hop - samples)).view(batch, frames, hop)
    wet = torch.fft.irfft(torch.fft.rfft(audio, n_fft) * torch.fft.rfft(ir, n_fft), n_fft)
    wet = wet.view(batch, frames, n_hops, hop)
    wet = sum(F.pad(wet[:, :, i], (0, 0, i, n_hops - 1 - i)) for i in range(n_hops))
    start = (taps - 1) // 2 - 1 if delay_compensation is None else delay_compensation
    return wet.flatten(1)[:, start : start + samples]


def filtered_noise(noise, magnitudes):
    """Noise through a linear-phase filter for each frame, designed by sampling the response."""
    ir = torch.fft.fftshift(torch.fft.irfft(magnitudes), -1)
    return fft_convolve(noise, ir * torch.hann_window(ir.shape[-1]))


def reverb(dry, ir):
    masked = torch.cat([torch.zeros(1), ir[1:]])
    return dry + fft_convolve(dry, masked[None, None], 0)


def magnitudes(audio, size):
    hop = size // 4
    pad = (-(-audio.shape[1] // hop) - 1) * hop + size - audio.shape[1]
    window = torch.hann_window(size)
    return torch.stft(F.pad(audio, (0, pad)), size, hop, window=window, center=False, return_complex=True).abs()


def safe_log(x):
    return torch.where(x > 0, x, 1e-5).log()


def spectral_loss(target, audio, sizes=FFT_SIZES, mag_weight=1.0, logmag_weight=1.0):
    loss = torch.zeros(())
    for size in sizes:
        with torch.no_grad():
            wanted = magnitudes(target, size)
        found = magnitudes(audio, size)
        if mag_weight:
            loss = loss + mag_weight * F.l1_loss(found, wanted)
        if logmag_weight:
            loss = loss + logmag_weight * F.l1_loss(safe_log(found), safe_log(wanted))
    return loss


class SoloInstrument(nn.Module):
    def __init__(self):
        super().__init__()
        self.loudness_stack, self.f0_stack = stack(1), stack(1)
        self.gru = nn.GRU(2 * CHANNELS, UNITS, batch_first=True)
        self.out_stack, self.dense_out = stack(2 * CHANNELS + UNITS), nn.Linear(CHANNELS, 1 + HARMONICS + BANDS)
        self.ir = nn.Parameter(torch.randn(IR_SIZE) * 1e-6)


def decoder_inputs(f0_hz, loudness_db):
    return loudness_db / 80.0 + 1.0, (12.0 * torch.log2(f0_hz / 440.0) + 69.0) / 127.0


class Step:
    """A model, its optimiser and a batch; the parts of the way through it by name."""

    def __init__(self, bf16, compiled):
        torch.manual_seed(1)
        self.bf16 = bf16
        self.model = SoloInstrument()
        self.adam = torch.optim.Adam(self.model.parameters(), lr=3e-4, eps=1e-7, fused=True)
        self.f0_hz = 100.0 + 300.0 * torch.rand(BATCH, FRAMES, 1)
        self.loudness_db = -60.0 * torch.rand(BATCH, FRAMES, 1)
        self.noise, self.target = (2.0 * torch.rand(BATCH, SAMPLES) - 1.0 for _ in range(2))
        wrap = torch.compile if compiled else lambda f: f
        controls, bank, table = wrap(self.controls), wrap(harmonic), wrap(sines)
        noise, room, loss = wrap(filtered_noise), wrap(reverb), wrap(spectral_loss)
        if compiled:
            for part in (self.model.loudness_stack, self.model.f0_stack, self.model.out_stack):
                part.compile()
        # Each part takes the names that it hears and gives the names that it says.
        self.parts = [
            ("input stacks", (), ("heard",), self.input_stacks),
            ("GRU", ("heard",), ("states",), lambda x: self.autocast(lambda: self.model.gru(x)[0])),
            ("out stack", ("heard", "states"), ("raw",), self.out_stack),
            ("controls", ("raw",), ("harmonics", "bands"), controls),
            ("harmonic", ("harmonics",), ("tone",), lambda x: bank(x, table(self.f0_hz, HARMONICS, HOP))),
            ("noise", ("bands",), ("hiss",), lambda x: noise(self.noise, x)),
            ("reverb", ("tone", "hiss"), ("signal",), lambda tone, hiss: room(tone + hiss, self.model.ir)),
            ("loss", ("signal",), ("loss",), lambda x: loss(self.target, x)),
        ]

    def autocast(self, f):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            return f()

    def input_stacks(self):
        loudness, f0 = decoder_inputs(self.f0_hz, self.loudness_db)
        return self.autocast(lambda: torch.cat([self.model.loudness_stack(loudness), self.model.f0_stack(f0)], -1))

    def out_stack(self, heard, states):
        x = self.autocast(lambda: self.model.dense_out(self.model.out_stack(torch.cat([heard, states.to(heard.dtype)], -1))))
        return x.float()

    def controls(self, raw):
        amplitudes, distribution, bands = raw.split([1, HARMONICS, BANDS], -1)
        return harmonic_controls(amplitudes, distribution, self.f0_hz), exp_sigmoid(bands - 5.0)

    def run(self, clock):
        """A step as it is trained."""
        start, spent, said = time.perf_counter(), time.process_time(), {}
        for name, hears, says, f in self.parts:
            clock.time(f"{name}, forward", lambda: said.update(give(says, f(*(said[x] for x in hears)))))
        clock.time("backward", said["loss"].backward)
        clock.time("Adam", self.update)
        clock.add("all", time.perf_counter() - start)
        clock.add("processor", time.process_time() - spent)
        return said["loss"].item()

    def update(self):
        nn.utils.clip_grad_norm_(self.model.parameters(), 3.0)
        self.adam.step()
        self.adam.zero_grad()

    def run_apart(self, clock):
        """The same step with the graph cut between the parts, so that the backward pass of each can be timed."""
        said, cuts, done = {}, {}, []
        for name, hears, says, f in self.parts:
            inputs = [said[x].detach().requires_grad_() for x in hears]
            outputs = give(says, f(*inputs))
            for x, cut in zip(hears, inputs):
                cuts.setdefault(x, []).append(cut)
            said.update(outputs)
            done.append((name, outputs))
        said["loss"].backward()
        for name, outputs in reversed(done[:-1]):
            gradients = [sum(cut.grad for cut in cuts[x]) for x in outputs]
            clock.time(f"{name}, backward", lambda: torch.autograd.backward(list(outputs.values()), gradients))
        self.adam.zero_grad()

    def loss_backward(self, clock):
        signal = torch.randn(BATCH, SAMPLES, requires_grad=True)
        loss = self.parts[-1][3](signal)
        clock.time("loss, backward", loss.backward)


def give(names, values):
    return dict(zip(names, values if isinstance(values, tuple) else (values,)))


class Clock:
    def __init__(self):
        self.seconds = {}

    def time(self, name, f):
        start = time.perf_counter()
        f()
        self.add(name, time.perf_counter() - start)

    def add(self, name, seconds):
        self.seconds.setdefault(name, []).append(seconds)


def measure(arguments):
    step, clock, apart = Step(arguments.bf16, arguments.compile), Clock(), Clock()
    for _ in range(arguments.warm_up):
        step.run(Clock())
    losses = [step.run(clock) for _ in range(arguments.steps)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert all(map(math.isfinite, losses)), losses
    for _ in range(arguments.apart):
        step.run_apart(apart)
        step.loss_backward(apart)
    step_s, processor_s = clock.seconds.pop("all"), clock.seconds.pop("processor")
    return {
        "torch": torch.__version__,
        "precision": "bf16" if arguments.bf16 else "f32",
        "compiled": arguments.compile,
        "threads": torch.get_num_threads(),
        "load_average": os.getloadavg(),
        "step_s": step_s,
        "processor_s": processor_s,
        "parts": {name: statistics.median(x) for name, x in (clock.seconds | apart.seconds).items()},
        "peak_rss_bytes": peak,
        "losses": losses,
    }


def show(result):
    print("PyTorch {torch}, {precision}, {threads} threads".format(**result) + ", compiled" * result["compiled"])
    print("load average {:.2f} {:.2f} {:.2f}".format(*result["load_average"]))
    for name, seconds in result["parts"].items():
        print(f"  {name:24} {seconds * 1e3:8.1f} ms")
    times = sorted(result["step_s"])
    print(f"  {'all, the median':24} {statistics.median(times) * 1e3:8.1f} ms, from {times[0] * 1e3:.1f} to {times[-1] * 1e3:.1f}")
    print(f"  {'processor time, its median':26}{statistics.median(result['processor_s']) * 1e3:7.1f} ms, of all threads, where those that wait spin")
    print(f"  {'peak memory':24} {result['peak_rss_bytes'] / 2**20:8.0f} MiB")


def check(folder):
    """The largest errors beside Magenta's numbers, relative to the largest of them."""
    from safetensors.torch import load_file

    index, files = json.loads((folder / "index.json").read_text())["cases"], {}
    n_cases, worst = 0, 0.0
    for case in index:
        run = CHECKED.get(case["function"])
        name, arguments = case["case"], case["args"]
        if run is None:
            continue
        tensors = files.setdefault(case["file"], None) or load_file(folder / case["file"])
        files[case["file"]] = tensors
        part = lambda kind: {k.split("/")[2]: v for k, v in tensors.items() if k.startswith(f"{name}/{kind}/")}
        inputs, outputs, gradients = part("in"), part("out"), part("grad")
        weight = inputs.pop("grad_w", None)
        wanted = outputs.get("out", outputs.get("signal"))
        of = [x for x in gradients if x in inputs and x not in ("frequencies", "f0_hz")]
        for x in of:
            inputs[x].requires_grad_()
        found = run(arguments, inputs)
        if found is None:
            continue
        errors = {"value": error(found.detach(), wanted)}
        if weight is not None and of:
            (weight * found).sum().backward()
            errors |= {x: error(inputs[x].grad, gradients[x]) for x in of}
        worst, n_cases = max(worst, *errors.values()), n_cases + 1
        print(f"{name:36} " + "  ".join(f"{x} {e:.1e}" for x, e in errors.items()))
    print(f"{n_cases} cases, the largest error {worst:.1e}")
    # Gradients of logarithms of magnitudes near zero: two float32 transforms differ by so much.
    assert n_cases >= 8 and worst < 5e-3, "the parts are not Magenta's"


def error(found, wanted):
    return ((found.view(wanted.shape) - wanted).abs().max() / wanted.abs().max().clamp_min(1e-30)).item()


def checked_harmonic(arguments, x):
    if arguments.get("amp_resample_method") != "window" or "harmonic_shifts" in x:
        return None
    rate, n_samples = arguments["sample_rate"], arguments["n_samples"]
    if "f0_hz" in x:
        if arguments["scale_fn"] != "exp_sigmoid" or not arguments["normalize_below_nyquist"]:
            return None
        amplitudes, f0_hz = harmonic_controls(x["amplitudes"], x["harmonic_distribution"], x["f0_hz"]), x["f0_hz"]
    else:
        amplitudes, f0_hz = x["amplitudes"] * x.get("harmonic_distribution", torch.ones(1)), x["frequencies"]
    hop = n_samples // f0_hz.shape[1]
    exact = sines(f0_hz, amplitudes.shape[-1], hop, rate)
    summed = summed_sines(f0_hz, amplitudes.shape[-1], hop, rate)
    apart = (exact - summed).abs().max()
    # float32 sums of a few thousand radians; a harmonic that one side silences would be 1 apart.
    assert apart < 0.1, f"the sines are {apart} apart"
    return harmonic(amplitudes, summed)


@torch.no_grad()
def summed_sines(f0_hz, n_harmonics, hop, rate):
    """`sines` with the phases of Magenta's library, which sums each harmonic in float32, sample by sample."""
    import numpy as np

    between = torch.arange(hop) / hop
    frequencies = f0_hz * torch.arange(1.0, n_harmonics + 1)
    gaps = next_frames(frequencies) - frequencies
    samples = (frequencies[:, :, None] + gaps[:, :, None] * between[:, None]).flatten(1, 2)
    omegas = samples * 2.0 * math.pi / rate
    phases = torch.from_numpy(np.cumsum(omegas.numpy(), 1, dtype=np.float32))
    return (phases.sin() * (samples < rate / 2)).view(-1, hop, n_harmonics)


def checked_convolve(arguments, x):
    ir = x["impulse_response"]
    compensation = arguments["delay_compensation"]
    if arguments["padding"] != "same":
        return None
    return fft_convolve(x["audio"], ir if ir.dim() == 3 else ir[:, None], None if compensation < 0 else compensation)


def checked_noise(arguments, x):
    if arguments["window_size"] or arguments.get("padding") == "valid":
        return None
    if "noise" in x:
        return filtered_noise(x["noise"], exp_sigmoid(x["magnitudes"] + arguments["initial_bias"]))
    bands = x["magnitudes"]
    return filtered_noise(x["audio"], bands if bands.dim() == 3 else bands[:, None])


def checked_loss(arguments, x):
    terms = {k: v for k, v in arguments.items() if k.endswith("_weight") and v}
    if arguments["loss_type"] != "L1" or set(terms) - {"mag_weight", "logmag_weight"}:
        return None
    sizes = arguments["fft_sizes"]
    return spectral_loss(x["target_audio"], x["audio"], sizes, terms.get("mag_weight", 0.0), terms.get("logmag_weight", 0.0))


CHECKED = {
    "core.harmonic_synthesis": checked_harmonic,
    "synths.Harmonic": checked_harmonic,
    "core.fft_convolve": checked_convolve,
    "core.frequency_filter": checked_noise,
    "synths.FilteredNoise": checked_noise,
    "losses.SpectralLoss": checked_loss,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=5, help="steps whose median counts")
    parser.add_argument("--warm-up", type=int, default=1, help="steps before them")
    parser.add_argument("--apart", type=int, default=3, help="steps more that time the backward pass of each part")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of PyTorch")
    parser.add_argument("--bf16", action="store_true", help="the decoder under autocast to bfloat16")
    parser.add_argument("--compile", action="store_true", help="the parts through torch.compile, which needs a C++ compiler")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--check", type=Path, metavar="DIR", help="compare the parts with the cases in DIR/index.json, and stop")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.check:
        return check(arguments.check)
    result = measure(arguments)
    print(json.dumps(result)) if arguments.json else show(result)


if __name__ == "__main__":
    main()
