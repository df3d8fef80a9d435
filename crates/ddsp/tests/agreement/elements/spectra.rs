//! Spectra, loudness and losses.

use ddsp::burn::tensor::Tensor;
use ddsp::feature::{logmag, loudness_db, magnitudes, mel, mfcc};
use ddsp::loss::{LossType, SpectralLossConfig, spectral_loss};
use ddsp_core::feature;
use ddsp_core::feature::framing::Padding as Framing;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::feature::spectrum::{self, MelConfig, StftConfig};
use ddsp_core::noise::uniform;
use ddsp_core::real::Real;

use super::{Chooser, Draw, Element};

pub(super) fn spectra() -> Vec<Element> {
    fn stft(d: &Draw) -> StftConfig {
        StftConfig { size: d.sizes[0], overlap: [0.75, 0.5][d.sizes[1]], pad_end: true }
    }
    const BANDS: MelConfig =
        MelConfig { lo_hz: 20.0, hi_hz: 8000.0, n_bands: 12, sample_rate: 16_000 };
    fn heard<R: Real>(d: &Draw) -> Vec<R> {
        d.clips(0).into_iter().flat_map(|x: Vec<R>| spectrum::magnitudes(&x, &stft(d))).collect()
    }
    fn logs<R: Real>(d: &Draw) -> Vec<R> {
        d.clips(0).into_iter().flat_map(|x: Vec<R>| spectrum::logmag(&x, &stft(d))).collect()
    }
    fn mels<R: Real>(d: &Draw) -> Vec<R> {
        d.clips(0).into_iter().flat_map(|x: Vec<R>| spectrum::mel(&x, &stft(d), &BANDS)).collect()
    }
    fn cepstra<R: Real>(d: &Draw) -> Vec<R> {
        d.clips(0)
            .into_iter()
            .flat_map(|x: Vec<R>| spectrum::mfcc(&x, &stft(d), &BANDS, 8))
            .collect()
    }
    fn loudness_of<R: Real>(d: &Draw, config: &LoudnessConfig) -> Vec<R> {
        let of = |x: Vec<R>| {
            let n = Framing::Center.n_frames(x.len(), config.n_fft(), 64);
            feature::loudness::loudness_db(&x, 16_000, 64, n, Framing::Center, config)
        };
        d.clips(0).into_iter().flat_map(of).collect()
    }
    fn loud<R: Real>(d: &Draw) -> Vec<R> {
        loudness_of(d, &LoudnessConfig::magenta_3())
    }
    const POWER: LoudnessConfig =
        LoudnessConfig::Power { frame_size: 96, range_db: 80.0, ref_db: 0.0 };
    fn powerful<R: Real>(d: &Draw) -> Vec<R> {
        loudness_of(d, &POWER)
    }
    fn audio(c: &mut Chooser) -> Draw {
        let (b, n) = (c.size(1, 2), c.size(300, 700));
        let size = [64, 128, 100][c.size(0, 2)];
        Draw { sizes: vec![size, c.size(0, 1)], inputs: vec![c.input(&[b, n], -1.0, 1.0)] }
    }
    let magnitude_loss = |name, loss_type, terms: [f64; 6]| Element {
        name,
        draw: Box::new(|seed| {
            let mut c = Chooser { seed, index: 0 };
            let shape = [c.size(1, 2), c.size(300, 700)];
            Draw { sizes: vec![], inputs: vec![c.input(&shape, -1.0, 1.0)] }
        }),
        tensor: Box::new(move |d, x| {
            let [
                mag_weight,
                logmag_weight,
                delta_time_weight,
                delta_freq_weight,
                cumsum_freq_weight,
                loudness_weight,
            ] = terms;
            let config = SpectralLossConfig {
                fft_sizes: vec![128, 64, 100],
                loss_type,
                mag_weight,
                logmag_weight,
                delta_time_weight,
                delta_freq_weight,
                cumsum_freq_weight,
                loudness_weight,
            };
            let audio: Tensor<2> = d.tensor(x, 0);
            let n = audio.dims().iter().product::<usize>() as u64;
            let target: Vec<f64> = (0..n).map(|i| f64::from(uniform(5, i))).collect();
            let target = crate::on(&target, audio.dims(), audio.dtype(), &audio.device());
            spectral_loss(&config, target, audio).unwrap()
        }),
        kernel: None,
        step: 1e-6,
        precise_limit: None,
    };
    let logarithmic = |element: Element| Element { step: 1e-6, ..element };
    vec![
        element!(
            "magnitudes",
            |c| audio(&mut c),
            |d, x| magnitudes(d.tensor(x, 0), &stft(d)),
            heard
        ),
        logarithmic(element!(
            "logmag",
            |c| audio(&mut c),
            |d, x| logmag(d.tensor(x, 0), &stft(d)),
            logs
        )),
        element!("mel", |c| audio(&mut c), |d, x| mel(d.tensor(x, 0), &stft(d), &BANDS), mels),
        logarithmic(element!(
            "mfcc",
            |c| audio(&mut c),
            |d, x| mfcc(d.tensor(x, 0), &stft(d), &BANDS, 8),
            cepstra
        )),
        element!(
            "loudness_db",
            |c| audio(&mut c),
            |d, x| loudness_db(
                d.tensor(x, 0),
                16_000,
                64,
                Framing::Center,
                &LoudnessConfig::magenta_3()
            )
            .unwrap(),
            loud
        ),
        element!(
            "loudness_db, power",
            |c| audio(&mut c),
            |d, x| loudness_db(d.tensor(x, 0), 16_000, 64, Framing::Center, &POWER).unwrap(),
            powerful
        ),
        magnitude_loss("spectral_loss, L1", LossType::L1, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        logarithmic(magnitude_loss(
            "spectral_loss, L1 and logs",
            LossType::L1,
            [1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        )),
        logarithmic(magnitude_loss(
            "spectral_loss, all of L2",
            LossType::L2,
            [1.0, 1.0, 0.5, 0.5, 0.1, 0.1],
        )),
        logarithmic(magnitude_loss(
            "spectral_loss, all of L1",
            LossType::L1,
            [1.0, 1.0, 0.5, 0.5, 0.1, 0.1],
        )),
        magnitude_loss("spectral_loss, cosine", LossType::Cosine, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    ]
}
