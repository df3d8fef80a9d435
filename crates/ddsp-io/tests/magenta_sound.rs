//! A checkpoint made by Magenta's library sounds here as it did there.
//!
//! Needs the reference sets of `DDSP_SHARED`, which are too large for the repository; without them the
//! test says so and ends.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail loudly and show figures")]

use std::path::{Path, PathBuf};

use ddsp_cases::{Distances, GOLDEN, Tensors, distance, shared_dir};
use ddsp_core::condition::{Adjustments, ConditionedFrames, Features, TuneForm, condition};
use ddsp_core::effect::Reverb;
use ddsp_core::engine::Engine;
use ddsp_core::feature::loudness::recomputed_loudness_db;
use ddsp_core::model::{DecoderConfig, Model, ProcessorConfig};
use ddsp_core::nn::RnnFcDecoder;
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::real::Real;
use ddsp_core::synth::{FilteredNoise, FilteredNoiseConfig, Harmonic, HarmonicConfig, PhaseMode};
use ddsp_core::transfer::{Gain, Heard, Playing};
use ddsp_io::import::import;

/// Decoder outputs, controls and sound, by relative norm: 1e-4 is 80 dB. Or, as everywhere, twice the
/// reference's own distance from f64.
const CHECKPOINT: f64 = 1e-4;
/// The harmonic signal from stored controls, in the arithmetic of the version.
const HARMONIC_SNR_DB: f64 = 110.0;

fn oracle() -> Option<PathBuf> {
    let dir = shared_dir().map(|dir| dir.join("oracle")).filter(|dir| dir.is_dir());
    if dir.is_none() {
        println!("no reference sets: set DDSP_SHARED to run this");
    }
    dir
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&x| x as f32).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

fn snr_db(distance: f64) -> f64 {
    -20.0 * distance.log10()
}

fn solo_voiced(oracle: &Path) -> Model {
    import(&oracle.join("ckpt/solo-voiced")).unwrap().model
}

/// Where a fixture keeps what.
struct Names {
    decoder: &'static str,
    amplitudes: &'static str,
    harmonic_distribution: &'static str,
    noise_magnitudes: &'static str,
    harmonic: &'static str,
    audio: &'static str,
}

/// The model's parts, each in f32 or f64.
struct Parts<'a> {
    model: &'a Model,
    frames: &'a ConditionedFrames,
    harmonic: HarmonicConfig,
    filtered_noise: FilteredNoiseConfig,
}

impl<'a> Parts<'a> {
    fn new(model: &'a Model, frames: &'a ConditionedFrames) -> Self {
        let (mut harmonic, mut filtered_noise) = (None, None);
        for processor in &model.config().processors {
            match processor {
                ProcessorConfig::Harmonic(c) => harmonic = Some(c.clone()),
                ProcessorConfig::FilteredNoise(c) => filtered_noise = Some(c.clone()),
                _ => {}
            }
        }
        let (harmonic, filtered_noise) = (harmonic.unwrap(), filtered_noise.unwrap());
        Self { model, frames, harmonic, filtered_noise }
    }

    fn n_harmonic_raw(&self) -> usize {
        1 + self.harmonic.n_harmonics
    }

    fn hop_size(&self) -> usize {
        self.model.config().hop_size
    }

    /// Raw outputs, frame-major: an amplitude, the harmonics, the noise bands.
    fn raw<R: Real>(&self) -> Vec<R> {
        let DecoderConfig::RnnFc(config) = &self.model.config().decoder;
        let mut decoder =
            RnnFcDecoder::<R>::new(config, &mut self.model.weights().clone()).unwrap();
        let frames = self.frames.loudness_scaled.iter().zip(&self.frames.f0_scaled);
        let input = |(loudness, f0): (&f32, &f32)| {
            config
                .input_keys
                .iter()
                .map(move |key| match key {
                    InputKey::LoudnessScaled => R::narrow(f64::from(*loudness)),
                    InputKey::F0Scaled => R::narrow(f64::from(*f0)),
                    InputKey::Z => unreachable!("a solo instrument hears no z"),
                })
                .collect::<Vec<_>>()
        };
        let inputs: Vec<R> = frames.flat_map(input).collect();
        let mut raw = vec![R::default(); self.frames.f0_hz.len() * config.n_outputs];
        decoder.process(&inputs, &mut raw);
        raw
    }

