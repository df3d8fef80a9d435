//! What gin files of Magenta's library say of training.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests fail loudly and say what they skip"
)]

use std::fs;
use std::path::PathBuf;

use ddsp_cases::shared_dir;
use ddsp_core::effect::CropLocation;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::model::{DecoderConfig, EncoderConfig, ModelConfig, ProcessorConfig};
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::resample::ResampleMethod;
use ddsp_io::import::{Crop, LossType, SpectralLossRecipe, TrainingRecipe, training_recipe};
use tempfile::TempDir;

/// What a run is: steps, rates, files.
const RUN: &str = "
    rate = 1e-3
    train.batch_size = %batch
    batch = 8
    train.num_steps = 50_000
    train:
      steps_per_summary = 10
      steps_per_save = 500
    Trainer.learning_rate = %rate
    Trainer.lr_decay_steps = 1000
    Trainer.lr_decay_rate = 0.9
    Trainer.grad_clip_norm = 1.5
    Trainer.checkpoints_to_keep = 3
    train.data_provider = @data.TFRecordProvider()
    evaluate.data_provider = @data.TFRecordProvider()
    evaluate.batch_size = 4
    TFRecordProvider.file_pattern = 'set/part*'
    TFRecordProvider.frame_rate = 250
";

/// An autoencoder with an encoder.
const AE: &str = "
    import ddsp.training
    get_model.model = @models.Autoencoder()
    Autoencoder.preprocessor = @preprocessing.F0LoudnessPreprocessor()
    F0LoudnessPreprocessor.time_steps = 500
    Autoencoder.encoder = @encoders.MfccTimeDistributedRnnEncoder()
    MfccTimeDistributedRnnEncoder:
      rnn_channels = 24
      rnn_type = 'gru'
      z_dims = 5
      z_time_steps = 125
    Autoencoder.decoder = @decoders.RnnFcDecoder()
    RnnFcDecoder.rnn_channels = 32
    RnnFcDecoder.ch = 16
    RnnFcDecoder.layers_per_stack = 2
    RnnFcDecoder.input_keys = ('ld_scaled', 'f0_scaled', 'z')
    RnnFcDecoder.output_splits = (('amps', 1), ('harmonic_distribution', 7), ('noise_magnitudes', 9))
    Autoencoder.losses = [@losses.SpectralLoss()]
    SpectralLoss.mag_weight = 1.0
    SpectralLoss.logmag_weight = 0.5
    Autoencoder.processor_group = @processors.ProcessorGroup()
    ProcessorGroup.dag = [
      (@synths.Harmonic(), ['amps', 'harmonic_distribution', 'f0_hz']),
      (@synths.FilteredNoise(), ['noise_magnitudes']),
      (@processors.Add(), ['filtered_noise/signal', 'harmonic/signal']),
    ]
    Harmonic.n_samples = 32000
    FilteredNoise.n_samples = 32000
    FilteredNoise.window_size = 0
    processors.Add.name = 'add'
";

/// One instrument: the same without an encoder, with a reverb; what is left of the encoder means nothing.
const SOLO: &str = "
    include 'models/ae.gin'
    include 'optimization/run.gin'
    Autoencoder.encoder = None
    RnnFcDecoder.input_keys = ('ld_scaled', 'f0_scaled')
    ProcessorGroup.dag = [
      (@synths.Harmonic(), ['amps', 'harmonic_distribution', 'f0_hz']),
      (@synths.FilteredNoise(), ['noise_magnitudes']),
      (@processors.Add(), ['filtered_noise/signal', 'harmonic/signal']),
      (@effects.Reverb(), ['add/signal']),
    ]
    Reverb.trainable = True
    Reverb.reverb_length = 800
";

