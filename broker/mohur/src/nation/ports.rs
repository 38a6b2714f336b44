//! Ports that are chosen now, written into files, and bound later.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

use super::error::NationError;

/// Below what Linux gives to connections and to whoever asks for any port (32768 and above): those never take one of these
/// between the choice and the use.
const RANGE: Range<u16> = 10_000..32_768;

/// How many this process has looked at. No port is given twice before all have had their turn.
static LOOKED_AT: AtomicU16 = AtomicU16::new(0);

/// Ports of an address that are free now and that this process has given to nobody else.
pub fn free_ports(address: IpAddr, count: usize) -> Result<Vec<SocketAddr>, NationError> {
    let free = RANGE.map(|_| SocketAddr::new(address, next())).filter_map(if_free);
    let free: Vec<_> = free.take(count).collect::<Result<_, _>>().map_err(NationError::Port)?;
    if free.len() == count { Ok(free) } else { Err(NationError::Port(ErrorKind::AddrInUse.into())) }
}

fn if_free(address: SocketAddr) -> Option<std::io::Result<SocketAddr>> {
    match TcpListener::bind(address) {
        Ok(_) => Some(Ok(address)),
        Err(error) if error.kind() == ErrorKind::AddrInUse => None,
        Err(error) => Some(Err(error)),
    }
}

/// Processes begin at different places.
fn next() -> u16 {
    let length = RANGE.end - RANGE.start;
    let begin = std::process::id().wrapping_mul(97) % u32::from(length);
    let step = u32::from(LOOKED_AT.fetch_add(1, Ordering::Relaxed));
    u16::try_from((begin + step) % u32::from(length)).map_or(RANGE.start, |offset| RANGE.start + offset)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice_and_none_that_is_taken() {
        let address = "127.20.21.22".parse().unwrap();
        let taken = TcpListener::bind(free_ports(address, 1).unwrap()[0]).unwrap().local_addr().unwrap();
        let given: BTreeSet<_> = (0..50).flat_map(|_| free_ports(address, 20).unwrap()).collect();
        assert_eq!(given.len(), 1000);
        assert!(!given.contains(&taken));
        assert!(given.iter().all(|address| RANGE.contains(&address.port())));
    }

    #[test]
    fn an_address_that_is_not_of_this_machine_has_none() {
        let NationError::Port(error) = free_ports("192.0.2.1".parse().unwrap(), 1).unwrap_err() else { panic!() };
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    }
}
