//! Blocks equal whole, bit for bit, without an allocation.

use allocation_counter::measure;
use ddsp_cases::{CROSS_FORM, distance};
use ddsp_core::condition::Frames;
use ddsp_core::effect::{Reverb, ReverbConfig};
use ddsp_core::engine::Engine;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::filter::FirFilter;
use ddsp_core::model::{
    DecoderConfig, F0Description, FORMAT_VERSION, Model, ModelConfig, Precision, ProcessorConfig,
    Provenance,
};
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{RnnFcDecoder, RnnFcDecoderConfig};
use ddsp_core::noise::uniform;
use ddsp_core::resample::ResampleMethod;
use ddsp_core::scale::ScaleFn;
use ddsp_core::simd::Isa;
use ddsp_core::synth::{
    FilteredNoise, FilteredNoiseConfig, FrequencyScaleFn, Harmonic, HarmonicConfig, OscillatorBank,
    PhaseMode, Sinusoidal, SinusoidalConfig,
};

const PHASE_MODES: [PhaseMode; 3] =
    [PhaseMode::Exact, PhaseMode::MagentaF32, PhaseMode::MagentaAngular];

fn values(seed: u64, n: usize) -> Vec<f32> {
    (0..n as u64).map(|i| uniform(seed, i)).collect()
}

/// Block lengths from 0 to `most` that add up to `total`; small ones are as likely as large ones.
fn splits(seed: u64, total: usize, most: usize) -> Vec<usize> {
    let (mut blocks, mut left) = (Vec::new(), total);
    for i in 0.. {
        let u = f64::from(uniform(seed, i)) * 0.5 + 0.5;
        let scale = [1, 16, 300, most][(i % 4) as usize].min(most);
        let n = ((u * (scale + 1) as f64) as usize).min(left);
        blocks.push(n);
        left -= n;
        if left == 0 {
            return blocks;
        }
    }
    unreachable!("the loop ends when everything is split")
}

/// Runs `process(start, end)` over random splits and asserts that it allocates nothing.
fn in_blocks(seed: u64, total: usize, most: usize, mut process: impl FnMut(usize, usize)) {
    let mut start = 0;
    for n in splits(seed, total, most) {
        let counted = measure(|| process(start, start + n));
        assert_eq!(counted.count_total, 0, "a block of {n} at {start} allocated");
        start += n;
    }
}

fn decoder_config(n_outputs: usize) -> RnnFcDecoderConfig {
    RnnFcDecoderConfig {
        input_keys: vec![InputKey::LoudnessScaled, InputKey::F0Scaled],
        channels: 24,
        gru_units: 20,
        layers_per_stack: 2,
        n_outputs,
        z_dims: 0,
    }
}

#[test]
fn decoder() {
    let config = decoder_config(11);
    let new = || RnnFcDecoder::<f32>::new(&config, &mut config.random_weights(100)).unwrap();
    let (n, inputs) = (300, values(1, 600));
    let mut whole = vec![0.0; n * 11];
    new().process(&inputs, &mut whole);
    for seed in 0..20 {
        let (mut decoder, mut parts) = (new(), vec![0.0; n * 11]);
        in_blocks(seed, n, 64, |a, b| {
            decoder.process(&inputs[2 * a..2 * b], &mut parts[11 * a..11 * b]);
        });
        assert_eq!(whole, parts);
    }
}

#[test]
fn harmonic() {
    let methods = [ResampleMethod::Nearest, ResampleMethod::Linear, ResampleMethod::Window];
    for (amp_resample_method, phase_mode) in
        methods.iter().flat_map(|&method| PHASE_MODES.map(|mode| (method, mode)))
    {
        let config = HarmonicConfig { amp_resample_method, phase_mode, ..HarmonicConfig::new(30) };
        let (n, hop) = (300, 80);
        let f0_hz: Vec<f32> = values(1, n).iter().map(|x| 400.0 + 380.0 * x).collect();
        let controls = values(2, n * 31);
        let new = || Harmonic::<f32>::new(&config, 16_000, hop).unwrap();
        let mut whole = vec![0.0; n * hop];
        new().process(&f0_hz, &controls, 31, &mut whole);
        for seed in 0..10 {
            let (mut synth, mut parts) = (new(), vec![0.0; n * hop]);
            in_blocks(seed, n, 64, |a, b| {
                let controls = &controls[31 * a..31 * b];
                synth.process(&f0_hz[a..b], controls, 31, &mut parts[hop * a..hop * b]);
            });
            assert_eq!(whole, parts);
        }
    }
}

