//! Noise: how far below the notes the quietest moments lie.

use crate::prepare::settings::Settings;

/// From here on noise is worth a word.
pub(super) const NOISY_DB: f32 = 30.0;
/// A moment lasts this long, and this share of them is taken for gaps.
const MOMENT_S: f64 = 0.1;
const GAPS: f64 = 0.02;

/// By how many dB the quietest moments of a recording lie below the middle one of its notes. None without notes, or where it is
/// too short to have moments. Who never pauses has none, and seems noisy only if the softest moments are near to the notes.
pub(super) fn gap_db(
    loudness_db: &[f32],
    notes: &[(f32, f32)],
    settings: &Settings,
) -> Option<f32> {
    let n = ((MOMENT_S * f64::from(settings.frame_rate)) as usize).max(1);
    let mut moments: Vec<f32> =
        loudness_db.chunks_exact(n).map(|m| m.iter().sum::<f32>() / n as f32).collect();
    let mut levels: Vec<f32> = notes.iter().map(|(_, db)| *db).collect();
    if moments.len() < 20 || levels.is_empty() {
        return None;
    }
    moments.sort_by(f32::total_cmp);
    levels.sort_by(f32::total_cmp);
    Some(levels[levels.len() / 2] - moments[(moments.len() as f64 * GAPS) as usize])
}
