//! `tf.train.Example`: lists of numbers or bytes by name.

use std::collections::BTreeMap;

use crate::wire::{Fields, Wire, put_bytes, put_varint, take_varint};

/// One list of an example.
#[derive(Debug, Clone, PartialEq)]
pub enum Feature {
    /// A `BytesList`.
    Bytes(Vec<Vec<u8>>),
    /// A `FloatList`.
    Floats(Vec<f32>),
    /// An `Int64List`.
    Integers(Vec<i64>),
}

/// The lists of an example, by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message(pub BTreeMap<String, Feature>);

impl Message {
    /// Reads the bytes of an example.
    ///
    /// *Errors*: a sentence, where they are not those of one.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let mut lists = BTreeMap::new();
        for features in parts(bytes, 1)? {
            for entry in parts(features, 1)? {
                let (mut name, mut feature) = (String::new(), None);
                for field in Fields::new(entry) {
                    match field? {
                        (1, wire) => name = wire.text()?,
                        (2, wire) => feature = Some(decode_feature(wire.bytes()?)?),
                        _ => {}
                    }
                }
                lists.extend(feature.map(|feature| (name, feature)));
            }
        }
        Ok(Self(lists))
    }

    /// The bytes of an example.
    pub fn encode(&self) -> Vec<u8> {
        let mut features = Vec::new();
        for (name, feature) in &self.0 {
            let (mut list, mut entry) = (Vec::new(), Vec::new());
            let kind = match feature {
                Feature::Bytes(all) => {
                    all.iter().for_each(|bytes| put_bytes(&mut list, 1, bytes));
                    1
                }
                Feature::Floats(values) => {
                    let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
                    put_bytes(&mut list, 1, &bytes);
                    2
                }
                Feature::Integers(values) => {
                    let mut bytes = Vec::new();
                    values.iter().for_each(|&x| put_varint(&mut bytes, x as u64));
                    put_bytes(&mut list, 1, &bytes);
                    3
                }
            };
            let mut feature = Vec::new();
            put_bytes(&mut feature, kind, &list);
            put_bytes(&mut entry, 1, name.as_bytes());
            put_bytes(&mut entry, 2, &feature);
            put_bytes(&mut features, 1, &entry);
        }
        let mut out = Vec::new();
        put_bytes(&mut out, 1, &features);
        out
    }

    /// Takes a list of numbers out.
    ///
    /// *Errors*: a sentence, where there is none of that name.
    pub fn take_floats(&mut self, name: &str) -> Result<Vec<f32>, String> {
        match self.0.remove(name) {
            Some(Feature::Floats(values)) => Ok(values),
            Some(_) => Err(format!("expected floats as '{name}', found another kind of list")),
            None => {
                let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
                Err(format!("expected a list '{name}', found {}", names.join(", ")))
            }
        }
    }

    /// The only number of a list of integers.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Feature::Integers(values)) if values.len() == 1 => Some(values[0]),
            _ => None,
        }
    }
}

/// The messages in the field of that number.
fn parts(message: &[u8], number: u64) -> Result<Vec<&[u8]>, String> {
    let fields = Fields::new(message).filter_map(|field| match field {
        Ok((found, wire)) if found == number => Some(wire.bytes()),
        Ok(_) => None,
        Err(e) => Some(Err(e)),
    });
    fields.collect()
}

/// A list; one without a kind is empty.
fn decode_feature(message: &[u8]) -> Result<Feature, String> {
    let mut feature = Feature::Bytes(Vec::new());
    for field in Fields::new(message) {
        let (kind, wire) = field?;
        let list = wire.bytes()?;
        feature = match kind {
            1 => Feature::Bytes(parts(list, 1)?.into_iter().map(<[u8]>::to_vec).collect()),
            2 => Feature::Floats(decode_floats(list)?),
            3 => Feature::Integers(decode_integers(list)?),
            other => return Err(format!("expected a list of kind 1 to 3, found {other}")),
        };
    }
    Ok(feature)
}

/// Packed or one by one.
fn decode_floats(list: &[u8]) -> Result<Vec<f32>, String> {
    let mut values = Vec::new();
    for field in Fields::new(list) {
        match field?.1 {
            Wire::Fixed32(bits) => values.push(f32::from_bits(bits)),
            Wire::Bytes(bytes) if bytes.len().is_multiple_of(4) => {
                let value = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                values.extend(bytes.chunks_exact(4).map(value));
            }
            other => return Err(format!("expected floats, found {other:?}")),
        }
    }
    Ok(values)
}

/// Packed or one by one.
fn decode_integers(list: &[u8]) -> Result<Vec<i64>, String> {
    let mut values = Vec::new();
    for field in Fields::new(list) {
        match field?.1 {
            Wire::Varint(x) => values.push(x as i64),
            Wire::Bytes(mut bytes) => {
                while !bytes.is_empty() {
                    let x = take_varint(&mut bytes).ok_or("expected integers, found less")?;
                    values.push(x as i64);
                }
            }
            other => return Err(format!("expected integers, found {other:?}")),
        }
    }
    Ok(values)
}

/// A list of one integer.
impl From<i64> for Feature {
    fn from(value: i64) -> Self {
        Self::Integers(vec![value])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{put_f32, put_number};

    #[test]
    fn lists_come_back_and_unpacked_ones_are_read() {
        let message = Message(BTreeMap::from([
            ("audio".to_owned(), Feature::Floats(vec![0.5, -1.0])),
            ("n".to_owned(), Feature::Integers(vec![-1, 1 << 40])),
            ("name".to_owned(), Feature::Bytes(vec![b"x".to_vec(), Vec::new()])),
        ]));
        let bytes = message.encode();
        assert_eq!(Message::decode(&bytes).unwrap(), message);
        for n in 0..bytes.len() {
            // Cut anywhere: an error, or fewer lists, and never a panic.
            let _ = Message::decode(&bytes[..n]);
        }
        let mut list = Vec::new();
        put_f32(&mut list, 1, 2.0);
        put_f32(&mut list, 1, 3.0);
        assert_eq!(decode_floats(&list).unwrap(), [2.0, 3.0]);
        let mut list = Vec::new();
        put_number(&mut list, 1, 7);
        assert_eq!(decode_integers(&list).unwrap(), [7]);
    }
}
