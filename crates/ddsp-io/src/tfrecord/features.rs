//! What a record holds: `tf.train.Example`, values by name.

use std::collections::BTreeMap;

use crate::wire::{Fields, Wire, put_bytes, put_varint, take_varint};

/// The values of one name.
#[derive(Debug, Clone, PartialEq)]
pub enum Feature {
    /// Strings of bytes.
    Bytes(Vec<Vec<u8>>),
    /// Numbers.
    Floats(Vec<f32>),
    /// Whole numbers.
    Ints(Vec<i64>),
}

/// A `tf.train.Example`: values by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features(pub BTreeMap<String, Feature>);

impl Features {
    /// The example of a record's bytes. Lists may be packed or not; of a name that comes twice the last holds.
    ///
    /// *Errors*: what was expected and found, for the caller to name the file.
    pub fn from_bytes(record: &[u8]) -> Result<Self, String> {
        let mut features = BTreeMap::new();
        for message in messages(record, 1) {
            for entry in messages(message?, 1) {
                let (mut name, mut feature) = (String::new(), Feature::Bytes(Vec::new()));
                for field in Fields::new(entry?) {
                    match field? {
                        (1, text) => name = text.text()?,
                        (2, message) => feature = Feature::from_bytes(message.bytes()?)?,
                        _ => {}
                    }
                }
                features.insert(name, feature);
            }
        }
        Ok(Self(features))
    }

    /// The bytes of a record, lists packed, names in order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut entries = Vec::new();
        for (name, feature) in &self.0 {
            let mut entry = Vec::new();
            put_bytes(&mut entry, 1, name.as_bytes());
            put_bytes(&mut entry, 2, &feature.to_bytes());
            put_bytes(&mut entries, 1, &entry);
        }
        let mut record = Vec::new();
        put_bytes(&mut record, 1, &entries);
        record
    }

    /// The numbers of a name; none if there are none of this name.
    pub fn floats(&self, name: &str) -> Option<&[f32]> {
        match self.0.get(name)? {
            Feature::Floats(values) => Some(values),
            Feature::Bytes(_) | Feature::Ints(_) => None,
        }
    }

    /// The first string of bytes of a name.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        match self.0.get(name)? {
            Feature::Bytes(values) => values.first().map(Vec::as_slice),
            Feature::Floats(_) | Feature::Ints(_) => None,
        }
    }
}

impl Feature {
    fn from_bytes(message: &[u8]) -> Result<Self, String> {
        let mut feature = Self::Bytes(Vec::new());
        for field in Fields::new(message) {
            feature = match field? {
                (1, list) => Self::Bytes(byte_strings(list.bytes()?)?),
                (2, list) => Self::Floats(floats(list.bytes()?)?),
                (3, list) => Self::Ints(ints(list.bytes()?)?),
                _ => feature,
            };
        }
        Ok(feature)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let (mut list, mut message) = (Vec::new(), Vec::new());
        let number = match self {
            Self::Bytes(values) => {
                values.iter().for_each(|value| put_bytes(&mut list, 1, value));
                1
            }
            Self::Floats(values) => {
                let packed: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
                put_bytes(&mut list, 1, &packed);
                2
            }
            Self::Ints(values) => {
                let mut packed = Vec::new();
                values.iter().for_each(|&value| put_varint(&mut packed, value as u64));
                put_bytes(&mut list, 1, &packed);
                3
            }
        };
        put_bytes(&mut message, number, &list);
        message
    }
}

/// The messages in the fields of this number.
fn messages(message: &[u8], number: u64) -> impl Iterator<Item = Result<&[u8], String>> {
    Fields::new(message).filter_map(move |field| match field {
        Ok((found, wire)) => (found == number).then(|| wire.bytes()),
        Err(e) => Some(Err(e)),
    })
}

fn byte_strings(list: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    messages(list, 1).map(|bytes| bytes.map(<[u8]>::to_vec)).collect()
}

fn floats(list: &[u8]) -> Result<Vec<f32>, String> {
    let mut values = Vec::new();
    for field in Fields::new(list) {
        match field? {
            (1, Wire::Bytes(packed)) if packed.len() % 4 == 0 => {
                let chunks = packed.as_chunks::<4>().0.iter();
                values.extend(chunks.map(|bytes| f32::from_le_bytes(*bytes)));
            }
            (1, Wire::Fixed32(bits)) => values.push(f32::from_bits(bits)),
            (1, _) => return Err("expected numbers of four bytes, found others".to_owned()),
            _ => {}
        }
    }
    Ok(values)
}

fn ints(list: &[u8]) -> Result<Vec<i64>, String> {
    let mut values = Vec::new();
    for field in Fields::new(list) {
        match field? {
            (1, Wire::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    let value = take_varint(&mut packed);
                    let cut_off = || "expected a whole number, found part of one".to_owned();
                    values.push(value.ok_or_else(cut_off)? as i64);
                }
            }
            (1, Wire::Varint(value)) => values.push(value as i64),
            (1, _) => return Err("expected whole numbers, found others".to_owned()),
            _ => {}
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let features = Features(BTreeMap::from([
            ("audio".to_owned(), Feature::Floats(vec![0.5, -1.0, f32::MIN_POSITIVE])),
            ("empty".to_owned(), Feature::Floats(vec![])),
            ("n".to_owned(), Feature::Ints(vec![0, -1, i64::MAX, 300])),
            ("source".to_owned(), Feature::Bytes(vec![b"a.wav".to_vec(), vec![]])),
        ]));
        let bytes = features.to_bytes();
        assert_eq!(Features::from_bytes(&bytes).unwrap(), features);
        assert_eq!(features.floats("audio").unwrap().len(), 3);
        assert_eq!(features.bytes("source").unwrap(), b"a.wav");
        assert_eq!(features.floats("source"), None);
        for n in 1..bytes.len() {
            assert!(Features::from_bytes(&bytes[..n]).is_err(), "{n} bytes");
        }
    }

    #[test]
    fn lists_that_are_not_packed_are_read_too() {
        let list = [0x0d, 0, 0, 0x80, 0x3f, 0x0d, 0, 0, 0, 0x40];
        assert_eq!(floats(&list).unwrap(), [1.0, 2.0]);
        assert_eq!(ints(&[0x08, 5, 0x08, 0x96, 1]).unwrap(), [5, 150]);
        assert!(floats(&[0x0a, 3, 0, 0, 0]).is_err());
    }
}
