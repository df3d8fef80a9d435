//! The messages that `timbre_transfer` understands.

use ddsp_core::condition::Adjustments;

use crate::host::Atom;
use crate::job::Transfer;

/// What is asked for.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    Load,
    Unload,
    Run {
        transfer: Transfer,
        in_array: String,
        out_array: String,
    },
    Normalize {
        array: String,
        target: f32,
    },
    Open {
        file: String,
        array: String,
    },
    /// Fails inside, in a debug build.
    Panic,
}

const RUN: &str = "run CKPT IN_ARRAY OUT_ARRAY [f0_octave_shift] [f0_confidence_threshold] [loudness_db_shift] \
                   [in_sample_rate] [out_sample_rate] [adjust] [quiet] [autotune]";
/// What quiet is where it is left out.
const QUIET_DB: f64 = 20.0;
/// The peak that normalize gives where it is left out, the course's.
const PEAK: f64 = 0.9;

/// Reads a message; rates that are left out are Pd's.
pub(crate) fn parse(selector: &str, atoms: &[Atom], sample_rate: f32) -> Result<Request, String> {
    let at_most = |n: usize, usage: &str| match atoms.len() {
        given if given > n => Err(format!("expected {usage}, found {given} arguments")),
        _ => Ok(()),
    };
    let arguments = Arguments { selector, atoms };
    match selector {
        // The course's patch says here where its Python is.
        "load" => Ok(Request::Load),
        "unload" => at_most(0, "unload alone").map(|()| Request::Unload),
        "run" => {
            at_most(11, RUN)?;
            run(&arguments, sample_rate)
        }
        "normalize" => {
            const USAGE: &str = "normalize ARRAY [target]";
            at_most(2, USAGE)?;
            let target = arguments.number(1, "target", PEAK)? as f32;
            if !(target > 0.0 && target.is_finite()) {
                return Err(format!("target: expected more than 0, found {target}"));
            }
            Ok(Request::Normalize { array: arguments.name(0, USAGE)?, target })
        }
        "open" => {
            const USAGE: &str = "open FILE ARRAY";
            at_most(2, USAGE)?;
            Ok(Request::Open { file: arguments.name(0, USAGE)?, array: arguments.name(1, USAGE)? })
        }
        "panic" if cfg!(debug_assertions) => Ok(Request::Panic),
        other => Err(format!("expected load, unload, run, normalize or open, found {other}")),
    }
}

struct Arguments<'a> {
    selector: &'a str,
    atoms: &'a [Atom],
}

impl Arguments<'_> {
    fn name(&self, i: usize, usage: &str) -> Result<String, String> {
        match self.atoms.get(i) {
            Some(Atom::Symbol(name)) => Ok(name.clone()),
            Some(Atom::Float(x)) => {
                Err(format!("expected {usage}, found the number {x} in place of a name"))
            }
            None => {
                Err(format!("expected {usage}, found {} after {}", self.atoms.len(), self.selector))
            }
        }
    }

    fn number(&self, i: usize, name: &str, default: f64) -> Result<f64, String> {
        match self.atoms.get(i) {
            Some(Atom::Float(x)) => Ok(f64::from(*x)),
            Some(Atom::Symbol(text)) => Err(format!("{name}: expected a number, found {text}")),
            None => Ok(default),
        }
    }

    fn rate(&self, i: usize, name: &str, default: f32) -> Result<u32, String> {
        let rate = self.number(i, name, f64::from(default))?;
        if !(1_000.0..=768_000.0).contains(&rate) || rate.fract() != 0.0 {
            return Err(format!("{name}: expected 1000 to 768000 Hz, found {rate}"));
        }
        Ok(rate as u32)
    }
}

