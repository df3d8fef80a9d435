//! `ddsp eval`: how well a model plays what was held out.

use ddsp::train::{Clips, Metrics, evaluate, lead_in_frames};
use ddsp_io::dataset::{Dataset, Part};

use crate::args::EvalArgs;
use crate::failure::{Cause, Failure};
use crate::instruments;
use crate::train::{device, model_of};

/// Windows have the length of Magenta's examples.
const WINDOW_S: f64 = 4.0;

/// Runs the command.
pub(crate) fn run(args: &EvalArgs) -> Result<(), Failure> {
    let model = instruments::load(&model_of(&args.model).to_string_lossy())?;
    let dataset = Dataset::open(&args.dataset)?;
    let (config, info) = (model.config(), dataset.info());
    for (what, of_model, of_data) in [
        ("samples", f64::from(config.sample_rate), f64::from(info.sample_rate)),
        ("frames", config.frame_rate(), f64::from(info.frame_rate)),
    ] {
        if (of_model - of_data).abs() > 1e-6 {
            let sentence = format!(
                "expected a data set of {of_model} {what} a second, as the model has, found {of_data}: prepare the recordings with \
                 --sample-rate {} --frame-rate {}",
                config.sample_rate,
                config.frame_rate()
            );
            return Err(Failure::file(Cause::Input, &args.dataset, sentence));
        }
    }
    let refuse = |e: ddsp::train::Error| Failure::file(Cause::Input, &args.dataset, e.to_string());
    let lead_in = lead_in_frames(config);
    let clips = Clips::held_out(dataset.clips(Part::HeldOut)?, config, WINDOW_S, lead_in);
    let clips = clips.ok_or_else(|| {
        let sentence = "expected sound that is held out, found none, or none of half a second: prepare it with --held-out 0.1, or more \
                        of it";
        Failure::file(Cause::Input, &args.dataset, sentence)
    })?;
    let windows = clips.windows(lead_in, usize::MAX);
    let (metrics, _) =
        evaluate(config, model.weights(), &windows, 0, &device("cpu")?).map_err(refuse)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&metrics).expect("numbers alone"));
    } else {
        table(&metrics).iter().for_each(|line| println!("{line}"));
    }
    Ok(())
}

fn table(metrics: &Metrics) -> [String; 7] {
    let Metrics {
        spectral_loss,
        loudness_l1_db,
        f0_l1_semitones,
        f0_outliers,
        f0_lost,
        harmonic_db,
        noise_db,
        seconds,
    } = metrics;
    [
        format!("held out                 {seconds:.0} s"),
        format!("spectral loss            {spectral_loss:.3}"),
        format!("loudness L1              {loudness_l1_db:.3} dB"),
        format!(
            "f0 L1                    {f0_l1_semitones:.4} semitones, of errors up to 50 cents"
        ),
        format!("f0 outliers              {:.2}%", 100.0 * f0_outliers),
        format!("notes played without f0  {:.2}%", 100.0 * f0_lost),
        format!(
            "harmonic, noise part     {harmonic_db:.1}, {noise_db:.1} dB beside the recordings"
        ),
    ]
}
