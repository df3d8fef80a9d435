//! Windows of recordings, drawn into batches.

use burn::tensor::{DType, Device, Tensor, TensorData};
use ddsp_core::effect::reverb_noise;
use ddsp_core::model::ModelConfig;
use ddsp_core::noise::{fill_uniform, uniform};
use ddsp_io::dataset::Example;

use crate::train::{Error, TrainConfig};
use crate::{Features, Noise};

/// A window that is too quiet is drawn again, so many times.
const MAX_DRAWS: u64 = 16;
/// Nothing is measured on less.
const LEAST_S: f64 = 0.5;
/// What draws are made of beside the seed, so that windows and noise have nothing to do with each other.
const WINDOWS: u64 = 0x57_494e;
const NOISE: u64 = 0x4e_4f49;

/// The recordings of a data set in memory, each one once, of which windows of one length are taken.
#[derive(Debug, Clone)]
pub struct Clips {
    clips: Vec<Example>,
    hop_size: usize,
    window_frames: usize,
    /// The frames that a window can begin with in all clips before each one.
    first_start: Vec<usize>,
    n_starts: usize,
    n_frames: usize,
}

/// What a step is made on.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What the network hears.
    pub features: Features,
    /// What noise is filtered from.
    pub noise: Noise,
    /// What it should sound like, `[batch, n_samples]`.
    pub target: Tensor<2>,
}

impl Clips {
    /// Takes the clips of a data set, each of whole frames, for windows of that length.
    ///
    /// *Errors*: none of them is as long as a window.
    pub fn new(clips: Vec<Example>, hop_size: usize, window_frames: usize) -> Result<Self, Error> {
        let n_in = |clip: &Example| n_frames_in(clip, hop_size);
        let longest = clips.iter().map(n_in).max().unwrap_or_default();
        let clips: Vec<Example> = clips.into_iter().filter(|c| n_in(c) >= window_frames).collect();
        if clips.is_empty() {
            let detail = format!(
                "expected recordings of at least {window_frames} frames, found {longest} in the longest: take shorter windows \
                 (--set data.window_s=1), or more sound"
            );
            return Err(Error::setting("data.window_s", detail));
        }
        let mut first_start = Vec::with_capacity(clips.len());
        let (mut n_starts, mut n_frames) = (0, 0);
        for clip in &clips {
            first_start.push(n_starts);
            n_starts += n_in(clip) - window_frames + 1;
            n_frames += n_in(clip);
        }
        Ok(Self { clips, hop_size, window_frames, first_start, n_starts, n_frames })
    }

    /// The clips of a part that is held out, for windows of `window_s`, or as long as the longest of them where all are shorter; none
    /// without half a second of sound in one of them. `lead_in_frames` more are in each window, at its beginning.
    pub fn held_out(
        clips: Vec<Example>,
        config: &ModelConfig,
        window_s: f64,
        lead_in_frames: usize,
    ) -> Option<Self> {
        let longest = clips.iter().map(|clip| n_frames_in(clip, config.hop_size)).max()?;
        let wanted = (window_s * config.frame_rate()).round() as usize + lead_in_frames;
        let least = (LEAST_S * config.frame_rate()) as usize + lead_in_frames;
        let window_frames = wanted.min(longest);
        let is_enough = window_frames >= least;
        is_enough.then(|| Self::new(clips, config.hop_size, window_frames).ok()).flatten()
    }

    /// Seconds of sound at a frame rate.
    pub fn seconds(&self, frame_rate: f64) -> f64 {
        self.n_frames as f64 / frame_rate
    }

    /// The clips.
    pub fn iter(&self) -> impl Iterator<Item = &Example> {
        self.clips.iter()
    }

    /// Whether no frame is louder than this.
    pub fn are_silent(&self, least_loudness_db: f64) -> bool {
        let mut all_db = self.clips.iter().flat_map(|clip| &clip.loudness_db);
        !all_db.any(|&db| f64::from(db) > least_loudness_db)
    }

    fn window(&self, clip: usize, start: usize) -> Window<'_> {
        let (n_frames, hop_size) = (self.window_frames, self.hop_size);
        Window { clip: &self.clips[clip], start, n_frames, hop_size }
    }

    /// Windows whose parts behind the lead-in follow each other through all clips, at most `most` of them, evenly spread.
    pub fn windows(&self, lead_in_frames: usize, most: usize) -> Vec<Window<'_>> {
        let step = self.window_frames - lead_in_frames;
        let of_clip = |(i, clip): (usize, &Example)| {
            let last = n_frames_in(clip, self.hop_size) - self.window_frames;
            (0..=last).step_by(step).map(move |start| (i, start)).collect::<Vec<_>>()
        };
        let all: Vec<(usize, usize)> = self.clips.iter().enumerate().flat_map(of_clip).collect();
        let n = all.len().min(most);
        let chosen = (0..n).map(|i| all[i * all.len() / n]);
        chosen.map(|(clip, start)| self.window(clip, start)).collect()
    }

    /// The windows of a step: the same seed and step, the same windows.
    pub fn draw(&self, config: &TrainConfig, step: u64) -> Vec<Window<'_>> {
        let n_rows = config.data.batch_size as u64;
        let least_db = config.data.least_loudness_db as f32;
        let draw = |row: u64| {
            let attempt = |i: u64| {
                let index = ((step * n_rows + row) * MAX_DRAWS + i) * 2;
                // Two draws of 24 bits, so that every beginning in many hours is as likely.
                let unit = |index| 0.5 + 0.5 * f64::from(uniform(config.seed ^ WINDOWS, index));
                let share = unit(index) + unit(index + 1) / f64::from(1 << 24);
                let start = ((share * self.n_starts as f64) as usize).min(self.n_starts - 1);
                let clip = self.first_start.partition_point(|&first| first <= start) - 1;
                self.window(clip, start - self.first_start[clip])
            };
            let mut attempts = (0..MAX_DRAWS).map(attempt);
            let loud = attempts.find(|window| window.loudness_db().iter().any(|&x| x > least_db));
            loud.unwrap_or_else(|| attempt(0))
        };
        (0..n_rows).map(draw).collect()
    }
}