#[test]
fn sinusoidal() {
    for phase_mode in PHASE_MODES {
        let config = SinusoidalConfig {
            n_sinusoids: 9,
            amp_resample_method: ResampleMethod::Window,
            phase_mode,
            amp_scale_fn: ScaleFn::None,
            freq_scale_fn: FrequencyScaleFn::None,
        };
        let (n, hop) = (200, 50);
        let amplitudes = values(1, n * 9);
        let hz: Vec<f32> = values(2, n * 9).iter().map(|x| 5000.0 + 4900.0 * x).collect();
        let new = || Sinusoidal::<f32>::new(&config, 16_000, hop).unwrap();
        let mut whole = vec![0.0; n * hop];
        new().process(&amplitudes, &hz, &mut whole);
        for seed in 0..10 {
            let (mut synth, mut parts) = (new(), vec![0.0; n * hop]);
            in_blocks(seed, n, 64, |a, b| {
                let rows = 9 * a..9 * b;
                synth.process(&amplitudes[rows.clone()], &hz[rows], &mut parts[hop * a..hop * b]);
            });
            assert_eq!(whole, parts, "{phase_mode:?}");
        }
    }
}

#[test]
fn oscillator_bank() {
    for phase_mode in PHASE_MODES {
        let (n, width) = (5000, 7);
        let frequencies: Vec<f32> =
            values(1, n * width).iter().map(|x| 5000.0 + 4900.0 * x).collect();
        let amplitudes = values(2, n * width);
        let new = || OscillatorBank::<f32>::new(width, 16_000, phase_mode);
        let mut whole = vec![0.0; n];
        new().process(&frequencies, &amplitudes, &mut whole);
        for isa in Isa::all() {
            let (mut bank, mut again) = (new().with_isa(isa), vec![0.0; n]);
            bank.process(&frequencies, &amplitudes, &mut again);
            assert_eq!(whole, again, "{phase_mode:?}, {isa:?}");
        }
        for seed in 0..10 {
            let (mut bank, mut parts) = (new(), vec![0.0; n]);
            in_blocks(seed, n, 4096, |a, b| {
                let rows = width * a..width * b;
                let (frequencies, amplitudes) = (&frequencies[rows.clone()], &amplitudes[rows]);
                bank.process(frequencies, amplitudes, &mut parts[a..b]);
            });
            assert_eq!(whole, parts, "{phase_mode:?}");
        }
    }
}

#[test]
fn filtered_noise() {
    for (window_size, hop) in [(0, 64), (33, 64), (0, 30)] {
        let config = FilteredNoiseConfig { n_noise_bands: 65, initial_bias: -5.0, window_size };
        let (n, new) = (200, || FilteredNoise::<f32>::new(&config, hop).unwrap());
        let (noise, controls) = (values(1, n * hop), values(2, n * 65));
        let mut whole = vec![0.0; n * hop];
        new().process(&controls, 65, &noise, &mut whole);
        for seed in 0..10 {
            let (mut synth, mut parts) = (new(), vec![0.0; n * hop]);
            in_blocks(seed, n, 64, |a, b| {
                let (noise, parts) = (&noise[hop * a..hop * b], &mut parts[hop * a..hop * b]);
                synth.process(&controls[65 * a..65 * b], 65, noise, parts);
            });
            assert_eq!(whole, parts);
        }
    }
}

#[test]
fn fir_filter() {
    for (n_taps, hop) in [(1, 64), (127, 64), (33, 10)] {
        let n = 200;
        let (input, taps) = (values(1, n * hop), values(2, n * n_taps));
        let new = || FirFilter::<f32>::new(n_taps, hop).unwrap();
        let mut whole = vec![0.0; n * hop];
        new().process(&taps, &input, &mut whole);
        for seed in 0..10 {
            let (mut filter, mut parts) = (new(), vec![0.0; n * hop]);
            in_blocks(seed, n, 64, |a, b| {
                let (input, parts) = (&input[hop * a..hop * b], &mut parts[hop * a..hop * b]);
                filter.process(&taps[n_taps * a..n_taps * b], input, parts);
            });
            assert_eq!(whole, parts);
        }
    }
}

#[test]
fn reverb() {
    for ir_size in [1, 300, 512, 5000] {
        let config = ReverbConfig { ir_size, add_dry: true };
        let ir: Vec<f32> = values(1, ir_size).iter().map(|x| 0.02 * x).collect();
        let mut whole = values(2, 20_000);
        Reverb::new(&config, &ir).unwrap().process(&mut whole);
        for seed in 0..10 {
            let (mut reverb, mut parts) = (Reverb::new(&config, &ir).unwrap(), values(2, 20_000));
            in_blocks(seed, 20_000, 4096, |a, b| reverb.process(&mut parts[a..b]));
            assert_eq!(whole, parts);
        }
    }
}

