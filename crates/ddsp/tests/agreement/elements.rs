//! The list of elements: what each is drawn from, its tensor form, its kernel.

use burn::tensor::Tensor;
use ddsp::effect::{exp_decay_ir, filtered_noise_ir, reverb};
use ddsp::feature::{logmag, loudness_db, magnitudes, mel, mfcc};
use ddsp::filter::{fft_convolve, frequency_filter, frequency_impulse_response};
use ddsp::loss::{LossType, SpectralLossConfig, spectral_loss};
use ddsp::nn::{Parameters, fc_stack, gru, mfcc_encoder, rnn_fc_decoder};
use ddsp::resample::resample;
use ddsp::scale::{exp_sigmoid, hz_to_midi, sym_exp_sigmoid};
use ddsp::synth::{HarmonicControls, filtered_noise, harmonic, harmonic_controls};
use ddsp::{burn, math};
use ddsp_core::effect::{FilteredNoiseReverbConfig, ReverbConfig};
use ddsp_core::feature::framing::Padding as Framing;
use ddsp_core::feature::loudness::LoudnessConfig;
use ddsp_core::feature::spectrum::{self, MelConfig, StftConfig};
use ddsp_core::filter::{DelayCompensation, Padding};
use ddsp_core::model::Weights;
use ddsp_core::nn::dense::FcStack;
use ddsp_core::nn::gru::Gru;
use ddsp_core::nn::rnn_fc_decoder::InputKey;
use ddsp_core::nn::{MfccEncoder, MfccEncoderConfig, RnnFcDecoder, RnnFcDecoderConfig};
use ddsp_core::noise::uniform;
use ddsp_core::real::Real;
use ddsp_core::resample::ResampleMethod;
use ddsp_core::scale::ScaleFn;
use ddsp_core::simd::Isa;
use ddsp_core::synth::{FilteredNoiseConfig, Harmonic, HarmonicConfig};
use ddsp_core::{effect, feature, filter, scale};

/// Sizes and inputs of a point.
pub(crate) struct Draw {
    /// Chosen at random, by place.
    pub(crate) sizes: Vec<usize>,
    /// Shapes and values.
    pub(crate) inputs: Vec<(Vec<usize>, Vec<f64>)>,
}

impl Draw {
    fn values<R: Real>(&self, i: usize) -> Vec<R> {
        self.inputs[i].1.iter().map(|&x| R::narrow(x)).collect()
    }

    /// An input, clip by clip.
    fn clips<R: Real>(&self, i: usize) -> Vec<Vec<R>> {
        let values = self.values::<R>(i);
        let n = values.len() / self.inputs[i].0[0];
        values.chunks(n).map(<[R]>::to_vec).collect()
    }

    fn tensor<const D: usize>(&self, leaves: &[Tensor<1>], i: usize) -> Tensor<D> {
        let shape: [usize; D] = self.inputs[i].0.clone().try_into().unwrap();
        leaves[i].clone().reshape(shape)
    }
}

/// Chooses sizes and values from a seed.
struct Chooser {
    seed: u64,
    index: u64,
}

impl Chooser {
    fn uniform(&mut self) -> f64 {
        self.index += 1;
        f64::from(uniform(self.seed, self.index))
    }

    fn size(&mut self, least: usize, most: usize) -> usize {
        let at = 0.5 * (self.uniform() + 1.0);
        (least + (at * (most - least + 1) as f64) as usize).min(most)
    }

    fn input(&mut self, shape: &[usize], low: f64, high: f64) -> (Vec<usize>, Vec<f64>) {
        let n = shape.iter().product();
        let value = |x: f64| low + (high - low) * 0.5 * (x + 1.0);
        (shape.to_vec(), (0..n).map(|_| f64::from(value(self.uniform()) as f32)).collect())
    }
}

type Values = (Vec<f64>, Vec<f64>);
type OfTensors = Box<dyn Fn(&Draw, &[Tensor<1>]) -> Tensor<1>>;
type OfSlices = Box<dyn Fn(&Draw) -> Values>;

