//! Sample rate conversion between two fixed rates, exact in ratio, length and time.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use super::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
use crate::error::{Error, Result};

/// The filter spans at least this many samples at the lower of the two rates: the transition band is
/// then 0.8 % of the lower Nyquist frequency.
const MIN_FILTER_SAMPLES: usize = 1024;

/// A streaming resampler of one channel, in blocks of any length.
///
/// A windowed sinc (Blackman-Harris) applied by FFT. The delay of the filter is taken out, so the
/// first output sample is at the time of the first input sample, and after [`finish`](Self::finish)
/// there are exactly `round(n_input * to / from)` output samples. Memory is bounded by the two rates.
pub struct Resampler {
    from: u32,
    to: u32,
    /// None if the rates are equal: samples pass through.
    fft: Option<Fft<f32>>,
    input: Vec<f32>,
    output: Vec<f32>,
    n_pending: usize,
    n_delay_left: usize,
    n_input: u64,
    n_output: u64,
}

impl Resampler {
    /// A resampler from `from` to `to` Hz.
    ///
    /// *Errors*: [`Error::SampleRate`] for a rate outside 1000 to 768000 Hz.
    pub fn new(from: u32, to: u32) -> Result<Self> {
        for sample_rate in [from, to] {
            if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&sample_rate) {
                return Err(Error::SampleRate { sample_rate });
            }
        }
        let fft = (from != to).then(|| plan(from as usize, to as usize));
        let (n_in, n_out, n_delay) = match &fft {
            Some(fft) => (fft.input_frames_next(), fft.output_frames_next(), fft.output_delay()),
            None => (0, 0, 0),
        };
        Ok(Self {
            from,
            to,
            fft,
            input: vec![0.0; n_in],
            output: vec![0.0; n_out],
            n_pending: 0,
            n_delay_left: n_delay,
            n_input: 0,
            n_output: 0,
        })
    }

    /// Takes the next samples and appends what is ready to `output`.
    pub fn process(&mut self, mut samples: &[f32], output: &mut Vec<f32>) {
        self.n_input += samples.len() as u64;
        if self.fft.is_none() {
            output.extend_from_slice(samples);
            return;
        }
        while !samples.is_empty() {
            let n = samples.len().min(self.input.len() - self.n_pending);
            let (head, tail) = samples.split_at(n);
            self.input[self.n_pending..self.n_pending + n].copy_from_slice(head);
            self.n_pending += n;
            samples = tail;
            if self.n_pending == self.input.len() {
                self.process_block(output, u64::MAX);
            }
        }
    }

    /// Appends the samples still inside the filter to `output` and starts anew.
    pub fn finish(&mut self, output: &mut Vec<f32>) {
        if self.fft.is_some() {
            let (from, to) = (u128::from(self.from), u128::from(self.to));
            // Bounded by the input times 768, so it fits as long as the input is below 2^54 samples.
            let n_expected = ((u128::from(self.n_input) * to * 2 + from) / (2 * from)) as u64;
            while self.n_output < n_expected {
                self.input[self.n_pending..].fill(0.0);
                self.process_block(output, n_expected);
            }
        }
        self.reset();
    }

    /// Forgets all samples taken so far.
    pub fn reset(&mut self) {
        if let Some(fft) = &mut self.fft {
            fft.reset();
            self.n_delay_left = fft.output_delay();
        }
        (self.n_pending, self.n_input, self.n_output) = (0, 0, 0);
    }

    /// Filters the full input block; appends to `output`, without the delay, up to `n_max` in all.
    fn process_block(&mut self, output: &mut Vec<f32>, n_max: u64) {
        let Some(fft) = &mut self.fft else { return };
        self.n_pending = 0;
        let (n_in, n_out) = (self.input.len(), self.output.len());
        let filtered = InterleavedSlice::new(&self.input, 1, n_in).ok().and_then(|input| {
            let mut block = InterleavedSlice::new_mut(&mut self.output, 1, n_out).ok()?;
            fft.process_into_buffer(&input, &mut block, None).ok()
        });
        assert!(filtered.is_some(), "both blocks have the planned lengths");
        let n_skip = self.n_delay_left.min(n_out);
        self.n_delay_left -= n_skip;
        let n_left = usize::try_from(n_max - self.n_output).unwrap_or(usize::MAX);
        let ready = &self.output[n_skip..];
        let ready = &ready[..ready.len().min(n_left)];
        self.n_output += ready.len() as u64;
        output.extend_from_slice(ready);
    }
}

