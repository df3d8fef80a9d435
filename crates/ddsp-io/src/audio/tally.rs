//! What a reader counts on the way through a file, and what of it is worth a notice.

use super::Notice;

/// A mean this much quieter than its channels is worth a notice, in dB of energy.
const CANCELLED_DB: f64 = 20.0;
/// Channels below this mean square (-80 dB) are silent; there is nothing to cancel.
const SILENT_MEAN_SQUARE: f64 = 1e-8;

/// The counts; samples are those of one channel, values those of all channels used.
#[derive(Default)]
pub(super) struct Tally {
    /// Samples that the decoder gave.
    pub(super) n_decoded: u64,
    /// Samples handed on, without encoder delay and padding.
    pub(super) n_samples: u64,
    /// Values that went into them.
    pub(super) n_values: u64,
    /// Values that were NaN or infinite.
    pub(super) n_non_finite: u64,
    /// Packets that could not be decoded.
    pub(super) n_corrupt: u64,
    /// Samples that the demuxer left out.
    pub(super) n_gap: u64,
    /// Samples of the largest packet.
    pub(super) n_largest_packet: u64,
    /// Energy of the mean of the channels; zero if one channel was chosen.
    pub(super) mixed_energy: f64,
    /// Mean of the channels' energies; zero if one channel was chosen.
    pub(super) channel_energy: f64,
}

impl Tally {
    /// The notices, the gravest first.
    pub(super) fn notices(
        &self,
        sample_rate: u32,
        n_channels: usize,
        ends_early: bool,
    ) -> Vec<Notice> {
        let seconds = |n_samples: u64| n_samples as f64 / f64::from(sample_rate);
        let mut notices = Vec::new();
        if ends_early {
            notices.push(Notice::EndsEarly { at_s: seconds(self.n_samples) });
        }
        if self.n_gap > 0 {
            notices.push(Notice::Gaps { missing_s: seconds(self.n_gap) });
        }
        if self.n_corrupt > 0 {
            notices.push(Notice::CorruptPackets { n_packets: self.n_corrupt });
        }
        if self.n_non_finite > 0 {
            notices.push(Notice::NonFinite { n_samples: self.n_non_finite });
        }
        let mean_square = self.channel_energy / self.n_samples.max(1) as f64;
        let ratio = self.mixed_energy / self.channel_energy;
        if mean_square > SILENT_MEAN_SQUARE && ratio < 10f64.powf(-CANCELLED_DB / 10.0) {
            // Exact cancellation is told as 200 dB.
            let loss_db = (-10.0 * ratio.max(1e-20).log10()) as f32;
            notices.push(Notice::ChannelsCancel { n_channels, loss_db });
        }
        notices
    }
}

/// Sets NaN and infinite samples to zero; returns how many there were.
pub(super) fn silence_non_finite(samples: &mut [f32]) -> u64 {
    let mut n = 0;
    for x in samples {
        if !x.is_finite() {
            *x = 0.0;
            n += 1;
        }
    }
    n
}

/// The sum of squares.
pub(super) fn energy(samples: &[f32]) -> f64 {
    samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}
