//! Wording shared by the reports.

/// Text from outside on one line and of bearable length: control characters could redraw a terminal.
pub(crate) fn one_line(text: &str) -> String {
    printable(text, 300)
}

/// A sentence of ours that quotes text from outside: on one line, longer than a name may be.
pub(crate) fn sentence(text: &str) -> String {
    printable(text, 2000)
}

fn printable(text: &str, most: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut line: String = text.chars().take(most).map(clean).collect();
    if text.chars().nth(most).is_some() {
        line.push('…');
    }
    line
}

/// A pitch as a note name, as `A4`.
pub(crate) fn note_name(hz: f64) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
    let midi = ddsp_core::scale::hz_to_midi(hz).round() as i64;
    format!("{}{}", NAMES[midi.rem_euclid(12) as usize], midi.div_euclid(12) - 1)
}

/// A count with its noun, as `1 channel`, `2 channels`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// A length of time, as `12 s`, `3 min 05 s`, `2 h 10 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_and_lines_read_well() {
        assert_eq!(note_name(440.0), "A4");
        assert_eq!(note_name(261.63), "C4");
        assert_eq!(note_name(30.87), "B0");
        assert_eq!(count(1, "channel"), "1 channel");
        assert_eq!(one_line("a\nb\u{1b}[31m"), "a b [31m");
        assert_eq!(one_line(&"x".repeat(1000)).chars().count(), 301);
    }
}