/// Power instead of loudness, centred frames, a reverb of filtered noise.
const VST: &str = "
    n = 64640
    get_model.model = @models.Autoencoder()
    Autoencoder.preprocessor = @preprocessing.OnlineF0PowerPreprocessor()
    OnlineF0PowerPreprocessor:
      frame_rate = 100
      frame_size = 512
      padding = 'center'
      compute_power = True
      compute_f0 = False
      crepe_saved_model_path = None
    Autoencoder.encoder = None
    Autoencoder.decoder = @decoders.RnnFcDecoder()
    RnnFcDecoder:
      rnn_channels = 32
      ch = 16
      layers_per_stack = 1
      input_keys = ('pw_scaled', 'f0_scaled')
      output_splits = (('amps', 1), ('harmonic_distribution', 7), ('noise_magnitudes', 9))
    Autoencoder.losses = [@losses.SpectralLoss()]
    SpectralLoss.fft_sizes = [3072, 1536, 96]
    Autoencoder.processor_group = @processors.ProcessorGroup()
    ProcessorGroup.dag = [
      (@synths.Harmonic(), ['amps', 'harmonic_distribution', 'f0_hz']),
      (@synths.FilteredNoise(), ['noise_magnitudes']),
      (@processors.Add(), ['filtered_noise/signal', 'harmonic/signal']),
      (@effects.FilteredNoiseReverb(), ['add/signal']),
      (@processors.Crop(), ['reverb/signal']),
    ]
    FilteredNoiseReverb:
      name = 'reverb'
      reverb_length = 600
      n_frames = 20
      n_filter_banks = 4
      trainable = True
    Harmonic.n_samples = %n
    Harmonic.amp_resample_method = 'linear'
    FilteredNoise.n_samples = %n
    Crop.frame_size = 160
    Crop.crop_location = 'back'
    TFRecordProvider.centered = True
";

/// The statements at the beginning of their lines, as gin wants them.
fn dedented(text: &str) -> String {
    text.lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A folder of files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, dedented(text)).unwrap();
    }
    folder
}

fn recipe(text: &str) -> TrainingRecipe {
    training_recipe(&folder(&[("a.gin", text)]).path().join("a.gin")).unwrap()
}

fn refused(text: &str) -> String {
    training_recipe(&folder(&[("a.gin", text)]).path().join("a.gin")).unwrap_err().to_string()
}

fn decoder(model: &ModelConfig) -> (&[InputKey], usize, usize, usize, usize) {
    let DecoderConfig::RnnFc(c) = &model.decoder;
    (&c.input_keys, c.channels, c.gru_units, c.layers_per_stack, c.z_dims)
}

#[test]
fn a_solo_instrument_is_found_in_the_folders_of_the_library() {
    let files = [("models/solo.gin", SOLO), ("models/ae.gin", AE), ("optimization/run.gin", RUN)];
    let tree = folder(&files);
    let found = training_recipe(&tree.path().join("models/solo.gin")).unwrap();
    let model = found.model.as_ref().unwrap();
    let keys = [InputKey::LoudnessScaled, InputKey::F0Scaled];
    assert_eq!(decoder(model), (&keys[..], 16, 32, 2, 0));
    assert_eq!((model.sample_rate, model.hop_size, model.encoder.is_none()), (16_000, 64, true));
    assert_eq!(model.loudness, LoudnessConfig::magenta_3());
    assert_eq!(model.processors.len(), 3);
    assert!(matches!(&model.processors[2], ProcessorConfig::Reverb(c) if c.ir_size == 800));
    let numbers = [
        found.learning_rate,
        found.lr_decay_steps,
        found.lr_decay_rate,
        found.gradient_clip_norm,
        found.frame_rate,
        found.example_secs,
    ];
    let expected = [Some(1e-3), Some(1000.0), Some(0.9), Some(1.5), Some(250.0), None];
    assert_eq!(numbers, expected);
    let counts = (found.n_steps, found.steps_per_summary, found.steps_per_save);
    assert_eq!(counts, (Some(50_000), Some(10), Some(500)));
    assert_eq!((found.batch_size, found.checkpoints_to_keep), (Some(8), Some(3)));
    assert_eq!((found.file_pattern.as_deref(), found.sample_rate), (Some("set/part*"), None));
    assert_eq!((found.crop, found.recomputes_loudness), (None, Some(true)));

    // Copied into one folder they say the same.
    let flat = folder(&[("solo.gin", SOLO), ("ae.gin", AE), ("run.gin", RUN)]);
    assert_eq!(training_recipe(&flat.path().join("solo.gin")).unwrap(), found);
    let alone = folder(&[("solo.gin", SOLO)]);
    let message = training_recipe(alone.path()).unwrap_err().to_string();
    assert!(
        message.contains("expected the included 'models/ae.gin' beside this file"),
        "{message}"
    );
}

