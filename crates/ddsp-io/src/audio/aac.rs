//! Tells plain AAC-LC from its relatives, which the decoder would play at half the rate or not at all.

/// Reads bits, the highest first.
struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    /// The next `n` (at most 24) bits, or None at the end.
    fn take(&mut self, n: usize) -> Option<u32> {
        let mut value = 0;
        for i in self.position..self.position + n {
            let byte = self.bytes.get(i / 8)?;
            value = value << 1 | u32::from(byte >> (7 - i % 8) & 1);
        }
        self.position += n;
        Some(value)
    }

    /// ISO/IEC 14496-3, 1.6.2.1, `GetAudioObjectType`.
    fn object_type(&mut self) -> Option<u32> {
        match self.take(5)? {
            31 => Some(32 + self.take(6)?),
            n => Some(n),
        }
    }
}

/// The name of the AAC variant that an `AudioSpecificConfig` announces, if it is not plain AAC-LC.
///
/// *Reference*: ISO/IEC 14496-3:2009, 1.6.2.1 and table 1.17 (object types), 1.6.6 (the backward
/// compatible extension, which announces SBR behind the description of an AAC-LC stream).
pub(super) fn variant(config: &[u8]) -> Option<&'static str> {
    const EXTENSION: u32 = 0x2b7;
    const SBR: u32 = 5;
    let mut bits = Bits { bytes: config, position: 0 };
    match bits.object_type()? {
        1 => return Some("AAC Main"),
        2 => {}
        3 => return Some("AAC-SSR"),
        4 => return Some("AAC-LTP"),
        SBR => return Some("HE-AAC"),
        23 => return Some("AAC-LD"),
        29 => return Some("HE-AAC v2"),
        36 => return Some("MPEG-4 ALS"),
        39 => return Some("AAC-ELD"),
        42 => return Some("xHE-AAC"),
        _ => return Some("this variant of AAC"),
    }
    if bits.take(4)? == 15 {
        bits.take(24)?;
    }
    let _channels = bits.take(4)?;
    let _is_short_frame = bits.take(1)?;
    if bits.take(1)? == 1 {
        let _core_delay = bits.take(14)?;
    }
    let _has_extension = bits.take(1)?;
    let is_sbr = bits.take(11)? == EXTENSION && bits.object_type()? == SBR && bits.take(1)? == 1;
    is_sbr.then_some("HE-AAC")
}

/// Whether these packets of AAC carry spectral band replication without having announced it.
///
/// SBR data rides in a fill element near the end of a packet, so it can be found from there without
/// decoding: a chance match is a few packets in a hundred, so three quarters of them must agree.
///
/// *Reference*: ISO/IEC 14496-3:2009, 4.4.2.1, tables 4.3 (`raw_data_block`), 4.11 (`fill_element`)
/// and 4.57 (`extension_payload`).
pub(super) fn packets_carry_sbr<'a>(packets: impl Iterator<Item = &'a [u8]>) -> bool {
    let (mut n_packets, mut n_sbr) = (0, 0);
    for packet in packets {
        n_packets += 1;
        n_sbr += usize::from(carries_sbr(packet));
    }
    n_packets > 0 && n_sbr * 4 >= n_packets * 3
}

fn carries_sbr(packet: &[u8]) -> bool {
    const END: u32 = 7;
    const MAX_ELEMENTS: usize = 4;
    let Some(last) = packet.iter().rposition(|&byte| byte != 0) else { return false };
    let n_bits = last * 8 + 8 - packet[last].trailing_zeros() as usize;
    let Some(end) = n_bits.checked_sub(3) else { return false };
    Bits { bytes: packet, position: end }.take(3) == Some(END)
        && sbr_ends_at(packet, end, MAX_ELEMENTS)
}

/// Whether a fill element with SBR data ends at bit `end`, or padding does and SBR data before it.
fn sbr_ends_at(packet: &[u8], end: usize, n_elements: usize) -> bool {
    const FILL: u32 = 6;
    const PADDING: u32 = 0;
    const PADDING_BYTES: u32 = 1;
    const SBR: u32 = 13;
    const SBR_CRC: u32 = 14;
    const MAX_BYTES: usize = 269;
    if n_elements == 0 {
        return false;
    }
    let at = |position: usize, n: usize| Bits { bytes: packet, position }.take(n);
    (0..=MAX_BYTES).any(|n_bytes| {
        // A count of 15 is followed by eight more bits, of which one is taken off again.
        let n_count = if n_bytes < 15 { 4 } else { 12 };
        let count = if n_bytes < 15 { n_bytes } else { 15 << 8 | (n_bytes - 14) };
        let Some(start) = end.checked_sub(8 * n_bytes + n_count + 3) else { return false };
        if at(start, 3) != Some(FILL) || at(start + 3, n_count) != Some(count as u32) {
            return false;
        }
        match at(start + 3 + n_count, 4) {
            _ if n_bytes == 0 => sbr_ends_at(packet, start, n_elements - 1),
            Some(SBR | SBR_CRC) => true,
            Some(PADDING | PADDING_BYTES) => sbr_ends_at(packet, start, n_elements - 1),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_named() {
        assert_eq!(variant(&[0x12, 0x08]), None);
        assert_eq!(variant(&[0x13, 0x88, 0x56, 0xe5, 0xa0]), Some("HE-AAC"));
        assert_eq!(variant(&[0x2b, 0x8a, 0x08, 0x00]), Some("HE-AAC"));
        assert_eq!(variant(&[0xeb, 0x8a, 0x08, 0x00]), Some("HE-AAC v2"));
        assert_eq!(variant(&[0xf9, 0x40]), Some("xHE-AAC"));
        assert_eq!(variant(&[]), None);
    }

    #[test]
    fn a_fill_element_before_the_end_is_found() {
        // 110 (fill), 0010 (two bytes), 1101 (SBR) and twelve bits, 111 (end).
        let packet = [0b1100_0101, 0b1010_1010, 0b1010_1011, 0b1100_0000];
        assert!(carries_sbr(&packet));
        assert!(!carries_sbr(&[0, 0, 0]));
        assert!(!carries_sbr(&[]));
    }
}
