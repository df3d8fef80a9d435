//! What a reader noticed about a file that it could read all the same.

use std::fmt;

/// Something about a recording that its owner would want to know. `Display` says it in a sentence,
/// lower case and without a full stop, that does not repeat the file's name.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// The mean of the channels is more than 20 dB quieter than the channels are.
    ChannelsCancel {
        /// The number of channels mixed.
        n_channels: usize,
        /// By how much the mean is quieter than the channels' average, in dB of energy.
        loss_db: f32,
    },
    /// NaN or infinite samples were replaced with zero.
    NonFinite {
        /// How many, over the channels used.
        n_samples: u64,
    },
    /// The stream ends before its header says, or in the middle of a packet.
    EndsEarly {
        /// Where it ends, in seconds.
        at_s: f64,
    },
    /// Damaged stretches in the middle of the stream were left out.
    Gaps {
        /// How much is missing in all, in seconds.
        missing_s: f64,
    },
    /// Damaged packets were left out.
    CorruptPackets {
        /// How many.
        n_packets: u64,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChannelsCancel { n_channels, loss_db } => write!(
                f,
                "the {n_channels} channels cancel each other when mixed to mono \
                 (they lose {loss_db:.0} dB); use one of them with --channel 1"
            ),
            Self::NonFinite { n_samples: 1 } => {
                write!(f, "1 sample is not a finite number and was replaced with silence")
            }
            Self::NonFinite { n_samples } => write!(
                f,
                "{n_samples} samples are not finite numbers and were replaced with silence"
            ),
            Self::EndsEarly { at_s } => write!(
                f,
                "ends early at {at_s:.1} s: the file is damaged or cut off; what was readable is used"
            ),
            Self::Gaps { missing_s } => write!(
                f,
                "{missing_s:.2} s in the middle are damaged and were left out, so the audio jumps there"
            ),
            Self::CorruptPackets { n_packets: 1 } => {
                write!(f, "1 damaged packet was left out, so the audio may jump there")
            }
            Self::CorruptPackets { n_packets } => {
                write!(f, "{n_packets} damaged packets were left out, so the audio may jump there")
            }
        }
    }
}
