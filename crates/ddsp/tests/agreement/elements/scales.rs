//! Scales and resampling.

use ddsp::math;
use ddsp::resample::resample;
use ddsp::scale::{exp_sigmoid, hz_to_midi, sym_exp_sigmoid};
use ddsp_core::real::Real;
use ddsp_core::resample::ResampleMethod;
use ddsp_core::scale;

use super::{Draw, Element};

pub(super) fn scales() -> Vec<Element> {
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
