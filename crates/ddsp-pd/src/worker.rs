//! The thread that works while Pd plays on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use ddsp_core::model::Model;
use ddsp_io::instrument;

use crate::host::panic_text;
use crate::job::{self, Transfer};

/// What is done.
#[derive(Debug)]
pub(crate) enum Job {
    Transfer { asked: Transfer, samples: Vec<f32> },
    Read { path: PathBuf, sample_rate: u32 },
}

/// What the thread has to tell.
#[derive(Debug)]
pub(crate) enum News {
    /// The share that is done.
    Progress(f32),
    Done(Vec<f32>),
    Failed(String),
}

/// A thread that waits for jobs. It ends when this is dropped, as soon as its job allows, and nobody waits for it.
#[derive(Debug)]
pub(crate) struct Worker {
    jobs: Sender<Job>,
    news: Receiver<News>,
}

impl Worker {
    pub(crate) fn start() -> Result<Self, String> {
        let (jobs, jobs_in) = channel();
        let (news_out, news) = channel();
        let thread = std::thread::Builder::new().name("ddsp".to_owned());
        let started = thread.spawn(move || work(&jobs_in, &news_out));
        started.map_err(|e| format!("no thread could be started to work on: {e}"))?;
        Ok(Self { jobs, news })
    }

    pub(crate) fn begin(&self, job: Job) -> Result<(), String> {
        self.jobs.send(job).map_err(|_| "the worker has ended: send unload, then load".to_owned())
    }

    /// The next news, if there is any.
    pub(crate) fn news(&self) -> Option<News> {
        match self.news.try_recv() {
            Ok(news) => Some(news),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                Some(News::Failed("the worker has ended".to_owned()))
            }
        }
    }
}

fn work(jobs: &Receiver<Job>, news: &Sender<News>) {
    // The instrument of the last job stays: most runs are with the same.
    let mut loaded: Option<(String, Model)> = None;
    while let Ok(job) = jobs.recv() {
        let done = catch_unwind(AssertUnwindSafe(|| run(job, &mut loaded, news)));
        let told = match done {
            Ok(Ok(samples)) => News::Done(samples),
            Ok(Err(sentence)) => News::Failed(sentence),
            Err(panic) if panic.is::<Left>() => return,
            Err(panic) => {
                loaded = None;
                News::Failed(format!(
                    "ddsp failed inside ({}): please report it",
                    panic_text(&*panic)
                ))
            }
        };
        if news.send(told).is_err() {
            return;
        }
    }
}

/// Nobody waits for the result any more.
struct Left;

fn run(
    job: Job,
    loaded: &mut Option<(String, Model)>,
    news: &Sender<News>,
) -> Result<Vec<f32>, String> {
    let (asked, samples) = match job {
        Job::Read { path, sample_rate } => return job::read(&path, sample_rate),
        Job::Transfer { asked, samples } => (asked, samples),
    };
    assert!(!(cfg!(debug_assertions) && asked.instrument == "panic"), "forced in the worker");
    // A file may have changed since; what is built in cannot.
    let name = &asked.instrument;
    let is_loaded = loaded.as_ref().is_some_and(|(last, _)| last == name)
        && instrument::built_in().any(|built_in| built_in == name);
    if !is_loaded {
        *loaded = None;
        *loaded = Some((name.clone(), instrument::load(name).map_err(|e| e.to_string())?));
    }
    let (_, model) = loaded.as_ref().expect("it has just been loaded");
    let mut told = 0.0;
    job::transfer(model, &samples, &asked, |n, n_frames| {
        let share = n as f32 / n_frames.max(1) as f32;
        if share - told >= 0.01 {
            told = share;
            if news.send(News::Progress(share)).is_err() {
                // The only way out of a render whose object is gone; it prints nothing.
                std::panic::resume_unwind(Box::new(Left));
            }
        }
    })
}