pub(crate) struct Element {
    pub(crate) name: &'static str,
    pub(crate) draw: Box<dyn Fn(u64) -> Draw>,
    /// Values, flat.
    pub(crate) tensor: OfTensors,
    /// Values of the kernel in f32 and in f64.
    pub(crate) kernel: Option<OfSlices>,
    /// Of central differences.
    pub(crate) step: f64,
    /// Where the tensors' f64 holds something in f32.
    pub(crate) precise_limit: Option<f64>,
}

fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let n = x.dims().iter().product::<usize>();
    x.reshape([n])
}

/// An element with a kernel that is generic over its number type.
macro_rules! element {
    ($name:expr, |$choose:ident| $draw:expr, |$d:ident, $x:ident| $tensor:expr, $kernel:ident) => {
        Element {
            name: $name,
            draw: Box::new(|seed| {
                #[allow(unused_mut, reason = "some choose nothing")]
                let mut $choose = Chooser { seed, index: 0 };
                $draw
            }),
            tensor: Box::new(|$d: &Draw, $x: &[Tensor<1>]| flat($tensor)),
            kernel: Some(Box::new(|draw| {
                let wide = |x: Vec<f32>| x.into_iter().map(f64::from).collect();
                (wide($kernel::<f32>(draw)), $kernel::<f64>(draw))
            })),
            step: 1e-4,
            precise_limit: None,
        }
    };
}

pub(crate) fn elements() -> Vec<Element> {
    let mut all = scales();
    all.extend(filters());
    all.extend(synths());
    all.extend(spectra());
    all.extend(networks());
    all
}

fn scales() -> Vec<Element> {
    fn squashed<R: Real>(d: &Draw) -> Vec<R> {
        d.values::<R>(0).into_iter().map(scale::exp_sigmoid).collect()
    }
    fn even<R: Real>(d: &Draw) -> Vec<R> {
        d.values::<R>(0).into_iter().map(|x| scale::sym_exp_sigmoid(x, 8.0)).collect()
    }
    fn midi<R: Real>(d: &Draw) -> Vec<R> {
        d.values::<R>(0).into_iter().map(scale::hz_to_midi).collect()
    }
    fn limited<R: Real>(d: &Draw) -> Vec<R> {
        d.values::<R>(0).into_iter().map(|x| ddsp_core::math::soft_limit(x, -1.0, 2.0)).collect()
    }
    fn resampled<R: Real>(d: &Draw) -> Vec<R> {
        let method = METHODS[d.sizes[0]];
        let (n_channels, n) = (d.inputs[0].0[2], d.sizes[1]);
        let of =
            |x: Vec<R>| ddsp_core::resample::resample(&x, n_channels, n, method, true).unwrap();
        d.clips(0).into_iter().flat_map(of).collect()
    }
    const METHODS: [ResampleMethod; 4] = [
        ResampleMethod::Nearest,
        ResampleMethod::Linear,
        ResampleMethod::Cubic,
        ResampleMethod::Window,
    ];
    vec![
        element!(
            "exp_sigmoid",
            |c| {
                let n = c.size(1, 40);
                Draw { sizes: vec![], inputs: vec![c.input(&[n], -20.0, 10.0)] }
            },
            |d, x| exp_sigmoid(d.tensor::<1>(x, 0)),
            squashed
        ),
        element!(
            "sym_exp_sigmoid",
            |c| {
                let n = c.size(1, 40);
                Draw { sizes: vec![], inputs: vec![c.input(&[n], -4.0, 4.0)] }
            },
            |d, x| sym_exp_sigmoid(d.tensor::<1>(x, 0), 8.0),
            even
        ),
        element!(
            "hz_to_midi",
            |c| {
                let n = c.size(1, 40);
                Draw { sizes: vec![], inputs: vec![c.input(&[n], 30.0, 4000.0)] }
            },
            |d, x| hz_to_midi(d.tensor::<1>(x, 0)),
            midi
        ),
        element!(
            "soft_limit",
            |c| {
                let n = c.size(1, 40);
                Draw { sizes: vec![], inputs: vec![c.input(&[n], -4.0, 4.0)] }
            },
            |d, x| math::soft_limit(d.tensor::<1>(x, 0), -1.0, 2.0),
            limited
        ),
        element!(
            "resample",
            |c| {
                let (b, n, k, hop) = (c.size(1, 3), c.size(3, 9), c.size(1, 4), c.size(2, 8));
                Draw {
                    sizes: vec![c.size(0, 3), n * hop],
                    inputs: vec![c.input(&[b, n, k], -1.0, 1.0)],
                }
            },
            |d, x| resample(d.tensor(x, 0), d.sizes[1], METHODS[d.sizes[0]], true).unwrap(),
            resampled
        ),
    ]
}