/// Resamples a whole signal; the result has `round(samples.len() * to / from)` samples.
///
/// *Errors*: [`Error::SampleRate`] for a rate (Hz) outside 1000 to 768000.
pub fn resample(samples: &[f32], from: u32, to: u32) -> Result<Vec<f32>> {
    let mut resampler = Resampler::new(from, to)?;
    let n = samples.len() as u64 * u64::from(to) / u64::from(from);
    let mut output = Vec::with_capacity(n as usize + 1);
    resampler.process(samples, &mut output);
    resampler.finish(&mut output);
    Ok(output)
}

/// Plans a block that is whole periods of the ratio. The number of periods is even, so that the
/// filter's middle, half a block, is a whole number of samples at both rates.
fn plan(from: usize, to: usize) -> Fft<f32> {
    let divisor = greatest_common_divisor(from, to);
    let n_periods = MIN_FILTER_SAMPLES.div_ceil(from.min(to) / divisor).next_multiple_of(2);
    let n_block = n_periods * (from / divisor);
    let window = WindowFunction::BlackmanHarris;
    Fft::new_custom(from, to, n_block, 1, 1, window, FixedSync::Both)
        .expect("rates and block length are above zero")
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn sine(frequency_hz: f64, sample_rate: u32, n: usize) -> Vec<f32> {
        let w = TAU * frequency_hz / f64::from(sample_rate);
        (0..n).map(|i| (0.5 * (w * i as f64).sin()) as f32).collect()
    }

    fn decibels(ratio: f64) -> f64 {
        20.0 * ratio.log10()
    }

    fn rms(x: impl ExactSizeIterator<Item = f64>) -> f64 {
        let n = x.len() as f64;
        (x.map(|v| v * v).sum::<f64>() / n).sqrt()
    }

    /// Least squares fit of a sine of known frequency: its amplitude, phase and what is left over.
    fn fit_sine(x: &[f32], cycles_per_sample: f64, first: usize) -> (f64, f64, f64) {
        let angle = |i: usize| TAU * cycles_per_sample * (first + i) as f64;
        let (mut ss, mut sc, mut cc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (i, &v) in x.iter().enumerate() {
            let (s, c) = angle(i).sin_cos();
            (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c);
            (xs, xc) = (xs + f64::from(v) * s, xc + f64::from(v) * c);
        }
        let determinant = ss * cc - sc * sc;
        let (a, b) = ((xs * cc - xc * sc) / determinant, (xc * ss - xs * sc) / determinant);
        let rest = rms(x.iter().enumerate().map(|(i, &v)| {
            let (s, c) = angle(i).sin_cos();
            f64::from(v) - a * s - b * c
        }));
        (a.hypot(b), b.atan2(a), rest)
    }

    #[test]
    fn a_sine_keeps_frequency_amplitude_and_time() {
        for (from, to) in [
            (44_100, 16_000),
            (48_000, 16_000),
            (96_000, 16_000),
            (16_000, 48_000),
            (44_100, 48_000),
            (11_025, 16_000),
            (44_101, 48_000),
        ] {
            let y = resample(&sine(1000.0, from, 2 * from as usize), from, to).unwrap();
            assert_eq!(y.len(), 2 * to as usize, "{from} to {to}");
            let first = to as usize / 4;
            let middle = &y[first..y.len() - first];
            let frequency = 1000.0 / f64::from(to);
            let (amplitude, phase, rest) = fit_sine(middle, frequency, first);
            let level_db = decibels(amplitude / 0.5);
            let rest_db = decibels(rest * 2f64.sqrt() / amplitude);
            let offset_samples = phase / TAU / frequency;
            println!("{from} -> {to}: {level_db:+.5} dB, rest {rest_db:.1} dB, {offset_samples:e}");
            assert!(level_db.abs() < 0.001, "{from} to {to}: level {level_db} dB");
            assert!(rest_db < -110.0, "{from} to {to}: rest {rest_db} dB");
            assert!(offset_samples.abs() < 1e-4, "{from} to {to}: {offset_samples} samples late");
        }
    }

    #[test]
    fn what_is_above_the_new_nyquist_frequency_vanishes() {
        for frequency_hz in [8_100.0, 9_000.0, 12_000.0, 20_000.0] {
            let x = sine(frequency_hz, 48_000, 48_000);
            let y = resample(&x, 48_000, 16_000).unwrap();
            let middle = &y[4_000..12_000];
            let rest_db = decibels(rms(middle.iter().map(|&v| f64::from(v))) * 2f64.sqrt() / 0.5);
            println!("{frequency_hz} Hz: {rest_db:.1} dB");
            assert!(rest_db < -90.0, "{frequency_hz} Hz: {rest_db} dB");
        }
    }

    #[test]
    fn what_is_below_passes() {
        for frequency_hz in [20.0, 4_000.0, 7_700.0] {
            let y = resample(&sine(frequency_hz, 48_000, 96_000), 48_000, 16_000).unwrap();
            let (amplitude, ..) = fit_sine(&y[4_000..28_000], frequency_hz / 16_000.0, 4_000);
            let level_db = decibels(amplitude / 0.5);
            assert!(level_db.abs() < 0.05, "{frequency_hz} Hz: {level_db} dB");
        }
    }

    #[test]
    fn a_pulse_lands_on_its_sample() {
        for (from, to) in [(48_000u32, 16_000u32), (44_100, 16_000), (16_000, 44_100)] {
            let at_s = 0.25;
            let width_s = 5e-4;
            let pulse = |t: f64| (-0.5 * ((t - at_s) / width_s).powi(2)).exp();
            let x: Vec<f32> =
                (0..from / 2).map(|i| pulse(f64::from(i) / f64::from(from)) as f32).collect();
            let y = resample(&x, from, to).unwrap();
            let (mut sum, mut moment) = (0.0, 0.0);
            for (i, &v) in y.iter().enumerate() {
                (sum, moment) = (sum + f64::from(v), moment + f64::from(v) * i as f64);
            }
            let offset_samples = moment / sum - at_s * f64::from(to);
            assert!(offset_samples.abs() < 0.01, "{from} to {to}: {offset_samples} samples");
        }
    }

    #[test]
    fn blocks_of_any_length_give_the_same_samples_and_the_length_is_exact() {
        for (from, to) in [(44_100, 16_000), (16_000, 48_000), (48_000, 48_000)] {
            for n in [0usize, 1, 2, 3, 100, 4_409, 10_007] {
                let x = sine(300.0, from, n);
                let whole = resample(&x, from, to).unwrap();
                let exact = n as f64 * f64::from(to) / f64::from(from);
                assert_eq!(whole.len(), exact.round() as usize, "{n} samples, {from} to {to}");
                let mut resampler = Resampler::new(from, to).unwrap();
                let mut blocks = Vec::new();
                // Twice, to see that finish starts anew.
                for _ in 0..2 {
                    blocks.clear();
                    let (mut rest, mut length) = (&x[..], 0);
                    while !rest.is_empty() {
                        length = (length * 7 + 3) % 1000;
                        let (head, tail) = rest.split_at(length.min(rest.len()));
                        resampler.process(head, &mut blocks);
                        rest = tail;
                    }
                    resampler.finish(&mut blocks);
                    assert_eq!(blocks, whole);
                }
            }
        }
    }

    #[test]
    fn absurd_rates_are_refused() {
        assert!(resample(&[0.0], 0, 48_000).is_err());
        assert!(resample(&[0.0], 48_000, 1_000_000).is_err());
    }
}
