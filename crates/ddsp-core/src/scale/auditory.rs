//! Scales of hearing: Bark, mel and the equivalent rectangular bandwidth.

use crate::real::Real;

/// Frequency to critical-band rate in Bark.
///
/// *Reference*: Traunmueller 1990, "Analytical expressions for the tonotopic sensory scale", eq. 6;
/// Magenta's `core.hz_to_bark`.
pub fn hz_to_bark<R: Real>(hz: R) -> R {
    R::narrow(26.81 / (1.0 + 1960.0 / hz.widen()) - 0.53)
}

/// Critical-band rate in Bark to frequency.
///
/// *Reference*: as [`hz_to_bark`]; Magenta's `core.bark_to_hz`.
pub fn bark_to_hz<R: Real>(bark: R) -> R {
    R::narrow(1960.0 / (26.81 / (bark.widen() + 0.53) - 1.0))
}

/// Frequency to mel, 1000 Hz being 1000.
///
/// *Reference*: Young et al., "The HTK Book", section 5.4; Magenta's `core.hz_to_mel`.
pub fn hz_to_mel<R: Real>(hz: R) -> R {
    R::narrow(2595.0 * (1.0 + hz.widen() / 700.0).log10())
}

/// Mel to frequency.
///
/// *Reference*: as [`hz_to_mel`]; Magenta's `core.mel_to_hz`.
pub fn mel_to_hz<R: Real>(mel: R) -> R {
    R::narrow(700.0 * (10.0_f64.powf(mel.widen() / 2595.0) - 1.0))
}

/// The equivalent rectangular bandwidth, in hertz, of the auditory filter at a frequency.
///
/// *Reference*: Moore and Glasberg 1996, "A revision of Zwicker's loudness model"; Magenta's
/// `core.hz_to_erb`.
pub fn hz_to_erb<R: Real>(hz: R) -> R {
    R::narrow(0.108 * hz.widen() + 24.7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_go_there_and_back_and_grow() {
        let mut before = (f64::MIN, f64::MIN, 0.0);
        for i in 1..200 {
            let hz = 40.0 * f64::from(i);
            assert!((bark_to_hz(hz_to_bark(hz)) - hz).abs() < 1e-8);
            assert!((mel_to_hz(hz_to_mel(hz)) - hz).abs() < 1e-8);
            let now = (hz_to_bark(hz), hz_to_mel(hz), hz_to_erb(hz));
            assert!(now.0 > before.0 && now.1 > before.1 && now.2 > before.2);
            before = now;
        }
    }

    #[test]
    fn a_thousand_hertz_is_where_the_scales_meet() {
        assert!((hz_to_mel(1000.0_f64) - 1000.0).abs() < 0.1);
        assert!((hz_to_bark(1000.0_f64) - 8.5).abs() < 0.05);
        assert!((hz_to_erb(1000.0_f64) - 132.7).abs() < 1e-9);
    }
}
