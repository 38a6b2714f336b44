//! As much of HTTP/1.1 as the two ends of a measurement need: whole messages with a length, over one kept connection.
//! Lean, so that both ends leave the processors to what is measured.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Larger messages do not occur here.
const MOST: usize = 64 << 10;

/// One connection.
pub(crate) struct Connection<S> {
    stream: S,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::with_capacity(8 << 10) }
    }

    /// Sends a whole message.
    pub(crate) async fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.stream.write_all(message).await?;
        self.stream.flush().await
    }

    /// Receives a whole message and lets `look` at its head and its body; `None` at the orderly end of the connection.
    pub(crate) async fn receive<T>(&mut self, look: impl FnOnce(&[u8], &[u8]) -> T) -> io::Result<Option<T>> {
        loop {
            if let Some((head, whole)) = extent(&self.buffer)?
                && let Some((message, _)) = self.buffer.split_at_checked(whole)
            {
                let (head, body) = message.split_at_checked(head).unwrap_or((message, &[]));
                let seen = look(head, body);
                self.buffer.drain(..whole);
                return Ok(Some(seen));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }
}

/// The length of the head of the message at the start of the buffer, and of the whole message.
fn extent(buffer: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let Some(head) = buffer.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4) else {
        return if buffer.len() > MOST { Err(invalid("an endless head")) } else { Ok(None) };
    };
    let length = field(buffer.get(..head).unwrap_or_default(), b"content-length")
        .and_then(|value| std::str::from_utf8(value).ok()?.trim().parse::<usize>().ok())
        .filter(|length| *length <= MOST)
        .ok_or_else(|| invalid("a message without a reasonable length"))?;
    Ok(Some((head, head + length)))
}

/// The value of a header field.
pub(crate) fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (found, value) = line.split_at_checked(name.len())?;
        if found.eq_ignore_ascii_case(name) { value.strip_prefix(b":") } else { None }
    })
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A request with an absolute address, as it goes over the wire.
pub(crate) fn request(request: &http::Request<Bytes>) -> Vec<u8> {
    let uri = request.uri();
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let host = uri.authority().map_or("", http::uri::Authority::as_str);
    let (method, length) = (request.method(), request.body().len());
    let mut out = Vec::with_capacity(1024 + length);
    out.extend_from_slice(
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n").as_bytes(),
    );
    for (name, value) in request.headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(request.body());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_one_after_another() {
        let two = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        let (head, whole) = extent(two).unwrap().unwrap();
        assert_eq!(&two[head..whole], b"ok");
        assert_eq!(extent(&two[whole..]).unwrap(), Some((38, 38)));
        assert_eq!(extent(&two[..20]).unwrap(), None);
        assert!(extent(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[tokio::test]
    async fn what_is_sent_is_received_whole() {
        let sent = http::Request::post("https://127.0.0.1:1/v1/query?x").header("a", "b").body("body".into()).unwrap();
        let (here, there) = tokio::io::duplex(16);
        let bytes = request(&sent);
        let send = async move { Connection::new(here).send(&bytes).await };
        let receive = async move {
            let mut connection = Connection::new(there);
            let seen = connection.receive(|head, body| (field(head, b"A").map(<[u8]>::to_vec), body.to_vec())).await;
            (seen, connection.receive(|_, _| ()).await)
        };
        let (_, (seen, end)) = tokio::join!(send, receive);
        assert_eq!(seen.unwrap().unwrap(), (Some(b" b\r".to_vec()), b"body".to_vec()));
        assert!(end.unwrap().is_none());
    }
}
