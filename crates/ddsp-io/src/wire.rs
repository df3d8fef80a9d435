//! Protocol buffers as bytes: the fields of a message, one after the other.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire<'a> {
    /// An integer, a boolean or an enumeration.
    Varint(u64),
    /// A string or a message.
    Bytes(&'a [u8]),
    /// Four bytes.
    Fixed32(u32),
    /// Eight bytes, which no message here has.
    Fixed64,
}

impl<'a> Wire<'a> {
    /// The bytes of a string or a message.
    pub(crate) fn bytes(self) -> Result<&'a [u8], String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => Err(format!("expected a message or text, found {other:?}")),
        }
    }

    /// Text, whose bytes must be UTF-8.
    pub(crate) fn text(self) -> Result<String, String> {
        let text = std::str::from_utf8(self.bytes()?);
        text.map(str::to_owned).map_err(|_| "expected text, found other bytes".to_owned())
    }

    /// An integer that is not negative.
    pub(crate) fn number(self) -> Result<u64, String> {
        match self {
            Self::Varint(n) if n <= i64::MAX as u64 => Ok(n),
            other => Err(format!("expected a number from 0 on, found {other:?}")),
        }
    }

    /// An integer that counts or points at something in memory.
    pub(crate) fn size(self) -> Result<usize, String> {
        usize::try_from(self.number()?).map_err(|e| e.to_string())
    }
}

/// The numbers and contents of the fields of a message; an error ends it.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of `message`.
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn read(&mut self) -> Option<(u64, Wire<'a>)> {
        let tag = take_varint(&mut self.rest)?;
        let wire = match tag & 7 {
            0 => Wire::Varint(take_varint(&mut self.rest)?),
            1 => {
                take_bytes(&mut self.rest, 8)?;
                Wire::Fixed64
            }
            2 => {
                let n = take_varint(&mut self.rest)?;
                Wire::Bytes(take_bytes(&mut self.rest, n)?)
            }
            5 => Wire::Fixed32(take_u32(&mut self.rest)?),
            _ => return None,
        };
        Some((tag >> 3, wire))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Wire<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or_else(|| "expected a whole field of a message, found less".to_owned()))
    }
}

/// Takes an integer of seven bits a byte, lowest first.
pub(crate) fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Takes `n` bytes if there are as many.
pub(crate) fn take_bytes<'a>(rest: &mut &'a [u8], n: u64) -> Option<&'a [u8]> {
    let (bytes, after) = rest.split_at_checked(usize::try_from(n).ok()?)?;
    *rest = after;
    Some(bytes)
}

/// Appends an integer of seven bits a byte, lowest first.
pub(crate) fn put_varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

/// Appends a field that holds a string or a message.
pub(crate) fn put_bytes(message: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_varint(message, number << 3 | 2);
    put_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

/// Takes four bytes, lowest first.
pub(crate) fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    take_bytes(rest, 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}

/// Appends a field that is an integer.
pub(crate) fn put_number(out: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(out, field << 3);
    put_varint(out, value);
}

/// Appends a field of four bytes.
pub(crate) fn put_f32(out: &mut Vec<u8>, field: u64, value: f32) {
    put_varint(out, field << 3 | 5);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a field of eight bytes.
pub(crate) fn put_f64(out: &mut Vec<u8>, field: u64, value: f64) {
    put_varint(out, field << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_read() {
        let mut out = Vec::new();
        put_number(&mut out, 1, 1 << 40);
        put_bytes(&mut out, 2, b"hi");
        put_f32(&mut out, 3, 1.0);
        put_f64(&mut out, 4, 1.0);
        let fields: Vec<_> = Fields::new(&out).collect::<Result<_, _>>().unwrap();
        let expected = [
            (1, Wire::Varint(1 << 40)),
            (2, Wire::Bytes(b"hi")),
            (3, Wire::Fixed32(1.0_f32.to_bits())),
            (4, Wire::Fixed64),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn fields_come_in_order_and_half_ones_are_errors() {
        let message = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 1, 0, 0, 0];
        let fields: Vec<_> = Fields::new(&message).collect::<Result<_, _>>().unwrap();
        let expected = [(1, Wire::Varint(150)), (2, Wire::Bytes(b"hi")), (3, Wire::Fixed32(1))];
        assert_eq!(fields, expected);
        for n in [1, 2, 4, 6, 9, 11] {
            assert!(Fields::new(&message[..n]).any(|field| field.is_err()), "{n} bytes");
        }
        assert!(take_varint(&mut &[0xff; 20][..]).is_none());
        assert!(Wire::Varint(u64::MAX).size().is_err());
    }

    #[test]
    fn what_is_put_is_taken() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut message = Vec::new();
            put_varint(&mut message, value);
            let mut rest = &message[..];
            assert_eq!((take_varint(&mut rest), rest.len()), (Some(value), 0));
        }
        let mut message = Vec::new();
        put_bytes(&mut message, 2, b"hi");
        assert_eq!(message, [0x12, 2, b'h', b'i']);
    }
}