fn run(arguments: &Arguments<'_>, sample_rate: f32) -> Result<Request, String> {
    let instrument = arguments.name(0, RUN)?;
    let (in_array, out_array) = (arguments.name(1, RUN)?, arguments.name(2, RUN)?);
    let auto_adjust = arguments.number(8, "adjust", 1.0)? != 0.0;
    let quiet_db = arguments.number(9, "quiet", QUIET_DB)?;
    let adjustments = Adjustments {
        f0_octave_shift: arguments.number(3, "f0_octave_shift", 0.0)?,
        f0_confidence_threshold: arguments.number(4, "f0_confidence_threshold", 0.0)?,
        loudness_db_shift: arguments.number(5, "loudness_db_shift", 0.0)?,
        auto_adjust,
        // As in the course's patch: quiet belongs to auto adjust.
        quiet_db: if auto_adjust { quiet_db } else { 0.0 },
        autotune: arguments.number(10, "autotune", 0.0)?,
        ..Adjustments::default()
    };
    adjustments.validate().map_err(|e| e.to_string())?;
    let transfer = Transfer {
        instrument,
        in_sample_rate: arguments.rate(6, "in_sample_rate", sample_rate)?,
        out_sample_rate: arguments.rate(7, "out_sample_rate", sample_rate)?,
        adjustments,
    };
    Ok(Request::Run { transfer, in_array, out_array })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atoms(text: &str) -> Vec<Atom> {
        let atom =
            |word: &str| word.parse().map_or_else(|_| Atom::Symbol(word.to_owned()), Atom::Float);
        text.split_whitespace().map(atom).collect()
    }

    fn parsed(text: &str) -> Result<Request, String> {
        let (selector, rest) = text.split_once(' ').unwrap_or((text, ""));
        parse(selector, &atoms(rest), 48_000.0)
    }

    #[test]
    fn arguments_come_in_the_course_s_order() {
        let Ok(Request::Run { transfer, in_array, out_array }) =
            parsed("run sax in out 1 0.5 -6 44100 16000 0 40 0.7")
        else {
            panic!("it is a run");
        };
        assert_eq!((&in_array[..], &out_array[..], &transfer.instrument[..]), ("in", "out", "sax"));
        assert_eq!((transfer.in_sample_rate, transfer.out_sample_rate), (44_100, 16_000));
        let a = transfer.adjustments;
        let shifts = (a.f0_octave_shift, a.f0_confidence_threshold, a.loudness_db_shift);
        assert_eq!(shifts, (1.0, 0.5, -6.0));
        assert_eq!((a.auto_adjust, a.quiet_db, a.autotune as f32), (false, 0.0, 0.7));
        let Ok(Request::Run { transfer, .. }) = parsed("run sax in out") else {
            panic!("it is a run");
        };
        assert_eq!((transfer.in_sample_rate, transfer.out_sample_rate), (48_000, 48_000));
        assert!(transfer.adjustments.auto_adjust && transfer.adjustments.quiet_db == 20.0);
        assert_eq!(parsed("load /usr/bin/python3"), Ok(Request::Load));
        assert_eq!(
            parsed("normalize in"),
            Ok(Request::Normalize { array: "in".to_owned(), target: 0.9 })
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, says) in [
            ("run", "expected run CKPT"),
            ("run sax in", "expected run CKPT"),
            ("run sax 3 out", "found the number 3"),
            ("run sax in out up", "f0_octave_shift: expected a number, found up"),
            ("run sax in out 9", "f0_octave_shift: expected -4 to 4, found 9"),
            ("run sax in out 0 0 0 0", "in_sample_rate: expected 1000 to 768000 Hz, found 0"),
            ("run sax in out 0 0 0 16000 0", "out_sample_rate"),
            ("run sax in out 0 0 0 16000 16000 1 20 0 7", "found 12 arguments"),
            ("unload sax", "expected unload alone"),
            ("normalize", "expected normalize ARRAY"),
            ("normalize a 0", "target: expected more than 0"),
            ("open file", "expected open FILE ARRAY"),
            ("sing", "expected load, unload, run, normalize or open, found sing"),
        ] {
            let said = parsed(text).unwrap_err();
            assert!(said.contains(says), "{text}: {said}");
        }
    }
}
