//! Every element with random shapes: its gradient against central differences in f64, its forms against each other and the kernel.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail loudly and print tallies")]

mod elements;
mod finite;

use burn::tensor::{DType, Device, Tensor, TensorData};
use ddsp::burn;
use ddsp::cpu::generic_only;
use ddsp_cases::distance;
use ddsp_core::noise::uniform;

use crate::elements::{Draw, Element, elements};

/// Shapes that each element is tried with.
const N_SHAPES: u64 = 4;
/// A gradient's projections, against central differences.
const DIFFERENCE_LIMIT: f64 = 1e-6;
/// One form against another, in f32.
const FORM_LIMIT: f64 = 1e-5;
/// The generic form against the kernel, in f64.
const PRECISE_LIMIT: f64 = 1e-9;

fn on<const D: usize>(
    values: &[f64],
    shape: [usize; D],
    dtype: DType,
    device: &Device,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (device, dtype))
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().convert::<f64>().try_to_vec().unwrap()
}

/// The weights of the outputs, whose weighted sum is differentiated.
fn weights(n: usize) -> Vec<f64> {
    (0..n as u64).map(|i| f64::from(uniform(99, i))).collect()
}

/// Values, and gradients of their weighted sum by each input.
fn run(element: &Element, draw: &Draw, dtype: DType, device: &Device) -> (Vec<f64>, Vec<Vec<f64>>) {
    let leaf = |values: &Vec<f64>| on::<1>(values, [values.len()], dtype, device).require_grad();
    let leaves: Vec<Tensor<1>> = draw.inputs.iter().map(|(_, values)| leaf(values)).collect();
    let out = (element.tensor)(draw, &leaves);
    let n = out.dims()[0];
    let sum = (out.clone() * on::<1>(&weights(n), [n], dtype, device)).sum();
    let gradients = sum.backward();
    let of = |x: &Tensor<1>| x.grad(&gradients).map(host).unwrap_or_else(|| vec![0.0; x.dims()[0]]);
    (host(out), leaves.iter().map(of).collect())
}

/// The weighted sum with the inputs moved along a direction.
fn moved(element: &Element, draw: &Draw, direction: &[Vec<f64>], step: f64) -> f64 {
    let device = Device::flex();
    let shift = |((_, values), direction): (&(Vec<usize>, Vec<f64>), &Vec<f64>)| {
        let values: Vec<f64> = values.iter().zip(direction).map(|(x, d)| x + step * d).collect();
        on::<1>(&values, [values.len()], DType::F64, &device)
    };
    let leaves: Vec<_> = draw.inputs.iter().zip(direction).map(shift).collect();
    let out = host((element.tensor)(draw, &leaves));
    out.iter().zip(weights(out.len())).map(|(x, w)| x * w).sum()
}

/// The distance of a gradient's projection from central differences; none where a kink lies within the step.
fn off(element: &Element, draw: &Draw, gradients: &[Vec<f64>], seed: u64) -> Option<f64> {
    let random = |(i, g): (usize, &Vec<f64>)| -> Vec<f64> {
        let scale = &draw.inputs[i].1;
        let one =
            |j: usize| f64::from(uniform(seed + i as u64, j as u64)) * scale[j].abs().max(0.1);
        (0..g.len()).map(one).collect()
    };
    let direction: Vec<Vec<f64>> = gradients.iter().enumerate().map(random).collect();
    let slope = |step: f64| {
        (moved(element, draw, &direction, step) - moved(element, draw, &direction, -step))
            / (2.0 * step)
    };
    let pairs = || gradients.iter().flatten().zip(direction.iter().flatten());
    let projected: f64 = pairs().map(|(g, d)| g * d).sum();
    let norm: f64 = pairs().map(|(g, d)| (g * d).powi(2)).sum::<f64>().sqrt().max(1e-9);
    // Where two steps disagree, the sum is not smooth between them. Fourth order, from both.
    let (coarse, fine) = (slope(element.step), slope(element.step / 2.0));
    let extrapolated = (4.0 * fine - coarse) / 3.0;
    ((coarse - fine).abs() / norm < 1e-4).then(|| (projected - extrapolated).abs() / norm)
}

