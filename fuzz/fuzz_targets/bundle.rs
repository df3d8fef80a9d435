//! A checkpoint's index and its data: the first four bytes say where one ends and the other begins.
#![no_main]

use ddsp_io::import::{Bundle, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((n, bytes)) = bytes.split_first_chunk::<4>() else { return };
    let (index, data) = bytes.split_at(bytes.len().min(u32::from_le_bytes(*n) as usize));
    let index = ddsp_fuzz::write("ckpt-7.index", index);
    ddsp_fuzz::write("ckpt-7.data-00000-of-00001", data);
    if let Ok(bundle) = Bundle::open(&index) {
        let names: Vec<String> = bundle.names().take(64).map(str::to_owned).collect();
        for name in names {
            let _ = bundle.read_f32(&name);
            let _ = bundle.read_i64(&name);
        }
    }
    let _ = import(&index);
});
