//! Checkpoints of Magenta's library: what was written comes back, and an index of a kind that is not read is refused.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::collections::BTreeMap;
use std::fs;

use ddsp_cases::{Data, Slots, Table, TinyCheckpoint};
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::model::{DecoderConfig, ProcessorConfig, Weights};
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::resample::ResampleMethod;
use ddsp_core::scale::ScaleFn;
use ddsp_core::synth::{HarmonicConfig, PhaseMode};
use ddsp_io::import::{Choice, Imported, import};
use tempfile::TempDir;

fn written(checkpoint: &TinyCheckpoint) -> TempDir {
    let folder = TempDir::new().unwrap();
    checkpoint.write(folder.path());
    folder
}

fn imported(checkpoint: &TinyCheckpoint) -> Imported {
    import(written(checkpoint).path()).unwrap()
}

fn values(weights: &Weights, name: &str, shape: &[usize]) -> Vec<f32> {
    weights.clone().take(name, shape).unwrap()
}

/// Each weight of the model and where the library keeps it.
fn places() -> Vec<(String, String)> {
    let mut places = vec![];
    let stacks = [
        ("loudness_stack", "input_stacks/0"),
        ("f0_stack", "input_stacks/1"),
        ("out_stack", "out_stack"),
    ];
    for (ours, theirs) in stacks {
        for layer in 0..2 {
            let parts = [
                ("dense/kernel", "0/kernel"),
                ("dense/bias", "0/bias"),
                ("layer_norm/gamma", "1/gamma"),
                ("layer_norm/beta", "1/beta"),
            ];
            for (our_part, part) in parts {
                let path = format!("layer_with_weights-{layer}/layer_with_weights-{part}");
                places.push((
                    format!("{ours}/{layer}/{our_part}"),
                    format!("model/decoder/{theirs}/{path}"),
                ));
            }
        }
    }
    for name in ["kernel", "recurrent_kernel", "bias"] {
        places.push((format!("gru/{name}"), format!("model/decoder/rnn/rnn/cell/{name}")));
    }
    for name in ["kernel", "bias"] {
        places.push((format!("dense_out/{name}"), format!("model/decoder/dense_out/{name}")));
    }
    places.push(("reverb/ir".into(), "model/processor_group/reverb/ir".into()));
    places
}

fn assert_holds(imported: &Imported, checkpoint: &TinyCheckpoint) {
    let places = places();
    assert_eq!(imported.model.weights().iter().count(), places.len());
    for (ours, theirs) in places {
        let variable = checkpoint.clone().at(&theirs).clone();
        let found = values(imported.model.weights(), &ours, &variable.shape);
        assert_eq!(Data::F32(found), variable.data, "{ours}");
    }
}

#[test]
fn every_variable_comes_back_bit_for_bit() {
    let checkpoint = TinyCheckpoint::new();
    let folder = written(&checkpoint);
    let imported = import(folder.path()).unwrap();
    assert_holds(&imported, &checkpoint);
    let config = imported.model.config();
    assert_eq!((config.sample_rate, config.hop_size, config.input_peak), (16_000, 64, None));
    let DecoderConfig::RnnFc(decoder) = &config.decoder;
    assert_eq!(decoder.input_keys, [InputKey::LoudnessScaled, InputKey::F0Scaled]);
    let report = &imported.report;
    assert_eq!((report.choice, report.n_steps, report.n_matched), (Choice::Only, Some(7), 30));
    assert!(report.unmatched.is_empty() && report.others.is_empty() && report.notes.is_empty());
    assert!(report.recomputes_loudness && report.statistics.is_none() && imported.slots.is_empty());
    // The gin file and the index lead to the same.
    for name in ["operative_config-0.gin", "ckpt-7.index"] {
        assert_eq!(import(&folder.path().join(name)).unwrap().model, imported.model);
    }
}

#[test]
fn the_object_graph_counts_not_the_names_of_tensors() {
    let mut checkpoint = TinyCheckpoint::new();
    for (i, variable) in checkpoint.variables.iter_mut().enumerate() {
        variable.key = format!("v/{}", (i * 17) % 101);
    }
    assert_holds(&imported(&checkpoint), &checkpoint);
}

#[test]
fn adams_slots_of_both_kinds_are_set_aside() {
    for slots in [Slots::Pointers, Slots::Variables] {
        let mut checkpoint = TinyCheckpoint { slots, ..TinyCheckpoint::new() };
        let folder = written(&checkpoint);
        let imported = import(folder.path()).unwrap();
        assert_holds(&imported, &checkpoint);
        assert!(imported.report.unmatched.is_empty(), "{slots:?}: {:?}", imported.report.unmatched);
        assert_eq!(imported.slots.len(), 4, "{slots:?}");
        let slot = |kind, weight: &str| {
            let found = imported
                .slots
                .iter()
                .find(|s| s.kind == kind && s.weight.as_deref() == Some(weight));
            imported.read_slot(found.unwrap()).unwrap()
        };
        let Data::F32(ir) = &checkpoint.at("model/processor_group/reverb/ir").data else {
            panic!()
        };
        assert_eq!(slot("m", "reverb/ir"), ir.iter().map(|x| x * 0.5).collect::<Vec<_>>());
        assert_eq!(slot("v", "reverb/ir"), ir.iter().map(|x| x * x).collect::<Vec<_>>());
        assert_eq!(slot("m", "dense_out/kernel").len(), 8 * 12);
    }
}

