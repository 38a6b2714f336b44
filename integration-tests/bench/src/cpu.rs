//! The CPU that a process has used, user and system, from `/proc` (proc_pid_stat(5)).

use std::fs;
use std::time::Duration;

use crate::error::{BenchError, Tried};

/// `USER_HZ`: 100 wherever Linux shows times in `/proc`, whatever the kernel's own tick is.
const TICKS_PER_SECOND: u64 = 100;

/// What the process with all its threads has used.
pub(crate) fn of_process(pid: u32) -> Result<Duration, BenchError> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).tried(&path)?;
    let ticks = ticks(&text).ok_or_else(|| BenchError::new(format!("{path}: not of the known form")))?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

/// What the process and its living children have used.
pub(crate) fn of_family(pid: u32) -> Result<Duration, BenchError> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(&path).tried(&path)?;
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    children.map(of_process).try_fold(of_process(pid)?, |sum, used| Ok(sum + used?))
}

/// `utime` and `stime` are the 14th and 15th field; the second, the name in parentheses, may hold blanks.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_read_behind_any_name() {
        let stat = "42 (a name) with) blanks) S 1 42 42 0 -1 4194304 99 0 0 0 250 50 7 8 20 0 3 0 100 0 0";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("42 (short) S 1"), None);
    }

    #[test]
    fn this_process_has_used_some() {
        let before = of_process(std::process::id()).unwrap();
        let mut sum = 0_u64;
        while of_process(std::process::id()).unwrap() < before + Duration::from_millis(20) {
            sum = sum.wrapping_mul(31).wrapping_add(1);
        }
        assert!(of_family(std::process::id()).unwrap() >= before, "{sum}");
    }
}
