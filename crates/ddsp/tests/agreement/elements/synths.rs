//! Synthesizers.

use ddsp::synth::{HarmonicControls, filtered_noise, harmonic, harmonic_controls};
use ddsp_core::filter::{self, Padding};
use ddsp_core::real::Real;
use ddsp_core::resample::ResampleMethod;
use ddsp_core::scale::ScaleFn;
use ddsp_core::synth::{FilteredNoiseConfig, Harmonic, HarmonicConfig};

use super::{Draw, Element};

pub(super) fn synths() -> Vec<Element> {
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
