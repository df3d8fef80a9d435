//! What the demuxer does not say about an MP4 file: its sample entry and its encoder delay.

use std::io::{Read, Seek, SeekFrom};

/// The header of an MP4 is read into memory up to this size; real ones are below a few MiB.
const MAX_HEADER_BYTES: u64 = 64 << 20;

/// The first audio track of an MP4 file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mp4Track {
    /// The four letters of the sample entry, as `mp4a`.
    pub(super) sample_entry: [u8; 4],
    /// Where in the decoded signal the recording begins, in seconds as a fraction.
    pub(super) start: Option<(u64, u32)>,
    /// How long the recording is, in seconds as a fraction.
    pub(super) duration: Option<(u64, u32)>,
    /// Delay and length in samples, as iTunes writes them; better than the two above.
    pub(super) gapless: Option<(u64, u64)>,
}

/// Finds the first audio track; None if there is none or the file is not understood.
///
/// *Reference*: ISO/IEC 14496-12, sections 8.2 (`moov`) to 8.6.6 (`elst`).
pub(super) fn read_track(file: &mut (impl Read + Seek)) -> Option<Mp4Track> {
    let header = read_header(file)?;
    let movie_scale = find(&header, b"mvhd").and_then(time_scale);
    let trak = boxes(&header).find_map(|(name, trak)| {
        let is_sound = || find(find(trak, b"mdia")?, b"hdlr")?.get(8..12);
        (name == b"trak" && is_sound() == Some(b"soun")).then_some(trak)
    })?;
    let mdia = find(trak, b"mdia")?;
    let description = find(find(find(mdia, b"minf")?, b"stbl")?, b"stsd")?;
    let sample_entry = *boxes(description.get(8..)?).next()?.0;
    let edit = find(trak, b"edts").and_then(|edts| find(edts, b"elst")).and_then(only_edit);
    let media_scale = find(mdia, b"mdhd").and_then(time_scale);
    Some(Mp4Track {
        sample_entry,
        start: edit.and_then(|(_, start)| Some((start, media_scale?))),
        duration: edit.and_then(|(duration, _)| Some((duration, movie_scale?))),
        gapless: itunes_gapless(&header),
    })
}

/// The contents of the `moov` box.
fn read_header(file: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    let mut position = 0u64;
    // A fragmented file has many boxes at its top level; the header comes before them.
    for _ in 0..10_000 {
        file.seek(SeekFrom::Start(position)).ok()?;
        let mut head = [0; 16];
        file.read_exact(&mut head[..8]).ok()?;
        let (size, n_head) = match be32(&head)? {
            1 => {
                file.read_exact(&mut head[8..]).ok()?;
                (u64::from_be_bytes(head[8..].try_into().ok()?), 16)
            }
            size => (u64::from(size), 8),
        };
        if &head[4..8] == b"moov" {
            let n = size.checked_sub(n_head).filter(|&n| n <= MAX_HEADER_BYTES)?;
            let mut header = Vec::new();
            file.take(n).read_to_end(&mut header).ok()?;
            return Some(header);
        }
        // A size of 0 means: up to the end of the file.
        position = position.checked_add(size).filter(|_| size >= n_head)?;
    }
    None
}

/// The boxes in `bytes`, by name and contents; the last may be cut off.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let name = bytes.get(4..8)?.try_into().ok()?;
        let size = (be32(bytes)? as usize).min(bytes.len());
        let contents = bytes.get(8..size)?;
        bytes = &bytes[size..];
        Some((name, contents))
    })
}

fn find<'a>(bytes: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes).find_map(|(found, contents)| (found == name).then_some(contents))
}

fn be32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

fn be64(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?))
}

/// The time scale of a `mvhd` or `mdhd` box, in units per second.
fn time_scale(header: &[u8]) -> Option<u32> {
    let offset = if *header.first()? == 1 { 20 } else { 12 };
    be32(header.get(offset..)?).filter(|&scale| scale > 0)
}

/// The (duration, start) of an edit list, if it takes one piece out of the track.
fn only_edit(list: &[u8]) -> Option<(u64, u64)> {
    let is_wide = *list.first()? == 1;
    let n_entries = be32(list.get(4..)?)?;
    let mut entries = list.get(8..)?.chunks_exact(if is_wide { 20 } else { 12 }).map(|entry| {
        let (duration, start) = if is_wide {
            (be64(entry)?, be64(&entry[8..])? as i64)
        } else {
            (u64::from(be32(entry)?), i64::from(be32(&entry[4..])? as i32))
        };
        // A start of -1 is a pause before the track.
        Some((duration, u64::try_from(start).ok()?))
    });
    if n_entries == 1 { entries.next()? } else { None }
}

/// Delay and length in samples from the `iTunSMPB` comment:
/// hexadecimal words 0, delay, padding, length.
fn itunes_gapless(header: &[u8]) -> Option<(u64, u64)> {
    const NAME: &[u8] = b"iTunSMPB";
    let at = header.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let data = find(header.get(at..)?, b"data")?;
    let text = std::str::from_utf8(data.get(8..)?).ok()?;
    let mut words = text.split_whitespace().map(|word| u64::from_str_radix(word, 16).ok());
    let (_, delay, _, length) = (words.next()??, words.next()??, words.next()??, words.next()??);
    (length > 0).then_some((delay, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn delay_and_length_are_read_from_both_conventions() {
        let by_edit_list = include_bytes!("../../tests/data/tone.m4a");
        let track = read_track(&mut Cursor::new(by_edit_list)).unwrap();
        assert_eq!(&track.sample_entry, b"mp4a");
        assert_eq!(track.start, Some((1024, 44_100)));
        assert_eq!(track.duration, Some((300, 1000)));
        let by_itunes = include_bytes!("../../tests/data/tone_smpb.m4a");
        let track = read_track(&mut Cursor::new(by_itunes)).unwrap();
        assert_eq!(track.gapless.map(|(_, length)| length), Some(22_050));
    }

    #[test]
    fn any_cut_of_the_file_is_survived() {
        let whole = include_bytes!("../../tests/data/tone.m4a");
        for n in 0..whole.len() {
            read_track(&mut Cursor::new(&whole[..n]));
        }
    }
}
