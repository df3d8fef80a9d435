//! Gin text to words, numbers, texts and signs.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use super::value::Value;

/// What went wrong, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) detail: String,
}

/// The smallest part of a gin file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Word(String),
    Number(Value),
    Text(String),
    Sign(char),
    /// The end of a statement; there is none inside brackets.
    LineEnd,
    FileEnd,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
    /// Whether it is the first of a line and does not begin at its left edge.
    pub(super) indented: bool,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "`{word}`"),
            Self::Number(number) => write!(f, "`{number}`"),
            Self::Text(text) => {
                write!(f, "the text '{}'", text.chars().take(40).collect::<String>())
            }
            Self::Sign(sign) => write!(f, "`{}`", sign.escape_default()),
            Self::LineEnd => f.write_str("the end of the line"),
            Self::FileEnd => f.write_str("the end of the file"),
        }
    }
}

/// Splits a text into tokens, of which the last is [`Kind::FileEnd`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Wrong> {
    let chars = text.chars().peekable();
    let mut lexer = Lexer { chars, line: 1, depth: 0, at_start: true, tokens: Vec::new() };
    while lexer.step()? {}
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    chars: Peekable<Chars<'a>>,
    line: usize,
    /// How many brackets are open.
    depth: usize,
    /// Whether nothing but space has been seen in this line.
    at_start: bool,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    /// Takes what comes next; false after the end of the file.
    fn step(&mut self) -> Result<bool, Wrong> {
        let mut indented = false;
        while let Some(space) = self.chars.next_if(|c| matches!(c, ' ' | '\t' | '\r' | '\u{feff}'))
        {
            indented = self.at_start && space != '\u{feff}';
        }
        let line = self.line;
        let Some(&c) = self.chars.peek() else {
            if self.depth == 0 {
                self.push(Kind::LineEnd, line, false);
            }
            self.push(Kind::FileEnd, line, false);
            return Ok(false);
        };
        let kind = match c {
            '#' => {
                while self.chars.next_if(|c| *c != '\n').is_some() {}
                return Ok(true);
            }
            '\n' => {
                self.chars.next();
                self.line += 1;
                if self.depth == 0 {
                    self.push(Kind::LineEnd, line, false);
                    self.at_start = true;
                }
                return Ok(true);
            }
            '\\' => {
                self.chars.next();
                self.chars.next_if_eq(&'\r');
                if self.chars.next_if_eq(&'\n').is_none() {
                    return Err(self.wrong("expected the end of the line after `\\`"));
                }
                self.line += 1;
                return Ok(true);
            }
            '\'' | '"' => Kind::Text(self.text()?),
            c if c.is_alphabetic() || c == '_' => {
                Kind::Word(self.run(|c| c.is_alphanumeric() || c == '_'))
            }
            c if c.is_ascii_digit() || c == '.' && self.dot_begins_number() => self.number()?,
            _ => {
                self.chars.next();
                match c {
                    '(' | '[' | '{' => self.depth += 1,
                    ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                Kind::Sign(c)
            }
        };
        self.push(kind, line, indented);
        self.at_start = false;
        Ok(true)
    }

    /// Lines without anything else on them end nothing.
    fn push(&mut self, kind: Kind, line: usize, indented: bool) {
        let nothing = self.tokens.last().is_none_or(|last| last.kind == Kind::LineEnd);
        if kind != Kind::LineEnd || !nothing {
            self.tokens.push(Token { kind, line, indented });
        }
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut run = String::new();
        while let Some(c) = self.chars.next_if(|c| belongs(*c)) {
            run.push(c);
        }
        run
    }

    /// `.5` is a number, the dot of `a.b` is not.
    fn dot_begins_number(&self) -> bool {
        self.chars.clone().nth(1).is_some_and(|c| c.is_ascii_digit())
    }

    fn number(&mut self) -> Result<Kind, Wrong> {
        let mut text = String::new();
        while let Some(c) = self.chars.next_if(|c| c.is_ascii_alphanumeric() || "._".contains(*c)) {
            text.push(c);
            // The sign of an exponent belongs to the number; hexadecimal ones have none.
            if matches!(c, 'e' | 'E') && !text.starts_with("0x") {
                text.extend(self.chars.next_if(|c| "+-".contains(*c)));
            }
        }
        let plain = text.replace('_', "");
        let whole = match plain.strip_prefix("0x").or(plain.strip_prefix("0X")) {
            Some(digits) => i64::from_str_radix(digits, 16).ok(),
            None => plain.parse().ok(),
        };
        let value = whole.map(Value::Int).or_else(|| plain.parse().ok().map(Value::Float));
        let finite = value.filter(|v| !matches!(v, Value::Float(x) if !x.is_finite()));
        finite.map(Kind::Number).ok_or_else(|| {
            self.wrong(format!(
                "expected a number, found `{}`",
                text.chars().take(40).collect::<String>()
            ))
        })
    }

    /// A text in single, double or tripled quotes.
    fn text(&mut self) -> Result<String, Wrong> {
        let line = self.line;
        let quote = self.chars.next().unwrap_or('\'');
        let mut tripled = false;
        if self.chars.next_if_eq(&quote).is_some() {
            tripled = self.chars.next_if_eq(&quote).is_some();
            if !tripled {
                return Ok(String::new());
            }
        }
        let mut text = String::new();
        let mut n_quotes = 0;
        while let Some(c) = self.chars.next() {
            n_quotes = if c == quote { n_quotes + 1 } else { 0 };
            match c {
                '\n' if !tripled => break,
                '\n' => self.line += 1,
                '\\' => {
                    self.escape(&mut text)?;
                    continue;
                }
                _ if !tripled && n_quotes == 1 => return Ok(text),
                _ if n_quotes == 3 => {
                    text.truncate(text.len() - 2);
                    return Ok(text);
                }
                _ => {}
            }
            text.push(c);
        }
        let quotes = if tripled { String::from(quote).repeat(3) } else { quote.into() };
        let detail = format!("expected {quotes} to end the text, found the end of the line");
        Err(Wrong { line, detail })
    }

    fn escape(&mut self, text: &mut String) -> Result<(), Wrong> {
        let Some(c) = self.chars.next() else { return Ok(()) };
        let n_digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if n_digits > 0 {
            let digits: String = self.chars.by_ref().take(n_digits).collect();
            let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
            text.push(code.ok_or_else(|| {
                self.wrong(format!("expected {n_digits} hexadecimal digits after `\\{c}`"))
            })?);
            return Ok(());
        }
        match c {
            '\n' => self.line += 1,
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            '\\' | '\'' | '"' => text.push(c),
            other => text.extend(['\\', other]),
        }
        Ok(())
    }

    fn wrong(&self, detail: impl Into<String>) -> Wrong {
        Wrong { line: self.line, detail: detail.into() }
    }
}