#[test]
fn columns_of_another_order_are_put_into_ours() {
    let plain = TinyCheckpoint::new();
    let mut other = TinyCheckpoint { slots: Slots::Variables, ..TinyCheckpoint::new() };
    other.gin = other.gin.replace(
        "(('amps', 1), ('harmonic_distribution', 6), ('noise_magnitudes', 5))",
        "(('noise_magnitudes', 5), ('amps', 1), ('harmonic_distribution', 6))",
    );
    for name in ["kernel", "bias"] {
        let variable = other.at(&format!("model/decoder/dense_out/{name}"));
        let Data::F32(values) = &mut variable.data else { panic!() };
        values.chunks_exact_mut(12).for_each(|row| row.rotate_right(5));
    }
    let folder = written(&other);
    let other = import(folder.path()).unwrap();
    assert_holds(&other, &plain);
    let slot =
        other.slots.iter().find(|s| s.weight.as_deref() == Some("dense_out/kernel")).unwrap();
    let kernel = values(other.model.weights(), "dense_out/kernel", &[8, 12]);
    let factor = if slot.kind == "m" { 0.5 } else { 0.25 };
    let expected: Vec<f32> = kernel.iter().map(|x| x * factor).collect();
    assert_eq!(other.read_slot(slot).unwrap(), expected);
}

#[test]
fn variables_and_outputs_without_a_place_are_told() {
    let mut checkpoint = TinyCheckpoint::new();
    checkpoint.add("model/encoder/dense_z/bias", &[3]);
    checkpoint.gin =
        checkpoint.gin.replace("'noise_magnitudes', 5)", "'noise_magnitudes', 4), ('spare', 1)");
    let report = imported(&checkpoint).report;
    assert_eq!(report.unmatched, ["model/encoder/dense_z/bias/.ATTRIBUTES/VARIABLE_VALUE"]);
    assert_eq!(report.notes, ["the decoder's output 'spare' goes nowhere and is left out"]);
}

#[test]
fn among_several_the_named_one_is_taken_or_the_highest_step() {
    let folder = written(&TinyCheckpoint::new());
    let mut newer = TinyCheckpoint { name: "ckpt-30".into(), ..TinyCheckpoint::new() };
    newer.at("model/decoder/dense_out/bias").data = Data::F32(vec![0.25; 12]);
    newer.write(folder.path());
    let bias = |imported: &Imported| values(imported.model.weights(), "dense_out/bias", &[12]);
    let first = import(folder.path()).unwrap();
    assert_eq!(
        (first.report.choice, &first.report.others[..]),
        (Choice::HighestStep, &["ckpt-7".to_owned()][..])
    );
    assert_eq!(bias(&first), [0.25; 12]);
    let named = |text: &str| {
        fs::write(folder.path().join("checkpoint"), text).unwrap();
        import(folder.path()).unwrap()
    };
    let second =
        named("model_checkpoint_path: \"/far/away/ckpt-7\"\nall_model_checkpoint_paths: \"x\"\n");
    assert_eq!((second.report.choice, bias(&second) == [0.25; 12]), (Choice::Named, false));
    // It names one that is not there.
    assert_eq!(named("model_checkpoint_path: \"ckpt-8\"\n").report.choice, Choice::HighestStep);
    let asked = import(&folder.path().join("ckpt-7.index")).unwrap();
    assert_eq!((asked.report.choice, bias(&asked) == [0.25; 12]), (Choice::Asked, false));
}

#[test]
fn dags_that_say_the_same_are_understood() {
    let plain = imported(&TinyCheckpoint::new()).model;
    for (from, to) in [
        (
            "['filtered_noise/signal', 'harmonic/signal']",
            "('harmonic/signal', 'filtered_noise/signal',)",
        ),
        ("Harmonic.n_samples = 64000\n", ""),
        ("Reverb.reverb_length = 64", "Reverb.reverb_length = %ir\nir = 64"),
        ("(@effects.Reverb(), ['add/signal'])", "(@room/Reverb(), ['add/signal'])"),
        ("Reverb.reverb_length = 64", "room/Reverb.reverb_length = 63\nReverb.reverb_length = 64"),
        ("Harmonic.name = 'harmonic'\n", ""),
    ] {
        let mut checkpoint = TinyCheckpoint::new();
        assert!(checkpoint.gin.contains(from), "{from}");
        checkpoint.gin = checkpoint.gin.replace(from, to);
        let model = imported(&checkpoint).model;
        assert_eq!(model.weights(), plain.weights(), "{to}");
        assert_eq!(model.config().processors, plain.config().processors, "{to}");
    }
}

