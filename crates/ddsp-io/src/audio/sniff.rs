//! What a file is by its first bytes: the extension is never believed.

/// The kinds of file that the first bytes tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sniffed {
    /// RIFF WAVE.
    Wav,
    /// MP4 in all its names: M4A, MOV, 3GP.
    Mp4,
    /// Another container that the demuxers know.
    Container,
    /// Audio in a format that is not decoded here, by name.
    Foreign(&'static str),
    /// Not audio; the words say what it looks like.
    NotAudio(&'static str),
    /// Nothing known: perhaps an MPEG stream behind some rubbish.
    Unknown,
}

/// A mark that tells a kind of file: the offset in bytes, the bytes, the kind.
type Mark = (usize, &'static [u8], Sniffed);

#[rustfmt::skip]
const MARKS: &[Mark] = &[
    (0, b"fLaC", Sniffed::Container),
    (0, b"FORM", Sniffed::Container),
    (0, b"caff", Sniffed::Container),
    (0, b"ID3", Sniffed::Container),
    (0, b"\x1aE\xdf\xa3", Sniffed::Container),
    (4, b"ftyp", Sniffed::Mp4),
    (4, b"moov", Sniffed::Mp4),
    (0, b"RF64", Sniffed::Foreign("RF64 (WAV above 4 GiB)")),
    (0, b"BW64", Sniffed::Foreign("BW64 (WAV above 4 GiB)")),
    (0, b"riff\x2e\x91\xcf\x11", Sniffed::Foreign("Wave64")),
    (0, b"RIFX", Sniffed::Foreign("big-endian WAV")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Sniffed::Foreign("Windows Media (WMA)")),
    (0, b"\x0b\x77", Sniffed::Foreign("AC-3")),
    (0, b"\x7f\xfe\x80\x01", Sniffed::Foreign("DTS")),
    (0, b"wvpk", Sniffed::Foreign("WavPack")),
    (0, b"MAC ", Sniffed::Foreign("Monkey's Audio")),
    (0, b"TTA1", Sniffed::Foreign("True Audio")),
    (0, b"MPCK", Sniffed::Foreign("Musepack")),
    (0, b"MP+", Sniffed::Foreign("Musepack")),
    (0, b"DSD ", Sniffed::Foreign("DSD")),
    (0, b"FRM8", Sniffed::Foreign("DSD")),
    (0, b"#!AMR", Sniffed::Foreign("AMR")),
    (0, b".RMF", Sniffed::Foreign("RealAudio")),
    (0, b".ra\xfd", Sniffed::Foreign("RealAudio")),
    (0, b".snd", Sniffed::Foreign("AU")),
    (0, b"FLV\x01", Sniffed::Foreign("Flash video")),
    (0, b"MThd", Sniffed::NotAudio("MIDI, which holds notes and no sound")),
    (0, b"%PDF", Sniffed::NotAudio("a PDF document")),
    (0, b"\x89PNG", Sniffed::NotAudio("a PNG picture")),
    (0, b"\xff\xd8\xff", Sniffed::NotAudio("a JPEG picture")),
    (0, b"GIF8", Sniffed::NotAudio("a GIF picture")),
    (0, b"PK\x03\x04", Sniffed::NotAudio("a ZIP archive")),
    (0, b"\x1f\x8b", Sniffed::NotAudio("a gzip archive")),
    (0, b"7z\xbc\xaf", Sniffed::NotAudio("a 7-Zip archive")),
    (0, b"Rar!", Sniffed::NotAudio("a RAR archive")),
    (0, b"\x7fELF", Sniffed::NotAudio("a program")),
    (0, b"MZ", Sniffed::NotAudio("a program")),
    (0, b"\xcf\xfa\xed\xfe", Sniffed::NotAudio("a program")),
    (0, b"SQLite format 3", Sniffed::NotAudio("a database")),
    (0, b"\xff\xfe", Sniffed::NotAudio("text")),
];

/// Tells what a file is by its first bytes; 4 KiB are plenty, fewer will do.
pub(super) fn sniff(head: &[u8]) -> Sniffed {
    if head.starts_with(b"RIFF") && head.len() >= 12 {
        return match &head[8..12] {
            b"WAVE" => Sniffed::Wav,
            b"AVI " => Sniffed::Foreign("AVI video"),
            _ => Sniffed::NotAudio("a RIFF file that is not WAVE"),
        };
    }
    if head.starts_with(b"OggS") {
        return sniff_ogg(head);
    }
    let is_there =
        |&&(offset, mark, _): &&Mark| head.get(offset..).is_some_and(|rest| rest.starts_with(mark));
    match MARKS.iter().find(is_there) {
        // Layer 1 at 448 kbit/s without checksum begins like the byte order mark of UTF-16.
        Some(&(_, b"\xff\xfe", _)) if head.get(2).is_some_and(|&b| b >= 0x80) => Sniffed::Unknown,
        Some(&(_, _, sniffed)) => sniffed,
        None if is_text(head) => Sniffed::NotAudio("text"),
        None => Sniffed::Unknown,
    }
}

/// The first packet of an Ogg stream names its codec; it begins behind a header of 27 bytes and the
/// segment table (RFC 3533, section 6).
fn sniff_ogg(head: &[u8]) -> Sniffed {
    let n_segments = usize::from(head.get(26).copied().unwrap_or(0));
    let packet = head.get(27 + n_segments..).unwrap_or(&[]);
    if packet.starts_with(b"OpusHead") {
        Sniffed::Foreign("Opus")
    } else if packet.starts_with(b"Speex   ") {
        Sniffed::Foreign("Speex")
    } else {
        Sniffed::Container
    }
}

/// UTF-8, perhaps cut off at the end, without control characters other than line breaks and tabs.
fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => {
            std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !valid.is_empty() && valid.chars().all(|c| !c.is_control() || "\t\n\r\u{c}\u{1b}".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_content() {
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), Sniffed::Wav);
        assert_eq!(sniff(b"hello, world\n"), Sniffed::NotAudio("text"));
        assert_eq!(
            sniff("caf\u{e9}".as_bytes().split_last().unwrap().1),
            Sniffed::NotAudio("text")
        );
        assert_eq!(sniff(b"\xff\xfb\x90\x64\0\0"), Sniffed::Unknown);
        assert_eq!(sniff(b"\xff\xfeh\0i\0"), Sniffed::NotAudio("text"));
        assert_eq!(sniff(b"\0\0\0\x20ftypM4A "), Sniffed::Mp4);
        assert_eq!(sniff(b"R"), Sniffed::NotAudio("text"));
        assert_eq!(sniff(b"OggS"), Sniffed::Container);
        assert_eq!(sniff(&[0; 100]), Sniffed::Unknown);
    }
}
