//! The engine: conditioned frames in, the instrument's sound out.
//!
//! A streaming kernel over samples. Live and offline are the same code with other block lengths, and
//! their bits agree.

use crate::condition::Frames;
use crate::effect::Reverb;
use crate::error::Error;
use crate::model::{DecoderConfig, Model, ProcessorConfig};
use crate::nn::RnnFcDecoder;
use crate::nn::rnn_fc_decoder::{InputKey, MAX_ROWS};
use crate::noise::fill_uniform;
use crate::synth::{FilteredNoise, Harmonic};

/// An instrument that plays.
///
/// Its clock is the sample. Frame i belongs to sample `i × hop_size` and is handed over with the block
/// that contains this sample; [`frames_due`](Self::frames_due) says how many a block takes. Sample n of
/// the signal leaves as sample `n + latency_samples()`.
#[derive(Debug)]
pub struct Engine {
    hop_size: usize,
    nyquist_hz: f32,
    noise: Noise,
    input_keys: Vec<InputKey>,
    decoder: RnnFcDecoder<f32>,
    sources: Vec<Source>,
    effects: Vec<Reverb<f32>>,
    latency_samples: usize,
    /// Samples handed out, frames taken in, since the start.
    n_samples: u64,
    n_frames: u64,
    /// Samples that have gone through the effects.
    n_mixed: u64,
    ended: bool,
    /// The frame that is held when too few are given.
    last: Frame,
    /// Rendered samples: those from `read` to `rendered` have not been handed out.
    ready: Vec<f32>,
    read: usize,
    rendered: usize,
    scratch: Scratch,
}

/// What the noise is filtered from.
#[derive(Debug)]
enum Noise {
    /// Drawn from a counter.
    Drawn { seed: u64 },
    /// Given by sample, then silence.
    Given(Vec<f32>),
}

impl Noise {
    fn fill(&self, first_sample: u64, out: &mut [f32]) {
        match self {
            Self::Drawn { seed } => fill_uniform(*seed, first_sample, out),
            Self::Given(noise) => {
                let start = usize::try_from(first_sample).unwrap_or(usize::MAX).min(noise.len());
                let given = &noise[start..(start + out.len()).min(noise.len())];
                out[..given.len()].copy_from_slice(given);
                out[given.len()..].fill(0.0);
            }
        }
    }
}

/// Anything that turns its share of the raw outputs into signal.
#[derive(Debug)]
enum Source {
    Harmonic { synth: Harmonic<f32>, first_raw: usize },
    FilteredNoise { synth: FilteredNoise<f32>, first_raw: usize },
}

#[derive(Debug, Clone, Copy, Default)]
struct Frame {
    f0_hz: f32,
    f0_scaled: f32,
    loudness_scaled: f32,
    harmonic_gain: f32,
}

/// Buffers for [`MAX_ROWS`] frames.
#[derive(Debug)]
struct Scratch {
    f0_hz: Vec<f32>,
    inputs: Vec<f32>,
    gains: Vec<f32>,
    raw: Vec<f32>,
    noise: Vec<f32>,
    signal: Vec<f32>,
    /// The sum of the sources, which reaches further than these frames by the largest difference
    /// between their latencies.
    mix: Vec<f32>,
}

impl Source {
    fn latency_samples(&self) -> usize {
        match self {
            Self::Harmonic { synth, .. } => synth.latency_samples(),
            Self::FilteredNoise { synth, .. } => synth.latency_samples(),
        }
    }
}

impl Engine {
    /// Builds and allocates everything that `model` needs; `seed` chooses the noise.
    ///
    /// *Errors*: the model asks for what an element cannot do.
    pub fn prepare(model: &Model, seed: u64) -> Result<Self, Error> {
        let config = model.config();
        let mut weights = model.weights().clone();
        let DecoderConfig::RnnFc(decoder_config) = &config.decoder;
        if config.encoder.is_some() {
            let detail = "expected an instrument without a timbre code, found an encoder: playing one \
                          from a recording is not built yet";
            return Err(Error::model("encoder", detail));
        }
        let decoder = RnnFcDecoder::new(decoder_config, &mut weights)?;
        let hop_size = config.hop_size;
        let mut sources = Vec::new();
        let mut effects = Vec::new();
        let mut first_raw = 0;
        for processor in &config.processors {
            match processor {
                ProcessorConfig::Harmonic(c) => {
                    let synth = Harmonic::new(c, config.sample_rate, hop_size)?;
                    let n_raw = synth.n_raw();
                    sources.push(Source::Harmonic { synth, first_raw });
                    first_raw += n_raw;
                }
                ProcessorConfig::FilteredNoise(c) => {
                    let synth = FilteredNoise::new(c, hop_size)?;
                    let n_raw = synth.n_raw();
                    sources.push(Source::FilteredNoise { synth, first_raw });
                    first_raw += n_raw;
                }
                ProcessorConfig::Reverb(_)
                | ProcessorConfig::ExpDecayReverb(_)
                | ProcessorConfig::FilteredNoiseReverb(_) => {
                    if let Some((c, ir)) = processor.take_reverb(&mut weights)? {
                        effects.push(Reverb::new(&c, &ir)?);
                    }
                }
            }
        }
        let latencies = || sources.iter().map(Source::latency_samples);
        let latency_samples = latencies().max().unwrap_or(0);
        let spread = latency_samples - latencies().min().unwrap_or(0);
        let rows = |width: usize| vec![0.0; MAX_ROWS * width];
        let scratch = Scratch {
            f0_hz: rows(1),
            inputs: rows(decoder.n_inputs()),
            gains: rows(1),
            raw: rows(decoder.n_outputs()),
            noise: rows(hop_size),
            signal: rows(hop_size),
            mix: vec![0.0; MAX_ROWS * hop_size + spread],
        };
        Ok(Self {
            hop_size,
            nyquist_hz: 0.5 * config.sample_rate as f32,
            noise: Noise::Drawn { seed },
            input_keys: decoder_config.input_keys.clone(),
            decoder,
            sources,
            effects,
            latency_samples,
            n_samples: 0,
            n_frames: 0,
            n_mixed: 0,
            ended: false,
            last: Frame::default(),
            ready: rows(hop_size),
            read: 0,
            rendered: 0,
            scratch,
        })
    }

