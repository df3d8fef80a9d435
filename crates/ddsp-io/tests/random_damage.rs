//! Thousands of damaged files: none makes us panic, take long or return a sample that is no number.
//!
//! `DDSP_MUTATIONS=4000` asks for that many of each file instead of the usual 150.

mod support;

use std::fs;
use std::panic::{catch_unwind, set_hook, take_hook};
use std::time::{Duration, Instant};

use ddsp_io::audio::{ReadOptions, read_mono};
use support::{SampleKind, WavSpec, fixture, tone, wav_bytes, write};

/// One file may take this long, on a busy machine.
const MAX_DURATION: Duration = Duration::from_secs(2);

#[test]
fn random_damage_never_panics_and_never_takes_long() {
    let rounds = std::env::var("DDSP_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut n_read, mut n_refused, mut failure) = (0, 0, None);
    // The reader catches panics of decoders, whose messages would fill the screen.
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    'all: for source in sources() {
        for _ in 0..rounds {
            let bytes = damage(&source, &mut random);
            let path = write(&folder, "damaged", &bytes);
            let started = Instant::now();
            let result = catch_unwind(|| read_mono(&path, &ReadOptions::default()));
            let duration = started.elapsed();
            match result {
                Ok(Ok(recording)) if recording.samples.iter().all(|x| x.is_finite()) => n_read += 1,
                Ok(Err(_)) => n_refused += 1,
                _ => failure = Some((bytes, duration)),
            }
            if duration > MAX_DURATION && failure.is_none() {
                failure = Some((fs::read(&path).unwrap(), duration));
            }
            if failure.is_some() {
                break 'all;
            }
        }
    }
    set_hook(hook);
    if let Some((bytes, duration)) = failure {
        let kept = std::env::temp_dir().join("ddsp_io_damaged");
        fs::write(&kept, bytes).unwrap();
        panic!("{} panics, gives a sample that is no number or takes {duration:?}", kept.display());
    }
    println!("{n_read} read, {n_refused} refused");
    assert!(n_read > 0 && n_refused > 0);
}

/// The committed files and two WAV files, in an order that does not depend on the folder.
fn sources() -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        fs::read_dir(fixture("")).expect("it is there").flatten().map(|e| e.path()).collect();
    paths.retain(|path| path.extension().is_none_or(|ext| ext != "sh" && ext != "md"));
    paths.sort();
    let mut sources: Vec<_> = paths.iter().flat_map(fs::read).collect();
    for (extensible, kind) in [(false, SampleKind::I16), (true, SampleKind::F32)] {
        let spec = WavSpec { sample_rate: 16_000, n_channels: 2, kind, extensible };
        sources.push(wav_bytes(spec, &tone(16_000, 0.1)));
    }
    sources
}

/// A few changed bytes, most of them in the header, and sometimes a cut.
fn damage(source: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = source.to_vec();
    let reach = if random.below(4) > 0 { bytes.len().min(256) } else { bytes.len() };
    for _ in 0..=random.below(4) {
        let at = random.below(reach);
        match random.below(3) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.below(256) as u8,
            _ => bytes[at] = [0, 0x7f, 0x80, 0xff][random.below(4)],
        }
    }
    if random.below(5) == 0 {
        bytes.truncate(random.below(bytes.len()));
    }
    bytes
}

/// Deterministic, small and good enough to choose bytes (Marsaglia 2003, xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}
