//! What is written as FLAC decodes to the integers that a WAV would hold.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::path::Path;

use ddsp_io::audio::{OutputFormat, ReadOptions, read_mono, write_audio};

/// A signal that the encoder can shape in its own way.
type Signal = fn(usize) -> f32;

const SIGNALS: [(&str, Signal); 5] = [
    ("tone", |i| 0.7 * (i as f32 * 0.05).sin()),
    ("noise", noise),
    ("square", |i| if i.is_multiple_of(2) { 1.0 } else { -1.0 }),
    ("too loud", |i| 3.0 * noise(i)),
    ("silence", |_| 0.0),
];

fn noise(i: usize) -> f32 {
    let hash = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    (hash.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f32 / (1 << 23) as f32 - 1.0
}

fn read(path: &Path, sample_rate: u32) -> Vec<f32> {
    let recording = read_mono(path, &ReadOptions::default()).unwrap();
    assert_eq!((recording.sample_rate, recording.source.n_channels), (sample_rate, 1));
    assert_eq!(recording.notices, []);
    recording.samples
}

/// Every length around a frame of 4096 samples, the rates of the command and odd ones.
#[test]
fn flac_holds_the_integers_of_wav() {
    let folder = tempfile::tempdir().unwrap();
    let (wav, flac) = (folder.path().join("a.wav"), folder.path().join("a.flac"));
    let formats =
        [(OutputFormat::Wav16, OutputFormat::Flac16), (OutputFormat::Wav24, OutputFormat::Flac24)];
    for (name, signal) in SIGNALS {
        let same = |n: usize, sample_rate: u32| {
            let x: Vec<f32> = (0..n).map(signal).collect();
            for (as_wav, as_flac) in formats {
                let first = write_audio(&wav, &x, sample_rate, as_wav).unwrap();
                let second = write_audio(&flac, &x, sample_rate, as_flac).unwrap();
                assert_eq!(first, second);
                let (expected, found) = (read(&wav, sample_rate), read(&flac, sample_rate));
                assert_eq!(expected.len(), n);
                assert_eq!(expected, found, "{name}, {n} samples, {sample_rate} Hz, {as_flac}");
            }
        };
        for n in [1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 4095, 4096, 4097, 4099, 70_001] {
            same(n, 16_000);
        }
        if name != "noise" {
            continue;
        }
        for rate in [8_000, 11_025, 12_345, 22_050, 44_100, 48_000, 96_000, 191_999, 192_000] {
            same(5_000, rate);
        }
    }
}
