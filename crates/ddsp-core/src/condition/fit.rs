//! Auto adjust, quiet and autotune: what is done to the notes of a clip and to the gaps between them.

use super::{
    Adjusted, Adjustments, DatasetStatistics, Features, NoteDetection, Notes, QuantileTransform,
    Scale, TuneForm, auto_tune, detect_notes, fit_quantile_transform, tuning_factor,
};
use crate::scale::{hz_to_midi, midi_to_hz};

/// Over how long confidence is averaged before notes are told from gaps: Magenta's 40 frames at 250 a second.
const SMOOTHING_S: f64 = 0.16;
/// A pitch must be this much nearer to another note before autotune leaves the one it holds.
const HOLD_SEMITONES: f64 = 0.2;

/// Features on their way to the instrument.
pub(super) struct Fit<'a> {
    heard: &'a Features,
    floor_db: f64,
    pub(super) f0_hz: Vec<f64>,
    pub(super) loudness_db: Vec<f64>,
    pub(super) adjusted: Adjusted,
}

impl<'a> Fit<'a> {
    pub(super) fn new(heard: &'a Features, floor_db: f64) -> Self {
        let wide = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect();
        let (f0_hz, loudness_db) = (wide(&heard.f0_hz), wide(&heard.loudness_db));
        Self { heard, floor_db, f0_hz, loudness_db, adjusted: Adjusted::default() }
    }

    /// Finds notes, and does to them and to the gaps what is asked for.
    pub(super) fn apply(
        &mut self,
        adjustments: &Adjustments,
        statistics: Option<&DatasetStatistics>,
        frame_rate: f64,
    ) {
        let compat = adjustments.magenta_compat;
        let statistics = statistics.filter(|_| adjustments.auto_adjust);
        let asked = adjustments.quiet_db > 0.0 || adjustments.autotune > 0.0;
        if self.f0_hz.is_empty() || (statistics.is_none() && (compat || !asked)) {
            return;
        }
        let notes = self.find_notes(adjustments, frame_rate);
        let n_notes = notes.mask_on.iter().filter(|on| **on).count();
        self.adjusted.note_share = Some(n_notes as f64 / notes.mask_on.len() as f64);
        if n_notes == 0 {
            if !compat {
                self.turn_down_gaps(&notes, adjustments.quiet_db, None);
            }
            return;
        }
        let transform = statistics.map(|statistics| {
            self.fit_octave(&notes.mask_on, statistics.mean_pitch_midi, compat);
            self.fit_loudness(&notes.mask_on, statistics)
        });
        let transform = transform.as_ref().filter(|_| !compat);
        self.turn_down_gaps(&notes, adjustments.quiet_db, transform);
        if adjustments.autotune > 0.0 {
            self.tune(&notes.mask_on, adjustments);
        }
    }

    fn find_notes(&self, adjustments: &Adjustments, frame_rate: f64) -> Notes<f64> {
        let min_db = self.floor_db;
        let detection = if adjustments.magenta_compat {
            let note_threshold = adjustments.f0_confidence_threshold;
            NoteDetection { note_threshold, min_db, ..NoteDetection::default() }
        } else {
            let smoothing_frames = (SMOOTHING_S * frame_rate).round().max(1.0) as usize;
            NoteDetection { smoothing_frames, min_db, ..NoteDetection::default() }
        };
        let f0_confidence: Vec<f64> =
            self.heard.f0_confidence.iter().map(|&c| f64::from(c)).collect();
        let mut notes = detect_notes(&self.loudness_db, &f0_confidence, &detection);
        if !adjustments.magenta_compat {
            for (on, &hz) in notes.mask_on.iter_mut().zip(&self.f0_hz) {
                *on &= hz > 0.0;
            }
        }
        notes
    }

    /// Moves the pitch by whole octaves to where the instrument's is.
    fn fit_octave(&mut self, mask_on: &[bool], mean_pitch_midi: f64, compat: bool) {
        let mean = mean(on(&self.f0_hz, mask_on).map(hz_to_midi));
        let octaves = (mean_pitch_midi - mean) / 12.0;
        let octaves = match (compat, octaves > 1.5) {
            (false, _) => octaves.round(),
            (true, true) => octaves.floor(),
            (true, false) => octaves.ceil(),
        };
        self.adjusted.fitted_octaves = Some(octaves);
        let most = if compat { midi_to_hz(super::conditioning::MAX_PITCH_MIDI) } else { f64::MAX };
        self.f0_hz.iter_mut().for_each(|hz| *hz = (*hz * octaves.exp2()).min(most));
    }

