//! Groups `sin_harm_conversion`, `oscillators` and `harmonic_synthesis`.

use ddsp_cases::Case;
use ddsp_core::real::Real;
use ddsp_core::synth::PhaseMode;
use ddsp_core::synth::conversion::{
    SinusoidalToHarmonic, harmonic_frequencies_hz, harmonic_to_sinusoidal, normalize_harmonics,
    remove_above_nyquist, sinusoidal_to_harmonic,
};
use ddsp_core::synth::harmonic_synthesis::{
    HarmonicControls, harmonic_oscillator_bank, harmonic_synthesis, streaming_harmonic_synthesis,
};
use ddsp_core::synth::oscillator_bank::{OscillatorBank, angular_cumsum};

use super::resample::method;
use super::{Outputs, one, output, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    match case.function.as_str() {
        "core.get_harmonic_frequencies" => {
            let f0_hz = real::<R>(case.tensors.get("in/frequencies"));
            one(harmonic_frequencies_hz(&f0_hz, case.size("n_harmonics")))
        }
        "core.remove_above_nyquist" => {
            let mut amplitudes = real::<R>(case.tensors.get("in/amplitude_envelopes"));
            let frequencies_hz = real::<R>(case.tensors.get("in/frequency_envelopes"));
            remove_above_nyquist(&frequencies_hz, &mut amplitudes, sample_rate(case));
            one(amplitudes)
        }
        "core.normalize_harmonics" => {
            let mut distribution = real::<R>(case.tensors.get("in/harmonic_distribution"));
            let n_harmonics = *case.tensors.shape("in/harmonic_distribution").last()?;
            if case.tensors.has("in/f0_hz") {
                let f0_hz = real::<R>(case.tensors.get("in/f0_hz"));
                let frequencies_hz = harmonic_frequencies_hz(&f0_hz, n_harmonics);
                remove_above_nyquist(&frequencies_hz, &mut distribution, sample_rate(case));
            }
            normalize_harmonics(&mut distribution, n_harmonics);
            one(distribution)
        }
        "core.harmonic_to_sinusoidal" => {
            let tensor = |name| real::<R>(case.tensors.get(name));
            let (amps, freqs) = harmonic_to_sinusoidal(
                &tensor("in/harm_amp"),
                &tensor("in/harm_dist"),
                &tensor("in/f0_hz"),
                sample_rate(case),
            );
            Some(vec![output("amps", amps), output("freqs", freqs)])
        }
        "core.sinusoidal_to_harmonic" => {
            let tensor = |name| real::<R>(case.tensors.get(name));
            let by = SinusoidalToHarmonic {
                harmonic_width: case.args["harmonic_width"].as_f64()?,
                n_harmonics: case.size("n_harmonics"),
                sample_rate: sample_rate(case),
                normalize: case.args["normalize"].as_bool()?,
            };
            let (amplitude, distribution) = sinusoidal_to_harmonic(
                &tensor("in/sin_amps"),
                &tensor("in/sin_freqs"),
                &tensor("in/f0_hz"),
                &by,
            );
            Some(vec![output("harm_amp", amplitude), output("harm_dist", distribution)])
        }
        "core.angular_cumsum" => {
            let [n_batch, _, n] = *case.tensors.shape("in/angular_frequency") else { return None };
            let omegas = real::<R>(case.tensors.get("in/angular_frequency"));
            let rows = omegas.chunks(omegas.len() / n_batch);
            one(rows.flat_map(|row| angular_cumsum(row, n, case.size("chunk_size"))).collect())
        }
        "core.oscillator_bank" => bank::<R>(case),
        "core.harmonic_oscillator_bank" => {
            let mode = phase_mode(case);
            batches::<R>(case, "in/frequency", |b| {
                let (f0_hz, amplitudes) = (b.row("in/frequency"), b.row("in/amplitude_envelopes"));
                harmonic_oscillator_bank(&f0_hz, &amplitudes, b.phase(), sample_rate(case), mode)
            })
        }
        "core.harmonic_synthesis" => {
            let (n_samples, how) = (case.size("n_samples"), method(case, "amp_resample_method")?);
            let n_batch = case.tensors.shape("in/frequencies")[0];
            let rows = (0..n_batch).flat_map(|index| {
                let b = Batch { case, index, n_batch };
                b.controls(|controls| {
                    let mode = phase_mode(case);
                    harmonic_synthesis::<R>(&controls, n_samples, sample_rate(case), how, mode)
                        .unwrap()
                })
            });
            one(rows.collect())
        }
        "core.streaming_harmonic_synthesis" => {
            let (n_samples, how) = (case.size("n_samples"), method(case, "amp_resample_method")?);
            let rate = sample_rate(case);
            batches::<R>(case, "in/frequencies", |b| {
                b.controls(|controls| {
                    let mode = PhaseMode::MagentaAngular;
                    let phase = b.phase();
                    streaming_harmonic_synthesis(&controls, phase, n_samples, rate, how, mode)
                        .unwrap()
                })
            })
        }
        _ => None,
    }
}

