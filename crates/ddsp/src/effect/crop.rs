//! Cutting what padded frames have added.

use burn::tensor::Tensor;
use ddsp_core::effect::CropLocation;

/// What is left of clips of which a frame is cut away.
///
/// *Shapes*: `audio` `[batch, n_samples]`.
///
/// *Reference*: Magenta's `processors.Crop`.
pub fn crop(audio: Tensor<2>, frame_size: usize, location: CropLocation) -> Tensor<2> {
    let range = location.range(audio.dims()[1], frame_size);
    audio.narrow(1, range.start, range.len())
}
