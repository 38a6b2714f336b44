//! What a peer can make this process wait for or hold. Every limit is a setting; a table without it has the default.

use std::time::Duration;

use mohur_config::Table;

/// Limits of a server. Times are cut-offs: a peer that is slower is answered or disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `max-connections`: connections open at once; one more is closed at once. 1–1,000,000, default 8192.
    pub max_connections: usize,
    /// `max-in-flight`: requests worked on at once; one more is refused as `overloaded`. 1–1,000,000, default 1024.
    pub max_in_flight: usize,
    /// `tls-timeout`: from the connection to the end of the TLS handshake. Default 5 s.
    pub tls_timeout: Duration,
    /// `header-bytes`: request line and headers together. 1 KiB–1 MiB, default 16 KiB.
    pub header_bytes: usize,
    /// `header-timeout`: from a request's first byte to the end of its headers, and from the connection to its first
    /// request. Default 5 s.
    pub header_timeout: Duration,
    /// `body-bytes`: a request's body. 1 KiB–64 MiB, default 256 KiB.
    pub body_bytes: usize,
    /// `body-timeout`: from the end of the headers to the end of the body. Default 10 s.
    pub body_timeout: Duration,
    /// `handler-timeout`: from the end of the body to the answer. The work goes on; the caller is told. Default 30 s.
    pub handler_timeout: Duration,
    /// `write-timeout`: from the answer to its last byte taken by the peer. Default 10 s.
    pub write_timeout: Duration,
    /// `idle-timeout`: a connection without a request. Default 60 s.
    pub idle_timeout: Duration,
    /// `streams`: HTTP/2 requests open at once on one connection. 1–1000, default 64.
    pub streams: u32,
    /// `drain-timeout`: at shutdown, how long accepted requests may still take. Default 30 s.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 8192,
            max_in_flight: 1024,
            tls_timeout: Duration::from_secs(5),
            header_bytes: 16 << 10,
            header_timeout: Duration::from_secs(5),
            body_bytes: 256 << 10,
            body_timeout: Duration::from_secs(10),
            handler_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            streams: 64,
            drain_timeout: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// Reads the limits that a table sets; the others keep the value they have in `self`.
    #[must_use]
    pub fn read(self, table: &mut Table) -> Self {
        Self {
            max_connections: table.number("max-connections", 1..=1_000_000).unwrap_or(self.max_connections),
            max_in_flight: table.number("max-in-flight", 1..=1_000_000).unwrap_or(self.max_in_flight),
            tls_timeout: table.duration("tls-timeout").unwrap_or(self.tls_timeout),
            header_bytes: table.number("header-bytes", 1 << 10..=1 << 20).unwrap_or(self.header_bytes),
            header_timeout: table.duration("header-timeout").unwrap_or(self.header_timeout),
            body_bytes: table.number("body-bytes", 1 << 10..=64 << 20).unwrap_or(self.body_bytes),
            body_timeout: table.duration("body-timeout").unwrap_or(self.body_timeout),
            handler_timeout: table.duration("handler-timeout").unwrap_or(self.handler_timeout),
            write_timeout: table.duration("write-timeout").unwrap_or(self.write_timeout),
            idle_timeout: table.duration("idle-timeout").unwrap_or(self.idle_timeout),
            streams: table.number("streams", 1..=1000).unwrap_or(self.streams),
            drain_timeout: table.duration("drain-timeout").unwrap_or(self.drain_timeout),
        }
    }
}

/// Limits of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// `body-bytes`: an answer's body. 1 KiB–64 MiB, default 1 MiB.
    pub body_bytes: usize,
    /// `connect-timeout`: TCP and TLS handshake together, within the request's own time. Default 5 s.
    pub connect_timeout: Duration,
    /// `idle-timeout`: a kept connection is not used again after this. Shorter than the server's. Default 30 s.
    pub idle_timeout: Duration,
    /// `idle-connections`: kept for each address. 0–10,000, default 256.
    pub idle_connections: usize,
    /// `http2`: offer HTTP/2 (over TLS). Default false: HTTP/1.1 costs less for requests as small as ours.
    pub http2: bool,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(30),
            idle_connections: 256,
            http2: false,
        }
    }
}

impl ClientLimits {
    /// Reads the limits that a table sets; the others keep the value they have in `self`.
    #[must_use]
    pub fn read(self, table: &mut Table) -> Self {
        Self {
            body_bytes: table.number("body-bytes", 1 << 10..=64 << 20).unwrap_or(self.body_bytes),
            connect_timeout: table.duration("connect-timeout").unwrap_or(self.connect_timeout),
            idle_timeout: table.duration("idle-timeout").unwrap_or(self.idle_timeout),
            idle_connections: table.number("idle-connections", 0..=10_000).unwrap_or(self.idle_connections),
            http2: table.flag("http2").unwrap_or(self.http2),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const SERVER: &str = "max-connections = 10\nmax-in-flight = 11\ntls-timeout = \"1s\"\nheader-bytes = 2048\n\
        header-timeout = \"2s\"\nbody-bytes = 4096\nbody-timeout = \"3s\"\nhandler-timeout = \"4s\"\n\
        write-timeout = \"5s\"\nidle-timeout = \"6s\"\nstreams = 7\ndrain-timeout = \"8s\"\n";
    const CLIENT: &str =
        "body-bytes = 2048\nconnect-timeout = \"1s\"\nidle-timeout = \"2s\"\nidle-connections = 3\nhttp2 = true\n";

    #[test]
    fn every_limit_is_a_setting() {
        let server =
            mohur_config::parse(Path::new("x.toml"), SERVER, |table| Some(Limits::default().read(table))).unwrap();
        assert_eq!(
            (server.max_connections, server.max_in_flight, server.header_bytes, server.body_bytes),
            (10, 11, 2048, 4096)
        );
        let seconds = [
            server.tls_timeout,
            server.header_timeout,
            server.body_timeout,
            server.handler_timeout,
            server.write_timeout,
            server.idle_timeout,
            Duration::from_secs(server.streams.into()),
            server.drain_timeout,
        ];
        assert_eq!(seconds.map(|time| time.as_secs()), [1, 2, 3, 4, 5, 6, 7, 8]);
        let client =
            mohur_config::parse(Path::new("x.toml"), CLIENT, |table| Some(ClientLimits::default().read(table)))
                .unwrap();
        assert_eq!((client.body_bytes, client.idle_connections, client.http2), (2048, 3, true));
        assert_eq!((client.connect_timeout.as_secs(), client.idle_timeout.as_secs()), (1, 2));
    }

    #[test]
    fn what_is_not_set_keeps_its_value_and_what_is_wrong_is_said() {
        let server = mohur_config::parse(Path::new("x.toml"), "", |table| Some(Limits::default().read(table)));
        assert_eq!(server, Ok(Limits::default()));
        let wrong = "max-connections = 0\nbody-bytes = 1\nidle-timeout = 60\nbody_timeout = \"1s\"\n";
        let errors =
            mohur_config::parse(Path::new("x.toml"), wrong, |table| Some(Limits::default().read(table))).unwrap_err();
        assert_eq!(errors.as_slice().len(), 4);
        assert!(errors.to_string().contains("did you mean body-timeout?"), "{errors}");
    }
}
