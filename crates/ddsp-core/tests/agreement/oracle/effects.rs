//! Group `effects`.

use ddsp_cases::Case;
use ddsp_core::effect::{
    CropLocation, FilteredNoiseReverbConfig, Reverb, ReverbConfig, exp_decay_ir, filtered_noise_ir,
};
use ddsp_core::filter::{Padding, frequency_filter};
use ddsp_core::real::Real;
use ddsp_core::scale::exp_sigmoid;

use super::{Outputs, output, real};

pub(super) fn run<R: Real>(case: &Case) -> Outputs {
    match case.function.as_str() {
        "effects.Reverb" => reverb::<R>(case),
        "effects.ExpDecayReverb" => exp_decay::<R>(case),
        "effects.FilteredNoiseReverb" => filtered_noise::<R>(case),
        "processors.Add" => {
            let of = |name: &str| real::<R>(case.tensors.get(name));
            let sum = of("in/signal_one").into_iter().zip(of("in/signal_two")).map(|(a, b)| a + b);
            Some(vec![output("signal", sum.collect())])
        }
        "processors.Crop" => {
            let location: CropLocation =
                serde_json::from_value(case.args["crop_location"].clone()).unwrap();
            let n = case.tensors.shape("in/audio")[1];
            let range = location.range(n, case.size("frame_size"));
            let clips = real::<R>(case.tensors.get("in/audio"));
            let cut = clips.chunks(n).flat_map(|clip| clip[range.clone()].to_vec());
            Some(vec![output("signal", cut.collect())])
        }
        "effects.FIRFilter" => fir_filter::<R>(case),
        _ => None,
    }
}

fn reverb<R: Real>(case: &Case) -> Outputs {
    let [n_batch, n_samples] = *case.tensors.shape("in/audio") else { return None };
    // A learned response is a variable that all of the batch share.
    let (ir, n_ir) = match case.tensors.under("w/").next() {
        Some((_, _, ir)) => (real::<R>(ir), 1),
        None => (real::<R>(case.tensors.get("in/ir")), n_batch),
    };
    let ir_size = ir.len() / n_ir;
    let config = ReverbConfig { ir_size, add_dry: case.args["add_dry"] != false };
    let mut signal = real::<R>(case.tensors.get("in/audio"));
    for (b, signal) in signal.chunks_mut(n_samples).enumerate() {
        let ir = &ir[b.min(n_ir - 1) * ir_size..][..ir_size];
        Reverb::<R>::new(&config, ir).unwrap().process(signal);
    }
    Some(vec![output("signal", signal)])
}

/// Gain and decay of each clip, or the variables that all share.
fn exp_decay<R: Real>(case: &Case) -> Outputs {
    let noise = real::<R>(case.tensors.get("in/noise"));
    let of = |name: &str| real::<R>(case.tensors.get(name));
    let (gains, decays) = if case.args["trainable"] == true {
        (of("w/00:gain:0"), of("w/01:decay:0"))
    } else {
        (of("in/gain"), of("in/decay"))
    };
    let irs = gains.iter().zip(&decays).map(|(&gain, &decay)| exp_decay_ir(&noise, gain, decay));
    reverberated(case, &irs.collect::<Vec<_>>())
}

fn filtered_noise<R: Real>(case: &Case) -> Outputs {
    let name = if case.args["trainable"] == true { "w/00:magnitudes:0" } else { "in/magnitudes" };
    let [.., n_frames, n_noise_bands] = *case.tensors.shape(name) else { return None };
    let config = FilteredNoiseReverbConfig {
        ir_size: case.size("reverb_length"),
        n_frames,
        n_noise_bands,
        initial_bias: case.args["initial_bias"].as_f64()?,
        window_size: case.size("window_size"),
        add_dry: true,
    };
    let (magnitudes, noise) = (real::<R>(case.tensors.get(name)), case.tensors.get("in/noise"));
    let irs = magnitudes.chunks(n_frames * n_noise_bands).zip(noise.chunks(config.ir_size));
    let irs = irs.map(|(m, noise)| filtered_noise_ir(&config, m, &real::<R>(noise)).unwrap());
    reverberated(case, &irs.collect::<Vec<_>>())
}

/// The clips of a case through a response each, or through one.
fn reverberated<R: Real>(case: &Case, irs: &[Vec<R>]) -> Outputs {
    let [_, n_samples] = *case.tensors.shape("in/audio") else { return None };
    let config = ReverbConfig { ir_size: irs[0].len(), add_dry: true };
    let mut signal = real::<R>(case.tensors.get("in/audio"));
    for (b, signal) in signal.chunks_mut(n_samples).enumerate() {
        Reverb::<R>::new(&config, &irs[b.min(irs.len() - 1)]).unwrap().process(signal);
    }
    Some(vec![output("control.ir", irs.concat()), output("signal", signal)])
}

/// `exp_sigmoid` of the magnitudes, then [`frequency_filter`].
fn fir_filter<R: Real>(case: &Case) -> Outputs {
    let [n_batch, _, n_bands] = *case.tensors.shape("in/magnitudes") else { return None };
    let magnitudes = real::<R>(case.tensors.get("in/magnitudes"));
    let magnitudes: Vec<R> = magnitudes.into_iter().map(exp_sigmoid).collect();
    let audio = real::<R>(case.tensors.get("in/audio"));
    let window_size = case.size("window_size");
    let rows = audio.chunks(audio.len() / n_batch);
    let signal = rows.zip(magnitudes.chunks(magnitudes.len() / n_batch)).flat_map(|(audio, m)| {
        frequency_filter(audio, m, n_bands, window_size, Padding::Same).unwrap()
    });
    let signal: Vec<R> = signal.collect();
    Some(vec![output("control.magnitudes", magnitudes), output("signal", signal)])
}
