//! nginx, for as long as this process lives.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{say, wait_for_the_end};
use crate::error::{BenchError, Tried};
use crate::nginx;

pub(super) fn run(folder: &Path, upstream: &str) -> Result<(), BenchError> {
    let upstream: SocketAddr = upstream.parse().tried("the stub's address")?;
    let program = nginx::find().ok_or_else(|| BenchError::new("nginx is not installed"))?;
    let (config, listen) = nginx::configure(folder, upstream)?;
    let command = || {
        let mut command = Command::new(&program);
        command.arg("-c").arg(&config).arg("-p").arg(folder).stdin(Stdio::null()).stdout(Stdio::null());
        command
    };
    let mut process = command().spawn().tried("nginx")?;
    for _ in 0..200 {
        if TcpStream::connect(listen).is_ok() {
            break;
        }
        if let Ok(Some(status)) = process.try_wait() {
            return Err(BenchError::new(format!("nginx ended at once, {status}")));
        }
        thread::sleep(Duration::from_millis(20));
    }
    say(format_args!("{listen} {}", process.id()))?;
    wait_for_the_end();
    // The master ends its worker; killing the master would not.
    command().args(["-s", "stop"]).status().tried("nginx -s stop")?;
    process.wait().tried("nginx")?;
    Ok(())
}