    /// Gives the loudness of notes the distribution of the instrument's; returns both distributions.
    fn fit_loudness(
        &mut self,
        mask_on: &[bool],
        statistics: &DatasetStatistics,
    ) -> [QuantileTransform; 2] {
        let quantiles = statistics.loudness_quantiles_db.iter().map(|&q| f64::from(q)).collect();
        let target = QuantileTransform::from_quantiles(quantiles);
        let (own, fitted) = fit_quantile_transform(&self.loudness_db, mask_on, Some(&target));
        let difference = on(&fitted, mask_on).zip(on(&self.loudness_db, mask_on));
        self.adjusted.fitted_db = Some(mean(difference.map(|(new, old)| new - old)));
        self.loudness_db = fitted;
        [own, target]
    }

    /// Lowers what is no note: by `quiet_db` where it is none at all, and to where the transform puts it if that is
    /// lower.
    fn turn_down_gaps(
        &mut self,
        notes: &Notes<f64>,
        quiet_db: f64,
        transform: Option<&[QuantileTransform; 2]>,
    ) {
        for (i, db) in self.loudness_db.iter_mut().enumerate() {
            if notes.mask_on[i] {
                continue;
            }
            if let Some([own, target]) = transform {
                *db = db.min(target.inverse(own.transform(*db)));
            }
            *db -= quiet_db * (1.0 - notes.note_on_ratio[i]);
        }
    }

    /// Draws the pitch to the notes of the scale.
    fn tune(&mut self, mask_on: &[bool], adjustments: &Adjustments) {
        let Adjustments { autotune, autotune_form, magenta_compat, .. } = *adjustments;
        let f0_midi: Vec<f64> = self.f0_hz.iter().map(|&hz| hz_to_midi(hz)).collect();
        let confidence: Vec<f64> = self.heard.f0_confidence.iter().map(|&c| f64::from(c)).collect();
        let tuning = tuning_factor(&f0_midi, &confidence, mask_on);
        let tuned = if magenta_compat || autotune_form == TuneForm::Chromatic {
            auto_tune(&f0_midi, tuning, mask_on, autotune, autotune_form)
        } else {
            let centred: Vec<f64> = f0_midi.iter().map(|midi| midi - tuning).collect();
            let scale = Scale::inferred(&centred, mask_on);
            self.adjusted.scale = Some(scale.name());
            held_notes(&centred, scale)
                .zip(&f0_midi)
                .map(|(note, midi)| midi + autotune * (note - midi))
                .collect()
        };
        for (hz, midi) in self.f0_hz.iter_mut().zip(tuned) {
            if *hz > 0.0 || magenta_compat {
                *hz = midi_to_hz(midi);
            }
        }
    }
}

/// The note of the scale that each frame plays: the nearest, but one that is held is left only for one that is
/// nearer by [`HOLD_SEMITONES`], so that vibrato and a wavering voice do not trill.
fn held_notes(f0_midi: &[f64], scale: Scale) -> impl Iterator<Item = f64> {
    let mut held = f64::INFINITY;
    f0_midi.iter().map(move |midi| {
        let nearest = scale.nearest(*midi);
        if (held - midi).abs() > (nearest - midi).abs() + HOLD_SEMITONES {
            held = nearest;
        }
        held
    })
}

