//! A table of true pitch.
#![no_main]

use ddsp_io::pitch_table::read_pitch_table;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = ddsp_fuzz::write("pitch.csv", bytes);
    if let Ok(rows) = read_pitch_table(&path) {
        assert!(rows.windows(2).all(|w| w[0].time_s <= w[1].time_s));
        assert!(rows.iter().all(|row| row.f0_hz.is_none_or(|hz| hz.is_finite() && hz > 0.0)));
    }
});
