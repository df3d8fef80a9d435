//! Statistics of a data set, as Magenta's library keeps them beside a checkpoint.

use std::path::Path;

use ddsp_core::condition::DatasetStatistics;

use super::pickle::{self, Generation, Pickle, Value};
use crate::error::{Error, Result};

/// A file of statistics is not larger than this: a thousand quantiles are 16 kB.
const MAX_BYTES: u64 = 16 << 20;

/// What a `dataset_statistics.pkl` says.
#[derive(Debug)]
pub(super) struct Statistics {
    pub(super) statistics: DatasetStatistics,
    /// Whether they are of the library before 3.x, by who wrote them or by a loudness that goes below its scale.
    pub(super) are_older: bool,
}

/// Where the loudness of 3.x ends; that of 1.x goes on to -120 dB.
const FLOOR_OF_3_DB: f32 = -80.0;

/// Reads a `dataset_statistics.pkl` for a model of that frame rate, which the file does not tell.
///
/// Nothing in it is run: what would be is refused.
///
/// *Errors*: there is no such file, it is no pickle of statistics, or a number is missing or not usable.
pub fn read_statistics(path: &Path, frame_rate: f64) -> Result<DatasetStatistics> {
    Ok(read(path, frame_rate)?.statistics)
}

pub(super) fn read(path: &Path, frame_rate: f64) -> Result<Statistics> {
    let n_bytes = std::fs::metadata(path).map_err(|e| Error::open(path, e))?.len();
    let wrong = |detail: String| Error::checkpoint(path, detail);
    if n_bytes > MAX_BYTES {
        return Err(wrong(format!("expected statistics of at most 16 MiB, found {n_bytes} bytes")));
    }
    let bytes = std::fs::read(path).map_err(|e| Error::open(path, e))?;
    parse(&bytes, frame_rate).map_err(wrong)
}

/// Statistics from the bytes of a pickle.
pub(super) fn parse(bytes: &[u8], frame_rate: f64) -> std::result::Result<Statistics, String> {
    let pickle = pickle::read(bytes)?;
    let all = pickle.outermost();
    let number = |name: &str| {
        let value = pickle.get(all, name).ok_or_else(|| missing(name))?;
        pickle
            .number(value)
            .ok_or_else(|| format!("expected a number as '{name}', found another value"))
    };
    let transform =
        pickle.get(all, "quantile_transform").ok_or_else(|| missing("quantile_transform"))?;
    let Value::QuantileTransformer(generation, _) = transform else {
        return Err("expected a QuantileTransformer as 'quantile_transform', found another value"
            .to_owned());
    };
    let statistics = DatasetStatistics {
        frame_rate,
        mean_pitch_midi: number("mean_pitch")?,
        mean_loudness_db: number("mean_loudness")?,
        mean_max_loudness_db: number("mean_max_loudness")?,
        pitch_quantiles_midi: None,
        loudness_quantiles_db: quantiles(&pickle, transform)?,
    };
    statistics.validate().map_err(|e| e.to_string())?;
    // Libraries from 1.6 on name the class alike: then a loudness that 3.x does not have tells.
    let lowest_db = statistics.loudness_quantiles_db[0];
    let least_db = pickle.get(all, "min_loudness").and_then(|value| pickle.number(value));
    let are_older = match generation {
        Generation::One | Generation::Unknown => true,
        Generation::Later => {
            lowest_db < FLOOR_OF_3_DB || least_db.is_some_and(|db| db < f64::from(FLOOR_OF_3_DB))
        }
    };
    Ok(Statistics { statistics, are_older })
}

fn missing(name: &str) -> String {
    format!(
        "expected '{name}' among the statistics, found none: make the file anew with the library's own tools"
    )
}

