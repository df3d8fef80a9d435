//! A hundred harmonics at 48 kHz, and how far they are from the formula in f64.

use std::f64::consts::TAU;

use ddsp_core::resample::ResampleMethod;
use ddsp_core::synth::{Harmonic, HarmonicConfig};

use super::fastest;

const SAMPLE_RATE: u32 = 48_000;
const HOP_SIZE: usize = 240;
const N_HARMONICS: usize = 100;
const N_FRAMES: usize = 50;
/// The bank is this long before it is measured, so that a drift would be seen.
const N_BEFORE: usize = 1_000;

/// Prints the speed and the error for a low and a high voice.
pub(super) fn run() -> Result<(), ddsp_core::Error> {
    for f0_hz in [110.0, 440.0] {
        let config = HarmonicConfig {
            amp_resample_method: ResampleMethod::Linear,
            ..HarmonicConfig::new(N_HARMONICS)
        };
        let glide = |i: usize| f0_hz * (1.0 + 0.05 * (0.3 * i as f32).sin());
        let share = |i: usize, k: usize| ((i + 3 * k) % 7) as f32 / (3 * N_HARMONICS) as f32;
        let n_frames = N_BEFORE + N_FRAMES;
        let f0: Vec<f32> = (0..n_frames).map(glide).collect();
        let row = |i| std::iter::once(1.0).chain((0..N_HARMONICS).map(move |k| share(i, k)));
        let controls: Vec<f32> = (0..n_frames).flat_map(row).collect();
        let mut synth = Harmonic::new(&config, SAMPLE_RATE, HOP_SIZE)?;
        let mut signal = vec![0.0_f32; n_frames * HOP_SIZE];
        synth.process(&f0, &controls, N_HARMONICS + 1, &mut signal);
        // The first hop is silent: hop i leads from frame i - 1 to frame i.
        let (mut phase, mut difference, mut power) = (0.0_f64, 0.0, 0.0);
        for (n, &x) in signal.iter().enumerate().skip(HOP_SIZE) {
            let (i, t) = (n / HOP_SIZE, (n % HOP_SIZE) as f64 / HOP_SIZE as f64);
            let between = |a: f32, b: f32| f64::from(a) + t * (f64::from(b) - f64::from(a));
            let hz = between(f0[i - 1], f0[i]);
            phase = (phase + hz / f64::from(SAMPLE_RATE)).fract();
            if i < N_BEFORE {
                continue;
            }
            let n_heard =
                (1..=N_HARMONICS).filter(|&k| k as f64 * hz < 0.5 * f64::from(SAMPLE_RATE));
            let partial = |k: usize| {
                between(share(i - 1, k - 1), share(i, k - 1)) * (TAU * k as f64 * phase).sin()
            };
            let exact: f64 = n_heard.map(partial).sum();
            difference += (f64::from(x) - exact).powi(2);
            power += exact * exact;
        }
        let controls = &controls[..N_FRAMES * (N_HARMONICS + 1)];
        let signal = &mut signal[..N_FRAMES * HOP_SIZE];
        let best = fastest(|| synth.process(&f0[..N_FRAMES], controls, N_HARMONICS + 1, signal));
        let seconds = signal.len() as f64 / f64::from(SAMPLE_RATE);
        println!(
            "{N_HARMONICS} harmonics of {f0_hz} Hz at 48 kHz {:9.3} ms {:8.0} x, relative error \
             against f64 {:.1e}",
            1e3 * best / seconds,
            seconds / best,
            (difference / power).sqrt()
        );
    }
    Ok(())
}
