//! Damaged checkpoints: none makes us panic, take long or ask for memory out of proportion.
//!
//! `DDSP_MUTATIONS=4000` asks for that many of each kind instead of the usual 300.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use ddsp_cases::{Slots, Table, TinyCheckpoint};
use ddsp_io::import::{adam_slots, import, training_recipe};
use tempfile::TempDir;

/// One import, looked at in three ways, may take this long, on a busy machine.
const MAX_DURATION: Duration = Duration::from_secs(2);

/// Deterministic, small and good enough to choose bytes (Marsaglia 2003, xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    /// A few changed bytes.
    fn damage(&mut self, bytes: &mut [u8]) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            bytes[at] = match self.below(4) {
                0 => bytes[at] ^ 1 << self.below(8),
                1 => self.below(256) as u8,
                2 => [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
                _ => b"([{'\"@%=\n\\"[self.below(10)],
            };
        }
    }
}

fn n_rounds() -> usize {
    std::env::var("DDSP_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
}

/// Imports and says whether it went well.
fn survives(folder: &Path) -> bool {
    let started = Instant::now();
    let result = import(folder);
    // Those who train on look at the same bytes, and may want more of them.
    let (recipe, slots) = (training_recipe(folder), adam_slots(folder));
    for e in [recipe.err(), slots.err()].into_iter().flatten() {
        assert!(!e.to_string().is_empty());
    }
    assert!(started.elapsed() < MAX_DURATION, "{:?}", started.elapsed());
    match result {
        Ok(_) => true,
        Err(e) => {
            assert!(!e.to_string().is_empty());
            false
        }
    }
}

/// Damages `rounds` times by `damage`, which writes the file, and counts what is still imported.
fn rounds(seed: u64, mut damage: impl FnMut(&mut Random, &Path, &TinyCheckpoint)) {
    let folder = TempDir::new().unwrap();
    let checkpoint = TinyCheckpoint { slots: Slots::Pointers, ..TinyCheckpoint::new() };
    checkpoint.write(folder.path());
    assert!(survives(folder.path()));
    let mut random = Random(seed);
    let mut n_imported = 0;
    for _ in 0..n_rounds() {
        damage(&mut random, folder.path(), &checkpoint);
        n_imported += usize::from(survives(folder.path()));
    }
    assert!(n_imported < n_rounds());
}

#[test]
fn a_damaged_index_never_panics() {
    rounds(1, |random, folder, checkpoint| {
        let mut bytes = checkpoint.bundle().0.bytes;
        random.damage(&mut bytes);
        if random.below(4) == 0 {
            bytes.truncate(random.below(bytes.len()));
        }
        fs::write(folder.join("ckpt-7.index"), bytes).unwrap();
    });
}

#[test]
fn a_damaged_index_with_good_checksums_never_panics() {
    rounds(2, |random, folder, checkpoint| {
        let mut table = checkpoint.bundle().0;
        let block = table.blocks[random.below(table.blocks.len())].clone();
        random.damage(&mut table.bytes[block]);
        table.seal();
        fs::write(folder.join("ckpt-7.index"), table.bytes).unwrap();
    });
}

#[test]
fn damaged_entries_never_panic() {
    rounds(3, |random, folder, checkpoint| {
        let (mut entries, _) = checkpoint.entries();
        let i = random.below(entries.len());
        let value = entries.values_mut().nth(i).unwrap();
        random.damage(value);
        if random.below(4) == 0 {
            value.truncate(random.below(value.len()));
        }
        fs::write(folder.join("ckpt-7.index"), Table::new(&entries).bytes).unwrap();
    });
}

#[test]
fn a_damaged_object_graph_never_panics() {
    // The graph is damaged in the library's own way: through the names and places of variables.
    rounds(4, |random, folder, checkpoint| {
        let mut checkpoint = checkpoint.clone();
        for _ in 0..=random.below(3) {
            let i = random.below(checkpoint.variables.len());
            let other = checkpoint.variables[random.below(checkpoint.variables.len())].clone();
            let variable = &mut checkpoint.variables[i];
            match random.below(5) {
                0 => variable.path = other.path,
                1 => variable.path = format!("{}/{}", other.path, variable.path),
                2 => variable.path = variable.path.replace("with_weights-0", "with_weights-1"),
                3 => variable.path.truncate(random.below(variable.path.len())),
                _ => variable.full_name = other.full_name,
            }
        }
        checkpoint.write(folder);
    });
}

#[test]
fn bytes_of_a_damaged_object_graph_never_panic() {
    rounds(5, |random, folder, checkpoint| {
        checkpoint.write_with_graph(folder, |graph| {
            random.damage(graph);
            if random.below(4) == 0 {
                graph.truncate(random.below(graph.len()));
            }
        });
    });
}

#[test]
fn a_damaged_gin_file_never_panics() {
    rounds(6, |random, folder, checkpoint| {
        let mut bytes = checkpoint.gin.clone().into_bytes();
        random.damage(&mut bytes);
        match random.below(4) {
            0 => bytes.truncate(random.below(bytes.len())),
            1 => {
                // A piece of it once more, somewhere else.
                let from = random.below(bytes.len());
                let piece = bytes[from..(from + 40).min(bytes.len())].to_vec();
                let at = random.below(bytes.len());
                bytes.splice(at..at, piece);
            }
            _ => {}
        }
        fs::write(folder.join("operative_config-0.gin"), bytes).unwrap();
    });
}

#[test]
fn a_damaged_data_file_is_noticed() {
    rounds(7, |random, folder, checkpoint| {
        let mut data = checkpoint.bundle().1;
        random.damage(&mut data);
        data.truncate(data.len() - random.below(2));
        fs::write(folder.join("ckpt-7.data-00000-of-00001"), data).unwrap();
    });
}
