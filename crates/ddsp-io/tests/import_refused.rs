//! Checkpoints of Magenta's library that cannot be imported: the sentence names the binding.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use ddsp_cases::TinyCheckpoint;
use ddsp_io::import::import;
use tempfile::TempDir;

/// What is replaced in the gin file, by what, and what must be said of it.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "@models.Autoencoder",
        "@models.VSTBaseModel",
        "VSTBaseModel cannot be imported: expected Autoencoder only",
    ),
    (
        "get_model.model = @models.Autoencoder()",
        "",
        "expected a binding of `get_model.model`, found none",
    ),
    (
        "encoder = None",
        "encoder = @encoders.MfccTimeDistributedRnnEncoder()",
        "MfccTimeDistributedRnnEncoder cannot be imported: expected no encoder",
    ),
    (
        "@preprocessing.F0LoudnessPreprocessor",
        "@preprocessing.OnlineF0PowerPreprocessor",
        "OnlineF0PowerPreprocessor cannot be imported",
    ),
    (
        "rnn_type = 'gru'",
        "rnn_type = 'lstm'",
        "`RnnFcDecoder.rnn_type`: 'lstm' cannot be imported: expected 'gru' only",
    ),
    ("stateless = False", "stateless = True", "`RnnFcDecoder.stateless`: True cannot be imported"),
    (
        "RnnFcDecoder.stateless = False",
        "RnnFcDecoder.dropout = 0.5",
        "`RnnFcDecoder.dropout` is not known here: expected rnn_channels",
    ),
    (
        "('ld_scaled', 'f0_scaled')",
        "('ld_scaled', 'f0_scaled', 'z')",
        "expected 'f0_scaled' and 'ld_scaled' only, found 'z'",
    ),
    ("('ld_scaled', 'f0_scaled')", "('ld_scaled', 'ld_scaled')", "found 'ld_scaled' twice"),
    (
        "('amps', 1)",
        "('amps', 2)",
        "expected 'amps' of `ProcessorGroup.dag` among the decoder's outputs",
    ),
    ("('amps', 1)", "('amps', 0)", "found ('amps', 0)"),
    (
        "'harmonic_distribution', 6",
        "'harmonic_distribution', 600000000000",
        "1 to 65536 outputs in all",
    ),
    (
        "@effects.Reverb()",
        "@effects.FilteredNoiseReverb()",
        "FilteredNoiseReverb cannot be imported: expected Harmonic, FilteredNoise, Add and a trainable Reverb only",
    ),
    ("trainable = True", "trainable = False", "no impulse response in the checkpoint"),
    (
        "['add/signal']",
        "['harmonic/signal']",
        "expected Reverb to hear the sum of all synthesizers",
    ),
    ("['add/signal']", "['echo/signal']", "expected Reverb to hear an earlier processor"),
    (
        "['filtered_noise/signal', 'harmonic/signal']",
        "['harmonic/signal', 'harmonic/signal']",
        "expected Add to sum synthesizers, each once",
    ),
    (
        "(@effects.Reverb(), ['add/signal'])",
        "(@synths.Harmonic(), ['amps', 'harmonic_distribution', 'f0_hz'])",
        "expected one Harmonic, found a second",
    ),
    ("'f0_hz']", "'f1_hz']", "expected Harmonic to play 'f0_hz'"),
    (
        "exp_sigmoid.exponent = 10.0",
        "exp_sigmoid.exponent = 9",
        "`exp_sigmoid.exponent`: expected 10, found 9",
    ),
    (
        "Harmonic.scale_fn = @core.exp_sigmoid",
        "Harmonic.scale_fn = @core.exp_tanh",
        "exp_tanh cannot be imported",
    ),
    (
        "FilteredNoise.scale_fn = @core.exp_sigmoid",
        "FilteredNoise.scale_fn = None",
        "expected @core.exp_sigmoid, found None",
    ),
    (
        "amp_resample_method = 'window'",
        "amp_resample_method = 'cubic'",
        "expected 'nearest', 'linear' or 'window', found 'cubic'",
    ),
    (
        "FilteredNoise.n_samples = 64000",
        "FilteredNoise.n_samples = 32000",
        "expected 64000, as `Harmonic.n_samples`, found 32000",
    ),
    (
        "time_steps = 1000",
        "time_steps = 999",
        "multiple of `F0LoudnessPreprocessor.time_steps`, found 64000 and 999",
    ),
    ("time_steps = 1000", "time_steps = 0", "found 64000 and 0"),
    ("Harmonic.sample_rate = 16000", "Harmonic.sample_rate = 48000", "found 16000 and 48000"),
    ("frame_rate = 250", "frame_rate = 50", "`F0LoudnessPreprocessor.frame_rate`, found 50"),
    (
        "Harmonic.sample_rate = 16000",
        "Harmonic.sample_rate = '16k'",
        "expected a whole number from 0 on, found '16k'",
    ),
    (
        "layers_per_stack = 2",
        "layers_per_stack = 3",
        "expected 3 layers (dense and norm) in `model/decoder/input_stacks/0`",
    ),
    (
        "ch = 8",
        "ch = 16",
        "expected shape [1, 16], as operative_config-0.gin says, found [1, 8]: is the gin file that of another model?",
    ),
    (
        "rnn_channels = 8",
        "rnn_channels = 9",
        "`model/decoder/rnn/rnn/cell/kernel/.ATTRIBUTES/VARIABLE_VALUE`: expected shape [16, 27]",
    ),
    (
        "reverb_length = 64",
        "reverb_length = 65",
        "expected shape [65], as operative_config-0.gin says, found [64]",
    ),
    (
        "Reverb.name = 'reverb'",
        "Reverb.name = 'hall'",
        "expected a part `model/processor_group/hall`",
    ),
    (
        "batch_size = 2",
        "batch_size = %rate\nrate = %batch_size",
        "the macros go round in a circle: %batch_size is %rate is %batch_size",
    ),
    ("Reverb.add_dry = True", "Reverb.add_dry True", "line 66: expected `=`, found `True`"),
];

#[test]
fn what_cannot_be_imported_is_refused_with_the_binding() {
    for (from, to, says) in REFUSED {
        let mut checkpoint = TinyCheckpoint::new();
        assert!(checkpoint.gin.contains(from), "{from}");
        checkpoint.gin = checkpoint.gin.replacen(from, to, 1);
        let folder = TempDir::new().unwrap();
        checkpoint.write(folder.path());
        let message = import(folder.path()).unwrap_err().to_string();
        assert!(message.contains(says), "{to}: no {says:?} in {message}");
        assert!(
            message.contains("operative_config-0.gin") || message.contains("ckpt-7.index"),
            "{message}"
        );
        assert!(!message.contains('\n'), "{message}");
    }
}
