//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use ddsp_core::condition::Adjustments;
use ddsp_core::feature::f0::F0Config;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::synth::PhaseMode;
use ddsp_io::audio::OutputFormat;

use crate::controls::{ControlArgs, within};

mod training;

pub(crate) use training::{EvalArgs, ExportArgs, PrepareArgs, TrainArgs, WatchArgs};

const EXIT_CODES: &str = "\
Exit codes: 0 done; 2 the command line asks for something that is not possible; 3 an input is \
missing or is no usable audio; 4 the model is missing or not usable; 5 an output cannot be written \
(without a word when the reader of a pipe has left); 6 some of several inputs failed, the others are \
done; 7 a training could not go on, or died; 130 interrupted.";

/// Sing, play or hum; hear it as another instrument.
#[derive(Debug, Parser)]
#[command(name = "ddsp", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Turn recordings into the sound of an instrument.
    Transfer(TransferArgs),
    /// Show what is heard in a recording: pitch, confidence, loudness.
    Analyze(AnalyzeArgs),
    /// List the instruments that are built in.
    Models,
    /// Describe an instrument: what it is made of, what it was trained on, its licence.
    Info(InfoArgs),
    /// Turn a checkpoint of Magenta's Python library (3.x) into a model file.
    Import(ImportArgs),
    /// Make a data set of recordings, for training: cut, with pitch and loudness, and graded.
    Prepare(PrepareArgs),
    /// Measure recordings that an instrument was trained on, and store in it what auto adjust goes by.
    Statistics(StatisticsArgs),
    /// Train an instrument on a data set; the same command again goes on where it was interrupted.
    Train(TrainArgs),
    /// Look at a training run, from any terminal.
    Watch(WatchArgs),
    /// Measure how well a model plays what was held out of a data set.
    Eval(EvalArgs),
    /// Take the instrument out of a training run: a model file and its card.
    Export(ExportArgs),
    /// Measure how fast each stage runs on this machine.
    Bench(BenchArgs),
    /// Measure pitch trackers on recordings whose pitch is known.
    EvalPitch(EvalPitchArgs),
    /// Measure a transfer against the recording it was made of.
    Compare(CompareArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct TransferArgs {
    /// Recordings, folders of recordings, or patterns as '*.wav'. WAV, FLAC, MP3, OGG Vorbis, AIFF,
    /// M4A; any rate, any number of channels, any length; - is standard input. One voice or instrument at a time works best.
    #[arg(required = true, value_name = "IN")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Where the sound goes: a .wav or .flac file, - for standard output, or a folder when there are
    /// several inputs (it is made if need be, and each output is called like its input). [default:
    /// STEM.INSTRUMENT.wav, here; standard output when the input is standard input]
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) listening: ListeningArgs,

    #[command(flatten)]
    pub(crate) controls: ControlArgs,

    /// Samples a second of the output; the instrument plays at its own rate and is converted. 8000 to
    /// 192000. [default: that of the instrument]
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(8_000..=192_000))]
    pub(crate) sample_rate: Option<u32>,

    /// Let the instrument play at this rate itself, with harmonics up to its half, instead of converting the
    /// sound: brighter than it was trained. A frame must be a whole number of samples at this rate.
    #[arg(long, value_name = "HZ", conflicts_with = "sample_rate",
          value_parser = clap::value_parser!(u32).range(8_000..=192_000))]
    pub(crate) native_rate: Option<u32>,

    /// How the output is stored: wav16, wav24, wav32f, flac16 or flac24 (flac for short). What would pass
    /// full scale is turned down, except in wav32f. [default: what the output's name says, with 24 bits;
    /// else wav24]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<OutputFormat>,

    /// Which noise the instrument's breath is made of: the same seed gives the same sound.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,

    /// How the phase of the harmonics is summed: exact stays in tune for hours; magenta-f32 and
    /// magenta-angular sum as Magenta's versions 3 and 1 do, to sound as a checkpoint sounded there.
    /// [default: what the model names]
    #[arg(long, value_name = "MODE", value_enum)]
    pub(crate) phase_mode: Option<PhaseModeArg>,

    #[command(flatten)]
    pub(crate) showing: ShowingArgs,
}

/// [`PhaseMode`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PhaseModeArg {
    Exact,
    MagentaF32,
    MagentaAngular,
}

impl From<PhaseModeArg> for PhaseMode {
    fn from(arg: PhaseModeArg) -> Self {
        match arg {
            PhaseModeArg::Exact => Self::Exact,
            PhaseModeArg::MagentaF32 => Self::MagentaF32,
            PhaseModeArg::MagentaAngular => Self::MagentaAngular,
        }
    }
}

/// [`LoudnessConfig`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LoudnessArg {
    Magenta1,
    Magenta3,
}

