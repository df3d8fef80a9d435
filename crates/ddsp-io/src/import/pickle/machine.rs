//! The machine that runs a pickle's instructions, without what could run anything else.

use std::collections::HashMap;

use super::array::{Array, Dtype};
use super::class::Class;
use super::value::{Id, Pickle, Value};

/// Runs a pickle, of protocol 2 or newer.
///
/// *Errors*: what was expected and found at which byte. No bytes make it panic, and it allocates in proportion to their
/// number.
pub(in crate::import) fn read(bytes: &[u8]) -> Result<Pickle<'_>, String> {
    let mut machine = Machine { bytes, ..Machine::default() };
    while let Some(outermost) = machine.step()? {
        if let Some(outermost) = outermost {
            return Ok(Pickle { values: machine.values, outermost, bytes });
        }
    }
    Err(format!("the pickle ends after {} bytes without its last instruction", bytes.len()))
}

#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    position: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    /// Bytes of text and of what was decoded.
    n_decoded: usize,
}

type Done<T> = Result<T, String>;

impl<'a> Machine<'a> {
    /// Runs an instruction: none is left, or the last one was it and gives the outermost value.
    fn step(&mut self) -> Done<Option<Option<Id>>> {
        let at = self.position;
        let Some(&opcode) = self.bytes.get(at) else { return Ok(None) };
        self.position += 1;
        self.run(opcode).map(Some).map_err(|e| format!("{e} (at byte {at} of the pickle)"))
    }

    fn run(&mut self, opcode: u8) -> Done<Option<Id>> {
        match opcode {
            b'.' => return self.pop().map(Some),
            0x80 => match self.take(1)?[0] {
                2..=5 => {}
                other => return Err(format!("expected protocol 2 to 5, found {other}")),
            },
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'}' => self.push(Value::Dict(Vec::new())),
            b']' => self.push(Value::List(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            b't' => {
                let items = self.since_mark()?;
                self.push(Value::Tuple(items));
            }
            0x85..=0x87 => {
                let n = usize::from(opcode - 0x84);
                let items = self.stack.len().checked_sub(n).filter(|first| *first >= self.floor());
                let items =
                    self.stack.split_off(items.ok_or("expected values on the stack, found none")?);
                self.push(Value::Tuple(items));
            }
            b'N' => self.push(Value::None),
            0x88 | 0x89 => self.push(Value::Bool),
            b'J' => {
                let x = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(i64::from(x)));
            }
            b'K' => {
                let x = self.take(1)?[0];
                self.push(Value::Int(i64::from(x)));
            }
            b'M' => {
                let x = u16::from_le_bytes(self.array()?);
                self.push(Value::Int(i64::from(x)));
            }
            0x8a => self.long()?,
            b'G' => {
                let x = f64::from_be_bytes(self.array()?);
                self.push(Value::Float(x));
            }
            0x8c | b'X' | 0x8d | b'U' | b'T' | b'C' | b'B' | 0x8e | 0x96 => {
                self.text_or_bytes(opcode)?
            }
            0x94 => self.memoize(self.memo.len() as u64)?,
            b'q' => {
                let index = u64::from(self.take(1)?[0]);
                self.memoize(index)?;
            }
            b'r' => {
                let index = u64::from(u32::from_le_bytes(self.array()?));
                self.memoize(index)?;
            }
            b'h' => {
                let index = u64::from(self.take(1)?[0]);
                self.recall(index)?;
            }
            b'j' => {
                let index = u64::from(u32::from_le_bytes(self.array()?));
                self.recall(index)?;
            }
            b'0' => drop(self.pop()?),
            b'1' => drop(self.since_mark()?),
            b's' | b'u' => self.set_items(opcode)?,
            b'a' | b'e' => self.append(opcode)?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.class(module, name)?;
            }
            0x93 => {
                let (name, module) = (self.pop_text()?, self.pop_text()?);
                self.class(&module, &name)?;
            }
            b'R' => self.reduce()?,
            0x81 => self.new_object()?,
            b'b' => self.build()?,
            other => {
                return Err(format!(
                    "expected instructions that build numbers, text and arrays, found {}; nothing was run",
                    describe(other)
                ));
            }
        }
        Ok(None)
    }