fn filters() -> Vec<Element> {
    const PADDINGS: [Padding; 2] = [Padding::Same, Padding::Valid];
    fn convolved<R: Real>(d: &Draw) -> Vec<R> {
        let n_frames = d.inputs[1].0[1];
        let delay = DelayCompensation::Samples(d.sizes[1]);
        let of = |(x, ir): (Vec<R>, Vec<R>)| {
            filter::fft_convolve(&x, &ir, n_frames, PADDINGS[d.sizes[0]], delay).unwrap()
        };
        d.clips(0).into_iter().zip(d.clips(1)).flat_map(of).collect()
    }
    fn designed<R: Real>(d: &Draw) -> Vec<R> {
        filter::frequency_impulse_response(&d.values::<R>(0), d.inputs[0].0[2], d.sizes[0]).unwrap()
    }
    fn filtered<R: Real>(d: &Draw) -> Vec<R> {
        let n_bands = d.inputs[1].0[2];
        let of = |(x, m): (Vec<R>, Vec<R>)| {
            filter::frequency_filter(&x, &m, n_bands, d.sizes[0], Padding::Same).unwrap()
        };
        d.clips(0).into_iter().zip(d.clips(1)).flat_map(of).collect()
    }
    fn reverberated<R: Real>(d: &Draw) -> Vec<R> {
        let ir = d.values::<R>(1);
        let config = ReverbConfig { ir_size: ir.len(), add_dry: true };
        let of = |mut x: Vec<R>| {
            effect::Reverb::new(&config, &ir).unwrap().process(&mut x);
            x
        };
        d.clips(0).into_iter().flat_map(of).collect()
    }
    fn decayed<R: Real>(d: &Draw) -> Vec<R> {
        effect::exp_decay_ir(&d.values::<R>(0), d.values(1)[0], d.values(2)[0])
    }
    fn noise_reverb(d: &Draw) -> FilteredNoiseReverbConfig {
        FilteredNoiseReverbConfig {
            ir_size: d.inputs[1].0[1],
            n_frames: d.inputs[0].0[1],
            n_noise_bands: d.inputs[0].0[2],
            initial_bias: -3.0,
            window_size: 0,
            add_dry: true,
        }
    }
    fn noisy<R: Real>(d: &Draw) -> Vec<R> {
        effect::filtered_noise_ir(&noise_reverb(d), &d.values::<R>(0), &d.values(1)).unwrap()
    }
    vec![
        element!(
            "fft_convolve",
            |c| {
                let (b, frames, size, taps) =
                    (c.size(1, 3), c.size(1, 5), c.size(3, 20), c.size(1, 30));
                Draw {
                    sizes: vec![c.size(0, 1), c.size(0, 3)],
                    inputs: vec![
                        c.input(&[b, frames * size], -1.0, 1.0),
                        c.input(&[b, frames, taps], -1.0, 1.0),
                    ],
                }
            },
            |d, x| fft_convolve(
                d.tensor(x, 0),
                d.tensor(x, 1),
                PADDINGS[d.sizes[0]],
                DelayCompensation::Samples(d.sizes[1])
            )
            .unwrap(),
            convolved
        ),
        element!(
            "frequency_impulse_response",
            |c| {
                let (b, n, k) = (c.size(1, 2), c.size(1, 4), c.size(3, 20));
                Draw {
                    sizes: vec![if c.size(0, 1) == 0 { 0 } else { c.size(3, 30) }],
                    inputs: vec![c.input(&[b, n, k], 0.0, 1.0)],
                }
            },
            |d, x| frequency_impulse_response(d.tensor(x, 0), d.sizes[0]).unwrap(),
            designed
        ),
        element!(
            "frequency_filter",
            |c| {
                let (b, n, k, size) = (c.size(1, 2), c.size(1, 4), c.size(3, 20), c.size(4, 30));
                Draw {
                    sizes: vec![if c.size(0, 1) == 0 { 0 } else { c.size(3, 30) }],
                    inputs: vec![c.input(&[b, n * size], -1.0, 1.0), c.input(&[b, n, k], 0.0, 1.0)],
                }
            },
            |d, x| frequency_filter(d.tensor(x, 0), d.tensor(x, 1), d.sizes[0], Padding::Same)
                .unwrap(),
            filtered
        ),
        element!(
            "reverb",
            |c| {
                let (b, n, size) = (c.size(1, 3), c.size(20, 200), c.size(2, 150));
                Draw {
                    sizes: vec![],
                    inputs: vec![c.input(&[b, n], -1.0, 1.0), c.input(&[1, size], -0.3, 0.3)],
                }
            },
            |d, x| reverb(d.tensor(x, 0), d.tensor(x, 1), true).unwrap(),
            reverberated
        ),
        element!(
            "exp_decay_ir",
            |c| {
                let n = c.size(2, 100);
                Draw {
                    sizes: vec![],
                    inputs: vec![
                        c.input(&[1, n], -1.0, 1.0),
                        c.input(&[1, 1], 0.0, 3.0),
                        c.input(&[1, 1], 0.0, 3.0),
                    ],
                }
            },
            |d, x| exp_decay_ir(d.tensor(x, 0), d.tensor(x, 1), d.tensor(x, 2)),
            decayed
        ),
        element!(
            "filtered_noise_ir",
            |c| {
                let (n, k, size) = (c.size(1, 4), c.size(3, 16), c.size(4, 30));
                Draw {
                    sizes: vec![],
                    inputs: vec![
                        c.input(&[1, n, k], -3.0, 5.0),
                        c.input(&[1, n * size], -1.0, 1.0),
                    ],
                }
            },
            |d, x| filtered_noise_ir(&noise_reverb(d), d.tensor(x, 0), d.tensor(x, 1)).unwrap(),
            noisy
        ),
    ]
}