    /// Raw outputs to controls.
    fn controls<R: Real>(&self, mut raw: Vec<R>) -> Vec<R> {
        let n = self.n_harmonic_raw();
        let rate = self.model.config().sample_rate;
        let harmonic = Harmonic::<R>::new(&self.harmonic, rate, self.hop_size()).unwrap();
        let noise = FilteredNoise::<R>::new(&self.filtered_noise, self.hop_size()).unwrap();
        let stride = raw.len() / self.frames.f0_hz.len();
        for (row, &f0_hz) in raw.chunks_mut(stride).zip(&self.frames.f0_hz) {
            harmonic.controls(R::narrow(f64::from(f0_hz)), &mut row[..n]);
            noise.controls(&mut row[n..]);
        }
        raw
    }

    /// The harmonic signal, always in f32: the modes of the phase are defined by its rounding.
    fn harmonic_signal(&self, controls: &[f32], phase_mode: PhaseMode) -> Vec<f32> {
        let config = HarmonicConfig { phase_mode, ..self.harmonic.clone() };
        let (rate, hop_size) = (self.model.config().sample_rate, self.hop_size());
        let mut synth = Harmonic::<f32>::new(&config, rate, hop_size).unwrap();
        let n_frames = self.frames.f0_hz.len();
        let mut out = vec![0.0; (n_frames + 1) * hop_size];
        let (body, tail) = out.split_at_mut(n_frames * hop_size);
        synth.process(&self.frames.f0_hz, controls, controls.len() / n_frames, body);
        synth.finish(tail);
        out.split_off(hop_size)
    }

    /// The sound in f64, but for the sum of the phase.
    fn precise_sound(&self, controls: &[f64], noise: &[f64]) -> Vec<f64> {
        let (n, hop_size) = (self.n_harmonic_raw(), self.hop_size());
        let n_frames = self.frames.f0_hz.len();
        let stride = controls.len() / n_frames;
        let harmonic = self.harmonic_signal(&narrow(controls), self.harmonic.phase_mode);
        let mut synth = FilteredNoise::<f64>::new(&self.filtered_noise, hop_size).unwrap();
        let mut out = vec![0.0; n_frames * hop_size + synth.latency_samples()];
        let (body, tail) = out.split_at_mut(n_frames * hop_size);
        synth.process(&controls[n..], stride, &noise[..body.len()], body);
        tail.chunks_mut(hop_size).for_each(|hop| synth.finish(hop));
        let noise = out.split_off(synth.latency_samples());
        let mut sound: Vec<f64> =
            harmonic.iter().zip(&noise).map(|(&h, n)| f64::from(h) + n).collect();
        for processor in &self.model.config().processors {
            if let ProcessorConfig::Reverb(c) = processor {
                let ir = self.model.weights().clone().take("reverb/ir", &[c.ir_size]).unwrap();
                Reverb::<f64>::new(c, &ir).unwrap().process(&mut sound);
            }
        }
        sound
    }
}

