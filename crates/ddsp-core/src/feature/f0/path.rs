//! The global path: one candidate a frame, chosen for the whole clip at once.

/// A pitch that a frame may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// Binary logarithm of the frequency in Hz.
    pub(super) log2_f0: f32,
    /// The normalised autocorrelation at its lag, 0 to 1.
    pub(super) periodicity: f32,
    /// What choosing it is worth, before transitions.
    pub(super) strength: f32,
}

/// What a frame may be: unvoiced, or one of its candidates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Choice {
    /// No pitch; `periodicity` is the best that was on offer.
    Unvoiced {
        /// The highest periodicity among the candidates of the frame.
        periodicity: f32,
    },
    /// The pitch of one candidate.
    Voiced {
        /// Binary logarithm of the frequency in Hz.
        log2_f0: f32,
        /// The normalised autocorrelation at its lag, 0 to 1.
        periodicity: f32,
    },
}

/// What a step from one frame to the next costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct TransitionCosts {
    /// Cost of a leap of one octave between voiced frames, in proportion for other leaps.
    pub(super) octave_jump: f32,
    /// Cost of starting or ending voice.
    pub(super) voiced_unvoiced: f32,
}

/// The most candidates a frame may have: with the unvoiced state they fit the bits of a `u32`.
pub(super) const MAX_CANDIDATES: usize = 31;

/// Frames that pile up before the search looks whether their fate is sealed.
const FIRST_CHECK: usize = 256;

/// One state of a frame that is not decided yet.
#[derive(Debug, Clone, Copy)]
struct Node {
    choice: Choice,
    /// The best state of the frame before.
    back: u8,
}

/// Viterbi's search for the path of the greatest sum of strengths less transition costs
/// (Boersma 1993, equations 26 to 28), fed frame by frame.
///
/// The paths that end in the states of the last frame soon share their past. What they share can no
/// longer change: it is written to the result and forgotten. So the path is that of the search over
/// the whole clip, in the memory of a few seconds.
pub(super) struct PathSearch {
    costs: TransitionCosts,
    /// Sum of the best path to each state of the last frame, relative to the best of all.
    scores: Vec<f32>,
    next_scores: Vec<f32>,
    /// Candidates of the last frame; state `k + 1` is candidate `k`, state 0 is unvoiced.
    last: Vec<Candidate>,
    nodes: Vec<Node>,
    /// Where in `nodes` each undecided frame starts.
    starts: Vec<usize>,
    next_check: usize,
    decided: Vec<Choice>,
    trace: Vec<Choice>,
}

impl PathSearch {
    /// A search over about `n_frames` frames.
    pub(super) fn new(costs: TransitionCosts, n_frames: usize) -> Self {
        Self {
            costs,
            scores: vec![0.0],
            next_scores: Vec::with_capacity(MAX_CANDIDATES + 1),
            last: Vec::with_capacity(MAX_CANDIDATES),
            nodes: Vec::new(),
            starts: Vec::new(),
            next_check: FIRST_CHECK,
            decided: Vec::with_capacity(n_frames),
            trace: Vec::new(),
        }
    }

    /// Adds a frame with its candidates and the strength of finding it unvoiced.
    ///
    /// *Panics* if there are more than `MAX_CANDIDATES`.
    pub(super) fn push(&mut self, candidates: &[Candidate], unvoiced_strength: f32) {
        assert!(candidates.len() <= MAX_CANDIDATES, "{} candidates", candidates.len());
        let TransitionCosts { octave_jump, voiced_unvoiced } = self.costs;
        self.starts.push(self.nodes.len());
        self.next_scores.clear();

        let periodicity = candidates.iter().fold(0.0f32, |best, c| best.max(c.periodicity));
        let (mut best, mut back) = (self.scores[0], 0);
        for (k, &score) in self.scores.iter().enumerate().skip(1) {
            if score - voiced_unvoiced > best {
                (best, back) = (score - voiced_unvoiced, k);
            }
        }
        self.next_scores.push(best + unvoiced_strength);
        self.nodes.push(Node { choice: Choice::Unvoiced { periodicity }, back: back as u8 });

        for c in candidates {
            let (mut best, mut back) = (self.scores[0] - voiced_unvoiced, 0);
            for (k, (from, &score)) in self.last.iter().zip(&self.scores[1..]).enumerate() {
                let score = score - octave_jump * (c.log2_f0 - from.log2_f0).abs();
                if score > best {
                    (best, back) = (score, k + 1);
                }
            }
            self.next_scores.push(best + c.strength);
            let choice = Choice::Voiced { log2_f0: c.log2_f0, periodicity: c.periodicity };
            self.nodes.push(Node { choice, back: back as u8 });
        }

        // Only differences count; without this the sums of a long clip would outgrow f32.
        let top = self.next_scores.iter().fold(f32::MIN, |top, &score| top.max(score));
        self.next_scores.iter_mut().for_each(|score| *score -= top);
        std::mem::swap(&mut self.scores, &mut self.next_scores);
        self.last.clear();
        self.last.extend_from_slice(candidates);
        if self.starts.len() >= self.next_check {
            self.settle();
        }
    }

