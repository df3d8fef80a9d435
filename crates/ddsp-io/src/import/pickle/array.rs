//! Numbers and arrays of numpy's.

use super::value::Id;

/// The type of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) struct Dtype {
    kind: Kind,
    n_bytes: usize,
    is_big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Float,
    Signed,
    Unsigned,
}

/// An array, in whatever shape: its numbers lie in the bytes at `data`.
#[derive(Debug, Clone, Copy)]
pub(in crate::import) struct Array {
    pub(super) dtype: Dtype,
    pub(super) data: Option<Id>,
}

impl Array {
    /// An array that is not filled in yet.
    pub(super) const EMPTY: Self = Self { dtype: Dtype::F64, data: None };
}

impl Dtype {
    const F64: Self = Self { kind: Kind::Float, n_bytes: 8, is_big_endian: false };

    /// The type of that name, as `f4`, `<f8` or `i8`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (is_big_endian, name) = match name.as_bytes().first()? {
            b'>' => (true, &name[1..]),
            b'<' | b'=' | b'|' => (false, &name[1..]),
            _ => (false, name),
        };
        let (kind, n_bytes) = match name {
            "f2" => return None,
            "f4" => (Kind::Float, 4),
            "f8" => (Kind::Float, 8),
            "i1" => (Kind::Signed, 1),
            "i2" => (Kind::Signed, 2),
            "i4" => (Kind::Signed, 4),
            "i8" => (Kind::Signed, 8),
            "u1" | "b1" => (Kind::Unsigned, 1),
            "u2" => (Kind::Unsigned, 2),
            "u4" => (Kind::Unsigned, 4),
            "u8" => (Kind::Unsigned, 8),
            _ => return None,
        };
        Some(Self { kind, n_bytes, is_big_endian })
    }

    /// The same type in the byte order that a type's state names.
    pub(super) fn ordered(self, order: &str) -> Option<Self> {
        let is_big_endian = match order {
            ">" => true,
            "<" | "=" | "|" => false,
            _ => return None,
        };
        Some(Self { is_big_endian, ..self })
    }

    /// The numbers in these bytes, if they are whole.
    pub(super) fn numbers(self, bytes: &[u8]) -> Option<Vec<f64>> {
        let chunks = bytes.chunks_exact(self.n_bytes);
        chunks.remainder().is_empty().then(|| chunks.map(|chunk| self.number(chunk)).collect())
    }

    fn number(self, chunk: &[u8]) -> f64 {
        let mut bytes = [0; 8];
        bytes[..self.n_bytes].copy_from_slice(chunk);
        if self.is_big_endian {
            bytes[..self.n_bytes].reverse();
        }
        let bits = u64::from_le_bytes(bytes);
        match (self.kind, self.n_bytes) {
            (Kind::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Float, _) => f64::from_bits(bits),
            (Kind::Unsigned, _) => bits as f64,
            // The sign bit is moved to the top and back.
            (Kind::Signed, n) => {
                let shift = 64 - 8 * n as u32;
                (((bits << shift) as i64) >> shift) as f64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_sizes_signs_and_orders() {
        let of = |name, bytes: &[u8]| Dtype::named(name).unwrap().numbers(bytes);
        assert_eq!(of("f4", &1.5_f32.to_le_bytes()), Some(vec![1.5]));
        assert_eq!(of(">f8", &(-2.5_f64).to_be_bytes()), Some(vec![-2.5]));
        assert_eq!(of("i2", &[0xff, 0xff, 1, 0]), Some(vec![-1.0, 1.0]));
        assert_eq!(of("u1", &[255]), Some(vec![255.0]));
        assert_eq!(of("i4", &[0; 5]), None);
        assert_eq!(Dtype::named("O8"), None);
    }
}
