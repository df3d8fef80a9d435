//! The recurrence of a GRU. What its inputs give to the gates is one product for all frames, outside of it.

use std::sync::Mutex;

use ddsp_core::nn::matrix::PackedMatrix;
use ddsp_core::real::Real;
use ddsp_core::simd::{Isa, Kernel};
use rayon::prelude::*;

use crate::cpu::op::{CpuOp, View};

/// Clips that a thread takes together.
const MIN_ROWS: usize = 4;

/// What the inputs give to the gates `[batch, n_frames, 3 units]`, the recurrent kernel `[units, 3 units]` and bias `[3 units]`, and
/// the first state `[batch, units]` to states `[batch, n_frames, units]`.
#[derive(Debug, Default)]
pub struct GruOp {
    kept: Mutex<Option<Kept>>,
}

/// What backward needs of every group of clips, frame by frame.
type Kept = Vec<Group>;

#[derive(Debug)]
struct Group {
    n_rows: usize,
    /// `n_frames × n_rows × 3 units`: z, r and the candidate.
    gates: Vec<f32>,
    /// `n_frames × n_rows × units`: what the state gives to the candidate before r.
    recurrent: Vec<f32>,
    /// `(n_frames + 1) × n_rows × units`.
    states: Vec<f32>,
}

/// The rows of each group.
fn group_sizes(n_batch: usize) -> Vec<usize> {
    let n_groups = rayon::current_num_threads().min(n_batch.div_ceil(MIN_ROWS)).max(1);
    (0..n_groups).map(|i| (i + 1) * n_batch / n_groups - i * n_batch / n_groups).collect()
}