    /// Plays with this noise, uniform in [-1, 1), in place of noise drawn from the seed; silence follows
    /// it. For comparisons with renderings whose noise is known.
    pub fn with_noise(mut self, noise: Vec<f32>) -> Self {
        self.noise = Noise::Given(noise);
        self
    }

    /// Samples of a frame.
    pub fn hop_size(&self) -> usize {
        self.hop_size
    }

    /// How far the sound comes behind the frames.
    pub fn latency_samples(&self) -> usize {
        self.latency_samples
    }

    /// How long the effects sound after the signal has ended.
    pub fn tail_samples(&self) -> usize {
        self.effects.iter().map(Reverb::tail_samples).sum()
    }

    /// How many frames the next block of `n_samples` takes.
    pub fn frames_due(&self, n_samples: usize) -> usize {
        let end = self.n_samples + n_samples as u64;
        (end.div_ceil(self.hop_size as u64) - self.n_frames) as usize
    }

    /// Back to the beginning: the next block is the first again.
    ///
    /// *Real time*: does not allocate or wait.
    pub fn reset(&mut self) {
        self.decoder.reset();
        for source in &mut self.sources {
            match source {
                Source::Harmonic { synth, .. } => synth.reset(),
                Source::FilteredNoise { synth, .. } => synth.reset(),
            }
        }
        self.effects.iter_mut().for_each(Reverb::reset);
        self.scratch.mix.fill(0.0);
        self.n_samples = 0;
        self.n_frames = 0;
        self.n_mixed = 0;
        self.ended = false;
        self.last = Frame::default();
        self.read = 0;
        self.rendered = 0;
    }

    /// Plays the next block, of any length.
    ///
    /// `frames` holds the [`frames_due`](Self::frames_due) of `out.len()`; where there are fewer, the
    /// last one given is held. Values that are not finite are taken as silence.
    ///
    /// *Real time*: does not allocate, lock, wait or read files. The cost is that of the frames due.
    pub fn process(&mut self, frames: Frames<'_>, out: &mut [f32]) {
        let n_due = self.frames_due(out.len());
        debug_assert!(frames.len() <= n_due, "{} frames given, {n_due} due", frames.len());
        let mut taken = 0;
        self.hand_out(out, |engine| {
            let n_rows = (n_due - taken).min(MAX_ROWS);
            for row in 0..n_rows {
                engine.take_frame(row, &frames, taken + row);
            }
            taken += n_rows;
            engine.render_frames(n_rows);
        });
    }

    /// Plays on after the last frame: first what is late by [`latency_samples`](Self::latency_samples),
    /// holding the last frame for a hop, then the tail of the effects, then silence.
    ///
    /// *Real time*: as [`process`](Self::process).
    pub fn finish(&mut self, out: &mut [f32]) {
        self.hand_out(out, |engine| engine.render_end());
    }

    /// Plays a whole clip from the beginning: `n_frames × hop_size` samples without latency.
    pub fn render(&mut self, frames: Frames<'_>, mut progress: impl FnMut(usize)) -> Vec<f32> {
        self.reset();
        let latency = self.latency_samples;
        let n_signal = frames.len() * self.hop_size;
        let mut out = vec![0.0; n_signal + latency];
        let (body, end) = out.split_at_mut(n_signal);
        let mut first = 0;
        for block in body.chunks_mut(64 * self.hop_size) {
            let n_frames = self.frames_due(block.len());
            self.process(frames.range(first, first + n_frames), block);
            first += n_frames;
            progress(first);
        }
        self.finish(end);
        out.drain(..latency);
        out
    }

