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
/// What draws are made of beside the seed, so that windows and noise have nothing to do with each other.
const WINDOWS: u64 = 0x57_494e;
const NOISE: u64 = 0x4e_4f49;

/// The recordings of a data set in memory, each one once.
#[derive(Debug, Clone)]
pub struct Clips {
    clips: Vec<Example>,
    hop_size: usize,
    /// Frames of all clips before each one.
    first_frame: Vec<usize>,
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
    /// Takes the clips of a data set, each of whole frames.
    ///
    /// *Errors*: none of them is as long as `least_frames`.
    pub fn new(clips: Vec<Example>, hop_size: usize, least_frames: usize) -> Result<Self, Error> {
        let n_in = |clip: &Example| (clip.audio.len() / hop_size).min(clip.f0_hz.len());
        let longest = clips.iter().map(n_in).max().unwrap_or_default();
        let clips: Vec<Example> = clips.into_iter().filter(|c| n_in(c) >= least_frames).collect();
        if clips.is_empty() {
            let detail = format!(
                "expected recordings of at least {least_frames} frames, found {longest} in the longest: take shorter windows \
                 (--set data.window_s=1), or more sound"
            );
            return Err(Error::setting("data.window_s", detail));
        }
        let mut first_frame = Vec::with_capacity(clips.len());
        let mut n_frames = 0;
        for clip in &clips {
            first_frame.push(n_frames);
            n_frames += n_in(clip);
        }
        Ok(Self { clips, hop_size, first_frame, n_frames })
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

    /// A window of `n_frames` that begins at the frame of that number, counted over all clips.
    ///
    /// It is moved back where it would reach beyond its clip.
    fn window(&self, frame: usize, n_frames: usize) -> Window<'_> {
        let i = self.first_frame.partition_point(|&first| first <= frame) - 1;
        let clip = &self.clips[i];
        let n_in_clip = (clip.audio.len() / self.hop_size).min(clip.f0_hz.len());
        let start = (frame - self.first_frame[i]).min(n_in_clip - n_frames);
        Window { clip, start, n_frames, hop_size: self.hop_size }
    }

    /// Windows that follow each other through all clips, at most `most` of them, evenly spread.
    pub fn windows(&self, n_frames: usize, most: usize) -> Vec<Window<'_>> {
        let mut all = Vec::new();
        for (clip, first) in self.clips.iter().zip(&self.first_frame) {
            let n_in_clip = (clip.audio.len() / self.hop_size).min(clip.f0_hz.len());
            let starts = (0..n_in_clip / n_frames).map(|i| first + i * n_frames);
            all.extend(starts.map(|frame| self.window(frame, n_frames)));
        }
        let n = all.len().min(most);
        (0..n).map(|i| all[i * all.len() / n]).collect()
    }

    /// The windows of a step: the same seed and step, the same windows.
    pub fn draw(&self, config: &TrainConfig, step: u64) -> Vec<Window<'_>> {
        let n_frames = config.window_frames();
        let n_rows = config.data.batch_size as u64;
        let least_db = config.data.least_loudness_db as f32;
        let draw = |row: u64| {
            let attempt = |i: u64| {
                let index = ((step * n_rows + row) * MAX_DRAWS + i) * 2;
                // Two draws of 24 bits, so that every frame of many hours is as likely.
                let unit = |index| 0.5 + 0.5 * f64::from(uniform(config.seed ^ WINDOWS, index));
                let share = unit(index) + unit(index + 1) / f64::from(1 << 24);
                let frame = (share * self.n_frames as f64) as usize;
                self.window(frame.min(self.n_frames - 1), n_frames)
            };
            let mut attempts = (0..MAX_DRAWS).map(attempt);
            let loud = attempts.find(|window| window.loudness_db().iter().any(|&x| x > least_db));
            loud.unwrap_or_else(|| attempt(0))
        };
        (0..n_rows).map(draw).collect()
    }
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
