//! A model file, played for a few frames if it loads and is no giant.
#![no_main]

use ddsp_core::condition::Frames;
use ddsp_core::engine::Engine;
use ddsp_core::model::Model;
use libfuzzer_sys::fuzz_target;

/// A model that takes longer than a moment is not played.
const MAX_PARAMETERS: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Ok(model) = Model::from_bytes(bytes) else { return };
    if model.weights().n_parameters() > MAX_PARAMETERS || model.config().hop_size > 1024 {
        return;
    }
    let Ok(mut engine) = Engine::prepare(&model, 0) else { return };
    let frames = Frames {
        f0_hz: &[220.0, 0.0, 4000.0],
        f0_scaled: &[0.4, 0.0, 0.8],
        loudness_scaled: &[0.7, 0.0, 1.2],
        harmonic_gain: &[1.0, 0.0, 1.0],
    };
    let signal = engine.render(frames, |_| ());
    assert_eq!(signal.len(), 3 * model.config().hop_size);
    assert_eq!(
        Model::from_bytes(&model.to_bytes()).as_ref().map(Model::config),
        Ok(model.config())
    );
});
