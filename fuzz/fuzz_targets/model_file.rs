//! A model file, or a description alone with the weights of a tiny instrument; played for a few frames if it loads and is
//! no giant.
#![no_main]

use std::sync::OnceLock;

use ddsp_core::condition::Frames;
use ddsp_core::engine::Engine;
use ddsp_core::model::{Model, ModelConfig, Precision};
use libfuzzer_sys::fuzz_target;

const SEED: &[u8] = include_bytes!("../seeds/model_file/tiny");
static TINY: OnceLock<Model> = OnceLock::new();
/// A model that takes longer than a moment is not played.
const MAX_PARAMETERS: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    // In a file the header's length would have to change with the description's.
    let model = match bytes.first() {
        Some(b'{') => serde_json::from_slice::<ModelConfig>(bytes).ok().and_then(|config| {
            let tiny = TINY.get_or_init(|| Model::from_bytes(SEED).expect("the seed is a model"));
            Model::new(config, tiny.weights().clone(), Precision::F32).ok()
        }),
        _ => Model::from_bytes(bytes).ok(),
    };
    let Some(model) = model else { return };
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
