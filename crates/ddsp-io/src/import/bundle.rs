//! A checkpoint's tensors: TensorFlow's "tensor bundle", an index and the data files it points into.
//!
//! *Reference*: TensorFlow, `core/util/tensor_bundle/tensor_bundle.h` and
//! `core/protobuf/tensor_bundle.proto`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::sstable::read_table;
use crate::crc32c::{agree, crc32c, extend, unmask};
use crate::error::{Error, Result};
use crate::wire::{Fields, Wire, take_u32, take_varint};

/// An index larger than this is not read: that of a large autoencoder has a hundredth of it.
const MAX_INDEX_BYTES: u64 = 4 << 20;
/// A text tensor larger than this is not read.
const MAX_TEXT_BYTES: u64 = 16 << 20;
/// The number of dimensions that a tensor may have.
const MAX_RANK: usize = 8;
/// The version of the format that TensorFlow writes, and that a reader must at least know.
const VERSION: u64 = 1;

/// Where the numbers of a tensor lie, and what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The sizes of its dimensions; none for a single number.
    pub shape: Vec<usize>,
    dtype: u64,
    shard: usize,
    offset: u64,
    size: u64,
    /// The checksum of the bytes.
    crc: u32,
}

/// A checkpoint whose index has been read and whose data files are there.
#[derive(Debug, Clone)]
pub struct Bundle {
    index: PathBuf,
    shards: Vec<PathBuf>,
    entries: BTreeMap<String, Entry>,
}

impl Bundle {
    /// Reads `index`, the file `NAME.index`, and looks for the `NAME.data-XXXXX-of-YYYYY` beside it.
    ///
    /// *Errors*: the index is damaged or of another format, a data file is missing or shorter than
    /// the index says. No bytes make it panic or ask for memory out of proportion.
    pub fn open(index: &Path) -> Result<Self> {
        let bytes = read_whole(index, MAX_INDEX_BYTES)?;
        let damaged = |detail: String| Error::checkpoint(index, detail);
        let mut table = read_table(&bytes).map_err(damaged)?.into_iter();
        let n_shards = match table.next() {
            Some((name, header)) if name.is_empty() => read_header(header).map_err(damaged)?,
            _ => {
                return Err(damaged(
                    "expected a header, found none: this is the index of \
                                     something else"
                        .to_owned(),
                ));
            }
        };
        let (shards, sizes) = find_shards(index, n_shards)?;
        let mut entries = BTreeMap::new();
        for (name, value) in table {
            let name = String::from_utf8_lossy(&name).into_owned();
            let entry = read_entry(value).map_err(|e| damaged(format!("`{name}`: {e}")))?;
            let size = *sizes.get(entry.shard).ok_or_else(|| {
                damaged(format!(
                    "`{name}`: expected one of {n_shards} data files, found number {}",
                    entry.shard
                ))
            })?;
            let end = entry.offset.checked_add(entry.size);
            if end.is_none_or(|end| end > size) {
                let detail = format!(
                    "expected `{name}` at bytes {} to {}, found only {size} bytes: the file is cut \
                     short, or {} is of another checkpoint",
                    entry.offset,
                    entry.offset.saturating_add(entry.size),
                    file_name(index)
                );
                return Err(Error::checkpoint(&shards[entry.shard], detail));
            }
            entries.insert(name, entry);
        }
        Ok(Self { index: index.to_owned(), shards, entries })
    }

    /// The file that was opened.
    pub fn index(&self) -> &Path {
        &self.index
    }

    /// The tensor of this name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// The names of all tensors, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The numbers of a 32-bit float tensor.
    ///
    /// *Errors*: there is none, it is of another type, or its bytes are not those that were written.
    pub fn read_f32(&self, name: &str) -> Result<Vec<f32>> {
        let bytes = self.read_checked(name, 1, "32-bit floats")?;
        let value = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        Ok(bytes.chunks_exact(4).map(value).collect())
    }