#[test]
fn an_autoencoder_has_its_encoder() {
    let found = recipe(AE);
    let model = found.model.unwrap();
    let Some(EncoderConfig::MfccRnn(encoder)) = &model.encoder else { panic!() };
    assert_eq!((encoder.gru_units, encoder.z_dims, encoder.z_time_steps), (24, 5, 125));
    let keys = [InputKey::LoudnessScaled, InputKey::F0Scaled, InputKey::Z];
    assert_eq!(decoder(&model), (&keys[..], 16, 32, 2, 5));
    let loss = SpectralLossRecipe {
        fft_sizes: vec![2048, 1024, 512, 256, 128, 64],
        loss_type: LossType::L1,
        mag_weight: 1.0,
        delta_time_weight: 0.0,
        delta_freq_weight: 0.0,
        cumsum_freq_weight: 0.0,
        logmag_weight: 0.5,
        loudness_weight: 0.0,
    };
    assert_eq!(found.spectral_loss, Some(loss));
    assert_eq!((found.learning_rate, found.batch_size, found.n_steps), (None, None, None));
    let deaf = AE.replace(", 'z')", ")");
    assert!(refused(&deaf).contains("`RnnFcDecoder.input_keys`: expected 'z' among them"));
}

#[test]
fn a_plugin_model_hears_power_and_is_cropped() {
    let found = recipe(VST);
    let model = found.model.unwrap();
    let power = LoudnessConfig::Power { frame_size: 512, range_db: 80.0, ref_db: 0.0 };
    assert_eq!((&model.loudness, model.hop_size), (&power, 160));
    let ProcessorConfig::Harmonic(harmonic) = &model.processors[0] else { panic!() };
    assert_eq!(harmonic.amp_resample_method, ResampleMethod::Linear);
    let ProcessorConfig::FilteredNoiseReverb(reverb) = &model.processors[2] else { panic!() };
    assert_eq!((reverb.ir_size, reverb.n_frames, reverb.n_noise_bands), (600, 20, 4));
    assert_eq!((reverb.initial_bias, reverb.window_size, reverb.add_dry), (-3.0, 257, true));
    assert_eq!(found.crop, Some(Crop { location: CropLocation::Back, frame_size: 160 }));
    assert_eq!((found.centered, found.recomputes_loudness), (Some(true), Some(true)));
    let loss = found.spectral_loss.unwrap();
    assert_eq!((loss.fft_sizes, loss.logmag_weight), (vec![3072, 1536, 96], 0.0));
    let odd = VST.replace("frame_rate = 100", "frame_rate = 99");
    assert!(refused(&odd).contains("whole frames of `OnlineF0PowerPreprocessor.frame_rate`"));
    let loud = VST.replace("'pw_scaled'", "'ld_scaled'");
    assert!(refused(&loud).contains("expected 'f0_scaled' and 'pw_scaled' only"));
}

#[test]
fn a_run_without_a_model_is_one() {
    let found = recipe(RUN);
    assert_eq!((found.model, found.spectral_loss), (None, None));
    assert_eq!(found.learning_rate, Some(1e-3));
}