#[test]
fn the_harmonic_synth_is_as_the_gin_file_says() {
    let harmonic = |from: &str, to: &str| {
        let mut checkpoint = TinyCheckpoint::new();
        assert!(checkpoint.gin.contains(from), "{from}");
        checkpoint.gin = checkpoint.gin.replace(from, to);
        match &imported(&checkpoint).model.config().processors[0] {
            ProcessorConfig::Harmonic(config) => config.clone(),
            other => panic!("{other:?}"),
        }
    };
    let plain = HarmonicConfig { phase_mode: PhaseMode::MagentaF32, ..HarmonicConfig::new(6) };
    assert_eq!(harmonic("", ""), plain);
    let angular = harmonic("use_angular_cumsum = False", "use_angular_cumsum = True");
    assert_eq!(angular, HarmonicConfig { phase_mode: PhaseMode::MagentaAngular, ..plain.clone() });
    let linear = harmonic("'window'", "'linear'");
    let amp_resample_method = ResampleMethod::Linear;
    assert_eq!(linear, HarmonicConfig { amp_resample_method, ..plain.clone() });
    let whole = harmonic("below_nyquist = True", "below_nyquist = False");
    assert_eq!(whole, HarmonicConfig { normalize_below_nyquist: false, ..plain.clone() });
    let unscaled = harmonic("Harmonic.scale_fn = @core.exp_sigmoid", "Harmonic.scale_fn = None");
    assert_eq!(unscaled, HarmonicConfig { scale_fn: ScaleFn::None, ..plain });
}

#[test]
fn an_operative_config_without_the_parameters_of_3_is_of_1() {
    let mut checkpoint = TinyCheckpoint::new();
    let binding = "F0LoudnessPreprocessor.compute_loudness = True\n";
    assert!(checkpoint.gin.contains(binding));
    checkpoint.gin = checkpoint.gin.replace(binding, "");
    let older = imported(&checkpoint);
    assert_eq!(older.model.config().loudness, LoudnessConfig::magenta_1());
    assert!(older.model.phase_modes().all(|mode| mode == PhaseMode::MagentaAngular));
    assert!(!older.report.recomputes_loudness);
    assert!(older.report.loudness_from.ends_with("as 1.x"));
}

/// Appends a field to the entry of this name; in a message the last of a number counts.
fn append(entries: &mut BTreeMap<Vec<u8>, Vec<u8>>, name: &str, field: &[u8]) {
    entries.get_mut(name.as_bytes()).unwrap().extend(field);
}

#[test]
fn several_data_files_are_one_checkpoint() {
    let checkpoint = TinyCheckpoint::new();
    let folder = written(&checkpoint);
    let plain = import(folder.path()).unwrap().model;
    let (mut entries, data) = checkpoint.entries();
    let last = "model/processor_group/reverb/ir/.ATTRIBUTES/VARIABLE_VALUE";
    append(&mut entries, "", &[1 << 3, 2]);
    append(&mut entries, last, &[3 << 3, 1]);
    fs::remove_file(folder.path().join("ckpt-7.data-00000-of-00001")).unwrap();
    fs::write(folder.path().join("ckpt-7.index"), Table::new(&entries).bytes).unwrap();
    fs::write(folder.path().join("ckpt-7.data-00000-of-00002"), &data).unwrap();
    let message = import(folder.path()).unwrap_err().to_string();
    assert!(message.contains("ckpt-7.data-00001-of-00002 is missing"), "{message}");
    fs::write(folder.path().join("ckpt-7.data-00001-of-00002"), &data).unwrap();
    assert_eq!(import(folder.path()).unwrap().model, plain);
}

#[test]
fn indexes_of_a_kind_that_is_not_read_are_refused() {
    let bias = "model/decoder/dense_out/bias/.ATTRIBUTES/VARIABLE_VALUE";
    let refused = |table: Table, says: &str| {
        let folder = written(&TinyCheckpoint::new());
        fs::write(folder.path().join("ckpt-7.index"), table.bytes).unwrap();
        let message = import(folder.path()).unwrap_err().to_string();
        assert!(message.contains(says), "no {says:?} in {message}");
    };
    let (entries, _) = TinyCheckpoint::new().entries();
    for (name, field, says) in [
        ("", &[2 << 3, 1][..], "the highest first: save the checkpoint on another machine"),
        ("", &[3 << 3 | 2, 2, 2 << 3, 9], "expected version 1 of the format"),
        ("", &[1 << 3, 0], "expected at least one data file"),
        (bias, &[7 << 3 | 2, 0], "stored in slices"),
        (bias, &[1 << 3, 14], "expected 32-bit floats, found type 14"),
        (bias, &[3 << 3, 1], "expected one of 1 data files, found number 1"),
        (bias, &[5 << 3, 4], "expected as many bytes as shape [12] needs, found 4"),
    ] {
        let mut entries = entries.clone();
        append(&mut entries, name, field);
        refused(Table::new(&entries), says);
    }
    let mut without_header = entries.clone();
    without_header.remove(&b""[..]);
    refused(Table::new(&without_header), "expected a header, found none");
    let mut snappy = Table::new(&entries);
    let compression = snappy.blocks[0].end - 1;
    snappy.bytes[compression] = 1;
    snappy.seal();
    refused(snappy, "compressed with snappy");
}
