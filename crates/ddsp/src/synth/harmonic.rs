//! Sinusoids at whole multiples of one fundamental.

use std::f64::consts::TAU;

use burn::tensor::{DType, Tensor};
use ddsp_core::Error;
use ddsp_core::math::DIVIDE_EPS;
use ddsp_core::resample::ResampleMethod;
use ddsp_core::scale::ScaleFn;
use ddsp_core::synth::{HarmonicConfig, PhaseMode};

use crate::cpu::{self, HarmonicOp};
use crate::math::safe_divide;
use crate::resample::resample;
use crate::scale::exp_sigmoid;
use crate::synth::phase::{Grid, wrap};
use crate::tensor::table;

/// Controls of a harmonic sound.
#[derive(Debug, Clone)]
pub struct HarmonicControls {
    /// The fundamental, `[batch, n_frames, 1]`.
    pub f0_hz: Tensor<3>,
    /// The amplitude of all harmonics, `[batch, n_frames, 1]`.
    pub amplitudes: Tensor<3>,
    /// The share of each harmonic, `[batch, n_frames, n_harmonics]`.
    pub harmonic_distribution: Tensor<3>,
}

/// Raw outputs to controls: an amplitude, and a distribution of sum 1 over the harmonics below Nyquist, or over all where the
/// configuration says so.
///
/// *Shapes*: `amplitudes` `[batch, n_frames, 1]`, `harmonic_distribution` `[batch, n_frames, n_harmonics]`.
///
/// *Reference*: Magenta's `synths.Harmonic.get_controls`.
pub fn harmonic_controls(
    config: &HarmonicConfig,
    amplitudes: Tensor<3>,
    harmonic_distribution: Tensor<3>,
    f0_hz: Tensor<3>,
    sample_rate: u32,
) -> HarmonicControls {
    let scale = |x: Tensor<3>| match config.scale_fn {
        ScaleFn::ExpSigmoid => exp_sigmoid(x),
        ScaleFn::None => x,
    };
    let mut distribution = scale(harmonic_distribution);
    if config.normalize_below_nyquist {
        let n_harmonics = distribution.dims()[2];
        let frequencies_hz = multiples(f0_hz.clone(), n_harmonics);
        distribution = remove_above_nyquist(frequencies_hz, distribution, sample_rate);
    }
    HarmonicControls {
        f0_hz,
        amplitudes: scale(amplitudes),
        harmonic_distribution: normalize_harmonics(distribution),
    }
}

/// Scales each frame to a sum of 1; a frame of zeros stays zero.
///
/// *Reference*: Magenta's `core.normalize_harmonics` without an f0.
pub fn normalize_harmonics(harmonic_distribution: Tensor<3>) -> Tensor<3> {
    let sum = harmonic_distribution.clone().sum_dim(2);
    safe_divide(harmonic_distribution, sum, DIVIDE_EPS)
}

/// The sound of a [`HarmonicConfig`] from controls.
///
/// Magenta's ways of summing phase are the CPU's, and in f32 whatever the type of the tensors. Elsewhere phase is exact.
///
/// *Shapes*: returns `[batch, n_samples]`.
///
/// *Errors*: those of [`resample`].
///
/// *Reference*: Engel et al. 2020, section 3.2; Magenta's `synths.Harmonic.get_signal`.
pub fn harmonic(
    config: &HarmonicConfig,
    controls: HarmonicControls,
    n_samples: usize,
    sample_rate: u32,
) -> Result<Tensor<2>, Error> {
    let HarmonicControls { f0_hz, amplitudes, harmonic_distribution } = &controls;
    let [_, n_frames, n_harmonics] = harmonic_distribution.dims();
    // Magenta's phases are f32 by nature, whatever surrounds them.
    let is_summed = config.phase_mode != PhaseMode::Exact && cpu::is_here(f0_hz);
    if (cpu::takes(f0_hz) || is_summed) && n_samples.is_multiple_of(n_frames) {
        let config = HarmonicConfig { n_harmonics, ..config.clone() };
        if let Some(op) = HarmonicOp::new(&config, sample_rate, n_samples / n_frames) {
            let amplitudes = amplitudes.clone() * harmonic_distribution.clone();
            let (f0_hz, dtype) = (f0_hz.clone(), f0_hz.dtype());
            let signal: Tensor<2> =
                cpu::apply(op, f0_hz.cast(DType::F32), amplitudes.cast(DType::F32), None);
            return Ok(signal.cast(dtype));
        }
    }
    harmonic_synthesis(controls, None, n_samples, sample_rate, config.amp_resample_method)
}

/// Harmonics from controls, each raised by `harmonic_shifts` (`[batch, n_frames, n_harmonics]`) of itself.
///
/// *Shapes*: returns `[batch, n_samples]`; frames are spread evenly over them.
///
/// *Errors*: those of [`resample`].
///
/// *Reference*: Magenta's `core.harmonic_synthesis`. What lies at or above Nyquist is silent, and has no gradient.
pub fn harmonic_synthesis(
    controls: HarmonicControls,
    harmonic_shifts: Option<Tensor<3>>,
    n_samples: usize,
    sample_rate: u32,
    amp_resample_method: ResampleMethod,
) -> Result<Tensor<2>, Error> {
    let HarmonicControls { f0_hz, amplitudes, harmonic_distribution } = controls;
    let [n_batch, n_frames, n_harmonics] = harmonic_distribution.dims();
    let amplitudes = amplitudes * harmonic_distribution;
    let amplitudes = resample(amplitudes, n_samples, amp_resample_method, true)?;
    let grid = Grid::new(n_frames, n_samples);
    let (frequencies_hz, cycles) = match harmonic_shifts {
        None => {
            let cycles = multiples(grid.cycles(f0_hz.clone(), sample_rate), n_harmonics);
            (multiples(grid.glide(f0_hz.detach()), n_harmonics), cycles)
        }
        Some(shifts) => {
            let frequencies_hz = multiples(f0_hz, n_harmonics) * (shifts + 1.0);
            let cycles = grid.cycles(frequencies_hz.clone(), sample_rate);
            (grid.glide(frequencies_hz.detach()), cycles)
        }
    };
    let amplitudes = remove_above_nyquist(frequencies_hz, amplitudes, sample_rate);
    let signal = (amplitudes * (wrap(cycles) * TAU).sin()).sum_dim(2);
    Ok(signal.reshape([n_batch, n_samples]))
}

/// The first `n` whole multiples, as channels.
fn multiples(x: Tensor<3>, n: usize) -> Tensor<3> {
    let numbers = (1..=n).map(|k| k as f64).collect();
    let numbers = table(numbers, [1, 1, n], (&x.device(), x.dtype()));
    x * numbers
}

/// Sets the amplitude of what lies at or above half the sample rate to zero.
fn remove_above_nyquist(
    frequencies_hz: Tensor<3>,
    amplitudes: Tensor<3>,
    sample_rate: u32,
) -> Tensor<3> {
    let is_above = frequencies_hz.detach().greater_equal_elem(0.5 * f64::from(sample_rate));
    amplitudes.mask_fill(is_above, 0.0)
}