/// Runs the model over conditioned frames and compares every stage that a fixture holds; returns what failed.
fn compare(
    model: &Model,
    frames: &ConditionedFrames,
    noise: &[f64],
    t: &Tensors,
    names: &Names,
) -> Vec<String> {
    let parts = Parts::new(model, frames);
    let mut failures = Vec::new();
    let mut check = |what: &str, ours: &[f64], precise: &[f64], reference: &[f64]| {
        let d = Distances::new(ours, precise, reference);
        let Distances { ours_to_f64, reference_to_f64, ours_to_reference } = d;
        println!(
            "  {what:24} ours-f64 {ours_to_f64:.1e}  reference-f64 {reference_to_f64:.1e}  \
             ours-reference {ours_to_reference:.1e}"
        );
        if ours_to_reference > CHECKPOINT.max(2.0 * reference_to_f64) {
            failures.push(format!("{what}: {d:?}"));
        }
        ours_to_reference
    };
    let n = parts.n_harmonic_raw();
    let (raw, precise_raw) = (parts.raw::<f32>(), parts.raw::<f64>());
    let stride = raw.len() / frames.f0_hz.len();
    let column = |rows: &[f64], a: usize, b: usize| -> Vec<f64> {
        rows.chunks(stride).flat_map(|row| row[a..b].to_vec()).collect()
    };
    let columns = [(0, 1), (1, n), (n, stride)];
    let outputs = ["amps", "harmonic_distribution", "noise_magnitudes"];
    for ((a, b), name) in columns.into_iter().zip(outputs) {
        let reference = format!("{}{name}", names.decoder);
        if t.has(&reference) {
            let (ours, precise) = (column(&wide(&raw), a, b), column(&precise_raw, a, b));
            check(name, &ours, &precise, t.get(&reference));
        }
    }
    let (controls, precise) = (parts.controls(raw), parts.controls(precise_raw));
    let stored = [names.amplitudes, names.harmonic_distribution, names.noise_magnitudes];
    for ((a, b), name) in columns.into_iter().zip(stored).filter(|(_, name)| t.has(name)) {
        let (ours, precise) = (column(&wide(&controls), a, b), column(&precise, a, b));
        check(name.rsplit('/').next().unwrap(), &ours, &precise, t.get(name));
    }

    // As `ddsp transfer` plays it.
    let mut engine = Engine::prepare(model, 0).unwrap().with_noise(narrow(noise));
    let sound = wide(&engine.render(frames.as_frames(), |_| ()));
    let d = check("sound", &sound, &parts.precise_sound(&precise, noise), t.get(names.audio));
    println!("  sound {:.1} dB", snr_db(d));
    failures
}

/// The harmonic signal from stored controls, in the arithmetic that the model names and in exact phase.
fn check_harmonic(model: &Model, frames: &ConditionedFrames, t: &Tensors, names: &Names) {
    let parts = Parts::new(model, frames);
    let shares = t.get(names.harmonic_distribution).chunks(parts.harmonic.n_harmonics);
    let rows = t.get(names.amplitudes).iter().zip(shares);
    let stored: Vec<f32> = rows.flat_map(|(a, d)| narrow(&[&[*a], d].concat())).collect();
    let snr = |mode| {
        snr_db(distance(&wide(&parts.harmonic_signal(&stored, mode)), t.get(names.harmonic)))
    };
    let (named, exact) = (snr(parts.harmonic.phase_mode), snr(PhaseMode::Exact));
    println!("  harmonic, stored controls: {named:.1} dB; with exact phase {exact:.1} dB");
    assert!(named >= HARMONIC_SNR_DB, "{named}");
}

#[test]
fn solo_voiced_forward() {
    let Some(oracle) = oracle() else { return };
    let model = solo_voiced(&oracle);
    let t = Tensors::read(&oracle.join("ckpt/solo-voiced-forward.safetensors"));
    let config = model.config();
    let n_frames = t.get("in/f0_hz").len();
    // This model's preprocessor computes loudness anew.
    let audio = narrow(t.get("in/audio"));
    let (rate, hop_size) = (config.sample_rate, config.hop_size);
    let loudness_db =
        recomputed_loudness_db(&audio, rate, hop_size, n_frames, &config.loudness).unwrap();
    let features = Features {
        f0_hz: narrow(t.get("in/f0_hz")),
        f0_confidence: narrow(t.get("in/f0_confidence")),
        loudness_db,
    };
    let adjustments = Adjustments::default();
    let (frames, _) =
        condition(&features, &adjustments, &config.loudness, None, config.frame_rate());
    println!("ckpt/solo-voiced-forward");
    let inputs = [("f0_scaled", &frames.f0_scaled), ("ld_scaled", &frames.loudness_scaled)];
    for (name, ours) in inputs {
        let d = distance(&wide(ours), t.get(&format!("out/{name}")));
        println!("  {name:24} {d:.1e}");
        assert!(d <= GOLDEN, "{name}: {d}");
    }
    let names = Names {
        decoder: "out/",
        amplitudes: "out/harmonic/controls/amplitudes",
        harmonic_distribution: "out/harmonic/controls/harmonic_distribution",
        noise_magnitudes: "out/filtered_noise/controls/magnitudes",
        harmonic: "out/harmonic/signal",
        audio: "out/reverb/signal",
    };
    let failures = compare(&model, &frames, t.get("noise/0"), &t, &names);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    check_harmonic(&model, &frames, &t, &names);
}