    /// A single 64-bit integer.
    ///
    /// *Errors*: as [`read_f32`](Self::read_f32).
    pub fn read_i64(&self, name: &str) -> Result<i64> {
        let bytes = self.read_checked(name, 9, "a 64-bit integer")?;
        let number = <[u8; 8]>::try_from(&bytes[..]).map_err(|_| {
            let detail = format!("`{name}`: expected one number, found {}", bytes.len() / 8);
            Error::checkpoint(&self.index, detail)
        })?;
        Ok(i64::from_le_bytes(number))
    }

    /// The bytes of a tensor of a single text.
    ///
    /// *Errors*: as [`read_f32`](Self::read_f32).
    pub(super) fn read_text(&self, name: &str) -> Result<Vec<u8>> {
        let entry = self.typed(name, 7, "text")?;
        if !entry.shape.is_empty() || entry.size > MAX_TEXT_BYTES {
            let detail = format!(
                "`{name}`: expected one text of at most {MAX_TEXT_BYTES} bytes, found shape {:?} and \
                 {} bytes",
                entry.shape, entry.size
            );
            return Err(Error::checkpoint(&self.index, detail));
        }
        let bytes = self.read_bytes(entry)?;
        let text = checked_text(&bytes, entry.crc).ok_or_else(|| self.wrong_checksum(name, entry));
        text.map(<[u8]>::to_vec)
    }

    /// The bytes of a tensor of numbers, their type and checksum compared.
    fn read_checked(&self, name: &str, dtype: u64, kind: &str) -> Result<Vec<u8>> {
        let entry = self.typed(name, dtype, kind)?;
        let bytes = self.read_bytes(entry)?;
        if !agree(crc32c(&bytes), entry.crc) {
            return Err(self.wrong_checksum(name, entry));
        }
        Ok(bytes)
    }

    fn typed(&self, name: &str, dtype: u64, kind: &str) -> Result<&Entry> {
        let detail = match self.entries.get(name) {
            Some(entry) if entry.dtype == dtype => return Ok(entry),
            Some(entry) => format!("`{name}`: expected {kind}, found type {}", entry.dtype),
            None => format!("expected a tensor `{name}`, found none"),
        };
        Err(Error::checkpoint(&self.index, detail))
    }

    fn read_bytes(&self, entry: &Entry) -> Result<Vec<u8>> {
        // `open` compared the size with that of the file, so this asks for no more than there is.
        let mut bytes = vec![0; entry.size as usize];
        let path = &self.shards[entry.shard];
        let read = File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::Start(entry.offset))?;
            file.read_exact(&mut bytes)
        });
        read.map_err(|e| Error::open(path, e))?;
        Ok(bytes)
    }

    fn wrong_checksum(&self, name: &str, entry: &Entry) -> Error {
        let detail = format!(
            "the checksum of `{name}` is wrong: the file is damaged, or {} is of another checkpoint",
            file_name(&self.index)
        );
        Error::checkpoint(&self.shards[entry.shard], detail)
    }
}

