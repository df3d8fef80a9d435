//! Filters and reverbs.

use ddsp::effect::{crop, exp_decay_ir, filtered_noise_ir, reverb};
use ddsp::filter::{fft_convolve, frequency_filter, frequency_impulse_response};
use ddsp_core::effect::{CropLocation, FilteredNoiseReverbConfig, ReverbConfig};
use ddsp_core::filter::{DelayCompensation, Padding};
use ddsp_core::real::Real;
use ddsp_core::{effect, filter};

use super::{Draw, Element};

pub(super) fn filters() -> Vec<Element> {
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
    const CUTS: [CropLocation; 3] = [CropLocation::Front, CropLocation::Center, CropLocation::Back];
    fn cut<R: Real>(d: &Draw) -> Vec<R> {
        let range = CUTS[d.sizes[0]].range(d.inputs[0].0[1], d.sizes[1]);
        d.clips(0).into_iter().flat_map(|x: Vec<R>| x[range.clone()].to_vec()).collect()
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
            "crop",
            |c| {
                let (b, n) = (c.size(1, 3), c.size(20, 60));
                Draw {
                    sizes: vec![c.size(0, 2), c.size(2, 15)],
                    inputs: vec![c.input(&[b, n], -1.0, 1.0)],
                }
            },
            |d, x| crop(d.tensor(x, 0), d.sizes[1], CUTS[d.sizes[0]]),
            cut
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
