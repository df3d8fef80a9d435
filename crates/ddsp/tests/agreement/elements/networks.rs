//! Networks.

use ddsp::burn::tensor::Tensor;
use ddsp::nn::{Parameters, fc_stack, gru, mfcc_encoder, rnn_fc_decoder};
use ddsp_core::model::Weights;
use ddsp_core::nn::dense::FcStack;
use ddsp_core::nn::gru::Gru;
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{MfccEncoder, MfccEncoderConfig, RnnFcDecoder, RnnFcDecoderConfig};
use ddsp_core::real::Real;
use ddsp_core::simd::Isa;

use super::{Chooser, Draw, Element};

/// Weights as the leaves behind the first `n` inputs.
fn parameters(
    d: &Draw,
    leaves: &[Tensor<1>],
    first: usize,
    shapes: Vec<(String, Vec<usize>)>,
) -> Parameters {
    let mut parameters = Parameters::default();
    for (i, (name, shape)) in shapes.into_iter().enumerate() {
        assert_eq!(d.inputs[first + i].0, shape);
        parameters.insert(name, shape, leaves[first + i].clone());
    }
    parameters
}

fn weights(d: &Draw, first: usize, shapes: Vec<(String, Vec<usize>)>) -> Weights {
    let mut weights = Weights::default();
    for (i, (name, shape)) in shapes.into_iter().enumerate() {
        weights.insert(name, shape, d.values::<f32>(first + i));
    }
    weights
}

/// Inputs for weights of these shapes.
fn drawn(c: &mut Chooser, shapes: &[(String, Vec<usize>)]) -> Vec<(Vec<usize>, Vec<f64>)> {
    let one = |(name, shape): &(String, Vec<usize>)| {
        let scale = 1.5 / (shape[0] as f64).sqrt();
        let is_scale = name.ends_with("gamma") || name.ends_with("scale");
        if is_scale { c.input(shape, 0.5, 1.5) } else { c.input(shape, -scale, scale) }
    };
    shapes.iter().map(one).collect()
}

