//! What Adam had gathered in checkpoints of Magenta's library.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail loudly and say what they skip"
)]

use std::path::PathBuf;

use ddsp_cases::{Data, Slots, TinyCheckpoint, shared_dir};
use ddsp_io::import::{adam_slots, import, import_to_train};
use tempfile::TempDir;

const ALL: &[&str] = &["model/"];

#[test]
fn adams_numbers_of_every_weight_come_back() {
    for slots in [Slots::Pointers, Slots::Variables] {
        let mut checkpoint =
            TinyCheckpoint { slots, slots_of: ALL.into(), ..TinyCheckpoint::new() };
        let folder = TempDir::new().unwrap();
        checkpoint.write(folder.path());
        let found = adam_slots(folder.path()).unwrap().unwrap();
        assert_eq!(found.n_iterations, 7);
        let model = import(folder.path()).unwrap().model;
        assert_eq!(found.moments.len(), model.weights().iter().count());
        for (name, shape, values) in model.weights().iter() {
            let moments = &found.moments[name];
            assert_eq!(moments.shape, shape, "{name}");
            assert_eq!(moments.m, values.iter().map(|x| x * 0.5).collect::<Vec<_>>(), "{name}");
            assert_eq!(moments.v, values.iter().map(|x| x * x).collect::<Vec<_>>(), "{name}");
        }
        // Columns of another order are put into ours.
        checkpoint.gin = checkpoint.gin.replace(
            "(('amps', 1), ('harmonic_distribution', 6), ('noise_magnitudes', 5))",
            "(('noise_magnitudes', 5), ('amps', 1), ('harmonic_distribution', 6))",
        );
        checkpoint.write(folder.path());
        let mut columns = found.moments["dense_out/bias"].m.clone();
        columns.rotate_left(5);
        let turned = adam_slots(folder.path()).unwrap().unwrap();
        assert_eq!(turned.moments["dense_out/bias"].m, columns);
    }
}

#[test]
fn a_checkpoint_without_adams_numbers_has_none_and_one_with_some_is_refused() {
    let written = |checkpoint: &TinyCheckpoint| {
        let folder = TempDir::new().unwrap();
        checkpoint.write(folder.path());
        adam_slots(folder.path())
    };
    assert_eq!(written(&TinyCheckpoint::new()).unwrap(), None);
    let some = TinyCheckpoint { slots: Slots::Variables, ..TinyCheckpoint::new() };
    let message = written(&some).unwrap_err().to_string();
    assert!(
        message
            .contains("expected one `m` of Adam for each weight, found none for `dense_out/bias`"),
        "{message}"
    );
    let mut broken = TinyCheckpoint { slots_of: ALL.into(), ..some };
    let Data::F32(ir) = &mut broken.at("model/processor_group/reverb/ir").data else { panic!() };
    // Its square is infinite.
    ir[3] = 1e30;
    let message = written(&broken).unwrap_err().to_string();
    assert!(message.contains("expected 64 finite numbers of Adam for `reverb/ir`"), "{message}");
    let mut uncounted =
        TinyCheckpoint { slots: Slots::Variables, slots_of: ALL.into(), ..TinyCheckpoint::new() };
    uncounted.variables.retain(|variable| variable.path != "optimizer/_iterations");
    let message = written(&uncounted).unwrap_err().to_string();
    assert!(message.contains("expected a count of steps"), "{message}");
}

/// The folder of real checkpoints: `ckpt` under `DDSP_ORACLE`, or of the shared material.
fn checkpoints() -> Option<PathBuf> {
    let oracle = std::env::var_os("DDSP_ORACLE").map(PathBuf::from);
    let folder = oracle.or_else(|| Some(shared_dir()?.join("oracle")))?.join("ckpt");
    folder.join("vst").is_dir().then_some(folder)
}

#[test]
fn adams_numbers_of_real_checkpoints_fit_their_weights() {
    let Some(folder) = checkpoints() else {
        println!("skipped: there are no real checkpoints");
        return;
    };
    assert_eq!(adam_slots(&folder.join("solo-voiced")).unwrap(), None);
    for (name, n_iterations) in [("ae-small", 20), ("vst", 60)] {
        let imported = import_to_train(&folder.join(name)).unwrap();
        assert!(imported.report.unmatched.is_empty(), "{:?}", imported.report.unmatched);
        let found = adam_slots(&folder.join(name)).unwrap().unwrap();
        assert_eq!(found.n_iterations, n_iterations);
        let shapes: Vec<_> =
            found.moments.iter().map(|(n, m)| (n.clone(), m.shape.clone())).collect();
        let mut expected = imported.model.config().weight_shapes();
        expected.sort();
        assert_eq!(shapes, expected);
        for (weight, moments) in &found.moments {
            let pairs = moments.m.iter().zip(&moments.v);
            // By Cauchy and Schwarz: 0.1^2 0.9^2k / (0.001 0.999^k), summed over the steps.
            let most = pairs.map(|(m, v)| m * m / (v + 1e-30)).fold(0.0_f32, f32::max);
            assert!(most < 53.0, "{name} {weight}: {most}");
            assert!(moments.v.iter().any(|v| *v > 0.0), "{name} {weight} never had a gradient");
        }
    }
}