    fn take(&mut self, n: usize) -> Done<&'a [u8]> {
        let left = &self.bytes[self.position..];
        let taken = left.get(..n).ok_or_else(|| {
            format!("the pickle ends early: expected {n} more bytes, found {}", left.len())
        })?;
        self.position += n;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Done<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn line(&mut self) -> Done<&'a str> {
        let left = &self.bytes[self.position..];
        let n = left.iter().position(|&b| b == b'\n').ok_or("the pickle ends within a name")?;
        self.position += n + 1;
        std::str::from_utf8(&left[..n]).map_err(|_| "expected a name in UTF-8".to_owned())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    /// What lies on the stack below the last mark is out of reach.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Done<Id> {
        if self.stack.len() <= self.floor() {
            return Err("expected a value on the stack, found none".to_owned());
        }
        Ok(self.stack.pop().expect("it is higher than its floor"))
    }

    fn top(&self) -> Done<Id> {
        self.stack
            .last()
            .copied()
            .ok_or_else(|| "expected a value on the stack, found none".to_owned())
    }

    fn pop_text(&mut self) -> Done<String> {
        let id = self.pop()?;
        match &self.values[id] {
            Value::Text(text) if text.len() < 256 => Ok(text.clone()),
            _ => Err("expected a name on the stack".to_owned()),
        }
    }

    fn since_mark(&mut self) -> Done<Vec<Id>> {
        let mark = self.marks.pop().ok_or("expected a mark on the stack, found none")?;
        // A value below the mark may have been taken by nothing else: `pop` stops at it.
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn memoize(&mut self, index: u64) -> Done<()> {
        let top = self.top()?;
        self.memo.insert(index, top);
        Ok(())
    }

    fn recall(&mut self, index: u64) -> Done<()> {
        let id =
            self.memo.get(&index).ok_or_else(|| format!("nothing is remembered as {index}"))?;
        self.stack.push(*id);
        Ok(())
    }

    /// Accounts for bytes that are copied: sharing must not multiply them.
    fn decode(&mut self, n: usize) -> Done<()> {
        self.n_decoded += n;
        if self.n_decoded > 4 * self.bytes.len() {
            return Err("expected to decode each text once, found far more".to_owned());
        }
        Ok(())
    }

    fn text_or_bytes(&mut self, opcode: u8) -> Done<()> {
        let n = match opcode {
            0x8c | b'C' | b'U' => u64::from(self.take(1)?[0]),
            b'X' | b'B' | b'T' => u64::from(u32::from_le_bytes(self.array()?)),
            _ => u64::from_le_bytes(self.array()?),
        };
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        let start = self.position;
        let bytes = self.take(n)?;
        let is_text = matches!(opcode, 0x8c | b'X' | 0x8d);
        // Text of Python 2 may be either.
        let is_either = matches!(opcode, b'U' | b'T');
        match std::str::from_utf8(bytes) {
            Ok(text) if is_text || (is_either && text.is_ascii()) => {
                self.decode(n)?;
                self.push(Value::Text(text.to_owned()));
            }
            Err(_) if is_text => return Err("expected text in UTF-8".to_owned()),
            _ => self.push(Value::Span(start..start + n)),
        }
        Ok(())
    }

    /// An integer; one of more than eight bytes is a generator's, and nobody's business here.
    fn long(&mut self) -> Done<()> {
        let n = usize::from(self.take(1)?[0]);
        let digits = self.take(n)?;
        if n > 8 {
            self.push(Value::Random);
            return Ok(());
        }
        let sign = if digits.last().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
        let mut bytes = [sign; 8];
        bytes[..n].copy_from_slice(digits);
        self.push(Value::Int(i64::from_le_bytes(bytes)));
        Ok(())
    }

    fn set_items(&mut self, opcode: u8) -> Done<()> {
        let items = if opcode == b'u' {
            self.since_mark()?
        } else {
            let value = self.pop()?;
            vec![self.pop()?, value]
        };
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err("expected a value for each key, found one less".to_owned());
        }
        let dict = self.top()?;
        match &mut self.values[dict] {
            Value::Dict(all) => all.extend(pairs.iter().map(|[key, value]| (*key, *value))),
            _ => return Err("expected a dictionary to put items into".to_owned()),
        }
        Ok(())
    }

    fn append(&mut self, opcode: u8) -> Done<()> {
        let items = if opcode == b'e' { self.since_mark()? } else { vec![self.pop()?] };
        let list = self.top()?;
        match &mut self.values[list] {
            Value::List(all) => all.extend(items),
            _ => return Err("expected a list to append to".to_owned()),
        }
        Ok(())
    }

    fn class(&mut self, module: &str, name: &str) -> Done<()> {
        let class = Class::named(module, name).ok_or_else(|| {
            format!(
                "expected numpy's arrays and Magenta's QuantileTransformer, found {module}.{name}, which no statistics \
                 need; nothing was run"
            )
        })?;
        self.push(Value::Class(class));
        Ok(())
    }

    /// What a known function would have made of its arguments.
    fn reduce(&mut self) -> Done<()> {
        let (arguments, class) = (self.pop()?, self.pop()?);
        let Value::Class(class) = self.values[class] else {
            return Err("expected a class to make something of, found another value".to_owned());
        };
        let Value::Tuple(arguments) = &self.values[arguments] else {
            return Err("expected arguments in a tuple".to_owned());
        };
        let argument = |i: usize| arguments.get(i).map(|id| &self.values[*id]);
        let value = match (class, argument(0), argument(1)) {
            (Class::Dtype, Some(Value::Text(name)), _) => {
                let dtype = Dtype::named(name);
                Value::Dtype(
                    dtype.ok_or_else(|| format!("expected numbers, found dtype '{name}'"))?,
                )
            }
            (Class::Scalar, Some(Value::Dtype(dtype)), Some(data)) => {
                let numbers = match data {
                    Value::Span(span) => dtype.numbers(&self.bytes[span.clone()]),
                    Value::Bytes(bytes) => dtype.numbers(bytes),
                    _ => None,
                };
                match numbers.as_deref() {
                    Some([x]) => Value::Float(*x),
                    _ => return Err("expected one number in the bytes of a scalar".to_owned()),
                }
            }
            (Class::Reconstruct, Some(Value::Class(Class::NdArray)), _) => {
                Value::Array(Array::EMPTY)
            }
            (
                Class::FromBuffer,
                Some(Value::Span(_) | Value::Bytes(_)),
                Some(Value::Dtype(dtype)),
            ) => Value::Array(Array { dtype: *dtype, data: arguments.first().copied() }),
            (Class::Encode, Some(Value::Text(text)), Some(Value::Text(_))) => {
                let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
                let bytes = latin1.ok_or("expected bytes as latin-1 text")?;
                self.decode(bytes.len())?;
                Value::Bytes(bytes)
            }
            (Class::Random, ..) => Value::Random,
            (class, ..) => return Err(format!("expected other arguments for {class:?}")),
        };
        self.push(value);
        Ok(())
    }

    fn new_object(&mut self) -> Done<()> {
        let (_, class) = (self.pop()?, self.pop()?);
        match self.values[class] {
            Value::Class(Class::QuantileTransformer(generation)) => {
                self.push(Value::QuantileTransformer(generation, None));
                Ok(())
            }
            Value::Class(Class::Random) => {
                self.push(Value::Random);
                Ok(())
            }
            _ => Err("expected a QuantileTransformer to be made, found another class".to_owned()),
        }
    }

    /// Fills in what was made before.
    fn build(&mut self) -> Done<()> {
        let state = self.pop()?;
        let object = self.top()?;
        let filled = match (&self.values[object], &self.values[state]) {
            (Value::QuantileTransformer(generation, _), Value::Dict(_)) => {
                Value::QuantileTransformer(*generation, Some(state))
            }
            (Value::Random, _) => Value::Random,
            (Value::Dtype(dtype), Value::Tuple(items)) => {
                let order = items.get(1).map(|id| &self.values[*id]);
                match order {
                    Some(Value::Text(order)) => Value::Dtype(
                        dtype.ordered(order).ok_or("expected a byte order of numbers")?,
                    ),
                    _ => return Err("expected a byte order in the state of a dtype".to_owned()),
                }
            }
            (Value::Array(_), Value::Tuple(items)) => {
                let item = |i: usize| items.get(i).map(|id| &self.values[*id]);
                match (item(2), item(4)) {
                    (Some(Value::Dtype(dtype)), Some(Value::Span(_) | Value::Bytes(_))) => {
                        Value::Array(Array { dtype: *dtype, data: Some(items[4]) })
                    }
                    _ => return Err("expected type and bytes in the state of an array".to_owned()),
                }
            }
            _ => return Err("expected an object and its state".to_owned()),
        };
        self.values[object] = filled;
        Ok(())
    }
}

/// An instruction that is not run, by its name in `pickletools`.
fn describe(opcode: u8) -> String {
    let name = match opcode {
        b'i' => "INST, which makes an object of any class",
        b'o' => "OBJ, which makes an object of any class",
        0x92 => "NEWOBJ_EX",
        b'P' | b'Q' => "PERSID, which refers to something outside the file",
        0x82..=0x84 => "EXT, which refers to something outside the file",
        0x97 | 0x98 => "NEXT_BUFFER, which refers to something outside the file",
        b'I' | b'L' | b'F' | b'S' | b'V' | b'd' | b'l' | b'p' | b'g' => {
            return format!(
                "{:?} of protocol 0: write the file with pickle.dump(..., protocol=2) or newer",
                char::from(opcode)
            );
        }
        _ => return format!("byte {opcode:#04x}"),
    };
    name.to_owned()
}