fn synths() -> Vec<Element> {
    const METHODS: [ResampleMethod; 3] =
        [ResampleMethod::Nearest, ResampleMethod::Linear, ResampleMethod::Window];
    fn bank(d: &Draw) -> HarmonicConfig {
        HarmonicConfig {
            amp_resample_method: METHODS[d.sizes[1]],
            scale_fn: ScaleFn::None,
            ..HarmonicConfig::new(d.inputs[2].0[2])
        }
    }
    /// All but the squashing, streamed.
    fn played<R: Real>(d: &Draw) -> Vec<R> {
        let (config, hop_size) = (bank(d), d.sizes[0]);
        let clips = d.clips::<R>(0).into_iter().zip(d.clips::<R>(1)).zip(d.clips::<R>(2));
        clips
            .flat_map(|((f0_hz, amplitudes), shares)| {
                let mut synth = Harmonic::<R>::new(&config, 16_000, hop_size).unwrap();
                let mut out = vec![R::default(); (f0_hz.len() + 1) * hop_size];
                let rows = shares.chunks(config.n_harmonics).zip(&amplitudes).zip(&f0_hz);
                for (((row, &amplitude), &hz), hop) in rows.zip(out.chunks_mut(hop_size)) {
                    let mut controls = vec![amplitude];
                    controls.extend(row);
                    synth.controls(hz, &mut controls);
                    synth.process(&[hz], &controls, controls.len(), hop);
                }
                let last = f0_hz.len() * hop_size;
                synth.finish(&mut out[last..]);
                out.split_off(hop_size)
            })
            .collect()
    }
    fn hissed<R: Real>(d: &Draw) -> Vec<R> {
        let n_bands = d.inputs[0].0[2];
        let of = |(m, x): (Vec<R>, Vec<R>)| {
            filter::frequency_filter(&x, &m, n_bands, 0, Padding::Same).unwrap()
        };
        d.clips(0).into_iter().zip(d.clips(1)).flat_map(of).collect()
    }
    vec![
        // Whole clips are resampled at positions in f32, as the reference does; what streams knows its place in a hop.
        Element {
            precise_limit: Some(1e-6),
            ..element!(
                "harmonic",
                |c| {
                    let (b, n, k, hop) = (c.size(1, 3), c.size(3, 9), c.size(1, 20), c.size(4, 90));
                    Draw {
                        sizes: vec![hop, c.size(0, 2)],
                        inputs: vec![
                            c.input(&[b, n, 1], 80.0, 390.0),
                            c.input(&[b, n, 1], 0.1, 1.0),
                            c.input(&[b, n, k], 0.1, 1.0),
                        ],
                    }
                },
                |d, x| {
                    let config = bank(d);
                    let HarmonicControls { f0_hz, amplitudes, harmonic_distribution } =
                        harmonic_controls(
                            &config,
                            d.tensor(x, 1),
                            d.tensor(x, 2),
                            d.tensor(x, 0),
                            16_000,
                        );
                    let n = f0_hz.dims()[1] * d.sizes[0];
                    harmonic(
                        &config,
                        HarmonicControls { f0_hz, amplitudes, harmonic_distribution },
                        n,
                        16_000,
                    )
                    .unwrap()
                },
                played
            )
        },
        element!(
            "filtered_noise",
            |c| {
                let (b, n, k, size) = (c.size(1, 3), c.size(1, 5), c.size(3, 20), c.size(4, 30));
                Draw {
                    sizes: vec![],
                    inputs: vec![c.input(&[b, n, k], 0.0, 1.0), c.input(&[b, n * size], -1.0, 1.0)],
                }
            },
            |d, x| {
                let config = FilteredNoiseConfig {
                    n_noise_bands: d.inputs[0].0[2],
                    initial_bias: 0.0,
                    window_size: 0,
                };
                filtered_noise(&config, d.tensor(x, 0), d.tensor(x, 1)).unwrap()
            },
            hissed
        ),
    ]
}

