//! LevelDB tables, in which TensorFlow keeps the index of a checkpoint.
//!
//! Blocks are small, so that few entries fill several.

use std::collections::BTreeMap;
use std::ops::Range;

/// A LevelDB table and where its blocks are.
#[derive(Debug, Clone)]
pub struct Table {
    /// The file.
    pub bytes: Vec<u8>,
    /// Contents and compression of each block, without its checksum.
    pub blocks: Vec<Range<usize>>,
}

impl Table {
    /// A table of these entries.
    pub fn new(entries: &BTreeMap<Vec<u8>, Vec<u8>>) -> Self {
        let mut table = Self { bytes: Vec::new(), blocks: Vec::new() };
        let mut index = Block::default();
        let mut block = Block::default();
        let mut entries = entries.iter().peekable();
        while let Some((key, value)) = entries.next() {
            block.add(key, value);
            if block.bytes.len() > 400 || entries.peek().is_none() {
                let handle = table.push(std::mem::take(&mut block));
                index.add(key, &handle);
            }
        }
        let mut footer = table.push(Block::default());
        footer.extend(table.push(index));
        footer.resize(40, 0);
        footer.extend(0xdb47_7524_8b80_fb57_u64.to_le_bytes());
        table.bytes.extend(footer);
        table
    }

    fn push(&mut self, block: Block) -> Vec<u8> {
        let contents = block.finish();
        let start = self.bytes.len();
        let handle = [varint(start as u64), varint(contents.len() as u64)].concat();
        self.bytes.extend(contents);
        // No compression; the checksum comes with `seal`.
        self.bytes.push(0);
        self.blocks.push(start..self.bytes.len());
        self.bytes.extend([0; 4]);
        self.seal();
        handle
    }

    /// Gives every block the checksum of what it holds now.
    pub fn seal(&mut self) {
        for block in &self.blocks {
            let crc = masked(crc32c(&self.bytes[block.clone()]));
            self.bytes[block.end..block.end + 4].copy_from_slice(&crc.to_le_bytes());
        }
    }
}

#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    last: Vec<u8>,
    restarts: Vec<u32>,
    n: usize,
}

impl Block {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        let mut n_shared = 0;
        if self.n.is_multiple_of(16) {
            self.restarts.push(self.bytes.len() as u32);
        } else {
            n_shared = key.iter().zip(&self.last).take_while(|(a, b)| a == b).count();
        }
        for n in [n_shared, key.len() - n_shared, value.len()] {
            self.bytes.extend(varint(n as u64));
        }
        self.bytes.extend(&key[n_shared..]);
        self.bytes.extend(value);
        self.last = key.to_vec();
        self.n += 1;
    }

    fn finish(mut self) -> Vec<u8> {
        if self.restarts.is_empty() {
            self.restarts.push(0);
        }
        for restart in &self.restarts {
            self.bytes.extend(restart.to_le_bytes());
        }
        self.bytes.extend((self.restarts.len() as u32).to_le_bytes());
        self.bytes
    }
}

/// An integer of seven bits a byte.
pub(crate) fn varint(mut n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
    bytes
}

/// CRC-32C, bit by bit.
pub(crate) fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
        }
    }
    !crc
}

/// A checksum as it is stored.
pub(crate) fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}
