//! Features as a table.

use std::fmt::Write;

use ddsp_core::condition::Features;

/// One row a frame: `time_s,f0_hz,f0_confidence,loudness_db`.
pub(crate) fn table(features: &Features, frame_rate: f64) -> String {
    let mut table = String::from("time_s,f0_hz,f0_confidence,loudness_db\n");
    let rows = features.f0_hz.iter().zip(&features.f0_confidence).zip(&features.loudness_db);
    for (i, ((f0_hz, confidence), loudness_db)) in rows.enumerate() {
        let time_s = i as f64 / frame_rate;
        writeln!(table, "{time_s:.6},{f0_hz:.3},{confidence:.4},{loudness_db:.3}")
            .expect("a string takes any text");
    }
    table
}