    /// Fills `out` from the rendered samples, rendering more whenever they run out.
    fn hand_out(&mut self, out: &mut [f32], mut render: impl FnMut(&mut Self)) {
        let mut filled = 0;
        while filled < out.len() {
            if self.read == self.rendered {
                render(self);
                self.read = 0;
            }
            let n = (out.len() - filled).min(self.rendered - self.read);
            out[filled..filled + n].copy_from_slice(&self.ready[self.read..self.read + n]);
            self.read += n;
            filled += n;
        }
        self.n_samples += out.len() as u64;
    }

    /// The door: puts frame `index` of `frames` (or the last one) into row `row` of the scratch.
    fn take_frame(&mut self, row: usize, frames: &Frames<'_>, index: usize) {
        if index < frames.len() {
            let frame = Frame {
                f0_hz: frames.f0_hz[index],
                f0_scaled: frames.f0_scaled[index],
                loudness_scaled: frames.loudness_scaled[index],
                harmonic_gain: frames.harmonic_gain[index],
            };
            let Frame { f0_hz, f0_scaled, loudness_scaled, harmonic_gain } = frame;
            let sum = f0_hz + f0_scaled + loudness_scaled + harmonic_gain;
            self.last = if sum.is_finite() { frame } else { Frame::default() };
            self.last.f0_hz = self.last.f0_hz.clamp(0.0, self.nyquist_hz);
        }
        let scratch = &mut self.scratch;
        scratch.f0_hz[row] = self.last.f0_hz;
        scratch.gains[row] = self.last.harmonic_gain;
        let n_inputs = self.input_keys.len();
        for (i, key) in self.input_keys.iter().enumerate() {
            scratch.inputs[row * n_inputs + i] = match key {
                InputKey::F0Scaled => self.last.f0_scaled,
                InputKey::LoudnessScaled => self.last.loudness_scaled,
                InputKey::Z => unreachable!("models with an encoder are refused"),
            };
        }
    }

    /// Renders the hops of the frames in the first rows of the scratch into `ready`.
    fn render_frames(&mut self, n_rows: usize) {
        let (hop_size, stride) = (self.hop_size, self.decoder.n_outputs());
        let n_samples = n_rows * hop_size;
        let n_inputs = self.input_keys.len();
        let Scratch { f0_hz, inputs, gains, raw, noise, signal, mix } = &mut self.scratch;
        let (f0_hz, signal) = (&f0_hz[..n_rows], &mut signal[..n_samples]);
        let raw = &mut raw[..n_rows * stride];
        self.decoder.process(&inputs[..n_rows * n_inputs], raw);
        for source in &mut self.sources {
            let late = self.latency_samples - source.latency_samples();
            match source {
                Source::Harmonic { synth, first_raw } => {
                    let frames = raw.chunks_exact_mut(stride).zip(f0_hz).zip(gains.iter());
                    for ((raw, &f0_hz), gain) in frames {
                        let controls = &mut raw[*first_raw..];
                        synth.controls(f0_hz, controls);
                        controls[0] *= gain;
                    }
                    synth.process(f0_hz, &raw[*first_raw..], stride, signal);
                }
                Source::FilteredNoise { synth, first_raw } => {
                    for raw in raw.chunks_exact_mut(stride) {
                        synth.controls(&mut raw[*first_raw..]);
                    }
                    let noise = &mut noise[..n_samples];
                    self.noise.fill(self.n_frames * hop_size as u64, noise);
                    synth.process(&raw[*first_raw..], stride, noise, signal);
                }
            }
            add(signal, &mut mix[late..]);
        }
        self.n_frames += n_rows as u64;
        self.ended = false;
        self.finish_mix(n_samples);
    }

    /// Renders one more hop after the last frame into `ready`.
    fn render_end(&mut self) {
        let hop_size = self.hop_size;
        let Scratch { signal, mix, .. } = &mut self.scratch;
        let signal = &mut signal[..hop_size];
        for source in &mut self.sources {
            let late = self.latency_samples - source.latency_samples();
            match source {
                Source::Harmonic { synth, .. } if !self.ended => synth.finish(signal),
                Source::Harmonic { .. } => signal.fill(0.0),
                Source::FilteredNoise { synth, .. } => synth.finish(signal),
            }
            add(signal, &mut mix[late..]);
        }
        self.n_frames += 1;
        self.ended = true;
        self.finish_mix(hop_size);
    }

    /// Moves the first `n_samples` of the mix through the effects into `ready`.
    fn finish_mix(&mut self, n_samples: usize) {
        let mix = &mut self.scratch.mix;
        let ready = &mut self.ready[..n_samples];
        ready.copy_from_slice(&mix[..n_samples]);
        // Centred filters ring before the first sample; nobody hears that, and no reverb may.
        let n_before = (self.latency_samples as u64).saturating_sub(self.n_mixed);
        ready[..n_samples.min(n_before as usize)].fill(0.0);
        self.n_mixed += n_samples as u64;
        mix.copy_within(n_samples.., 0);
        let left = mix.len() - n_samples;
        mix[left..].fill(0.0);
        for effect in &mut self.effects {
            effect.process(ready);
        }
        self.rendered = n_samples;
    }
}

fn add(from: &[f32], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}