/// A model with every processor, small random weights, and a hop that no block length divides.
fn model(hop_size: usize, n_noise_bands: usize, phase_mode: PhaseMode) -> Model {
    let decoder = decoder_config(1 + 30 + n_noise_bands);
    let mut weights = decoder.random_weights(100);
    weights.insert("reverb/ir", vec![1500], values(9, 1500).iter().map(|x| 0.02 * x).collect());
    let config = ModelConfig {
        format_version: FORMAT_VERSION,
        name: "test".into(),
        description: "every processor".into(),
        licence: "CC0-1.0".into(),
        sample_rate: 16_000,
        hop_size,
        input_peak: Some(0.9),
        f0: F0Description { tracker: "autocorrelation".into(), detail: String::new() },
        loudness: LoudnessConfig::magenta_3(),
        encoder: None,
        decoder: DecoderConfig::RnnFc(decoder),
        processors: vec![
            ProcessorConfig::Harmonic(HarmonicConfig { phase_mode, ..HarmonicConfig::new(30) }),
            ProcessorConfig::FilteredNoise(FilteredNoiseConfig {
                n_noise_bands,
                initial_bias: -1.0,
                window_size: 0,
            }),
            ProcessorConfig::Reverb(ReverbConfig { ir_size: 1500, add_dry: true }),
        ],
        dataset_statistics: None,
        provenance: Provenance { dataset: String::new(), training: String::new() },
    };
    Model::new(config, weights, Precision::F32).unwrap()
}

struct Clip {
    f0_hz: Vec<f32>,
    scaled: Vec<f32>,
    gain: Vec<f32>,
}

impl Clip {
    fn new(n: usize) -> Self {
        let mut f0_hz: Vec<f32> = values(1, n).iter().map(|x| 400.0 + 380.0 * x).collect();
        // The door of the engine takes these as silence.
        f0_hz[n / 2] = f32::NAN;
        f0_hz[n / 3] = f32::INFINITY;
        Self { f0_hz, scaled: values(2, n), gain: vec![1.0; n] }
    }

    fn frames(&self) -> Frames<'_> {
        Frames {
            f0_hz: &self.f0_hz,
            f0_scaled: &self.scaled,
            loudness_scaled: &self.scaled,
            harmonic_gain: &self.gain,
        }
    }
}

#[test]
fn engine() {
    // The second model's noise looks further ahead than a hop.
    for (hop, n_bands, phase_mode) in [
        (64, 65, PhaseMode::Exact),
        (50, 129, PhaseMode::Exact),
        (64, 65, PhaseMode::MagentaF32),
        (64, 65, PhaseMode::MagentaAngular),
    ] {
        let model = model(hop, n_bands, phase_mode);
        let n = 25_000 / hop;
        let clip = Clip::new(n);
        let mut engine = Engine::prepare(&model, 7).unwrap();
        let whole = engine.render(clip.frames(), |_| ());
        assert_eq!(whole.len(), n * hop);
        assert!(whole.iter().all(|x| x.is_finite()) && whole.iter().any(|x| x.abs() > 1e-3));
        let latency = engine.latency_samples();
        for seed in 0..20 {
            engine.reset();
            let mut parts = vec![0.0; n * hop + latency];
            let (body, end) = parts.split_at_mut(n * hop);
            let mut given = 0;
            in_blocks(seed, n * hop, 4096, |a, b| {
                let due = engine.frames_due(b - a);
                engine.process(clip.frames().range(given, given + due), &mut body[a..b]);
                given += due;
            });
            assert_eq!(given, n);
            in_blocks(seed + 99, latency, 4096, |a, b| engine.finish(&mut end[a..b]));
            assert_eq!(whole, parts[latency..], "hop {hop}, seed {seed}");
            assert_eq!(measure(|| engine.reset()).count_total, 0);
        }
    }
}

/// A reverb begins with the first sample: what centred filters ring before it is not reverberated.
#[test]
fn engine_reverberates_only_what_is_heard() {
    let wet = model(64, 65, PhaseMode::Exact);
    let mut config = wet.config().clone();
    let Some(ProcessorConfig::Reverb(reverb)) = config.processors.pop() else { unreachable!() };
    let mut weights = wet.weights().clone();
    let ir = weights.take::<f32>("reverb/ir", &[reverb.ir_size]).unwrap();
    let dry = Model::new(config, weights, Precision::F32).unwrap();
    let clip = Clip::new(60);
    let render = |model| Engine::prepare(model, 7).unwrap().render(clip.frames(), |_| ());
    let mut expected = render(&dry);
    Reverb::new(&reverb, &ir).unwrap().process(&mut expected);
    let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    assert!(distance(&wide(&render(&wet)), &wide(&expected)) < CROSS_FORM);
}

#[test]
fn engine_holds_the_last_frame_and_fades_into_silence() {
    let model = model(64, 65, PhaseMode::Exact);
    let clip = Clip::new(20);
    let mut engine = Engine::prepare(&model, 7).unwrap();
    let mut out = vec![0.0; 64 * 40];
    engine.process(clip.frames(), &mut out);
    assert!(out[64 * 30..].iter().any(|x| x.abs() > 1e-4), "the last frame is held");
    let mut end = vec![1.0; engine.latency_samples() + engine.tail_samples() + 4096];
    engine.finish(&mut end);
    assert!(end[end.len() - 2048..].iter().all(|x| x.abs() < 1e-6), "then there is silence");
}