/// Whole frames of a clip.
fn n_frames_in(clip: &Example, hop_size: usize) -> usize {
    (clip.audio.len() / hop_size).min(clip.f0_hz.len())
}

/// A stretch of a clip.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    clip: &'a Example,
    start: usize,
    n_frames: usize,
    hop_size: usize,
}

impl<'a> Window<'a> {
    /// What is left behind so many frames.
    pub(crate) fn without(&self, n: usize) -> Self {
        Self { start: self.start + n, n_frames: self.n_frames - n, ..*self }
    }

    /// The sound.
    pub fn audio(&self) -> &'a [f32] {
        &self.clip.audio[self.start * self.hop_size..][..self.n_frames * self.hop_size]
    }

    fn frames(&self, of: &'a [f32]) -> &'a [f32] {
        &of[self.start..][..self.n_frames]
    }

    /// Its pitch.
    pub fn f0_hz(&self) -> &'a [f32] {
        self.frames(&self.clip.f0_hz)
    }

    /// How sure that is.
    pub fn f0_confidence(&self) -> &'a [f32] {
        self.frames(&self.clip.f0_confidence)
    }

    /// Its loudness.
    pub fn loudness_db(&self) -> &'a [f32] {
        self.frames(&self.clip.loudness_db)
    }
}

impl Batch {
    /// Windows as tensors; the noise is that of `seed`.
    pub fn new(windows: &[Window<'_>], config: &ModelConfig, seed: u64, device: &Device) -> Self {
        let n_batch = windows.len();
        let (n_frames, n_samples) = (windows[0].n_frames, windows[0].n_frames * config.hop_size);
        let frames = |of: fn(&Window<'_>) -> Vec<f32>| {
            let values: Vec<f32> = windows.iter().flat_map(of).collect();
            let data = TensorData::new(values, [n_batch, n_frames, 1]);
            Tensor::<3>::from_data(data, (device, DType::F32))
        };
        let audio: Vec<f32> = windows.iter().flat_map(|w| w.audio().iter().copied()).collect();
        let sound = |values: Vec<f32>, shape: [usize; 2]| {
            Tensor::<2>::from_data(TensorData::new(values, shape), (device, DType::F32))
        };
        let mut noise = vec![0.0; n_batch * n_samples];
        fill_uniform(seed ^ NOISE, 0, &mut noise);
        let reverb = config.processors.iter().find_map(|p| p.ir_size());
        let target = sound(audio, [n_batch, n_samples]);
        Self {
            features: Features {
                f0_hz: frames(|window| window.f0_hz().to_vec()),
                loudness_db: frames(|window| window.loudness_db().to_vec()),
                audio: config.encoder.as_ref().map(|_| target.clone()),
            },
            noise: Noise {
                signal: sound(noise, [n_batch, n_samples]),
                reverb: reverb.map(|n| sound(reverb_noise(n), [1, n])),
            },
            target,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Preset, describe};

    const HOP: usize = 64;

    fn clip(n_frames: usize) -> Example {
        Example {
            audio: vec![0.5; n_frames * HOP],
            f0_hz: (0..n_frames).map(|i| i as f32).collect(),
            f0_confidence: vec![1.0; n_frames],
            loudness_db: vec![0.0; n_frames],
        }
    }

    #[test]
    fn every_beginning_is_as_likely_in_short_clips_too() {
        let mut config = Preset::Instrument.config(16_000, 250);
        config.data.batch_size = 500;
        let clips = Clips::new(vec![clip(253), clip(100), clip(251)], HOP, 250).unwrap();
        let mut counts = [0_usize; 6];
        for window in (0..12).flat_map(|step| clips.draw(&config, step)) {
            let start = window.f0_hz()[0] as usize;
            counts[if window.clip.f0_hz.len() == 253 { start } else { 4 + start }] += 1;
        }
        assert!(counts.iter().all(|n| (850..1150).contains(n)), "{counts:?}");
    }

    #[test]
    fn what_is_measured_follows_each_other_behind_the_lead_in() {
        let config = describe(&Preset::Instrument.config(16_000, 250).model).unwrap();
        let starts = |lead: usize, clips: Vec<Example>| -> Vec<usize> {
            let clips = Clips::held_out(clips, &config, 4.0, lead).unwrap();
            clips.windows(lead, 99).iter().map(|w| w.f0_hz()[lead] as usize).collect()
        };
        assert_eq!(starts(0, vec![clip(3500)]), [0, 1000, 2000]);
        assert_eq!(starts(250, vec![clip(3500)]), [250, 1250, 2250]);
        assert_eq!(starts(0, vec![clip(400), clip(600)]), [0]);
        assert!(Clips::held_out(vec![clip(300)], &config, 4.0, 250).is_none());
        assert!(Clips::held_out(vec![], &config, 4.0, 0).is_none());
    }
}
