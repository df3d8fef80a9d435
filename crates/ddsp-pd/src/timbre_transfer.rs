//! The object `timbre_transfer`: the course's messages, answered.

use ddsp_io::instrument::built_in;

use crate::host::{Answers, Atom, Host};
use crate::message::{Request, parse};
use crate::worker::{Job, News, Worker};

/// The object. Its worker waits, or works for one array.
#[derive(Debug, Default)]
pub(crate) struct TimbreTransfer {
    worker: Option<Worker>,
    /// What happens with the result of the job that runs.
    pending: Option<Pending>,
}

/// Where a result goes, and what is said then.
#[derive(Debug)]
struct Pending {
    array: String,
    says: &'static str,
}

impl TimbreTransfer {
    /// Whether there is something to be looked after.
    pub(crate) fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    /// Answers a message.
    pub(crate) fn message(
        &mut self,
        selector: &str,
        atoms: &[Atom],
        host: &Host,
        answers: &mut Answers,
    ) {
        let request = parse(selector, atoms, host.sample_rate());
        let done = request.and_then(|request| self.answer(request, host, answers));
        if let Err(sentence) = done {
            answers.error(sentence);
        }
    }

    fn answer(
        &mut self,
        request: Request,
        host: &Host,
        answers: &mut Answers,
    ) -> Result<(), String> {
        match request {
            Request::Load => {
                self.worker()?;
                answers.send("worker", vec![symbol("on")]);
            }
            Request::Unload => {
                self.worker = None;
                self.pending = None;
                answers.send("worker", vec![symbol("off")]);
            }
            Request::Run { mut transfer, in_array, out_array } => {
                self.refuse_second()?;
                // It should be there before the work begins; it is looked up again when it is done.
                host.read_array(&out_array)?;
                let samples = host.read_array(&in_array)?;
                if samples.is_empty() {
                    return Err(format!("{in_array}: expected samples in the array, found none"));
                }
                let is_built_in = built_in().any(|name| name == transfer.instrument);
                if let (false, Some(path)) = (is_built_in, host.find(&transfer.instrument)) {
                    transfer.instrument = path.to_string_lossy().into_owned();
                }
                let job = Job::Transfer { asked: transfer, samples };
                self.begin(job, Pending { array: out_array, says: "transferred" }, answers)?;
            }
            Request::Open { file, array } => {
                self.refuse_second()?;
                host.read_array(&array)?;
                let path = host.find(&file).ok_or_else(|| {
                    format!("{file}: there is no such file beside the patch or on Pd's path")
                })?;
                let sample_rate = host.sample_rate() as u32;
                let job = Job::Read { path, sample_rate };
                self.begin(job, Pending { array, says: "opened" }, answers)?;
            }
            Request::Normalize { array, target } => {
                normalize(host, &array, target)?;
                answers.send("normalized", Vec::new());
            }
            Request::Panic => panic!("forced in a message"),
        }
        Ok(())
    }

    fn refuse_second(&self) -> Result<(), String> {
        match &self.pending {
            Some(pending) => Err(format!(
                "still working for {}: wait for its end, or send unload",
                pending.array
            )),
            None => Ok(()),
        }
    }

    /// The worker, started if need be.
    fn worker(&mut self) -> Result<&Worker, String> {
        if self.worker.is_none() {
            self.worker = Some(Worker::start()?);
        }
        Ok(self.worker.as_ref().expect("it has just been started"))
    }

    fn begin(&mut self, job: Job, pending: Pending, answers: &mut Answers) -> Result<(), String> {
        if self.worker.is_none() {
            self.worker()?;
            answers.send("worker", vec![symbol("on")]);
        }
        self.worker()?.begin(job)?;
        self.pending = Some(pending);
        Ok(())
    }

    /// Looks after the worker.
    pub(crate) fn tick(&mut self, host: &Host, answers: &mut Answers) {
        while let (Some(pending), Some(worker)) = (&self.pending, &self.worker) {
            match worker.news() {
                None => return,
                Some(News::Progress(share)) => answers.send("progress", vec![Atom::Float(share)]),
                Some(News::Done(samples)) => {
                    match host.write_array(&pending.array, &samples) {
                        Ok(()) => {
                            let n = Atom::Float(samples.len() as f32);
                            answers.send("progress", vec![Atom::Float(1.0)]);
                            answers.send(pending.says, vec![n]);
                        }
                        Err(sentence) => answers.error(sentence),
                    }
                    self.pending = None;
                }
                Some(News::Failed(sentence)) => {
                    answers.error(sentence);
                    self.pending = None;
                }
            }
        }
    }
}

/// Scales an array to a peak; silence stays.
fn normalize(host: &Host, array: &str, target: f32) -> Result<(), String> {
    let mut samples = host.read_array(array)?;
    if samples.is_empty() {
        return Err(format!("{array}: expected samples in the array, found none"));
    }
    let peak = samples.iter().filter(|x| x.is_finite()).fold(0.0_f32, |peak, x| peak.max(x.abs()));
    if peak > 0.0 {
        samples
            .iter_mut()
            .for_each(|x| *x = if x.is_finite() { *x * (target / peak) } else { 0.0 });
        host.write_array(array, &samples)?;
    }
    Ok(())
}

fn symbol(name: &str) -> Atom {
    Atom::Symbol(name.to_owned())
}
