//! Tables of true pitch: `time_s,f0_hz` a row.

use std::path::Path;

use crate::failure::{Cause, Failure};
use crate::text::one_line;

/// A table larger than this is not read: it would be days of audio.
const MAX_BYTES: u64 = 256 << 20;

/// The true pitch at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Truth {
    pub(crate) time_s: f64,
    /// `None` where unvoiced.
    pub(crate) f0_hz: Option<f64>,
}

/// Reads a table. The first row may name the columns; columns after the second are not looked at.
pub(crate) fn read(path: &Path) -> Result<Vec<Truth>, Failure> {
    let unreadable = |e| Failure::file(Cause::Input, path, format!("cannot be read: {e}"));
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_BYTES {
        let sentence = "expected a table of pitch, found more than 256 MiB";
        return Err(Failure::file(Cause::Input, path, sentence));
    }
    parse(&std::fs::read_to_string(path).map_err(unreadable)?)
        .map_err(|sentence| Failure::file(Cause::Input, path, sentence))
}

fn parse(text: &str) -> Result<Vec<Truth>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows: Vec<Truth> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() || (i == 0 && is_header(line)) {
            continue;
        }
        let row = parse_row(line).ok_or_else(|| {
            let found = one_line(line);
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

fn parse_row(line: &str) -> Option<Truth> {
    let mut fields = line.split(',').map(|field| field.trim().parse::<f64>().ok());
    let (time_s, f0_hz) = (fields.next()??, fields.next()??);
    let is_usable = |x: f64| x.is_finite() && x >= 0.0;
    let truth = Truth { time_s, f0_hz: (f0_hz > 0.0).then_some(f0_hz) };
    (is_usable(time_s) && is_usable(f0_hz)).then_some(truth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_unvoiced_and_the_header_may_be_missing() {
        let expected =
            [Truth { time_s: 0.0, f0_hz: None }, Truth { time_s: 0.004, f0_hz: Some(220.5) }];
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