/// The bytes of a file of no more than `most`.
pub(super) fn read_whole(path: &Path, most: u64) -> Result<Vec<u8>> {
    let metadata = std::fs::metadata(path).map_err(|e| Error::open(path, e))?;
    if !metadata.is_file() || metadata.len() > most {
        let found = if metadata.is_file() { "a larger one" } else { "something else" };
        let detail = format!("expected a file of at most {} MiB, found {found}", most >> 20);
        return Err(Error::checkpoint(path, detail));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    let file = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    file.map_err(|e| Error::open(path, e))?;
    Ok(bytes)
}

/// The last part of a path, for messages.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The data files of a checkpoint and their sizes.
fn find_shards(index: &Path, n_shards: usize) -> Result<(Vec<PathBuf>, Vec<u64>)> {
    let (mut shards, mut sizes) = (Vec::new(), Vec::new());
    for i in 0..n_shards {
        let shard = index.with_extension(format!("data-{i:05}-of-{n_shards:05}"));
        let size = std::fs::metadata(&shard).ok().filter(std::fs::Metadata::is_file);
        let size = size.map(|found| found.len()).ok_or_else(|| {
            let detail = format!(
                "the data file {} is missing: copy it beside {}",
                file_name(&shard),
                file_name(index)
            );
            Error::checkpoint(index.parent().unwrap_or(index), detail)
        })?;
        shards.push(shard);
        sizes.push(size);
    }
    Ok((shards, sizes))
}

/// The number of data files, from a `BundleHeaderProto`.
fn read_header(bytes: &[u8]) -> std::result::Result<usize, String> {
    let mut n_shards = 0;
    for field in Fields::new(bytes) {
        match field? {
            (1, value) => n_shards = value.size()?,
            (2, value) if value.number()? != 0 => {
                return Err(
                    "expected numbers with the lowest byte first, found the highest first: \
                            save the checkpoint on another machine"
                        .to_owned(),
                );
            }
            (3, version) => {
                for field in Fields::new(version.bytes()?) {
                    let (number, value) = field?;
                    if number == 2 && value.number()? > VERSION {
                        return Err(format!(
                            "expected version {VERSION} of the format, found {value:?}"
                        ));
                    }
                }
            }
            _ => {}
        }
    }
    if n_shards == 0 {
        return Err("expected at least one data file, found 0".to_owned());
    }
    Ok(n_shards)
}

/// A `BundleEntryProto`.
fn read_entry(bytes: &[u8]) -> std::result::Result<Entry, String> {
    let mut entry = Entry { shape: vec![], dtype: 0, shard: 0, offset: 0, size: 0, crc: 0 };
    for field in Fields::new(bytes) {
        match field? {
            (1, value) => entry.dtype = value.number()?,
            (2, value) => entry.shape = read_shape(value.bytes()?)?,
            (3, value) => entry.shard = value.size()?,
            (4, value) => entry.offset = value.number()?,
            (5, value) => entry.size = value.number()?,
            (6, Wire::Fixed32(masked)) => entry.crc = unmask(masked),
            (7, _) => {
                return Err("the tensor is stored in slices, which are not read here: save the \
                            checkpoint again without partitioned variables"
                    .to_owned());
            }
            _ => {}
        }
    }
    // Floats, integers and the like; a text says its length itself.
    let width = match entry.dtype {
        1 | 3 => Some(4),
        2 | 9 => Some(8),
        _ => None,
    };
    let n = entry.shape.iter().try_fold(1_u64, |n, &size| n.checked_mul(size as u64));
    let expected = width.map(|width| n.and_then(|n| n.checked_mul(width)));
    if expected.is_some_and(|expected| expected != Some(entry.size)) {
        return Err(format!(
            "expected as many bytes as shape {:?} needs, found {}",
            entry.shape, entry.size
        ));
    }
    Ok(entry)
}

/// A `TensorShapeProto`.
fn read_shape(bytes: &[u8]) -> std::result::Result<Vec<usize>, String> {
    let mut shape = Vec::new();
    for field in Fields::new(bytes) {
        if let (2, dim) = field? {
            let mut size = 0;
            for field in Fields::new(dim.bytes()?) {
                if let (1, value) = field? {
                    size = value.size()?;
                }
            }
            shape.push(size);
        }
        if shape.len() > MAX_RANK {
            return Err(format!("expected at most {MAX_RANK} dimensions, found more"));
        }
    }
    Ok(shape)
}

/// The text of a tensor of one: its length, the masked checksum of that, then the text.
///
/// The checksum runs over the length as four bytes (eight if it is huge), over the stored checksum
/// and the text.
fn checked_text(mut bytes: &[u8], expected: u32) -> Option<&[u8]> {
    let n = u32::try_from(take_varint(&mut bytes)?).ok()?;
    let crc = crc32c(&n.to_le_bytes());
    let stored = take_u32(&mut bytes)?;
    let crc = extend(extend(crc, &stored.to_le_bytes()), bytes);
    let whole = bytes.len() == n as usize && agree(crc32c(&n.to_le_bytes()), unmask(stored));
    (whole && agree(crc, expected)).then_some(bytes)
}