#[test]
fn gradients_are_central_differences() {
    let (mut n_run, mut n_redrawn) = (0, 0);
    for element in elements() {
        let mut worst: f64 = 0.0;
        for shape in 0..N_SHAPES {
            let found = (0..20).find_map(|attempt| {
                let draw = (element.draw)(shape * 1000 + attempt);
                let (_, gradients) = run(&element, &draw, DType::F64, &Device::flex().autodiff());
                let found = off(&element, &draw, &gradients, 7 + shape);
                n_redrawn += usize::from(found.is_none());
                found
            });
            worst =
                worst.max(found.unwrap_or_else(|| panic!("{}: kinks everywhere", element.name)));
            n_run += 1;
        }
        println!("{:28} {worst:.1e} from central differences", element.name);
        assert!(worst <= DIFFERENCE_LIMIT, "{}: {worst:.1e}", element.name);
    }
    println!("{n_run} points, {n_redrawn} redrawn beside a kink");
}

/// The relative distance. Both may be zero: what is silent has no gradient.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    if a.iter().chain(b).all(|x| *x == 0.0) { 0.0 } else { distance(a, b) }
}

#[test]
fn forms_and_kernels_agree() {
    let device = Device::flex().autodiff();
    for element in elements() {
        let [mut forward, mut backward, mut kernel, mut precise] = [0.0_f64; 4];
        for shape in 0..N_SHAPES {
            let draw = (element.draw)(shape * 1000);
            let cpu = run(&element, &draw, DType::F32, &device);
            let generic = generic_only(|| run(&element, &draw, DType::F32, &device));
            forward = forward.max(apart(&cpu.0, &generic.0));
            let all = |gradients: Vec<Vec<f64>>| gradients.concat();
            backward = backward.max(apart(&all(cpu.1), &all(generic.1)));
            let f64s = run(&element, &draw, DType::F64, &device).0;
            if let Some(of) = &element.kernel {
                let (single, double) = of(&draw);
                kernel = kernel.max(apart(&cpu.0, &single)).max(apart(&generic.0, &single));
                precise = precise.max(apart(&f64s, &double));
            }
        }
        let has = if element.kernel.is_some() { "" } else { "  (its kernel has other cases)" };
        println!(
            "{:28} forms {forward:.1e} forward, {backward:.1e} backward; kernel {kernel:.1e}, in f64 {precise:.1e}{has}",
            element.name
        );
        assert!(forward <= FORM_LIMIT && backward <= FORM_LIMIT, "{}", element.name);
        assert!(
            kernel <= FORM_LIMIT && precise <= element.precise_limit.unwrap_or(PRECISE_LIMIT),
            "{}",
            element.name
        );
    }
}

/// On a GPU, or what the driver calls one: the generic forms against the kernels and the CPU's gradients, in f32.
#[cfg(feature = "wgpu")]
#[test]
fn wgpu_agrees_with_the_kernels() {
    // An API that is asked for is not replaced by another one silently.
    let options = Device::wgpu_options().graphics_api(burn::backend::wgpu::WgpuBackend::Vulkan);
    let (device, setup) =
        options.init_with_setup().expect("a Vulkan driver, as mesa-vulkan-drivers");
    println!("on {:?}", setup.adapter.get_info());
    let mut n_run = 0;
    for element in elements() {
        let [mut kernel, mut backward] = [0.0_f64; 2];
        for shape in 0..N_SHAPES {
            let draw = (element.draw)(shape * 1000);
            let there = run(&element, &draw, DType::F32, &device.clone().autodiff());
            let here = run(&element, &draw, DType::F32, &Device::flex().autodiff());
            backward = backward.max(apart(&there.1.concat(), &here.1.concat()));
            let expected = element.kernel.as_ref().map_or(here.0, |of| of(&draw).0);
            kernel = kernel.max(apart(&there.0, &expected));
            n_run += 1;
        }
        println!(
            "{:28} {kernel:.1e} from the kernel, gradients {backward:.1e} from the CPU's",
            element.name
        );
        assert!(kernel <= FORM_LIMIT && backward <= FORM_LIMIT, "{}", element.name);
    }
    assert!(n_run > 0);
}