fn sample_rate(case: &Case) -> u32 {
    case.size("sample_rate") as u32
}

/// The mode whose sum a case's `use_angular_cumsum` names.
pub(super) fn phase_mode(case: &Case) -> PhaseMode {
    let angular = case.args["use_angular_cumsum"] == true;
    if angular { PhaseMode::MagentaAngular } else { PhaseMode::MagentaF32 }
}

/// One element of the batch.
struct Batch<'a> {
    case: &'a Case,
    index: usize,
    n_batch: usize,
}

impl Batch<'_> {
    fn row<R: Real>(&self, name: &str) -> Vec<R> {
        let values = self.case.tensors.get(name);
        let n = values.len() / self.n_batch;
        real(&values[self.index * n..][..n])
    }

    fn phase<R: Real>(&self) -> R {
        let has = self.case.tensors.has("in/initial_phase");
        if has { self.row("in/initial_phase")[0] } else { R::default() }
    }

    fn controls<R: Real, T>(&self, f: impl FnOnce(HarmonicControls<'_, R>) -> T) -> T {
        let optional = |name| self.case.tensors.has(name).then(|| self.row::<R>(name));
        let (shifts, distribution) =
            (optional("in/harmonic_shifts"), optional("in/harmonic_distribution"));
        f(HarmonicControls {
            f0_hz: &self.row("in/frequencies"),
            amplitudes: &self.row("in/amplitudes"),
            harmonic_shifts: shifts.as_deref(),
            harmonic_distribution: distribution.as_deref(),
        })
    }
}

/// Audio and final phase of every element of the batch.
fn batches<R: Real>(case: &Case, first: &str, f: impl Fn(Batch<'_>) -> (Vec<R>, R)) -> Outputs {
    let n_batch = case.tensors.shape(first)[0];
    let rows = (0..n_batch).map(|index| f(Batch { case, index, n_batch }));
    let (audio, phases): (Vec<_>, Vec<_>) = rows.unzip();
    Some(vec![output("audio", audio.concat()), output("final_phase", phases)])
}

fn bank<R: Real>(case: &Case) -> Outputs {
    let [n_batch, _, n] = *case.tensors.shape("in/frequency_envelopes") else { return None };
    let rows = (0..n_batch).flat_map(|index| {
        let b = Batch { case, index, n_batch };
        let frequencies_hz = b.row::<R>("in/frequency_envelopes");
        let amplitudes = b.row("in/amplitude_envelopes");
        let mut bank = OscillatorBank::new(n, sample_rate(case), phase_mode(case));
        if case.args["sum_sinusoids"] == true {
            let mut signal = vec![R::default(); frequencies_hz.len() / n];
            bank.process(&frequencies_hz, &amplitudes, &mut signal);
            return signal;
        }
        let mut signals = vec![R::default(); frequencies_hz.len()];
        bank.process_separately(&frequencies_hz, &amplitudes, &mut signals);
        signals
    });
    one(rows.collect())
}
