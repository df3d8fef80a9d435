//! A data set's statistics.
#![no_main]

use ddsp_io::import::read_statistics;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = ddsp_fuzz::write("dataset_statistics.pkl", bytes);
    if let Ok(statistics) = read_statistics(&path, 250.0) {
        statistics.validate().expect("what is read is valid");
    }
});
