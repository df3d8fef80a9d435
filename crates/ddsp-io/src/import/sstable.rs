//! The index of a checkpoint: a table of sorted keys in LevelDB's format.
//!
//! A table is data blocks, an index block that says where they are, and a footer that says where the
//! index block is. In a block each key gives only what differs from the key before it.
//!
//! *Reference*: LevelDB, `doc/table_format.md`.

use crate::crc32c::{agree, crc32c, unmask};
use crate::wire::{take_bytes, take_u32, take_varint};

/// The last eight bytes of every table.
const MAGIC: u64 = 0xdb47_7524_8b80_fb57;
/// Two block handles, padded to 40 bytes, and the magic number.
const FOOTER_SIZE: usize = 48;
/// Behind each block: its compression and its checksum.
const TRAILER_SIZE: u64 = 5;
/// Together the keys may have so many bytes: a damaged table could repeat a long prefix for ever.
const MAX_KEY_BYTES: usize = 16 << 20;

/// A key and its value.
type Entry<'a> = (Vec<u8>, &'a [u8]);

/// Key and value of every entry, in order of the keys.
///
/// *Errors*: what was expected and found, without the file's name. No bytes make it panic, and the
/// memory is in proportion to their number, but for [`MAX_KEY_BYTES`].
pub(super) fn read_table(table: &[u8]) -> Result<Vec<Entry<'_>>, String> {
    let footer_start = table.len().checked_sub(FOOTER_SIZE).ok_or_else(|| {
        format!("expected a checkpoint index of {FOOTER_SIZE} bytes or more, found {}", table.len())
    })?;
    let (blocks, footer) = table.split_at(footer_start);
    if footer[40..] != MAGIC.to_le_bytes() {
        return Err("expected the end of a checkpoint index, found other bytes: the file is cut \
                    short or of another kind"
            .to_owned());
    }
    let mut handles = &footer[..40];
    let index = take_handle(&mut handles).and_then(|_metaindex| take_handle(&mut handles));
    let index = index.ok_or("expected the place of the index block, found other bytes")?;

    let mut entries = Vec::new();
    let mut n_key_bytes = 0;
    let mut end = 0;
    for (_, handle) in read_block(block(blocks, index)?, &mut 0)? {
        let place = take_handle(&mut &handle[..]).ok_or("expected the place of a data block")?;
        if place.0 < end {
            return Err(format!("expected a data block from byte {end} on, found one before"));
        }
        let data = block(blocks, place)?;
        end = place.0 + place.1;
        entries.extend(read_block(data, &mut n_key_bytes)?);
    }
    if !entries.is_sorted_by(|a, b| a.0 < b.0) {
        return Err("expected names in order, each once, found another order".to_owned());
    }
    Ok(entries)
}

/// Offset and size of a block.
fn take_handle(rest: &mut &[u8]) -> Option<(u64, u64)> {
    Some((take_varint(rest)?, take_varint(rest)?))
}

/// Bytes of the key shared with the one before, bytes of its own, bytes of the value.
fn take_entry_header(rest: &mut &[u8]) -> Option<(u64, u64, u64)> {
    Some((take_varint(rest)?, take_varint(rest)?, take_varint(rest)?))
}

/// The contents of a block, its checksum compared.
fn block(blocks: &[u8], (offset, size): (u64, u64)) -> Result<&[u8], String> {
    let outside = || format!("expected a block of {size} bytes at byte {offset}, found the end");
    let mut rest = blocks;
    take_bytes(&mut rest, offset).ok_or_else(outside)?;
    let with_trailer = size.checked_add(TRAILER_SIZE).ok_or_else(outside)?;
    let sealed = take_bytes(&mut rest, with_trailer).ok_or_else(outside)?;
    let (checked, mut stored) = sealed.split_at(sealed.len() - 4);
    let (contents, compression) = checked.split_at(checked.len() - 1);
    let stored = take_u32(&mut stored).map(unmask);
    if !stored.is_some_and(|stored| agree(crc32c(checked), stored)) {
        return Err(format!(
            "the checksum of the block at byte {offset} is wrong: the file is damaged"
        ));
    }
    match compression {
        [0] => Ok(contents),
        [1] => {
            Err("the index is compressed with snappy, which is not read here; TensorFlow itself \
                    writes it without compression"
                .to_owned())
        }
        other => Err(format!("expected a block without compression, found type {other:?}")),
    }
}

/// Key and value of the entries of a block.
fn read_block<'a>(block: &'a [u8], n_key_bytes: &mut usize) -> Result<Vec<Entry<'a>>, String> {
    let damaged = || "expected entries of a block, found other bytes".to_owned();
    // The restart points, which speed up a search, stand behind the entries; their number is last.
    let (rest, n_restarts) = block.split_last_chunk().ok_or_else(damaged)?;
    let n_restarts = u32::from_le_bytes(*n_restarts) as usize;
    let n_entry_bytes =
        n_restarts.checked_mul(4).and_then(|n| rest.len().checked_sub(n)).ok_or_else(damaged)?;
    let mut rest = &rest[..n_entry_bytes];
    let mut entries: Vec<Entry<'_>> = Vec::new();
    while !rest.is_empty() {
        let (n_shared, n_own, n_value) = take_entry_header(&mut rest).ok_or_else(damaged)?;
        let own = take_bytes(&mut rest, n_own).ok_or_else(damaged)?;
        let value = take_bytes(&mut rest, n_value).ok_or_else(damaged)?;
        let before = entries.last().map_or(&[][..], |(key, _)| key);
        let shared = usize::try_from(n_shared).ok().and_then(|n| before.get(..n));
        let key = [shared.ok_or_else(damaged)?, own].concat();
        *n_key_bytes += key.len();
        if *n_key_bytes > MAX_KEY_BYTES {
            return Err(format!("expected names of {MAX_KEY_BYTES} bytes at most, found more"));
        }
        entries.push((key, value));
    }
    Ok(entries)
}
