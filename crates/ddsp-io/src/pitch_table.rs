//! Tables of true pitch: `time_s,f0_hz` a row.

use std::path::Path;

use crate::error::{Error, Result};

/// A table larger than this is not read: it would be days of audio.
const MAX_BYTES: u64 = 256 << 20;
/// A line that is quoted in a message is cut to so many characters.
const MAX_QUOTED_CHARS: usize = 60;

/// The true pitch at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PitchRow {
    /// Seconds from the beginning, never falling from row to row.
    pub time_s: f64,
    /// `None` where unvoiced.
    pub f0_hz: Option<f64>,
}

/// Reads a table. The first row may name the columns; columns after the second are not looked at.
///
/// *Errors*: the file cannot be read, or what stands in which line.
pub fn read_pitch_table(path: &Path) -> Result<Vec<PitchRow>> {
    let open = |e| Error::open(path, e);
    if std::fs::metadata(path).map_err(open)?.len() > MAX_BYTES {
        return Err(Error::table(path, "expected a table of pitch, found more than 256 MiB"));
    }
    let text = String::from_utf8(std::fs::read(path).map_err(open)?);
    let text = text.map_err(|_| Error::table(path, "expected a table of pitch, found no text"))?;
    parse(&text).map_err(|detail| Error::table(path, detail))
}

fn parse(text: &str) -> std::result::Result<Vec<PitchRow>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows: Vec<PitchRow> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() || (i == 0 && is_header(line)) {
            continue;
        }
        let row = parse_row(line).ok_or_else(|| {
            let found: String =
                line.chars().take(MAX_QUOTED_CHARS).flat_map(char::escape_default).collect();
            format!("line {}: expected time_s,f0_hz as two numbers from 0, found '{found}'", i + 1)
        })?;
        if let Some(before) = rows.last().filter(|before| row.time_s < before.time_s) {
            let (now, before) = (row.time_s, before.time_s);
            return Err(format!("line {}: expected a time from {before} s, found {now} s", i + 1));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        return Err("expected rows of time_s,f0_hz, found none".to_owned());
    }
    Ok(rows)
}

fn is_header(line: &str) -> bool {
    let mut names = line.split(',').map(str::trim);
    (names.next(), names.next()) == (Some("time_s"), Some("f0_hz"))
}

fn parse_row(line: &str) -> Option<PitchRow> {
    let mut fields = line.split(',').map(|field| field.trim().parse::<f64>().ok());
    let (time_s, f0_hz) = (fields.next()??, fields.next()??);
    let is_usable = |x: f64| x.is_finite() && x >= 0.0;
    let row = PitchRow { time_s, f0_hz: (f0_hz > 0.0).then_some(f0_hz) };
    (is_usable(time_s) && is_usable(f0_hz)).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_unvoiced_and_the_header_may_be_missing() {
        let expected =
            [PitchRow { time_s: 0.0, f0_hz: None }, PitchRow { time_s: 0.004, f0_hz: Some(220.5) }];
        assert_eq!(parse("time_s,f0_hz\n0.0,0.000\n0.004,220.5\n").unwrap(), expected);
        assert_eq!(parse("\u{feff}0, 0\r\n0.004, 220.5, 0.9\r\n\r\n").unwrap(), expected);
    }

    #[test]
    fn what_is_no_row_is_told_with_its_line() {
        for (text, line) in [
            ("time_s,f0_hz\n0.0,0.0\nhello", "line 3"),
            ("0.0,0.0\n0.1", "line 2"),
            ("0.0,-3", "line 1"),
            ("0.0,NaN", "line 1"),
            ("hello,world\n0.0,0.0", "line 1"),
            ("0.0,1.0\n0.2,1.0\n0.1,1.0", "line 3: expected a time from 0.2 s, found 0.1 s"),
            ("time_s,f0_hz\n", "found none"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(line), "{text:?}: {error}");
        }
    }
}
