//! A gin file beside a checkpoint of another.
#![no_main]

use ddsp_io::import::import;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let gin = ddsp_fuzz::write("operative_config-0.gin", bytes);
    if let Ok(imported) = import(&gin) {
        imported.model.config().validate().expect("what is imported is valid");
    }
});
