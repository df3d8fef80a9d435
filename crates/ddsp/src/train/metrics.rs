//! How well a model plays what it never heard.

use burn::tensor::{DType, Device, Tensor};
use ddsp_core::feature::f0::{self, UNVOICED_CONFIDENCE};
use ddsp_core::model::{ModelConfig, Weights};
use ddsp_core::scale::{amplitude_to_db, hz_to_midi};
use ddsp_core::transfer::{loudness, tracker};
use serde::{Deserialize, Serialize};

use crate::loss::{SpectralLossConfig, spectral_loss};
use crate::nn::Parameters;
use crate::train::batch::{Batch, Window};
use crate::train::{Error, Preset};
use crate::{Autoencoder, Controls};

/// Windows that are played at a time.
const BATCH: usize = 8;
/// The noise that is played while evaluating.
const SEED: u64 = 0x6576_616c;
/// An error of pitch beyond this many semitones counts as an outlier.
const OUTLIER_SEMITONES: f64 = 0.5;

/// The measures of Engel et al. 2020, section 5, on windows of recordings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Magenta's multi-scale spectral loss, magnitudes and their logarithms, whatever a training made small.
    pub spectral_loss: f64,
    /// Mean distance of loudness over all frames.
    pub loudness_l1_db: f64,
    /// Mean distance of pitch over the frames that have one in both, as far as it is no outlier; no number without such frames.
    pub f0_l1_semitones: f64,
    /// Share of those frames whose pitch is off by more than half a semitone.
    pub f0_outliers: f64,
    /// Share of the frames with a pitch that are played without one.
    pub f0_lost: f64,
    /// Level of the harmonic part beside that of the recordings.
    pub harmonic_db: f64,
    /// Level of the noise part beside that of the recordings.
    pub noise_db: f64,
    /// Seconds of sound.
    pub seconds: f64,
}

/// A window beside what the model plays of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The recording.
    pub target: Vec<f32>,
    /// The model.
    pub signal: Vec<f32>,
}

#[derive(Default)]
struct Sums {
    loss: f64,
    loudness: f64,
    n_frames: f64,
    f0: f64,
    n_f0: f64,
    n_outliers: f64,
    n_lost: f64,
    n_voiced: f64,
    /// Energies of recordings, harmonics and noise.
    energies: [f64; 3],
}

/// The frames that a window begins with to let a room ring, and that are not measured: those of its impulse response, a second of them
/// at most. A model that hears audio takes windows of the length that it was made for, with no more before them.
pub fn lead_in_frames(config: &ModelConfig) -> usize {
    let ir_size = config.processors.iter().find_map(|p| p.ir_size()).unwrap_or_default();
    let samples = ir_size.min(config.sample_rate as usize);
    if config.encoder.is_some() { 0 } else { samples.div_ceil(config.hop_size) }
}