    /// The best path, one choice a frame.
    pub(super) fn finish(mut self) -> Vec<Choice> {
        let mut state = 0;
        for (k, &score) in self.scores.iter().enumerate() {
            if score > self.scores[state] {
                state = k;
            }
        }
        if let Some(last) = self.starts.len().checked_sub(1) {
            self.decide(last, state);
        }
        self.decided
    }

    /// Decides every frame whose state is the same on all paths that are still in the race.
    fn settle(&mut self) {
        let last = self.starts.len() - 1;
        let mut alive: u32 = u32::MAX >> (31 - self.last.len());
        for frame in (0..last).rev() {
            let nodes = &self.nodes[self.starts[frame + 1]..];
            let mut before = 0u32;
            while alive != 0 {
                before |= 1 << nodes[alive.trailing_zeros() as usize].back;
                alive &= alive - 1;
            }
            alive = before;
            if alive.is_power_of_two() {
                self.decide(frame, alive.trailing_zeros() as usize);
                break;
            }
        }
        self.next_check = self.starts.len() + FIRST_CHECK.max(self.starts.len());
    }

    /// Writes the path that leads to `state` of undecided frame `frame`, and forgets these frames.
    fn decide(&mut self, frame: usize, mut state: usize) {
        self.trace.clear();
        for f in (0..=frame).rev() {
            let node = self.nodes[self.starts[f] + state];
            self.trace.push(node.choice);
            state = usize::from(node.back);
        }
        self.decided.extend(self.trace.iter().rev());
        let n_nodes = self.starts.get(frame + 1).copied().unwrap_or(self.nodes.len());
        self.nodes.drain(..n_nodes);
        self.starts.drain(..=frame);
        self.starts.iter_mut().for_each(|start| *start -= n_nodes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: TransitionCosts = TransitionCosts { octave_jump: 0.875, voiced_unvoiced: 0.35 };

    fn candidate(f0_hz: f32, strength: f32) -> Candidate {
        Candidate { log2_f0: f0_hz.log2(), periodicity: strength, strength }
    }

    fn path(frames: &[(Vec<Candidate>, f32)]) -> Vec<Choice> {
        let mut search = PathSearch::new(COSTS, frames.len());
        frames.iter().for_each(|(candidates, unvoiced)| search.push(candidates, *unvoiced));
        search.finish()
    }

    /// What a path is worth, the slow and obvious way; `None` is unvoiced.
    fn worth(frames: &[(Vec<Candidate>, f32)], states: &[Option<usize>]) -> f64 {
        let mut sum = 0.0;
        let mut before: Option<Option<f32>> = None;
        for ((candidates, unvoiced), state) in frames.iter().zip(states) {
            let pitch = state.map(|k| candidates[k].log2_f0);
            sum += f64::from(state.map_or(*unvoiced, |k| candidates[k].strength));
            sum -= match (before.unwrap_or(None), pitch) {
                (None, None) => 0.0,
                (Some(a), Some(b)) => f64::from(COSTS.octave_jump * (a - b).abs()),
                (None, Some(_)) | (Some(_), None) => f64::from(COSTS.voiced_unvoiced),
            };
            before = Some(pitch);
        }
        sum
    }

    #[test]
    fn no_other_path_is_worth_more() {
        let mut seed = 1u32;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32
        };
        for _ in 0..50 {
            let frames: Vec<_> = (0..6)
                .map(|_| {
                    let two = (0..2).map(|_| candidate(100.0 * (1.0 + 3.0 * random()), random()));
                    (two.collect(), random())
                })
                .collect();
            let found: Vec<Option<usize>> = path(&frames)
                .iter()
                .zip(&frames)
                .map(|(choice, (candidates, _))| match choice {
                    Choice::Unvoiced { .. } => None,
                    Choice::Voiced { log2_f0, .. } => {
                        candidates.iter().position(|c| c.log2_f0 == *log2_f0)
                    }
                })
                .collect();
            let best = (0..3usize.pow(6))
                .map(|n| {
                    let states: Vec<_> =
                        (0..6).map(|i| (n / 3usize.pow(i) % 3).checked_sub(1)).collect();
                    worth(&frames, &states)
                })
                .fold(f64::MIN, f64::max);
            assert!((worth(&frames, &found) - best).abs() < 1e-5);
        }
    }

    #[test]
    fn a_frame_that_prefers_the_octave_is_outvoted() {
        let mut frames = vec![(vec![candidate(220.0, 0.9), candidate(110.0, 0.8)], 0.45); 20];
        frames[10].0 = vec![candidate(220.0, 0.6), candidate(110.0, 0.95)];
        let is_220 = |choice: &Choice| matches!(choice, Choice::Voiced { log2_f0, .. } if *log2_f0 == 220f32.log2());
        assert!(path(&frames).iter().all(is_220));
    }

    #[test]
    fn decided_frames_are_forgotten() {
        let mut search = PathSearch::new(COSTS, 0);
        for i in 0..20_000 {
            let f0_hz = 200.0 + (i as f32 * 0.01).sin();
            search.push(&[candidate(f0_hz, 0.9), candidate(f0_hz / 2.0, 0.89)], 0.45);
            assert!(search.starts.len() <= 2 * FIRST_CHECK);
        }
        assert_eq!(search.finish().len(), 20_000);
    }

    #[test]
    fn no_frames_make_no_path() {
        assert!(path(&[]).is_empty());
    }
}
