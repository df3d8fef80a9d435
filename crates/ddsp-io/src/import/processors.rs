//! What makes and changes sound, and what is cut off it.

use ddsp_core::effect::{CropLocation, FilteredNoiseReverbConfig, ReverbConfig};
use ddsp_core::model::ProcessorConfig;
use ddsp_core::resample::ResampleMethod;
use ddsp_core::scale::ScaleFn;
use ddsp_core::synth::{FilteredNoiseConfig, HarmonicConfig, PhaseMode};

use super::gin::{Gin, Object};
use super::part::Part;
use super::recipe::{Crop, Split};
use super::wiring::Synth;
use crate::error::{Error, Result};

/// A synthesizer's description; the columns that it reads join `columns`.
pub(super) fn read_synth(
    gin: &Gin,
    synth: &Synth,
    splits: &[Split],
    n_samples: usize,
    columns: &mut Vec<usize>,
) -> Result<ProcessorConfig> {
    let object = &synth.object;
    let mut take = |input: &str, fits: fn(usize) -> bool| {
        let split = splits.iter().find(|split| split.name == input && fits(split.n));
        let split = split.ok_or_else(|| {
            let detail = format!(
                "expected '{input}' of `ProcessorGroup.dag` among the decoder's outputs, in the size \
                 that {} takes, found none",
                object.class
            );
            Error::checkpoint(gin.path(), detail)
        })?;
        columns.extend(split.first..split.first + split.n);
        Ok::<usize, Error>(split.n)
    };
    if object.class == "Harmonic" {
        let known = [
            "n_samples",
            "sample_rate",
            "scale_fn",
            "normalize_below_nyquist",
            "amp_resample_method",
            "use_angular_cumsum",
            "name",
        ];
        let part = Part::new(gin, object.clone(), &known)?;
        take(&synth.inputs[0], |n| n == 1)?;
        let n_harmonics = take(&synth.inputs[1], |_| true)?;
        if synth.inputs[2] != "f0_hz" {
            let detail = format!(
                "expected Harmonic to play 'f0_hz' in `ProcessorGroup.dag`, found '{}'",
                synth.inputs[2]
            );
            return Err(Error::checkpoint(gin.path(), detail));
        }
        let amp_resample_method = match part.get("amp_resample_method")? {
            None => ResampleMethod::Window,
            Some(found) => match found.text()? {
                "nearest" => ResampleMethod::Nearest,
                "linear" => ResampleMethod::Linear,
                "window" => ResampleMethod::Window,
                _ => return Err(found.expected("'nearest', 'linear' or 'window'")),
            },
        };
        let angular = part.flag("use_angular_cumsum", false)?;
        return Ok(ProcessorConfig::Harmonic(HarmonicConfig {
            n_harmonics,
            amp_resample_method,
            phase_mode: if angular { PhaseMode::MagentaAngular } else { PhaseMode::MagentaF32 },
            normalize_below_nyquist: part.flag("normalize_below_nyquist", true)?,
            scale_fn: part.scale_fn()?,
        }));
    }
    let known = ["n_samples", "window_size", "scale_fn", "initial_bias", "name"];
    let part = Part::new(gin, object.clone(), &known)?;
    if part.scale_fn()? != ScaleFn::ExpSigmoid {
        return Err(part.need("scale_fn")?.expected("@core.exp_sigmoid"));
    }
    if let Some(found) = part.get("n_samples")?.filter(|n| n.size().ok() != Some(n_samples)) {
        return Err(found.expected(&format!("{n_samples}, as `Harmonic.n_samples`")));
    }
    Ok(ProcessorConfig::FilteredNoise(FilteredNoiseConfig {
        n_noise_bands: take(&synth.inputs[0], |_| true)?,
        initial_bias: part.number("initial_bias", -5.0)?,
        window_size: part.size("window_size", 257)?,
    }))
}

pub(super) fn read_reverb(gin: &Gin, object: &Object) -> Result<ProcessorConfig> {
    let is_noise = object.class == "FilteredNoiseReverb";
    let known: &[&str] = if is_noise {
        &[
            "trainable",
            "reverb_length",
            "window_size",
            "n_frames",
            "n_filter_banks",
            "scale_fn",
            "initial_bias",
            "add_dry",
            "name",
        ]
    } else {
        &["trainable", "reverb_length", "add_dry", "name"]
    };
    let part = Part::new(gin, object.clone(), known)?;
    if !part.flag("trainable", false)? {
        let detail = format!(
            "expected `{}.trainable = True`, found another: there is no impulse response in the \
             checkpoint",
            object.class
        );
        return Err(Error::checkpoint(gin.path(), detail));
    }
    let (ir_size, add_dry) = (part.size("reverb_length", 48_000)?, part.flag("add_dry", true)?);
    if !is_noise {
        return Ok(ProcessorConfig::Reverb(ReverbConfig { ir_size, add_dry }));
    }
    if part.scale_fn()? != ScaleFn::ExpSigmoid {
        return Err(part.need("scale_fn")?.expected("@core.exp_sigmoid"));
    }
    Ok(ProcessorConfig::FilteredNoiseReverb(FilteredNoiseReverbConfig {
        ir_size,
        n_frames: part.need("n_frames")?.size()?,
        n_noise_bands: part.need("n_filter_banks")?.size()?,
        initial_bias: part.number("initial_bias", -3.0)?,
        window_size: part.size("window_size", 257)?,
        add_dry,
    }))
}

pub(super) fn read_crop(gin: &Gin, object: Object) -> Result<Crop> {
    let part = Part::new(gin, object, &["frame_size", "crop_location", "name"])?;
    let location = match part.get("crop_location")? {
        None => CropLocation::default(),
        Some(found) => match found.text()? {
            "front" => CropLocation::Front,
            "center" => CropLocation::Center,
            "back" => CropLocation::Back,
            _ => return Err(found.expected("'front', 'center' or 'back'")),
        },
    };
    Ok(Crop { location, frame_size: part.need("frame_size")?.size()? })
}
