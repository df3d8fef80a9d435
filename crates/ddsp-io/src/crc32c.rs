//! CRC-32C (Castagnoli), the checksum of TensorFlow's checkpoints and records.

/// The polynomial 0x1edc6f41 with its bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// What a stored checksum is shifted by, so that data that hold checksums keep good ones.
const MASK: u32 = 0xa282_ead8;

/// `TABLES[k][b]` is the remainder of byte `b` followed by `k` zero bytes.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut b = 0;
    while b < 256 {
        let mut crc = b as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][b] = crc;
        b += 1;
    }
    let mut k = 1;
    while k < 8 {
        let mut b = 0;
        while b < 256 {
            let crc: u32 = tables[k - 1][b];
            tables[k][b] = (crc >> 8) ^ tables[0][(crc & 0xff) as usize];
            b += 1;
        }
        k += 1;
    }
    tables
}

/// Whether a checksum is the one that is stored. While fuzzing all are, so that what lies behind them is reached.
pub(crate) fn agree(computed: u32, stored: u32) -> bool {
    cfg!(fuzzing) || computed == stored
}

/// The checksum of the bytes.
pub fn crc32c(bytes: &[u8]) -> u32 {
    extend(0, bytes)
}

/// The checksum of the bytes that `crc` is the checksum of, followed by `bytes`.
///
/// *Reference*: Kounavis and Berry 2005, "A systematic approach to building high performance,
/// software-based, CRC generators": eight bytes at a time.
pub fn extend(crc: u32, bytes: &[u8]) -> u32 {
    let at = |k: usize, byte: u32| TABLES[k][(byte & 0xff) as usize];
    let mut crc = !crc;
    let mut chunks = bytes.chunks_exact(8);
    for c in &mut chunks {
        let low = crc ^ u32::from_le_bytes([c[0], c[1], c[2], c[3]]);
        let high = u32::from_le_bytes([c[4], c[5], c[6], c[7]]);
        crc = at(7, low) ^ at(6, low >> 8) ^ at(5, low >> 16) ^ at(4, low >> 24);
        crc ^= at(3, high) ^ at(2, high >> 8) ^ at(1, high >> 16) ^ at(0, high >> 24);
    }
    for &byte in chunks.remainder() {
        crc = (crc >> 8) ^ at(0, crc ^ u32::from(byte));
    }
    !crc
}

/// The checksum that is stored as `masked`.
pub(crate) fn unmask(masked: u32) -> u32 {
    masked.wrapping_sub(MASK).rotate_left(15)
}

/// How a checksum is stored.
pub(crate) fn mask(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(MASK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_the_published_check_values() {
        // RFC 3720, B.4.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&ascending), 0x46dd_794e);
        assert_eq!(extend(crc32c(&ascending[..13]), &ascending[13..]), 0x46dd_794e);
    }

    #[test]
    fn unmasking_undoes_the_mask() {
        let crc = 0x1234_5678_u32;
        assert_eq!(unmask(mask(crc)), crc);
    }
}
