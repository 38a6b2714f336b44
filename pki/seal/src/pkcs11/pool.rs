//! Sessions, each used by one thread at a time. The lock is held to take one out and to put one back, never while one signs.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;

/// A session, logged in, and the key in it.
pub(super) struct Live {
    pub(super) session: Session,
    pub(super) key: ObjectHandle,
}

impl Live {
    /// Lets go of a session. One whose handle is dead is not closed: the number may be another session's by now.
    pub(super) fn discard(self, handle_is_dead: bool) {
        if handle_is_dead {
            std::mem::forget(self.session);
        }
    }
}

/// So many places, each with a session or with none yet.
pub(super) struct Pool {
    state: Mutex<State>,
    freed: Condvar,
}

struct State {
    free: Vec<Option<Live>>,
    /// Counts how often the module was lost with all of its sessions.
    age: u64,
}

impl Pool {
    pub(super) fn new(places: usize, first: Option<Live>) -> Self {
        let mut free: Vec<_> = std::iter::repeat_with(|| None).take(places.saturating_sub(1)).collect();
        free.push(first);
        Self { state: Mutex::new(State { free, age: 0 }), freed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place, one with a session if there is one; `None` if none was freed in time.
    pub(super) fn take(&self, wait: Duration) -> Option<Place<'_>> {
        let until = Instant::now() + wait;
        let mut state = self.lock();
        loop {
            let open = state.free.iter().rposition(Option::is_some);
            let at = open.or_else(|| state.free.len().checked_sub(1));
            if let Some(at) = at {
                return Some(Place { live: state.free.swap_remove(at), age: state.age, pool: self });
            }
            let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
            state = self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The module was lost: no session of before means anything.
    pub(super) fn module_lost(&self, age: u64) {
        let mut state = self.lock();
        if state.age == age {
            state.age += 1;
            for live in state.free.iter_mut().filter_map(Option::take) {
                live.discard(true);
            }
        }
    }
}

/// A place in the pool, until it is dropped.
pub(super) struct Place<'a> {
    pub(super) live: Option<Live>,
    age: u64,
    pool: &'a Pool,
}

impl Place<'_> {
    /// The module was lost, and this session with it.
    pub(super) fn module_lost(&mut self) {
        self.pool.module_lost(self.age);
        self.age = self.pool.lock().age;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut live = self.live.take();
        let mut state = self.pool.lock();
        if state.age != self.age
            && let Some(old) = live.take()
        {
            old.discard(true);
        }
        state.free.push(live);
        drop(state);
        self.pool.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn whoever_holds_a_place_holds_no_lock_and_who_finds_none_waits_no_longer_than_told() {
        let pool = Pool::new(2, None);
        let one = pool.take(Duration::ZERO).unwrap();
        // The first is in use: were a lock held meanwhile, these would stand still.
        std::thread::scope(|scope| {
            let (taken, told) = channel();
            let (pool, go_on) = (&pool, channel::<()>());
            scope.spawn(move || {
                let other = pool.take(Duration::ZERO);
                taken.send(other.is_some()).unwrap();
                go_on.1.recv().unwrap();
            });
            assert!(told.recv_timeout(Duration::from_secs(5)).unwrap(), "there are two places");
            let start = Instant::now();
            assert!(pool.take(Duration::from_millis(30)).is_none(), "and not three");
            assert!(start.elapsed() >= Duration::from_millis(30));
            go_on.0.send(()).unwrap();
            assert!(pool.take(Duration::from_secs(5)).is_some(), "one was freed");
        });
        drop(one);
        let both = (pool.take(Duration::ZERO), pool.take(Duration::ZERO));
        assert!(both.0.is_some() && both.1.is_some(), "each place came back once");
        assert!(pool.take(Duration::ZERO).is_none());
    }
}