fn spectra() -> Vec<Element> {
    fn stft(d: &Draw) -> StftConfig {
        StftConfig { size: d.sizes[0], overlap: [0.75, 0.5][d.sizes[1]], pad_end: true }
    }
    const BANDS: MelConfig =
        MelConfig { lo_hz: 20.0, hi_hz: 8000.0, n_bands: 12, sample_rate: 16_000 };
    fn heard<R: Real>(d: &Draw) -> Vec<R> {
        d.clips(0).into_iter().flat_map(|x: Vec<R>| spectrum::magnitudes(&x, &stft(d))).collect()
    }
    fn logs<R: Real>(d: &Draw) -> Vec<R> {
        d.clips(0).into_iter().flat_map(|x: Vec<R>| spectrum::logmag(&x, &stft(d))).collect()
    }
    fn mels<R: Real>(d: &Draw) -> Vec<R> {
        d.clips(0).into_iter().flat_map(|x: Vec<R>| spectrum::mel(&x, &stft(d), &BANDS)).collect()
    }
    fn cepstra<R: Real>(d: &Draw) -> Vec<R> {
        d.clips(0)
            .into_iter()
            .flat_map(|x: Vec<R>| spectrum::mfcc(&x, &stft(d), &BANDS, 8))
            .collect()
    }
    fn loudness_of<R: Real>(d: &Draw, config: &LoudnessConfig) -> Vec<R> {
        let of = |x: Vec<R>| {
            let n = Framing::Center.n_frames(x.len(), config.n_fft(), 64);
            feature::loudness::loudness_db(&x, 16_000, 64, n, Framing::Center, config)
        };
        d.clips(0).into_iter().flat_map(of).collect()
    }
    fn loud<R: Real>(d: &Draw) -> Vec<R> {
        loudness_of(d, &LoudnessConfig::magenta_3())
    }
    const POWER: LoudnessConfig =
        LoudnessConfig::Power { frame_size: 96, range_db: 80.0, ref_db: 0.0 };
    fn powerful<R: Real>(d: &Draw) -> Vec<R> {
        loudness_of(d, &POWER)
    }
    fn audio(c: &mut Chooser) -> Draw {
        let (b, n) = (c.size(1, 2), c.size(300, 700));
        let size = [64, 128, 100][c.size(0, 2)];
        Draw { sizes: vec![size, c.size(0, 1)], inputs: vec![c.input(&[b, n], -1.0, 1.0)] }
    }
    let magnitude_loss = |name, loss_type, terms: [f64; 6]| Element {
        name,
        draw: Box::new(|seed| {
            let mut c = Chooser { seed, index: 0 };
            let shape = [c.size(1, 2), c.size(300, 700)];
            Draw { sizes: vec![], inputs: vec![c.input(&shape, -1.0, 1.0)] }
        }),
        tensor: Box::new(move |d, x| {
            let [
                mag_weight,
                logmag_weight,
                delta_time_weight,
                delta_freq_weight,
                cumsum_freq_weight,
                loudness_weight,
            ] = terms;
            let config = SpectralLossConfig {
                fft_sizes: vec![128, 64, 100],
                loss_type,
                mag_weight,
                logmag_weight,
                delta_time_weight,
                delta_freq_weight,
                cumsum_freq_weight,
                loudness_weight,
            };
            let audio: Tensor<2> = d.tensor(x, 0);
            let n = audio.dims().iter().product::<usize>() as u64;
            let target: Vec<f64> = (0..n).map(|i| f64::from(uniform(5, i))).collect();
            let target = crate::on(&target, audio.dims(), audio.dtype(), &audio.device());
            spectral_loss(&config, target, audio).unwrap()
        }),
        kernel: None,
        step: 1e-6,
        precise_limit: None,
    };
    let logarithmic = |element: Element| Element { step: 1e-6, ..element };
    vec![
        element!(
            "magnitudes",
            |c| audio(&mut c),
            |d, x| magnitudes(d.tensor(x, 0), &stft(d)),
            heard
        ),
        logarithmic(element!(
            "logmag",
            |c| audio(&mut c),
            |d, x| logmag(d.tensor(x, 0), &stft(d)),
            logs
        )),
        element!("mel", |c| audio(&mut c), |d, x| mel(d.tensor(x, 0), &stft(d), &BANDS), mels),
        logarithmic(element!(
            "mfcc",
            |c| audio(&mut c),
            |d, x| mfcc(d.tensor(x, 0), &stft(d), &BANDS, 8),
            cepstra
        )),
        element!(
            "loudness_db",
            |c| audio(&mut c),
            |d, x| loudness_db(
                d.tensor(x, 0),
                16_000,
                64,
                Framing::Center,
                &LoudnessConfig::magenta_3()
            )
            .unwrap(),
            loud
        ),
        element!(
            "loudness_db, power",
            |c| audio(&mut c),
            |d, x| loudness_db(d.tensor(x, 0), 16_000, 64, Framing::Center, &POWER).unwrap(),
            powerful
        ),
        magnitude_loss("spectral_loss, L1", LossType::L1, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        logarithmic(magnitude_loss(
            "spectral_loss, L1 and logs",
            LossType::L1,
            [1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        )),
        logarithmic(magnitude_loss(
            "spectral_loss, all of L2",
            LossType::L2,
            [1.0, 1.0, 0.5, 0.5, 0.1, 0.1],
        )),
        logarithmic(magnitude_loss(
            "spectral_loss, all of L1",
            LossType::L1,
            [1.0, 1.0, 0.5, 0.5, 0.1, 0.1],
        )),
        magnitude_loss("spectral_loss, cosine", LossType::Cosine, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    ]
}

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

fn networks() -> Vec<Element> {
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
