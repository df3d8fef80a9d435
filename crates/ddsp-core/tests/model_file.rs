//! Model files: what is written is read, and hostile bytes are refused without a panic.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::path::PathBuf;

use ddsp_core::model::Model;
use ddsp_core::noise::uniform;

fn bytes() -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models/alto_sax.ddsp");
    std::fs::read(path).unwrap()
}

#[test]
fn a_model_comes_back_byte_for_byte() {
    let bytes = bytes();
    assert_eq!(Model::from_bytes(&bytes).unwrap().to_bytes(), bytes);
}

#[test]
fn every_truncation_is_refused() {
    let bytes = bytes();
    let cuts = (0..64).chain((0..100).map(|i| i * bytes.len() / 100));
    for n in cuts.filter(|&n| n < bytes.len()) {
        assert!(Model::from_bytes(&bytes[..n]).is_err(), "{n} bytes");
    }
}

#[test]
fn mutations_never_panic() {
    let bytes = bytes();
    let draw =
        |seed: u64, i: u64, n: usize| (f64::from(uniform(seed, i) + 1.0) * 0.5 * n as f64) as usize;
    let mut n_refused = 0;
    for i in 0..300 {
        let mut mutated = bytes.clone();
        for k in 0..1 + i % 3 {
            let at = draw(1, 3 * i + k, 6000);
            mutated[at] = draw(2, 3 * i + k, 256) as u8;
        }
        n_refused += usize::from(Model::from_bytes(&mutated).is_err());
    }
    assert!(n_refused > 200, "{n_refused} of 300 refused");
}

/// Replaces text in the header, keeping its length field true.
fn edited(from: &str, to: &str) -> Vec<u8> {
    let bytes = bytes();
    let n = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&bytes[8..8 + n]).unwrap();
    assert!(header.contains(from), "{from}");
    let header = header.replace(from, to);
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header.as_bytes());
    out.extend(&bytes[8 + n..]);
    out
}

#[test]
fn a_description_out_of_reason_is_refused_with_its_field() {
    for (from, to, says) in [
        (r#"\"format_version\":1"#, r#"\"format_version\":2"#, "version"),
        (r#"\"hop_size\":192"#, r#"\"hop_size\":0"#, "hop_size"),
        (r#"\"sample_rate\":48000"#, r#"\"sample_rate\":0"#, "sample_rate"),
        (r#"\"input_peak\":0.9"#, r#"\"input_peak\":-1.0"#, "input_peak"),
        (r#"\"n_harmonics\":128"#, r#"\"n_harmonics\":4000000000"#, "n_harmonics"),
        (r#"\"n_fft\":2048"#, r#"\"n_fft\":2047"#, "n_fft"),
        (r#"\"gru_units\":128"#, r#"\"gru_units\":64"#, "gru"),
        (r#"\"n_outputs\":258"#, r#"\"n_outputs\":257"#, "n_outputs"),
        (r#""dense_out/bias""#, r#""dense_out/bios""#, "dense_out"),
    ] {
        let error = Model::from_bytes(&edited(from, to)).unwrap_err().to_string();
        assert!(error.contains(says), "{to}: {error}");
    }
}

#[test]
fn weights_that_are_not_numbers_are_refused() {
    let mut bytes = bytes();
    let end = bytes.len();
    bytes[end - 2..].copy_from_slice(&0x7e00_u16.to_le_bytes());
    assert!(Model::from_bytes(&bytes).unwrap_err().to_string().contains("finite"));
    let mut huge = u64::MAX.to_le_bytes().to_vec();
    huge.extend([b'{'; 64]);
    assert!(Model::from_bytes(&huge).is_err());
}