pub(super) fn networks() -> Vec<Element> {
    fn stack_shapes(n_in: usize, n: usize) -> Vec<(String, Vec<usize>)> {
        let layer = |i: usize| {
            let n_in = if i == 0 { n_in } else { n };
            [
                ("dense/kernel", vec![n_in, n]),
                ("dense/bias", vec![n]),
                ("layer_norm/gamma", vec![n]),
                ("layer_norm/beta", vec![n]),
            ]
            .map(|(part, shape)| (format!("s/{i}/{part}"), shape))
        };
        (0..2).flat_map(layer).collect()
    }
    fn stacked<R: Real>(d: &Draw) -> Vec<R> {
        let [_, _, n_in] = d.inputs[0].0[..] else { unreachable!() };
        let n = d.sizes[0];
        let mut weights = weights(d, 1, stack_shapes(n_in, n));
        let stack = FcStack::<R>::new(&mut weights, "s", n_in, n, 2).unwrap();
        let rows = d.values::<R>(0);
        let mut out = vec![R::default(); rows.len() / n_in * n];
        let mut scratch = out.clone();
        stack.process(Isa::detect(), &rows, &mut out, &mut scratch);
        out
    }
    fn gru_shapes(n_in: usize, n: usize) -> Vec<(String, Vec<usize>)> {
        [
            ("kernel", vec![n_in, 3 * n]),
            ("recurrent_kernel", vec![n, 3 * n]),
            ("bias", vec![2, 3 * n]),
        ]
        .map(|(part, shape)| (format!("g/{part}"), shape))
        .into()
    }
    fn recurred<R: Real>(d: &Draw) -> Vec<R> {
        let [_, n_frames, n_in] = d.inputs[0].0[..] else { unreachable!() };
        let n = d.sizes[0];
        let mut weights = weights(d, 1, gru_shapes(n_in, n));
        let mut gru = Gru::<R>::new(&mut weights, "g", n_in, n).unwrap();
        let of = |rows: Vec<R>| {
            let mut out = vec![R::default(); n_frames * n];
            gru.reset();
            gru.process(Isa::detect(), &rows, &mut out, &mut vec![R::default(); n_frames * 3 * n]);
            out
        };
        d.clips(0).into_iter().flat_map(of).collect()
    }
    fn decoder(d: &Draw) -> RnnFcDecoderConfig {
        RnnFcDecoderConfig {
            input_keys: vec![InputKey::LoudnessScaled, InputKey::F0Scaled, InputKey::Z],
            channels: d.sizes[0],
            gru_units: d.sizes[1],
            layers_per_stack: 2,
            n_outputs: d.sizes[2],
            z_dims: d.inputs[2].0[2],
        }
    }
    fn decoded<R: Real>(d: &Draw) -> Vec<R> {
        let config = decoder(d);
        let mut decoder =
            RnnFcDecoder::<R>::new(&config, &mut weights(d, 3, config.weight_shapes())).unwrap();
        let clips = d.clips::<R>(0).into_iter().zip(d.clips::<R>(1)).zip(d.clips::<R>(2));
        clips
            .flat_map(|((loudness, f0), z)| {
                let rows = loudness.iter().zip(&f0).zip(z.chunks(config.z_dims));
                let inputs: Vec<R> = rows.flat_map(|((&l, &f), z)| [&[l, f], z].concat()).collect();
                let mut raw = vec![R::default(); loudness.len() * config.n_outputs];
                decoder.reset();
                decoder.process(&inputs, &mut raw);
                raw
            })
            .collect()
    }
    fn encoder(d: &Draw) -> MfccEncoderConfig {
        MfccEncoderConfig { gru_units: d.sizes[0], z_dims: d.sizes[1], z_time_steps: 1000 }
    }
    fn encoded<R: Real>(d: &Draw) -> Vec<R> {
        let config = encoder(d);
        let mut encoder =
            MfccEncoder::<R>::new(&config, &mut weights(d, 1, config.weight_shapes())).unwrap();
        d.clips(0).into_iter().flat_map(|x: Vec<R>| encoder.z(&x, d.sizes[2]).unwrap()).collect()
    }
    let kinked = |element: Element| Element { step: 1e-6, ..element };
    vec![
        kinked(element!(
            "fc_stack",
            |c| {
                let (b, t, n_in, n) = (c.size(1, 3), c.size(1, 5), c.size(1, 6), c.size(2, 20));
                let mut inputs = vec![c.input(&[b, t, n_in], -1.0, 1.0)];
                inputs.extend(drawn(&mut c, &stack_shapes(n_in, n)));
                Draw { sizes: vec![n], inputs }
            },
            |d, x| fc_stack(
                d.tensor(x, 0),
                &parameters(d, x, 1, stack_shapes(d.inputs[0].0[2], d.sizes[0])),
                "s",
                2
            ),
            stacked
        )),
        element!(
            "gru",
            |c| {
                let (b, t, n_in, n) = (c.size(1, 9), c.size(1, 9), c.size(1, 6), c.size(1, 20));
                let mut inputs = vec![c.input(&[b, t, n_in], -1.0, 1.0)];
                inputs.extend(drawn(&mut c, &gru_shapes(n_in, n)));
                Draw { sizes: vec![n], inputs }
            },
            |d, x| gru(
                d.tensor(x, 0),
                None,
                &parameters(d, x, 1, gru_shapes(d.inputs[0].0[2], d.sizes[0])),
                "g"
            ),
            recurred
        ),
        kinked(element!(
            "rnn_fc_decoder",
            |c| {
                let (b, t, z) = (c.size(1, 3), c.size(2, 9), c.size(1, 4));
                let mut inputs = vec![
                    c.input(&[b, t, 1], 0.0, 1.0),
                    c.input(&[b, t, 1], 0.0, 1.0),
                    c.input(&[b, t, z], -1.0, 1.0),
                ];
                let mut draw = Draw {
                    sizes: vec![c.size(2, 12), c.size(1, 9), c.size(1, 9)],
                    inputs: inputs.clone(),
                };
                let shapes = decoder(&draw).weight_shapes();
                inputs.extend(drawn(&mut c, &shapes));
                draw.inputs = inputs;
                draw
            },
            |d, x| {
                let config = decoder(d);
                let inputs = (0..3).map(|i| d.tensor(x, i)).collect();
                rnn_fc_decoder(&config, inputs, None, &parameters(d, x, 3, config.weight_shapes()))
                    .raw
            },
            decoded
        )),
        Element {
            step: 1e-6,
            ..element!(
                "mfcc_encoder",
                |c| {
                    let (b, n) = (c.size(1, 2), c.size(1000, 2000));
                    let mut draw = Draw {
                        sizes: vec![c.size(1, 6), c.size(1, 5), c.size(3, 12)],
                        inputs: vec![c.input(&[b, n], -1.0, 1.0)],
                    };
                    let shapes = encoder(&draw).weight_shapes();
                    draw.inputs.extend(drawn(&mut c, &shapes));
                    draw
                },
                |d, x| {
                    let config = encoder(d);
                    mfcc_encoder(
                        &config,
                        d.tensor(x, 0),
                        d.sizes[2],
                        &parameters(d, x, 1, config.weight_shapes()),
                    )
                    .unwrap()
                },
                encoded
            )
        },
    ]
}
