//! Gradients where a naive form has none: their closed forms.

use burn::tensor::{DType, Device, Tensor, TensorData};
use ddsp::burn;
use ddsp::cpu::generic_only;
use ddsp::feature::{logmag, loudness_db, magnitudes};
use ddsp::loss::{SpectralLossConfig, spectral_loss};
use ddsp::scale::{exp_sigmoid, hz_to_midi};
use ddsp::synth::{harmonic, harmonic_controls};
use ddsp_core::feature::framing::Padding;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::feature::spectrum::StftConfig;
use ddsp_core::synth::HarmonicConfig;

use crate::host;

const BOTH: [DType; 2] = [DType::F32, DType::F64];

fn leaf<const D: usize>(values: Vec<f64>, shape: [usize; D], dtype: DType) -> Tensor<D> {
    let data = TensorData::new(values, shape);
    Tensor::from_data(data, (&Device::flex().autodiff(), dtype)).require_grad()
}

fn gradient<const D: usize, const E: usize>(out: Tensor<D>, by: &Tensor<E>) -> Vec<f64> {
    let gradients = out.sum().backward();
    by.grad(&gradients).map(host).unwrap_or_else(|| vec![0.0; by.dims().iter().product()])
}

/// `d/dx 2 sigmoid(x)^ln 10 = 2 ln(10) sigmoid(x)^ln 10 (1 - sigmoid(x))`.
#[test]
fn far_below_zero_a_squashed_output_has_its_small_gradient() {
    for dtype in BOTH {
        let x = leaf(vec![-1000.0, -100.0, -40.0, 0.0, 40.0, 1000.0], [6], dtype);
        let found = gradient(exp_sigmoid(x.clone()), &x);
        for (x, found) in [-1000.0, -100.0, -40.0, 0.0, 40.0_f64, 1000.0].into_iter().zip(found) {
            let ln_10 = 10.0_f64.ln();
            // In logarithms: the power of a sigmoid underflows.
            let log_sigmoid =
                |x: f64| if x < 0.0 { x - x.exp().ln_1p() } else { -(-x).exp().ln_1p() };
            let expected = 2.0 * ln_10 * (ln_10 * log_sigmoid(x) + log_sigmoid(-x)).exp();
            assert!((found - expected).abs() <= 1e-5 * expected + 1e-30, "{x}: {found} {expected}");
        }
    }
}

#[test]
fn a_pitch_of_zero_is_silent_and_has_no_gradient_of_its_own() {
    for dtype in BOTH {
        let f0_hz = leaf(vec![0.0, 440.0, 0.0, 220.0], [1, 4, 1], dtype);
        let found = gradient(hz_to_midi(f0_hz.clone()), &f0_hz);
        let of = |hz: f64| 12.0 / (std::f64::consts::LN_2 * hz);
        assert_eq!((found[0], found[2]), (0.0, 0.0));
        assert!(
            (found[1] / of(440.0) - 1.0).abs() < 1e-6 && (found[3] / of(220.0) - 1.0).abs() < 1e-6
        );

        let raw = leaf(vec![1.0; 12], [1, 4, 3], dtype);
        let amplitudes = leaf(vec![1.0; 4], [1, 4, 1], dtype);
        let config = HarmonicConfig::new(3);
        let controls = harmonic_controls(&config, amplitudes, raw.clone(), f0_hz.clone(), 16_000);
        let signal = harmonic(&config, controls, 256, 16_000).unwrap();
        let gradients = signal.sum().backward();
        assert!(host(raw.grad(&gradients).unwrap()).iter().all(|x| x.is_finite()));
        assert!(host(f0_hz.grad(&gradients).unwrap()).iter().all(|x| x.is_finite()));
    }
}

#[test]
fn silence_has_a_gradient_of_zero() {
    let loudness = LoudnessConfig::magenta_3();
    for dtype in BOTH {
        let silence = || leaf(vec![0.0; 1024], [1, 1024], dtype);
        let stft = StftConfig::new(256);
        let audio = silence();
        assert!(gradient(magnitudes(audio.clone(), &stft), &audio).iter().all(|x| *x == 0.0));
        let audio = silence();
        assert!(gradient(logmag(audio.clone(), &stft), &audio).iter().all(|x| *x == 0.0));
        let audio = silence();
        let db = loudness_db(audio.clone(), 16_000, 64, Padding::Center, &loudness).unwrap();
        assert!(host(db.clone()).iter().all(|x| *x == -80.0));
        assert!(gradient(db, &audio).iter().all(|x| *x == 0.0));
        let config = SpectralLossConfig { logmag_weight: 1.0, ..SpectralLossConfig::default() };
        for generic in [false, true] {
            let audio = silence();
            let loss = || spectral_loss(&config, silence(), audio.clone()).unwrap();
            let loss = if generic { generic_only(loss) } else { loss() };
            assert_eq!(host(loss.clone()), [0.0]);
            assert!(gradient(loss, &audio).iter().all(|x| *x == 0.0));
        }
    }
}

/// Of two harmonics the second lies exactly at Nyquist: it is silent, and so is its gradient.
#[test]
fn what_lies_at_nyquist_is_silent() {
    for (dtype, generic) in BOTH.into_iter().flat_map(|t| [(t, false), (t, true)]) {
        let f0_hz = leaf(vec![4000.0; 4], [1, 4, 1], dtype);
        let raw = leaf(vec![0.5; 8], [1, 4, 2], dtype);
        let amplitudes = leaf(vec![0.0; 4], [1, 4, 1], dtype);
        let config = HarmonicConfig::new(2);
        let loudness = host(exp_sigmoid(amplitudes.clone()))[0];
        let controls = harmonic_controls(&config, amplitudes, raw.clone(), f0_hz.clone(), 16_000);
        let shares = host(controls.harmonic_distribution.clone());
        assert!(shares.chunks(2).all(|row| (row[0] - 1.0).abs() < 1e-6 && row[1] == 0.0));
        let signal = || harmonic(&config, controls, 256, 16_000).unwrap();
        let signal = if generic { generic_only(signal) } else { signal() };
        // A quarter of a cycle a sample, the first one included: 1, 0, -1, 0.
        for (n, x) in host(signal.clone()).iter().enumerate() {
            let expected = [1.0, 0.0, -1.0, 0.0][n % 4] * loudness;
            assert!((x - expected).abs() < 1e-5, "sample {n}: {x}, expected {expected}");
        }
        let gradients = signal.sum().backward();
        // The only audible harmonic has a share of 1, whatever its raw output.
        let of = host(raw.grad(&gradients).unwrap());
        assert!(of.iter().all(|x| x.abs() < 1e-4), "{of:?}");
        assert!(host(f0_hz.grad(&gradients).unwrap()).iter().all(|x| x.is_finite()));
    }
}
