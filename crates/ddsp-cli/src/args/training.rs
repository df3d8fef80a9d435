//! What concerns data sets and training.

use std::path::PathBuf;

use ddsp_core::feature::f0::F0Config;

use super::{EXIT_CODES, range_hz};
use crate::controls::within;

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct PrepareArgs {
    /// Recordings of one instrument or voice, folders of them, or patterns as '*.wav'. Any format, rate, number of channels
    /// and length. One note at a time, a dry room, ten minutes or more make a good instrument.
    #[arg(required = true, value_name = "AUDIO")]
    pub(crate) inputs: Vec<PathBuf>,

    /// The folder of the data set, which is made. It may be moved and copied.
    #[arg(short, long, value_name = "DATASET")]
    pub(crate) output: PathBuf,

    /// Samples a second: 16000, 32000, 44100 or 48000. [default: 48000 if all recordings have 44100 or more and hold sound
    /// above 8 kHz, else 16000]
    #[arg(long, value_name = "HZ", value_parser = training_rate)]
    pub(crate) sample_rate: Option<u32>,

    /// Frames of pitch and loudness a second; a frame must be a whole number of samples. [default: 250, and 245 at 44100 Hz]
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(10..=1000))]
    pub(crate) frame_rate: Option<u32>,

    /// The pitch tracker.
    #[arg(long, value_name = "NAME", default_value = F0Config::NAMES[0],
          value_parser = clap::builder::PossibleValuesParser::new(F0Config::NAMES))]
    pub(crate) pitch: String,

    /// Look for pitch between these two, as 80-800. [default: 32 to 2000]
    #[arg(long, value_name = "HZ-HZ", value_parser = range_hz)]
    pub(crate) f0_range: Option<(f32, f32)>,

    /// Use this channel alone, counted from 1. [default: the mean of all channels, or the first if they cancel each other]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) channel: Option<u16>,

    /// Length of an example in seconds. 1 to 60.
    #[arg(long, value_name = "S", default_value_t = 4.0, value_parser = within(1.0..=60.0))]
    pub(crate) example_s: f64,

    /// From the beginning of an example to that of the next. 0.1 to 60.
    #[arg(long, value_name = "S", default_value_t = 1.0, value_parser = within(0.1..=60.0))]
    pub(crate) hop_s: f64,

    /// The share of the material that is not learned from but measured with: the end of each recording. 0 to 0.5.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, value_parser = within(0.0..=0.5))]
    pub(crate) held_out: f64,

    /// Make the data set anew, whatever is there of it.
    #[arg(long)]
    pub(crate) restart: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
#[cfg_attr(not(feature = "train"), allow(dead_code, reason = "a build without a trainer says so"))]
pub(crate) struct TrainArgs {
    /// What `ddsp prepare` made, or TFRecords of Magenta's library.
    #[arg(value_name = "DATASET")]
    pub(crate) dataset: PathBuf,

    /// The folder of the run: checkpoints, previews, the instrument. It may be copied to another machine and go on there.
    #[arg(short, long, value_name = "RUN")]
    pub(crate) output: PathBuf,

    /// The recipe: instrument, solo, autoencoder, tiny or vst. [default: instrument]
    #[arg(long, value_name = "NAME")]
    #[cfg(feature = "train")]
    pub(crate) preset: Option<ddsp::train::Preset>,
    /// The recipe: instrument, solo, autoencoder, tiny or vst. [default: instrument]
    #[arg(long, value_name = "NAME")]
    #[cfg(not(feature = "train"))]
    pub(crate) preset: Option<String>,

    /// Settings as TOML, of which RUN/config.toml is an example; or a gin file of Magenta's trainer.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// One setting, as optimizer.learning_rate=1e-3; may be given again.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Steps in all.
    #[arg(long, value_name = "N", conflicts_with = "minutes", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) steps: Option<u64>,

    /// Minutes of training: the first steps tell how many there will be. [default of instrument: 5]
    #[arg(long, value_name = "MIN", value_parser = within(0.01..=100_000.0))]
    pub(crate) minutes: Option<f64>,

    /// Windows in a step.
    #[arg(long, value_name = "N")]
    pub(crate) batch_size: Option<usize>,

    /// Of first weights, windows and noise: the same seed gives the same instrument.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Start from the weights of this instrument: a name from `ddsp models`, a .ddsp file, a run, or the folder of a Magenta checkpoint.
    #[arg(long, value_name = "MODEL")]
    pub(crate) from: Option<String>,

    /// Where tensors live: cpu, or cuda or wgpu in a build that has them.
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    pub(crate) device: String,

    /// Forget what is in RUN and train anew.
    #[arg(long)]
    pub(crate) restart: bool,

    /// Train in the background, also when this terminal is closed.
    #[arg(long)]
    pub(crate) detach: bool,

    /// Print lines, also on a terminal.
    #[arg(long)]
    pub(crate) plain: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct WatchArgs {
    /// The folder of the run.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// Print lines, also on a terminal.
    #[arg(long)]
    pub(crate) plain: bool,

    /// Say how far it is and leave.
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
#[cfg_attr(not(feature = "train"), allow(dead_code, reason = "a build without a trainer says so"))]
pub(crate) struct EvalArgs {
    /// A run, a .ddsp file, a name from `ddsp models`, or the folder of a Magenta checkpoint.
    #[arg(value_name = "MODEL|RUN")]
    pub(crate) model: String,

    /// What `ddsp prepare` made, or TFRecords of Magenta's library.
    #[arg(value_name = "DATASET")]
    pub(crate) dataset: PathBuf,

    /// Print one JSON object instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct ExportArgs {
    /// The folder of the run.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// The model file. Its card is written beside it, as NAME.md.
    #[arg(short, long, value_name = "NAME.ddsp")]
    pub(crate) output: PathBuf,

    /// Store four bytes a weight instead of two.
    #[arg(long)]
    pub(crate) f32: bool,

    /// One sentence for a musician.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    /// Licence of the weights, as an SPDX expression: what the recordings allow.
    #[arg(long, value_name = "SPDX")]
    pub(crate) licence: Option<String>,

    /// Whom to thank for the recordings, as their licence asks.
    #[arg(long, value_name = "TEXT")]
    pub(crate) attribution: Option<String>,
}

/// A rate that instruments are trained at.
fn training_rate(text: &str) -> Result<u32, String> {
    let rate = text.parse().ok().filter(|rate| [16_000, 32_000, 44_100, 48_000].contains(rate));
    rate.ok_or_else(|| "expected 16000, 32000, 44100 or 48000".to_owned())
}