/// Names of a setting of timbre transfer.
const SETTING: Names = Names {
    decoder: "decoder/",
    amplitudes: "controls/amplitudes",
    harmonic_distribution: "controls/harmonic_distribution",
    noise_magnitudes: "controls/noise_magnitudes",
    harmonic: "signal/harmonic",
    audio: "audio_out",
};

#[test]
fn every_setting_of_timbre_transfer() {
    let Some(oracle) = oracle() else { return };
    every_setting(&solo_voiced(&oracle), &oracle.join("transfer"));
}

#[test]
fn every_setting_of_timbre_transfer_of_1() {
    let Some(oracle) = oracle() else { return };
    // The folder holds no weights: they are those of its twin.
    let folder = tempfile::TempDir::new().unwrap();
    for name in [
        "solo-voiced-legacy/ckpt-100.index",
        "solo-voiced-legacy/operative_config-0.gin",
        "solo-voiced-legacy/dataset_statistics.pkl",
        "solo-voiced/ckpt-100.data-00000-of-00001",
    ] {
        let from = oracle.join("ckpt").join(name);
        std::fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
    }
    every_setting(&import(folder.path()).unwrap().model, &oracle.join("transfer_legacy"));
}

/// All settings of a folder, from their features on, by the code path of `ddsp transfer` with its
/// `--magenta-compat`.
fn every_setting(model: &Model, folder: &Path) {
    let index = std::fs::read_to_string(folder.join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    let common = Tensors::read(&folder.join("common.safetensors"));
    let features = Features {
        f0_hz: narrow(common.get("features/f0_hz")),
        f0_confidence: narrow(common.get("features/f0_confidence")),
        loudness_db: narrow(common.get("features/loudness_db")),
    };
    let n_samples = features.f0_hz.len() * model.config().hop_size;
    let heard = Heard {
        samples: narrow(&common.get("input_audio")[..n_samples]),
        voiced: vec![true; features.f0_hz.len()],
        features,
        gain: Gain::Left,
    };
    let cases = index["cases"].as_array().unwrap();
    let (mut n_passed, mut failures) = (0, Vec::new());
    for case in cases {
        let name = case["name"].as_str().unwrap();
        println!("{}/{name}", folder.file_name().unwrap().display());
        let t = Tensors::read(&folder.join(format!("{name}.safetensors")));
        let number = |argument: &str| case["args"][argument].as_f64().unwrap();
        let adjustments = Adjustments {
            auto_adjust: case["args"]["adjust"].as_bool().unwrap(),
            quiet_db: number("quiet"),
            autotune: number("autotune"),
            autotune_form: TuneForm::MajorScale,
            f0_octave_shift: number("f0_octave_shift"),
            f0_confidence_threshold: number("f0_confidence_threshold"),
            loudness_db_shift: number("loudness_db_shift"),
            magenta_compat: true,
        };
        assert_eq!(number("out_sample_rate"), f64::from(model.config().sample_rate), "{name}");
        // Version 3 recomputes loudness unless a binding stops it; version 1 never does.
        let stopped = case["gin_extra"]
            .as_array()
            .unwrap()
            .iter()
            .any(|binding| binding == "F0LoudnessPreprocessor.compute_loudness = False");
        let is_3 = model.config().loudness.name() == "magenta3";
        let playing = Playing { adjustments, recompute_loudness: is_3 && !stopped };
        let (frames, _) = ddsp_core::transfer::frames(&heard, &playing, model.config()).unwrap();
        let inputs = [("f0_scaled", &frames.f0_scaled), ("ld_scaled", &frames.loudness_scaled)];
        let mut failed = Vec::new();
        for (what, ours) in inputs {
            let d = distance(&wide(ours), t.get(&format!("preprocessed/{what}")));
            println!("  {what:24} {d:.1e}");
            if d > GOLDEN {
                failed.push(format!("{what}: {d}"));
            }
        }
        failed.extend(compare(model, &frames, common.get("noise"), &t, &SETTING));
        if t.has(SETTING.harmonic_distribution) {
            check_harmonic(model, &frames, &t, &SETTING);
        }
        n_passed += usize::from(failed.is_empty());
        failures.extend(failed.iter().map(|failure| format!("{name}: {failure}")));
    }
    println!("{} settings run, {n_passed} passed", cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
