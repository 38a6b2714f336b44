//! The stub behind nginx: mutual TLS, and the same 1 KB to everyone.

use std::net::Ipv4Addr;
use std::path::Path;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::host::ANSWER_BYTES;
use super::{say, tls, told_to_end};
use crate::error::{BenchError, Tried};
use crate::http1::Connection;

pub(super) async fn run(folder: &Path) -> Result<(), BenchError> {
    let acceptor = tls::acceptor(folder)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.tried("a port")?;
    say(listener.local_addr().tried("a port")?)?;
    let accept = async {
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(acceptor.clone(), stream));
            }
        }
    };
    tokio::select! {
        () = told_to_end() => {}
        () = accept => {}
    }
    Ok(())
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = Connection::new(acceptor.accept(stream).await?);
    let answer = answer();
    while connection.receive(|_, _| ()).await?.is_some() {
        connection.send(&answer).await?;
    }
    Ok(())
}

fn answer() -> Vec<u8> {
    let body = "A+".repeat(ANSWER_BYTES / 2);
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into()
}
