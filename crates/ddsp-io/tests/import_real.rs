//! Checkpoints that Magenta's library itself wrote, where they are at hand.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

use ddsp_cases::{Distances, Tensors, shared_dir};
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::model::{DecoderConfig, Weights};
use ddsp_core::nn::{RnnFcDecoder, RnnFcDecoderConfig};
use ddsp_core::real::Real;
use ddsp_io::import::import;
use tempfile::TempDir;

/// The forward pass of a real checkpoint through the library, if the material is here.
fn real() -> Option<(PathBuf, Tensors)> {
    let folder = shared_dir()?.join("oracle/ckpt");
    let forward = folder.join("solo-voiced-forward.safetensors");
    forward.is_file().then(|| (folder.join("solo-voiced"), Tensors::read(&forward)))
}

#[test]
fn a_real_checkpoint_decodes_as_in_the_library() {
    let Some((folder, forward)) = real() else {
        println!("skipped: there is no shared material");
        return;
    };
    let imported = import(&folder).unwrap();
    assert_eq!(imported.report.n_matched, 42);
    assert!(imported.report.unmatched.is_empty());
    assert_eq!(imported.model.weights().n_parameters(), 4_849_150);
    let mut weights = imported.model.weights().clone();
    let ir: Vec<f64> = weights.take("reverb/ir", &[48_000]).unwrap();
    // The library masks the first tap.
    assert_eq!(&ir[1..], &forward.get("out/reverb/controls/ir")[1..]);

    let DecoderConfig::RnnFc(config) = &imported.model.config().decoder;
    let ours: Vec<f64> = decoded::<f32>(config, weights.clone(), &forward);
    let precise = decoded::<f64>(config, weights, &forward);
    for (name, columns) in
        [("amps", 0..1), ("harmonic_distribution", 1..61), ("noise_magnitudes", 61..126)]
    {
        let part = |raw: &[f64]| -> Vec<f64> {
            let rows = raw.chunks_exact(config.n_outputs);
            rows.flat_map(|row| &row[columns.clone()]).copied().collect()
        };
        let reference = &forward.get(&format!("out/{name}"))[..N_FRAMES * columns.len()];
        let distances = Distances::new(&part(&ours), &part(&precise), reference);
        println!("{name}: {distances:?}");
        assert!(distances.pass(RESCALED), "{name}: {distances:?}");
    }
}

/// Frames that are compared; the decoder hears only the past, so that the rest does not matter.
const N_FRAMES: usize = 200;
/// The last layer of this checkpoint was rescaled by hand to be heard after 100 steps, and that
/// magnifies what both sides round in f32: the library itself is so far from f64.
const RESCALED: f64 = 1e-3;

fn decoded<R: Real>(
    config: &RnnFcDecoderConfig,
    mut weights: Weights,
    forward: &Tensors,
) -> Vec<f64> {
    let mut decoder = RnnFcDecoder::<R>::new(config, &mut weights).unwrap();
    let inputs = forward.get("out/ld_scaled").iter().zip(forward.get("out/f0_scaled"));
    let inputs = inputs.take(N_FRAMES).flat_map(|(loudness, f0)| [*loudness, *f0]);
    let inputs: Vec<R> = inputs.map(R::narrow).collect();
    let mut raw = vec![R::default(); N_FRAMES * config.n_outputs];
    decoder.process(&inputs, &mut raw);
    raw.into_iter().map(R::widen).collect()
}

#[test]
fn other_real_checkpoints_are_refused_by_name() {
    let Some((solo, _)) = real() else {
        println!("skipped: there is no shared material");
        return;
    };
    let beside = |name: &str| solo.with_file_name(name);
    let message = |folder: &Path| import(folder).unwrap_err().to_string();
    assert!(message(&beside("ae-small")).contains("`Autoencoder.encoder`"));
    assert!(message(&beside("vst")).contains("`Autoencoder.preprocessor`"));
    let legacy = beside("solo-voiced-legacy");
    assert!(message(&legacy).contains("ckpt-100.data-00000-of-00001 is missing"));
    let folder = TempDir::new().unwrap();
    for from in [
        legacy.join("ckpt-100.index"),
        legacy.join("operative_config-0.gin"),
        solo.join("ckpt-100.data-00000-of-00001"),
    ] {
        fs::copy(&from, folder.path().join(from.file_name().unwrap())).unwrap();
    }
    let older = import(folder.path()).unwrap();
    assert!(older.report.loudness_from.ends_with("as 1.x"));
    assert_eq!(older.model.config().loudness, LoudnessConfig::magenta_1());
}