#[test]
fn what_would_change_training_is_refused_by_name() {
    for (line, says) in [
        (
            "compute_loudness.n_fft = 256",
            "`compute_loudness.n_fft` is not known here and may change training",
        ),
        (
            "harmonic_synthesis.amp_resample_method = 'cubic'",
            "`harmonic_synthesis.amp_resample_method`",
        ),
        ("Adam.beta_1 = 0.5", "`Adam.beta_1`"),
        ("Trainer.momentum = 0.5", "`Trainer.momentum` is not known here"),
        (
            "Trainer.restore_keys = ['decoder']",
            "`Trainer.restore_keys`: ['decoder'] cannot be imported",
        ),
        (
            "Trainer.learning_rate = -1",
            "`Trainer.learning_rate`: expected a number above 0, found -1",
        ),
        ("Trainer.learning_rate = '3e-4'", "expected a number, found '3e-4'"),
        (
            "train.batch_size = 0",
            "`train.batch_size`: expected a whole number from 1 to 65536, found 0",
        ),
        ("train.early_stop_loss_value = 5.0", "`train.early_stop_loss_value`: 5.0 cannot"),
        (
            "train.data_provider = @data.NSynthTfds()",
            "NSynthTfds cannot be imported: expected TFRecordProvider",
        ),
        ("TFRecordProvider.shuffle = False", "`TFRecordProvider.shuffle` is not known here"),
        ("SpectralLoss.temperature = 2", "`SpectralLoss.temperature` is not known here"),
        ("SpectralLoss.loss_type = 'L3'", "expected 'L1', 'L2' or 'COSINE', found 'L3'"),
        ("SpectralLoss.fft_sizes = [2048, 2]", "expected 1 to 32 sizes of 4 to 65536"),
        ("SpectralLoss.mag_weight = -1", "expected a weight from 0 on, found -1"),
        (
            "Autoencoder.losses = [@losses.SpectralLoss(), @losses.SpectralLoss()]",
            "expected one loss",
        ),
        ("Autoencoder.losses = [@losses.ParamLoss()]", "ParamLoss cannot be imported"),
        (
            "oscillator_bank.use_angular_cumsum = True",
            "`oscillator_bank.use_angular_cumsum`: True cannot",
        ),
        ("RnnFcDecoder.stateless = True", "`RnnFcDecoder.stateless`: True cannot"),
        (
            "F0LoudnessPreprocessor.frame_rate = 50",
            "to be `F0LoudnessPreprocessor.frame_rate`, found 50",
        ),
        ("Add.gain = 2", "`Add.gain` is not known here"),
    ] {
        let message = refused(&format!("{AE}\n    {line}\n"));
        assert!(message.contains(says), "{line}: no {says:?} in {message}");
        assert!(message.contains("a.gin") && !message.contains('\n'), "{message}");
    }
    // The same harms nothing where it says what is done anyway, or another program does it.
    for line in [
        "Trainer.restore_keys = None",
        "oscillator_bank.sum_sinusoids = True",
        "run_dag.verbose = True",
        "sample.ckpt_delay_secs = 300",
        "evaluate.evaluator_classes = [@BasicEvaluator]\n    BasicEvaluator.rate = 1",
    ] {
        recipe(&format!("{AE}\n    {line}\n"));
    }
}

#[test]
fn files_that_include_themselves_end() {
    for text in ["include 'a.gin'", "include 'b.gin'"] {
        let both = folder(&[("a.gin", text), ("b.gin", "include 'a.gin'")]);
        assert!(training_recipe(&both.path().join("a.gin")).is_err());
    }
}

/// The folder of real checkpoints: `ckpt` under `DDSP_ORACLE`, or of the shared material.
fn checkpoints() -> Option<PathBuf> {
    let oracle = std::env::var_os("DDSP_ORACLE").map(PathBuf::from);
    let folder = oracle.or_else(|| Some(shared_dir()?.join("oracle")))?.join("ckpt");
    folder.join("vst").is_dir().then_some(folder)
}

#[test]
fn the_runs_that_wrote_real_checkpoints_are_understood() {
    let Some(folder) = checkpoints() else {
        println!("skipped: there are no real checkpoints");
        return;
    };
    for (name, n_steps, hop_size, n_weights) in [
        ("solo-voiced", 100, 64, 42),
        ("solo-voiced-legacy", 100, 64, 42),
        ("ae-small", 20, 64, 60),
        ("vst", 60, 320, 18),
    ] {
        let found = training_recipe(&folder.join(name)).unwrap();
        let by_name = training_recipe(&folder.join(name).join("operative_config-0.gin")).unwrap();
        assert_eq!(found, by_name);
        let model = found.model.unwrap();
        assert_eq!((found.n_steps, model.hop_size), (Some(n_steps), hop_size), "{name}");
        assert_eq!(model.weight_shapes().len(), n_weights, "{name}");
        let numbers = (found.learning_rate, found.lr_decay_steps, found.lr_decay_rate);
        assert_eq!(numbers, (Some(3e-4), Some(10_000.0), Some(0.98)), "{name}");
        assert_eq!((found.gradient_clip_norm, found.example_secs), (Some(3.0), Some(4.0)));
        let loss = found.spectral_loss.unwrap();
        assert_eq!((loss.fft_sizes.len(), loss.mag_weight, loss.logmag_weight), (6, 1.0, 1.0));
        assert_eq!(found.crop.is_some(), name == "vst");
    }
}
