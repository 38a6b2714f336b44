//! The thread behind the writer: it prepares the next segment and retires the last one, so that no batch waits for either.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use crate::JournalError;
use crate::files::{is_full, said, sync};
use crate::segment::{Segment, Sync};
use crate::snapshot::Snapshot;

/// What must be durable before segments may be removed.
pub(crate) struct Retirement {
    /// Full tiles written from them.
    pub(crate) tiles: Vec<PathBuf>,
    /// The state after them.
    pub(crate) snapshot: Snapshot,
    /// The segments.
    pub(crate) segments: Vec<PathBuf>,
}

impl Retirement {
    /// Makes tiles and state durable, then removes the segments.
    pub(crate) fn carry_out(&self, folder: &Path, staging: &Path) -> io::Result<()> {
        let mut folders = std::collections::BTreeSet::new();
        for tile in &self.tiles {
            sync(tile)?;
            folders.extend(tile.ancestors().skip(1).take_while(|ancestor| ancestor.starts_with(folder)));
        }
        folders.into_iter().try_for_each(sync)?;
        self.snapshot.write(staging)?;
        self.segments.iter().try_for_each(fs::remove_file)
    }
}

enum Task {
    Prepare(u64),
    Retire(Box<Retirement>),
}

/// Where segments live and how large they are.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) folder: PathBuf,
    pub(crate) staging: PathBuf,
    pub(crate) segment_size: u64,
    pub(crate) sync: Sync,
}

impl Ground {
    /// Prepares a segment, if the disk has room for it and for the tiles that will be made of it.
    pub(crate) fn prepare(&self, number: u64) -> io::Result<Segment> {
        let disk = rustix::fs::statvfs(&self.staging)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < self.segment_size.saturating_mul(5) / 2 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Segment::create(&self.staging, number, self.segment_size, self.sync)
    }
}

/// The thread, seen from the writer.
pub(crate) struct Keeper {
    tasks: Option<Sender<Task>>,
    prepared: Receiver<io::Result<Segment>>,
    asked: bool,
    next: u64,
    staging: PathBuf,
    broken: Arc<OnceLock<Arc<str>>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread and lets it prepare segment `next`.
    pub(crate) fn start(ground: Ground, next: u64) -> io::Result<Self> {
        let (tasks, queue) = mpsc::channel();
        let (results, prepared) = mpsc::channel();
        let broken = Arc::new(OnceLock::new());
        let staging = ground.staging.clone();
        let witness = Arc::clone(&broken);
        let thread = thread::Builder::new()
            .name("log-keeper".into())
            .spawn(move || keep(&ground, &queue, &results, &witness))?;
        let mut keeper =
            Self { tasks: Some(tasks), prepared, asked: false, next, staging, broken, thread: Some(thread) };
        keeper.ask();
        Ok(keeper)
    }

    fn send(&self, task: Task) {
        // A thread that has ended has left its reason in `broken`.
        let _ = self.tasks.as_ref().map(|tasks| tasks.send(task));
    }

    fn ask(&mut self) {
        self.send(Task::Prepare(self.next));
        self.asked = true;
    }

    /// Why the thread has given up, if it has.
    pub(crate) fn failure(&self) -> Option<JournalError> {
        self.broken.get().map(|reason| JournalError::Failed(Arc::clone(reason)))
    }

    /// The next segment, waiting until it is prepared. If there was no room when it was asked for, it is tried again now.
    pub(crate) fn next_segment(&mut self) -> Result<Segment, JournalError> {
        let mut tried_long_ago = self.asked;
        loop {
            if !self.asked {
                self.ask();
            }
            let prepared = self.prepared.recv();
            self.asked = false;
            match prepared {
                Ok(Ok(segment)) => {
                    self.next = segment.number + 1;
                    return Ok(segment);
                }
                Ok(Err(error)) if is_full(&error) && tried_long_ago => tried_long_ago = false,
                Ok(Err(error)) if is_full(&error) => return Err(JournalError::Full(said(&self.staging, &error))),
                Ok(Err(error)) => return Err(JournalError::Failed(said(&self.staging, &error))),
                Err(_) => {
                    let unknown = || JournalError::Failed("its second thread has ended".into());
                    return Err(self.failure().unwrap_or_else(unknown));
                }
            }
        }
    }

    /// Hands over what has become old, and has the next segment prepared after it.
    pub(crate) fn retire(&mut self, retirement: Retirement) {
        self.send(Task::Retire(Box::new(retirement)));
        self.ask();
    }

    /// Lets the thread do what it was given, and waits for its end.
    fn join(&mut self) -> Result<(), JournalError> {
        drop(self.tasks.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            return Err(JournalError::Failed("its second thread has panicked".into()));
        }
        self.failure().map_or(Ok(()), Err)
    }

    /// Retires the rest and waits for the thread to end; also removes the segment that was prepared in vain.
    pub(crate) fn finish(mut self, retirement: Retirement) -> Result<(), JournalError> {
        self.send(Task::Retire(Box::new(retirement)));
        self.join()?;
        while let Ok(prepared) = self.prepared.try_recv() {
            if let Ok(segment) = prepared {
                fs::remove_file(&segment.path).map_err(|error| JournalError::Failed(said(&segment.path, &error)))?;
            }
        }
        Ok(())
    }
}

impl Drop for Keeper {
    /// Nobody may find the folder unlocked while the thread still writes to it.
    fn drop(&mut self) {
        let _ = self.join();
    }
}

fn keep(ground: &Ground, queue: &Receiver<Task>, results: &Sender<io::Result<Segment>>, broken: &OnceLock<Arc<str>>) {
    while let Ok(task) = queue.recv() {
        match task {
            Task::Prepare(number) => {
                if results.send(ground.prepare(number)).is_err() {
                    return;
                }
            }
            Task::Retire(retirement) => {
                if let Err(error) = retirement.carry_out(&ground.folder, &ground.staging) {
                    tracing::error!(%error, "tiles or state of the log could not be made durable");
                    let _ = broken.set(said(&ground.folder, &error));
                    return;
                }
            }
        }
    }
}