impl CpuOp for GruOp {
    fn forward(&self, [inputs, kernel, bias, state]: [View<'_>; 4]) -> (Vec<usize>, Vec<f32>) {
        let [n_batch, n_frames, n_gates] = *inputs.shape else { unreachable!("three axes") };
        let units = n_gates / 3;
        let matrix = PackedMatrix::new(units, n_gates, kernel.values, bias.values);
        let mut out = vec![0.0; n_batch * n_frames * units];
        let mut jobs = Vec::new();
        let (mut rest, mut first) = (&mut out[..], 0);
        for n_rows in group_sizes(n_batch) {
            let (now, later) = rest.split_at_mut(n_rows * n_frames * units);
            rest = later;
            jobs.push((first, n_rows, now));
            first += n_rows;
        }
        let kept = jobs.into_par_iter().map(|(first, n_rows, out)| {
            let inputs =
                &inputs.values[first * n_frames * n_gates..][..n_rows * n_frames * n_gates];
            let state = &state.values[first * units..][..n_rows * units];
            run_group(inputs, &matrix, state, n_frames, units, out)
        });
        *self.kept.lock().expect("no thread panicked") = Some(kept.collect());
        (vec![n_batch, n_frames, units], out)
    }

    fn backward(&self, [inputs, kernel, _, _]: [View<'_>; 4], gradient: &[f32]) -> [Vec<f32>; 4] {
        let [_, n_frames, n_gates] = *inputs.shape else { unreachable!("three axes") };
        let units = n_gates / 3;
        let kept = self.kept.lock().expect("no thread panicked").take();
        let kept = kept.expect("forward came before, and backward comes once");
        let mut transposed = vec![0.0; kernel.values.len()];
        for (i, row) in kernel.values.chunks_exact(n_gates).enumerate() {
            for (j, &w) in row.iter().enumerate() {
                transposed[j * units + i] = w;
            }
        }
        let matrix = PackedMatrix::new(n_gates, units, &transposed, &vec![0.0; units]);
        let mut first = 0;
        let jobs: Vec<(usize, Group)> = kept
            .into_iter()
            .map(|group| {
                let at = first;
                first += group.n_rows;
                (at, group)
            })
            .collect();
        let found: Vec<Gradients> = jobs
            .into_par_iter()
            .map(|(first, group)| {
                let n = group.n_rows * n_frames * units;
                let gradient = &gradient[first * n_frames * units..][..n];
                group.backward(gradient, &matrix, n_frames, units)
            })
            .collect();
        let (mut d_kernel, mut d_bias) = (vec![0.0; units * n_gates], vec![0.0; n_gates]);
        let (mut d_inputs, mut d_state) = (Vec::new(), Vec::new());
        for found in found {
            d_inputs.extend(found.inputs);
            d_state.extend(found.state);
            d_kernel.iter_mut().zip(found.kernel).for_each(|(to, x)| *to += x);
            d_bias.iter_mut().zip(found.bias).for_each(|(to, x)| *to += x);
        }
        [d_inputs, d_kernel, d_bias, d_state]
    }
}

/// Runs over all frames of a group of clips.
fn run_group(
    inputs: &[f32],
    matrix: &PackedMatrix<f32>,
    state: &[f32],
    n_frames: usize,
    units: usize,
    out: &mut [f32],
) -> Group {
    let (isa, n_gates) = (Isa::detect(), 3 * units);
    let n_rows = state.len() / units;
    let mut group = Group {
        n_rows,
        gates: vec![0.0; n_frames * n_rows * n_gates],
        recurrent: vec![0.0; n_frames * n_rows * units],
        states: vec![0.0; (n_frames + 1) * n_rows * units],
    };
    group.states[..n_rows * units].copy_from_slice(state);
    let mut from_state = vec![0.0; n_rows * n_gates];
    for t in 0..n_frames {
        let (before, after) = group.states.split_at_mut((t + 1) * n_rows * units);
        let before = &before[t * n_rows * units..];
        matrix.multiply(isa, before, &mut from_state);
        for row in 0..n_rows {
            let after = &mut after[row * units..][..units];
            isa.run(Forward {
                input: &inputs[(row * n_frames + t) * n_gates..][..n_gates],
                from_state: &from_state[row * n_gates..][..n_gates],
                before: &before[row * units..][..units],
                gates: &mut group.gates[(t * n_rows + row) * n_gates..][..n_gates],
                recurrent: &mut group.recurrent[(t * n_rows + row) * units..][..units],
                after,
            });
            out[(row * n_frames + t) * units..][..units].copy_from_slice(after);
        }
    }
    group
}

struct Forward<'a> {
    input: &'a [f32],
    from_state: &'a [f32],
    before: &'a [f32],
    gates: &'a mut [f32],
    recurrent: &'a mut [f32],
    after: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    #[inline(always)]
    fn run(self) {
        let units = self.before.len();
        let (in_z, rest) = self.input.split_at(units);
        let (in_r, in_h) = rest.split_at(units);
        let (state_z, rest) = self.from_state.split_at(units);
        let (state_r, state_h) = rest.split_at(units);
        let (gate_z, rest) = self.gates.split_at_mut(units);
        let (gate_r, gate_h) = rest.split_at_mut(units);
        let (before, after, recurrent) =
            (&self.before[..units], &mut self.after[..units], &mut self.recurrent[..units]);
        let (in_h, state_h, gate_h) = (&in_h[..units], &state_h[..units], &mut gate_h[..units]);
        for i in 0..units {
            let z = (in_z[i] + state_z[i]).sigmoid();
            let r = (in_r[i] + state_r[i]).sigmoid();
            let candidate = Real::tanh(r.mul_add(state_h[i], in_h[i]));
            gate_z[i] = z;
            gate_r[i] = r;
            gate_h[i] = candidate;
            recurrent[i] = state_h[i];
            after[i] = z.mul_add(before[i] - candidate, candidate);
        }
    }
}

struct Gradients {
    inputs: Vec<f32>,
    kernel: Vec<f32>,
    bias: Vec<f32>,
    state: Vec<f32>,
}

impl Group {
    fn backward(
        self,
        gradient: &[f32],
        transposed: &PackedMatrix<f32>,
        n_frames: usize,
        units: usize,
    ) -> Gradients {
        let (isa, n_gates, n_rows) = (Isa::detect(), 3 * units, self.n_rows);
        // By the states before a frame, from the frames behind it.
        let mut d_state = vec![0.0; n_rows * units];
        let mut passed = vec![0.0; n_rows * units];
        // By what the state gives to the gates, frame by frame.
        let mut d_from_state = vec![0.0; n_frames * n_rows * n_gates];
        let mut d_inputs = vec![0.0; n_frames * n_rows * n_gates];
        for t in (0..n_frames).rev() {
            for row in 0..n_rows {
                let at = t * n_rows + row;
                isa.run(Backward {
                    gradient: &gradient[(row * n_frames + t) * units..][..units],
                    gates: &self.gates[at * n_gates..][..n_gates],
                    recurrent: &self.recurrent[at * units..][..units],
                    before: &self.states[at * units..][..units],
                    d_state: &d_state[row * units..][..units],
                    d_inputs: &mut d_inputs[(row * n_frames + t) * n_gates..][..n_gates],
                    d_from_state: &mut d_from_state[at * n_gates..][..n_gates],
                    passed: &mut passed[row * units..][..units],
                });
            }
            let now = &d_from_state[t * n_rows * n_gates..][..n_rows * n_gates];
            transposed.multiply(isa, now, &mut d_state);
            d_state.iter_mut().zip(&passed).for_each(|(to, x)| *to += x);
        }
        let mut bias = vec![0.0; n_gates];
        for row in d_from_state.chunks_exact(n_gates) {
            bias.iter_mut().zip(row).for_each(|(to, x)| *to += x);
        }
        let states = &self.states[..n_frames * n_rows * units];
        let kernel = product_transposed(states, units, &d_from_state, n_gates);
        Gradients { inputs: d_inputs, kernel, bias, state: d_state }
    }
}

struct Backward<'a> {
    gradient: &'a [f32],
    gates: &'a [f32],
    recurrent: &'a [f32],
    before: &'a [f32],
    d_state: &'a [f32],
    d_inputs: &'a mut [f32],
    d_from_state: &'a mut [f32],
    passed: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    #[inline(always)]
    fn run(self) {
        let units = self.before.len();
        let (z, rest) = self.gates.split_at(units);
        let (r, candidate) = rest.split_at(units);
        let (in_z, rest) = self.d_inputs.split_at_mut(units);
        let (in_r, in_h) = rest.split_at_mut(units);
        let (state_z, rest) = self.d_from_state.split_at_mut(units);
        let (state_r, state_h) = rest.split_at_mut(units);
        let (gradient, d_state) = (&self.gradient[..units], &self.d_state[..units]);
        let (recurrent, before) = (&self.recurrent[..units], &self.before[..units]);
        let (candidate, passed) = (&candidate[..units], &mut self.passed[..units]);
        let (in_h, state_h) = (&mut in_h[..units], &mut state_h[..units]);
        for i in 0..units {
            let d = gradient[i] + d_state[i];
            let (z, r, candidate) = (z[i], r[i], candidate[i]);
            let d_candidate = d * (1.0 - z) * (1.0 - candidate * candidate);
            let d_z = d * (before[i] - candidate) * z * (1.0 - z);
            let d_r = d_candidate * recurrent[i] * r * (1.0 - r);
            in_z[i] = d_z;
            in_r[i] = d_r;
            in_h[i] = d_candidate;
            state_z[i] = d_z;
            state_r[i] = d_r;
            state_h[i] = d_candidate * r;
            passed[i] = d * z;
        }
    }
}

/// `a^T b` of matrices with as many rows, `n_a` and `n_b` columns.
fn product_transposed(a: &[f32], n_a: usize, b: &[f32], n_b: usize) -> Vec<f32> {
    use burn::tensor::{Device, Tensor, TensorData};
    let device = Device::flex();
    let n_rows = a.len() / n_a.max(1);
    let matrix = |x: &[f32], n: usize| {
        Tensor::<2>::from_data(TensorData::new(x.to_vec(), [n_rows, n]), &device)
    };
    let out = matrix(a, n_a).transpose().matmul(matrix(b, n_b));
    out.into_data().convert::<f32>().try_to_vec().expect("it is f32")
}
