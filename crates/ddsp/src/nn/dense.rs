//! Dense layers.

use burn::tensor::Tensor;
use ddsp_core::nn::dense::{LAYER_NORM_EPSILON, LEAKY_RELU_ALPHA};
use ddsp_core::nn::mfcc_encoder::NORMALIZE_EPSILON;

use crate::cpu::{self, NormOp};
use crate::nn::Parameters;

/// `x kernel + bias` in every frame.
///
/// *Shapes*: `x` `[batch, n_frames, n_in]`, `kernel` `[n_in, n_out]`, `bias` `[n_out]`.
pub fn dense(x: Tensor<3>, kernel: Tensor<2>, bias: Tensor<1>) -> Tensor<3> {
    let ([n_batch, n_frames, n_in], [_, n_out]) = (x.dims(), kernel.dims());
    let rows = x.reshape([n_batch * n_frames, n_in]).matmul(kernel) + bias.unsqueeze();
    rows.reshape([n_batch, n_frames, n_out])
}

/// Each frame less its mean, over its deviation, scaled and shifted.
///
/// *Reference*: Ba et al. 2016, with the epsilon of Keras, 1e-3.
pub fn layer_norm(x: Tensor<3>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<3> {
    let centred = x.clone() - x.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    centred / (variance + LAYER_NORM_EPSILON).sqrt() * gamma.unsqueeze() + beta.unsqueeze()
}

/// How frames are put into groups before their mean and deviation are taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// All channels together.
    Layer,
    /// Each channel by itself.
    Instance,
    /// 32 groups of neighbouring channels.
    Group,
}

/// Takes mean and deviation over all frames away, then scales and shifts each channel.
///
/// *Panics* for groups that do not divide the channels.
///
/// *Reference*: Magenta's `nn.Normalize`; Ulyanov et al. 2016, Wu and He 2018.
pub fn normalize(x: Tensor<3>, norm: Norm, scale: Tensor<1>, shift: Tensor<1>) -> Tensor<3> {
    let [n_batch, n_frames, n_channels] = x.dims();
    let n_groups = match norm {
        Norm::Layer => 1,
        Norm::Instance => n_channels,
        Norm::Group => 32,
    };
    let x: Tensor<4> = x.reshape([n_batch, n_frames, n_groups, n_channels / n_groups]);
    let mean = |x: Tensor<4>| x.mean_dim(1).mean_dim(3);
    let centred = x.clone() - mean(x);
    let variance = mean(centred.clone().square());
    let x = centred / (variance + NORMALIZE_EPSILON).sqrt();
    x.reshape([n_batch, n_frames, n_channels]) * scale.unsqueeze() + shift.unsqueeze()
}

/// What is negative times 0.2.
pub fn leaky_relu(x: Tensor<3>) -> Tensor<3> {
    burn::tensor::activation::leaky_relu(x, LEAKY_RELU_ALPHA)
}

/// Dense layer, layer norm, leaky ReLU: the weights `NAME/dense/kernel` and so on.
///
/// *Reference*: Magenta's `nn.Fc`.
pub fn fc(x: Tensor<3>, parameters: &Parameters, name: &str) -> Tensor<3> {
    let one = |part: &str| parameters.get::<1>(&format!("{name}/{part}"));
    if cpu::takes(&x) {
        let [n_batch, n_frames, n_in] = x.dims();
        let kernel = parameters.get::<2>(&format!("{name}/dense/kernel"));
        let n_out = kernel.dims()[1];
        let product = x.reshape([n_batch * n_frames, n_in]).matmul(kernel);
        let rest = (one("layer_norm/gamma"), one("layer_norm/beta").unsqueeze());
        let y: Tensor<2> = cpu::apply(NormOp, product, one("dense/bias"), Some(rest));
        return y.reshape([n_batch, n_frames, n_out]);
    }
    let x = dense(x, parameters.get(&format!("{name}/dense/kernel")), one("dense/bias"));
    leaky_relu(layer_norm(x, one("layer_norm/gamma"), one("layer_norm/beta")))
}

/// `n_layers` times [`fc`]: the weights `NAME/0/...` and so on.
///
/// *Reference*: Magenta's `nn.FcStack`.
pub fn fc_stack(x: Tensor<3>, parameters: &Parameters, name: &str, n_layers: usize) -> Tensor<3> {
    (0..n_layers).fold(x, |x, i| fc(x, parameters, &format!("{name}/{i}")))
}