/// Plays windows and measures them behind [`lead_in_frames`]; returns the first few as they sound, too.
///
/// *Errors*: there is no window; those of the model.
pub fn evaluate(
    config: &ModelConfig,
    weights: &Weights,
    windows: &[Window<'_>],
    n_previews: usize,
    device: &Device,
) -> Result<(Metrics, Vec<Preview>), Error> {
    if windows.is_empty() {
        let detail = "expected sound that was held out, found less than one window of it";
        return Err(Error::setting("upkeep.evaluation_window_s", detail));
    }
    let device = device.clone().without_autodiff();
    let model = Autoencoder::new(config.clone())?;
    let parameters = Parameters::new(weights, &device, DType::F32);
    let loss = reference_loss(config);
    let lead_in = lead_in_frames(config);
    let heard = |x: Tensor<2>| {
        let (n, lead_in) = (x.dims()[1], lead_in * config.hop_size);
        if lead_in == 0 { x } else { x.narrow(1, lead_in, n - lead_in) }
    };
    let (mut sums, mut previews) = (Sums::default(), Vec::new());
    for (i, windows) in windows.chunks(BATCH).enumerate() {
        let batch = Batch::new(windows, config, SEED + i as u64, &device);
        let rendered = model.forward(&batch.features, &batch.noise, &parameters)?;
        let windows: Vec<Window<'_>> = windows.iter().map(|w| w.without(lead_in)).collect();
        let signal = heard(rendered.signal);
        let found = spectral_loss(&loss, heard(batch.target), signal.clone())?;
        sums.loss += f64::from(values(found)[0]) * windows.len() as f64;
        for (controls, signal) in &rendered.sources {
            let source = match controls {
                Controls::Harmonic(_) => 1,
                Controls::FilteredNoise(_) => 2,
            };
            sums.energies[source] += energy(&values(heard(signal.clone())));
        }
        let signals = values(signal);
        let n_samples = windows[0].audio().len();
        for (window, signal) in windows.iter().zip(signals.chunks_exact(n_samples)) {
            sums.add(window, signal, config)?;
            if previews.len() < n_previews {
                let (target, signal) = (window.audio().to_vec(), signal.to_vec());
                previews.push(Preview { target, signal });
            }
        }
    }
    let seconds = sums.n_frames / config.frame_rate();
    Ok((sums.metrics(windows.len() as f64, seconds), previews))
}

/// Magenta's plain multi-scale loss at this rate.
fn reference_loss(config: &ModelConfig) -> SpectralLossConfig {
    Preset::Solo.config(config.sample_rate, 1).loss
}

impl Sums {
    fn add(
        &mut self,
        window: &Window<'_>,
        signal: &[f32],
        config: &ModelConfig,
    ) -> Result<(), Error> {
        let n_frames = window.f0_hz().len();
        let of_target = loudness(window.audio(), config, n_frames);
        let of_signal = loudness(signal, config, n_frames);
        let distance = |(a, b): (&f32, &f32)| f64::from((a - b).abs());
        self.loudness += of_target.iter().zip(&of_signal).map(distance).sum::<f64>();
        self.n_frames += n_frames as f64;
        self.energies[0] += energy(window.audio());
        let track =
            f0::track(signal, config.sample_rate, config.hop_size, n_frames, &tracker(config))?;
        for (i, (&hz, &confidence)) in window.f0_hz().iter().zip(window.f0_confidence()).enumerate()
        {
            if confidence <= UNVOICED_CONFIDENCE || hz <= 0.0 {
                continue;
            }
            self.n_voiced += 1.0;
            if !track.voiced[i] {
                self.n_lost += 1.0;
                continue;
            }
            let error = (hz_to_midi(f64::from(track.f0_hz[i])) - hz_to_midi(f64::from(hz))).abs();
            if error > OUTLIER_SEMITONES {
                self.n_outliers += 1.0;
            } else {
                self.f0 += error;
                self.n_f0 += 1.0;
            }
        }
        Ok(())
    }

    fn metrics(&self, n_windows: f64, seconds: f64) -> Metrics {
        let level =
            |source: usize| amplitude_to_db((self.energies[source] / self.energies[0]).sqrt());
        Metrics {
            spectral_loss: self.loss / n_windows,
            loudness_l1_db: self.loudness / self.n_frames.max(1.0),
            f0_l1_semitones: self.f0 / self.n_f0,
            f0_outliers: self.n_outliers / (self.n_f0 + self.n_outliers),
            f0_lost: self.n_lost / self.n_voiced.max(1.0),
            harmonic_db: level(1),
            noise_db: level(2),
            seconds,
        }
    }
}

fn energy(x: &[f32]) -> f64 {
    x.iter().map(|&x| f64::from(x).powi(2)).sum()
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().convert::<f32>().try_to_vec().expect("it was made f32")
}

#[cfg(test)]
mod tests {
    use ddsp_io::dataset::Example;

    use super::*;
    use crate::train::{Clips, describe, start_weights};

    #[test]
    fn a_silent_room_changes_nothing_behind_the_lead_in() {
        const SECONDS: usize = 14;
        let dry = Preset::Instrument.config(16_000, 250);
        let room = describe(&dry.clone().in_room(0.6).model).unwrap();
        let dry = describe(&dry.model).unwrap();
        // Louder from second to second: rows that are cut at another place would not fit.
        let sample = |n: usize| {
            let t = n as f32 / 16_000.0;
            0.02 * (1.0 + t) * (std::f32::consts::TAU * 220.0 * t).sin()
        };
        let audio: Vec<f32> = (0..SECONDS * 16_000).map(sample).collect();
        let clip = Example {
            f0_hz: vec![220.0; SECONDS * 250],
            f0_confidence: vec![1.0; SECONDS * 250],
            loudness_db: loudness(&audio, &dry, SECONDS * 250),
            audio,
        };
        let device = Device::flex();
        let measured = |config: &ModelConfig| {
            let lead_in = lead_in_frames(config);
            let weights = start_weights(config, 1, true);
            // As much is measured of both.
            let clip = Example {
                audio: clip.audio[(150 - lead_in) * 64..].to_vec(),
                f0_hz: clip.f0_hz[150 - lead_in..].to_vec(),
                f0_confidence: clip.f0_confidence[150 - lead_in..].to_vec(),
                loudness_db: clip.loudness_db[150 - lead_in..].to_vec(),
            };
            let clips = Clips::held_out(vec![clip], config, 4.0, lead_in).unwrap();
            evaluate(config, &weights, &clips.windows(lead_in, 9), 3, &device).unwrap()
        };
        let ((dry, of_dry), (room, of_room)) = (measured(&dry), measured(&room));
        assert_eq!((dry.seconds, room.seconds), (12.0, 12.0));
        for (a, b) in of_dry.iter().zip(&of_room) {
            assert!(a.target == b.target, "other sound is measured");
        }
        let far = |a: f64, b: f64| (a - b).abs() > 0.05;
        assert!(!far(dry.spectral_loss, room.spectral_loss), "{dry:?} {room:?}");
        assert!(!far(dry.loudness_l1_db, room.loudness_l1_db), "{dry:?} {room:?}");
        assert!(!far(dry.harmonic_db, room.harmonic_db), "{dry:?} {room:?}");
    }
}