fn on<'a>(values: &'a [f64], mask_on: &'a [bool]) -> impl Iterator<Item = f64> + 'a {
    values.iter().zip(mask_on).filter(|(_, on)| **on).map(|(value, _)| *value)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = values.fold((0, 0.0), |(n, sum), x| (n + 1, sum + x));
    sum / f64::from(n.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::condition;
    use crate::feature::loudness::LoudnessConfig;

    const N: usize = 200;

    /// A note of 57 midi at -30 dB, then a noisy gap at -40 dB, then digital silence.
    fn features() -> Features {
        let of = |note: f32, gap: f32, silence: f32| {
            [vec![note; N], vec![gap; N], vec![silence; N]].concat()
        };
        Features {
            f0_hz: of(220.0, 150.0, 150.0),
            f0_confidence: of(0.95, 0.1, 0.0),
            loudness_db: of(-30.0, -40.0, -80.0),
        }
    }

    fn statistics(mean_pitch_midi: f64, loudness_db: f32) -> DatasetStatistics {
        DatasetStatistics {
            frame_rate: 250.0,
            mean_pitch_midi,
            mean_loudness_db: f64::from(loudness_db),
            mean_max_loudness_db: f64::from(loudness_db),
            pitch_quantiles_midi: None,
            loudness_quantiles_db: vec![loudness_db, loudness_db],
        }
    }

    fn fitted(
        adjustments: Adjustments,
        statistics: &DatasetStatistics,
    ) -> (Vec<f64>, Vec<f64>, Adjusted) {
        let loudness = LoudnessConfig::magenta_3();
        let (frames, adjusted) =
            condition(&features(), &adjustments, &loudness, Some(statistics), 250.0);
        let wide = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
        let db = wide(&frames.loudness_scaled).iter().map(|x| loudness.unscale(*x)).collect();
        (wide(&frames.f0_hz), db, adjusted)
    }

    const AUTO: Adjustments = Adjustments {
        auto_adjust: true,
        quiet_db: 0.0,
        autotune: 0.0,
        autotune_form: TuneForm::MajorScale,
        f0_octave_shift: 0.0,
        f0_confidence_threshold: 0.0,
        loudness_db_shift: 0.0,
        magenta_compat: false,
    };

    #[test]
    fn notes_go_to_the_nearest_octave_and_magenta_rounds_up() {
        let octaves = |mean_pitch_midi, magenta_compat| {
            let adjustments = Adjustments {
                magenta_compat,
                // Magenta's threshold of loudness, at which the note alone is one.
                f0_confidence_threshold: if magenta_compat { 0.9 } else { 0.0 },
                ..AUTO
            };
            fitted(adjustments, &statistics(mean_pitch_midi, -30.0)).2.fitted_octaves.unwrap()
        };
        // 57 midi and a twelfth of an octave, a third, two thirds and one and three quarters.
        assert_eq!([58.0, 61.0, 65.0, 78.0].map(|midi| octaves(midi, false)), [0.0, 0.0, 1.0, 2.0]);
        assert_eq!([58.0, 61.0, 65.0, 78.0].map(|midi| octaves(midi, true)), [1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn gaps_come_down_with_notes_and_never_up() {
        let at = |loudness_db| fitted(AUTO, &statistics(57.0, loudness_db)).1;
        let (softer, louder) = (at(-50.0), at(-10.0));
        assert!((softer[N / 2] + 50.0).abs() < 1e-4 && (softer[N + N / 2] + 50.0).abs() < 1e-4);
        assert!((louder[N / 2] + 10.0).abs() < 1e-4 && (louder[N + N / 2] + 40.0).abs() < 1e-4);
        assert_eq!((softer[3 * N - 1], louder[3 * N - 1]), (-80.0, -80.0));
    }

    #[test]
    fn quiet_lowers_gaps_alone_and_does_nothing_in_magenta_at_threshold_0() {
        let quiet = |quiet_db, magenta_compat| {
            fitted(Adjustments { quiet_db, magenta_compat, ..AUTO }, &statistics(57.0, -30.0)).1
        };
        let (loud, soft) = (quiet(0.0, false), quiet(30.0, false));
        assert_eq!(loud[N / 2], soft[N / 2]);
        assert!((25.0..30.0).contains(&(loud[N + N / 2] - soft[N + N / 2])));
        assert_eq!(quiet(0.0, true), quiet(30.0, true));
    }

    #[test]
    fn unsure_frames_keep_their_pitch_and_lose_it_in_magenta() {
        let pitch = |magenta_compat| {
            let adjustments = Adjustments { f0_confidence_threshold: 0.5, magenta_compat, ..AUTO };
            fitted(adjustments, &statistics(57.0, -30.0)).0
        };
        assert_eq!((pitch(false)[N + 1], pitch(true)[N + 1]), (150.0, 0.0));
    }

    #[test]
    fn without_statistics_quiet_still_works_and_not_in_magenta() {
        let loudness = LoudnessConfig::magenta_3();
        let note_share = |magenta_compat| {
            let adjustments = Adjustments { quiet_db: 20.0, magenta_compat, ..AUTO };
            condition(&features(), &adjustments, &loudness, None, 250.0).1.note_share
        };
        assert!(note_share(false).is_some_and(|share| (0.3..0.4).contains(&share)));
        assert_eq!(note_share(true), None);
    }

    #[test]
    fn vibrato_around_the_middle_between_notes_is_held() {
        let sung: Vec<f64> = (0..400).map(|i| 60.5 + 0.1 * (0.2 * f64::from(i)).sin()).collect();
        let scale = Scale::inferred(&[60.0, 61.0, 63.0, 65.0, 66.0, 68.0, 70.0], &[true; 7]);
        assert_eq!(scale.name(), "C# major");
        let notes: Vec<f64> = held_notes(&sung, scale).collect();
        assert!(notes.iter().all(|note| *note == notes[0]), "{notes:?}");
    }
}