impl From<LoudnessArg> for LoudnessConfig {
    fn from(arg: LoudnessArg) -> Self {
        match arg {
            LoudnessArg::Magenta1 => Self::magenta_1(),
            LoudnessArg::Magenta3 => Self::magenta_3(),
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct AnalyzeArgs {
    /// A recording; - is standard input.
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,

    #[command(flatten)]
    pub(crate) listening: ListeningArgs,

    #[command(flatten)]
    pub(crate) showing: ShowingArgs,
}

/// How a recording is listened to.
#[derive(Debug, clap::Args)]
pub(crate) struct ListeningArgs {
    /// The instrument: a name from `ddsp models`, a .ddsp file, or the folder of a Magenta checkpoint.
    #[arg(short, long, value_name = "NAME|FILE", default_value = "alto_sax")]
    pub(crate) model: String,

    /// Use this channel alone, counted from 1. [default: the mean of all channels]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) channel: Option<u16>,

    /// Scale the recording to this peak before it is listened to, 0.9 if none is given.
    #[arg(long, value_name = "PEAK", num_args = 0..=1, default_missing_value = "0.9",
          require_equals = true, conflicts_with = "no_normalize_input", value_parser = peak)]
    pub(crate) normalize: Option<f32>,

    /// Look for pitch between these two, as 80-800. [default: 32 to 2000]
    #[arg(long, value_name = "HZ-HZ", value_parser = range_hz)]
    pub(crate) f0_range: Option<(f32, f32)>,

    /// Hear loudness as Magenta's version 1 or 3 defines it. [default: what the model names]
    #[arg(long, value_name = "DEFINITION", value_enum)]
    pub(crate) loudness: Option<LoudnessArg>,

    /// Leave the level as recorded. By default a recording is scaled to the peak that the instrument was
    /// trained with, because a quiet recording would be played as quiet notes.
    #[arg(long)]
    pub(crate) no_normalize_input: bool,
}

/// Pictures and tables.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowingArgs {
    /// Write what was heard as a table: time_s, f0_hz, f0_confidence, loudness_db. A folder when there are
    /// several inputs; - for standard output.
    #[arg(long, value_name = "OUT.csv")]
    pub(crate) features: Option<PathBuf>,

    /// Draw waveform, spectrogram, pitch and loudness, before and after. A folder when there are several
    /// inputs; - for standard output.
    #[arg(long, value_name = "OUT.png")]
    pub(crate) plot: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InfoArgs {
    /// A name from `ddsp models`, a .ddsp file, or the folder of a Magenta checkpoint.
    #[arg(value_name = "NAME|FILE")]
    pub(crate) model: String,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct ImportArgs {
    /// The folder that training wrote (ckpt-N.index, its data, operative_config-N.gin), or the gin file
    /// or the index of it.
    #[arg(value_name = "DIR")]
    pub(crate) checkpoint: PathBuf,

    /// The model file.
    #[arg(short, long, value_name = "NAME.ddsp")]
    pub(crate) output: PathBuf,

    /// Store two bytes a weight instead of four.
    #[arg(long)]
    pub(crate) f16: bool,

    /// Let the instrument hear loudness as Magenta's version 1 or 3 defines it. [default: what the
    /// checkpoint tells]
    #[arg(long, value_name = "DEFINITION", value_enum)]
    pub(crate) loudness: Option<LoudnessArg>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct StatisticsArgs {
    /// The recordings, folders of them, or patterns as '*.wav'.
    #[arg(required = true, value_name = "IN")]
    pub(crate) inputs: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) listening: ListeningArgs,

    /// The model file to write: the instrument with its statistics.
    #[arg(short, long, value_name = "NAME.ddsp")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// A name from `ddsp models`, or a .ddsp file.
    #[arg(short, long, value_name = "NAME|FILE", default_value = "alto_sax")]
    pub(crate) model: String,

    /// Seconds of audio in each run. 1 to 600.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct EvalPitchArgs {
    /// A folder, searched with all folders in it. The pitch of STEM.wav is in STEM.csv; that of
    /// STEM_CONDITION.wav in STEM_CONDITION.csv or else in STEM.csv. Rows are time_s,f0_hz, where 0 Hz is
    /// unvoiced.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// Which tracker; may be given again. [default: all]
    #[arg(long, value_name = "NAME",
          value_parser = clap::builder::PossibleValuesParser::new(F0Config::NAMES))]
    pub(crate) pitch: Vec<String>,

    /// Write the table as JSON too: a list with one object a row.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct CompareArgs {
    /// The recording.
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,

    /// What was made of it.
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// The instrument that played: a name from `ddsp models`, or a .ddsp file. Both files are compared at
    /// its rate, and loudness is by its definition.
    #[arg(short, long, value_name = "NAME|FILE", default_value = "alto_sax")]
    pub(crate) model: String,

    /// By how many octaves the output was meant to be shifted: what `ddsp transfer` fitted it by, and what was
    /// asked for. -4 to 4.
    #[arg(long, value_name = "OCTAVES", default_value_t = 0.0, allow_negative_numbers = true,
          value_parser = within(Adjustments::F0_OCTAVE_SHIFT))]
    pub(crate) f0_octave_shift: f64,

    /// Print one JSON object instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A peak above silence and up to full scale.
fn peak(text: &str) -> Result<f32, String> {
    text.parse()
        .ok()
        .filter(|peak| *peak > 0.0 && *peak <= 1.0)
        .ok_or_else(|| "expected more than 0 and at most 1".to_owned())
}

/// Two frequencies, the lower first.
fn range_hz(text: &str) -> Result<(f32, f32), String> {
    let ends =
        text.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    match ends {
        Some((low, high)) if low < high => Ok((low, high)),
        Some((low, high)) => Err(format!(
            "expected the lowest pitch and then the highest, found {low} and {high} Hz"
        )),
        None => Err("expected two frequencies in Hz, as 80-800".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
