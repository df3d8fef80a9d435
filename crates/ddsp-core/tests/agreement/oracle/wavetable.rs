//! Group `wavetable`.

use ddsp_cases::Case;
use ddsp_core::real::Real;
use ddsp_core::synth::PhaseMode;
use ddsp_core::wavetable::{
    harmonic_distribution_to_wavetable, linear_lookup, variable_length_delay, wavetable_synthesis,
};

use super::{Outputs, one, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    let size = |name: &str| case.args[name].as_u64().map(|n| n as usize);
    let tensor = |name: &str| real::<R>(case.tensors.get(name));
    match case.function.as_str() {
        "core.linear_lookup" => {
            let (phase, tables) = (tensor("in/phase"), tensor("in/wavetables"));
            let n_wavetable = *case.tensors.shape("in/wavetables").last()?;
            // A table is read at one phase, or at all those of a clip.
            let each = phase.len() / (tables.len() / n_wavetable);
            let reads = phase.chunks(each).zip(tables.chunks(n_wavetable));
            one(reads.flat_map(|(p, table)| p.iter().map(|&p| linear_lookup(p, table))).collect())
        }
        "core.harmonic_distribution_to_wavetable" => {
            let n_harmonics = *case.tensors.shape("in/harmonic_distribution").last()?;
            let distribution = tensor("in/harmonic_distribution");
            let n = size("n_wavetable")?;
            one(harmonic_distribution_to_wavetable(&distribution, n_harmonics, n).unwrap())
        }
        "core.wavetable_synthesis" => {
            let n_batch = case.tensors.shape("in/frequencies")[0];
            let n_wavetable = *case.tensors.shape("in/wavetables").last()?;
            let (n, rate) = (size("n_samples")?, size("sample_rate")? as u32);
            let [f0_hz, amplitudes, tables] =
                ["in/frequencies", "in/amplitudes", "in/wavetables"].map(tensor);
            let row = |values: &[R], b: usize| {
                let width = values.len() / n_batch;
                values[b * width..][..width].to_vec()
            };
            let clip = |b| {
                let [f0_hz, amplitudes, tables] = [&f0_hz, &amplitudes, &tables].map(|x| row(x, b));
                let mode = PhaseMode::MagentaF32;
                wavetable_synthesis(&f0_hz, &amplitudes, &tables, n_wavetable, n, rate, mode)
                    .unwrap()
            };
            one((0..n_batch).flat_map(clip).collect())
        }
        "core.variable_length_delay" => {
            let (phase, audio) = (tensor("in/phase"), tensor("in/audio"));
            let n_samples = *case.tensors.shape("in/audio").last()?;
            let max_length = size("max_length")?;
            let clips = phase.chunks(n_samples).zip(audio.chunks(n_samples));
            one(clips.flat_map(|(p, a)| variable_length_delay(p, a, max_length)).collect())
        }
        _ => None,
    }
}
