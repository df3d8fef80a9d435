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
