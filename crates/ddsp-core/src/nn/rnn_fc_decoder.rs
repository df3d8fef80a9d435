//! The decoder: dense stacks and a GRU from conditioned features to raw outputs.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::model::Weights;
use crate::nn::dense::{FcStack, take_dense};
use crate::nn::gru::Gru;
use crate::nn::matrix::PackedMatrix;
use crate::noise::fill_uniform;
use crate::real::Real;
use crate::simd::Isa;

/// Frames that go through the layers together; the bits do not depend on it.
pub(crate) const MAX_ROWS: usize = 64;

/// A conditioned feature that a decoder listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKey {
    /// Fundamental frequency as MIDI pitch / 127.
    F0Scaled,
    /// Loudness mapped so that the bottom of its range is 0 and 0 dB is 1.
    LoudnessScaled,
    /// The timbre code of an encoder, [`RnnFcDecoderConfig::z_dims`] numbers.
    Z,
}

impl InputKey {
    /// The name of the stack that reads this input, as in the table of weight names.
    pub fn stack_name(self) -> &'static str {
        match self {
            Self::F0Scaled => "f0_stack",
            Self::LoudnessScaled => "loudness_stack",
            Self::Z => "z_stack",
        }
    }
}

/// Sizes of an [`RnnFcDecoder`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RnnFcDecoderConfig {
    /// The inputs, in the order in which their stacks are concatenated.
    pub input_keys: Vec<InputKey>,
    /// Width of the dense layers.
    pub channels: usize,
    /// Width of the recurrent layer.
    pub gru_units: usize,
    /// Dense layers in each stack.
    pub layers_per_stack: usize,
    /// Sum of the sizes of the outputs.
    pub n_outputs: usize,
    /// Numbers of the timbre code; 0 where [`InputKey::Z`] is no input.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub z_dims: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl RnnFcDecoderConfig {
    /// How many numbers of a frame an input has.
    pub fn width(&self, key: InputKey) -> usize {
        match key {
            InputKey::F0Scaled | InputKey::LoudnessScaled => 1,
            InputKey::Z => self.z_dims,
        }
    }

    /// The name and shape of every weight that a decoder of these sizes takes, in the order in which data meets them.
    pub fn weight_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let (channels, units) = (self.channels, self.gru_units);
        let n_concatenated = self.input_keys.len() * channels;
        let stacks = self.input_keys.iter().map(|&key| (key.stack_name(), self.width(key)));
        let stack = |(stack, n_in): (&str, usize)| -> Vec<(String, Vec<usize>)> {
            let layer = |i: usize| {
                let n_in = if i == 0 { n_in } else { channels };
                let vectors = ["dense/bias", "layer_norm/gamma", "layer_norm/beta"];
                let vectors = vectors.map(|part| (format!("{stack}/{i}/{part}"), vec![channels]));
                let kernel = (format!("{stack}/{i}/dense/kernel"), vec![n_in, channels]);
                std::iter::once(kernel).chain(vectors)
            };
            (0..self.layers_per_stack).flat_map(layer).collect()
        };
        let mut shapes: Vec<_> = stacks.flat_map(stack).collect();
        for (part, shape) in [
            ("kernel", vec![n_concatenated, 3 * units]),
            ("recurrent_kernel", vec![units, 3 * units]),
            ("bias", vec![2, 3 * units]),
        ] {
            shapes.push((format!("gru/{part}"), shape));
        }
        shapes.extend(stack(("out_stack", n_concatenated + units)));
        shapes.push(("dense_out/kernel".to_owned(), vec![channels, self.n_outputs]));
        shapes.push(("dense_out/bias".to_owned(), vec![self.n_outputs]));
        shapes
    }

    /// Floating-point operations in the matrix products of one frame: two a weight.
    pub fn flop_per_frame(&self) -> usize {
        let shapes = self.weight_shapes();
        let kernels = shapes.iter().filter(|(name, _)| name.ends_with("kernel"));
        kernels.map(|(_, shape)| 2 * shape.iter().product::<usize>()).sum()
    }

    /// Random weights that keep activations near 1: for tests and benchmarks.
    pub fn random_weights(&self, seed: u64) -> Weights {
        let mut weights = Weights::default();
        for (i, (name, shape)) in self.weight_shapes().into_iter().enumerate() {
            let scale = 1.5 / (shape[0].max(4) as f32).sqrt();
            let scale = if name.ends_with("gamma") { 1.0 } else { scale };
            let mut values = vec![0.0; shape.iter().product()];
            fill_uniform(seed + i as u64, 0, &mut values);
            values.iter_mut().for_each(|x| *x *= scale);
            weights.insert(name, shape, values);
        }
        weights
    }
}

/// A streaming decoder: one dense stack for each input, a GRU over their concatenation, a dense
/// stack over both, a dense layer out.
///
/// *Shapes*: inputs `n_frames × n_inputs`, raw outputs `n_frames × n_outputs`, frame-major.
///
/// *Reference*: Engel et al. 2020, "DDSP: Differentiable digital signal processing", B.2; Magenta's
/// `decoders.RnnFcDecoder`.
#[derive(Debug, Clone)]
pub struct RnnFcDecoder<R> {
    isa: Isa,
    /// Each input's width and stack.
    input_stacks: Vec<(usize, FcStack<R>)>,
    gru: Gru<R>,
    out_stack: FcStack<R>,
    dense_out: PackedMatrix<R>,
    channels: usize,
    scratch: Scratch<R>,
}