/// The quantiles of a transformer, whose references must be equally spaced.
fn quantiles(pickle: &Pickle<'_>, transform: &Value) -> std::result::Result<Vec<f32>, String> {
    if let Some(Value::Text(form)) = pickle.get(transform, "output_distribution")
        && form != "uniform"
    {
        return Err(format!(
            "expected a uniform output_distribution of the quantiles, found '{form}'"
        ));
    }
    let numbers = |name: &str| {
        let value = pickle.get(transform, name);
        let numbers = value.and_then(|value| pickle.numbers(value));
        numbers.ok_or_else(|| format!("expected an array of numbers as '{name}', found none"))
    };
    let (quantiles, references) = (numbers("quantiles_")?, numbers("references_")?);
    let last = quantiles.len().saturating_sub(1).max(1) as f64;
    let are_even = references.iter().enumerate().all(|(i, r)| (r - i as f64 / last).abs() < 1e-6);
    if references.len() != quantiles.len() || !are_even {
        return Err(format!(
            "expected one reference for each of {} quantiles, equally spaced from 0 to 1, found others",
            quantiles.len()
        ));
    }
    Ok(quantiles.into_iter().map(|q| q as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGENTA_1: &[u8] = include_bytes!("../../../../golden/statistics/magenta1_protocol2.pkl");
    const MAGENTA_3: &[u8] = include_bytes!("../../../../golden/statistics/magenta3_protocol4.pkl");

    fn refused(bytes: &[u8]) -> String {
        parse(bytes, 250.0).unwrap_err()
    }

    #[test]
    fn both_generations_are_read() {
        for (bytes, are_older) in [(MAGENTA_1, true), (MAGENTA_3, false)] {
            let read = parse(bytes, 250.0).unwrap();
            assert_eq!(read.are_older, are_older);
            let expected = DatasetStatistics {
                frame_rate: 250.0,
                mean_pitch_midi: 61.5,
                mean_loudness_db: -22.25,
                mean_max_loudness_db: -8.5,
                pitch_quantiles_midi: None,
                loudness_quantiles_db: vec![-60.0, -30.5, -20.0, -15.0, -5.25],
            };
            assert_eq!(read.statistics, expected);
        }
    }

    #[test]
    fn a_loudness_below_the_scale_of_3_is_of_1() {
        let mut bytes = MAGENTA_3.to_vec();
        let lowest = (-60.0_f64).to_le_bytes();
        let at = bytes.windows(8).position(|window| window == lowest).unwrap();
        bytes[at..at + 8].copy_from_slice(&(-97.5_f64).to_le_bytes());
        assert!(parse(&bytes, 250.0).unwrap().are_older);
    }

    #[test]
    fn what_would_run_is_refused_and_not_run() {
        let refusals: [(&[u8], &str); 6] = [
            (b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.", "found os.system"),
            (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", "found builtins.eval"),
            (b"\x80\x02(X\x04\0\0\0trueios\nsystem\n.", "found INST"),
            (b"\x80\x04K\x01Q.", "found PERSID"),
            (b"\x80\x02cnumpy\nndarray\n)\x81.", "expected a QuantileTransformer to be made"),
            (b"\x80\x00.", "expected protocol 2 to 5, found 0"),
        ];
        for (bytes, says) in refusals {
            let said = refused(bytes);
            assert!(said.contains(says), "{said}");
        }
        assert!(
            refused(b"\x80\x02cos\nsystem\n.")
                .ends_with("nothing was run (at byte 2 of the pickle)")
        );
    }

    #[test]
    fn a_pickle_cut_anywhere_is_an_error() {
        for bytes in [MAGENTA_1, MAGENTA_3] {
            for n in 0..bytes.len() {
                let said = refused(&bytes[..n]);
                assert!(said.contains("ends") || said.contains("expected"), "{n}: {said}");
            }
        }
    }

    #[test]
    fn random_damage_is_survived() {
        let mut state = 7_u64;
        let mut random = |n: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        for bytes in [MAGENTA_1, MAGENTA_3] {
            for _ in 0..20_000 {
                let mut bytes = bytes.to_vec();
                for _ in 0..=random(4) {
                    let at = random(bytes.len());
                    bytes[at] = random(256) as u8;
                }
                let _ = parse(&bytes, 250.0);
            }
        }
    }

    #[test]
    fn a_bomb_does_not_grow() {
        // A tuple of the last tuple twice, again and again: 2^1000 values to whoever walks them.
        let mut nested = b"\x80\x04)".to_vec();
        for _ in 0..1000 {
            nested.extend_from_slice(b"\x94h\x00\x86");
        }
        nested.push(b'.');
        assert!(refused(&nested).contains("expected 'quantile_transform'"));
        // A long text, decoded again and again.
        let mut decoded = b"\x80\x02c_codecs\nencode\nq\x00X\x10\x27\0\0".to_vec();
        decoded.extend([b'x'; 10_000]);
        decoded.extend_from_slice(b"q\x01X\x06\0\0\0latin1q\x02");
        for _ in 0..10_000 {
            decoded.extend_from_slice(b"h\x00h\x01h\x02\x86R");
        }
        assert!(refused(&decoded).contains("expected to decode each text once"));
    }

    #[test]
    fn what_is_missing_or_odd_is_named() {
        assert!(
            refused(b"\x80\x04}.").contains("expected 'quantile_transform' among the statistics")
        );
        let swapped = MAGENTA_3.to_vec();
        let replace = |from: &[u8], to: &[u8]| {
            let mut bytes = swapped.clone();
            let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
            bytes[at..at + to.len()].copy_from_slice(to);
            refused(&bytes)
        };
        assert!(replace(b"mean_pitch\x94", b"mean_putch\x94").contains("expected 'mean_pitch'"));
        assert!(replace(b"uniform", b"normals").contains("found 'normals'"));
        let nan = f64::NAN.to_le_bytes();
        let said = replace(&(-20.0_f64).to_le_bytes(), &nan);
        assert!(said.contains("loudness_quantiles_db"), "{said}");
        let said = replace(&0.25_f64.to_le_bytes(), &0.5_f64.to_le_bytes());
        assert!(said.contains("equally spaced"), "{said}");
    }
}