/// Buffers for [`MAX_ROWS`] frames.
#[derive(Debug, Clone)]
struct Scratch<R> {
    input: Vec<R>,
    stack: Vec<R>,
    spare: Vec<R>,
    concatenated: Vec<R>,
    gates: Vec<R>,
    states: Vec<R>,
    joined: Vec<R>,
}

impl<R: Real> RnnFcDecoder<R> {
    /// Takes the decoder's weights, those of [`RnnFcDecoderConfig::weight_shapes`].
    ///
    /// *Errors*: a weight is missing or has another shape than `config` says.
    pub fn new(config: &RnnFcDecoderConfig, weights: &mut Weights) -> Result<Self, Error> {
        let (channels, units, layers) =
            (config.channels, config.gru_units, config.layers_per_stack);
        let n_concatenated = config.input_keys.len() * channels;
        let input_stacks = config
            .input_keys
            .iter()
            .map(|&key| {
                let n_in = config.width(key);
                Ok((n_in, FcStack::new(weights, key.stack_name(), n_in, channels, layers)?))
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let gru = Gru::new(weights, "gru", n_concatenated, units)?;
        let out_stack =
            FcStack::new(weights, "out_stack", n_concatenated + units, channels, layers)?;
        let dense_out = take_dense(weights, "dense_out", channels, config.n_outputs)?;
        let rows = |width: usize| vec![R::default(); MAX_ROWS * width];
        let scratch = Scratch {
            input: rows(input_stacks.iter().map(|(n, _)| *n).max().unwrap_or(0)),
            stack: rows(channels),
            spare: rows(channels),
            concatenated: rows(n_concatenated),
            gates: rows(3 * units),
            states: rows(units),
            joined: rows(n_concatenated + units),
        };
        Ok(Self { isa: Isa::detect(), input_stacks, gru, out_stack, dense_out, channels, scratch })
    }

    /// Runs on another instruction set than the machine's best: for tests and benchmarks.
    pub fn with_isa(mut self, isa: Isa) -> Self {
        self.isa = isa;
        self
    }

    /// The number of inputs of a frame.
    pub fn n_inputs(&self) -> usize {
        self.input_stacks.iter().map(|(n, _)| n).sum()
    }

    /// The number of raw outputs of a frame.
    pub fn n_outputs(&self) -> usize {
        self.dense_out.n_out()
    }

    /// Forgets everything heard. *Real time*: does not allocate.
    pub fn reset(&mut self) {
        self.gru.reset();
    }

    /// Decodes the next frames: `inputs` `n_frames × n_inputs` to `raw` `n_frames × n_outputs`.
    ///
    /// *Real time*: does not allocate; the cost is proportional to the number of frames.
    pub fn process(&mut self, inputs: &[R], raw: &mut [R]) {
        let (n_inputs, n_outputs) = (self.n_inputs(), self.n_outputs());
        debug_assert_eq!(inputs.len() * n_outputs, raw.len() * n_inputs);
        let chunks = inputs.chunks(MAX_ROWS * n_inputs).zip(raw.chunks_mut(MAX_ROWS * n_outputs));
        for (inputs, raw) in chunks {
            self.process_rows(inputs, raw);
        }
    }

    fn process_rows(&mut self, inputs: &[R], raw: &mut [R]) {
        let Self { isa, channels, scratch, .. } = self;
        let (isa, channels) = (*isa, *channels);
        let n_inputs = self.input_stacks.iter().map(|(n, _)| n).sum();
        let n_rows = inputs.len() / n_inputs;
        let n_concatenated = self.input_stacks.len() * channels;
        let n_joined = n_concatenated + self.gru.units();
        let stack = &mut scratch.stack[..n_rows * channels];
        let spare = &mut scratch.spare[..n_rows * channels];
        let concatenated = &mut scratch.concatenated[..n_rows * n_concatenated];

        let mut first = 0;
        for (i, (width, input_stack)) in self.input_stacks.iter().enumerate() {
            let input = &mut scratch.input[..n_rows * width];
            for (x, row) in input.chunks_exact_mut(*width).zip(inputs.chunks_exact(n_inputs)) {
                x.copy_from_slice(&row[first..first + width]);
            }
            first += width;
            input_stack.process(isa, input, stack, spare);
            copy_columns(stack, channels, concatenated, n_concatenated, i * channels);
        }

        let states = &mut scratch.states[..n_rows * self.gru.units()];
        let gates = &mut scratch.gates[..n_rows * 3 * self.gru.units()];
        self.gru.process(isa, concatenated, states, gates);

        let joined = &mut scratch.joined[..n_rows * n_joined];
        copy_columns(concatenated, n_concatenated, joined, n_joined, 0);
        copy_columns(states, self.gru.units(), joined, n_joined, n_concatenated);
        self.out_stack.process(isa, joined, stack, spare);
        self.dense_out.multiply(isa, stack, raw);
    }
}

/// Copies rows of width `n_from` into the columns from `first` on of rows of width `n_to`.
fn copy_columns<R: Copy>(from: &[R], n_from: usize, to: &mut [R], n_to: usize, first: usize) {
    for (from, to) in from.chunks_exact(n_from).zip(to.chunks_exact_mut(n_to)) {
        to[first..first + n_from].copy_from_slice(from);
    }
}
