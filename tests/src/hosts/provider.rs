//! A server on loopback that answers as no provider should, and remembers what arrived.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::wire;

/// A running server; it answers until the test's runtime ends.
#[derive(Debug, Clone)]
pub struct Provider {
    /// `127.0.0.1:port`.
    pub authority: String,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    targets: Mutex<Vec<String>>,
}

impl Provider {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let provider = Self {
            authority: listener.local_addr()?.to_string(),
            seen: Arc::default(),
        };
        let seen = Arc::clone(&provider.seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let seen = Arc::clone(&seen);
                // A client that goes away in the middle is part of the game.
                tokio::spawn(async move { drop(serve(stream, &seen).await) });
            }
        });
        Ok(provider)
    }

    /// Connections so far, whatever was said on them.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Paths with queries of the requests so far.
    #[must_use]
    pub fn targets(&self) -> Vec<String> {
        let targets = self.seen.targets.lock();
        targets.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(mut stream: TcpStream, seen: &Seen) -> Result<()> {
    let request = wire::read(&mut stream).await?;
    seen.targets
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request.target.clone());
    let path = request.target.trim_start_matches('/');
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let (what, with) = path.split_once('/').unwrap_or((path, ""));
    let answer = match what {
        "echo" => answer(200, "", echo(&request).as_bytes()),
        "status" => answer(with.parse()?, EVERY_HEADER, b"{\"all\":true}"),
        "redirect" => {
            let to = query.strip_prefix("to=").unwrap_or_default();
            answer(with.parse()?, &format!("location: {to}\r\n"), b"")
        }
        "bytes" => answer(200, "", &vec![b'x'; with.parse()?]),
        "chunked" => chunked(with.parse()?),
        "cut" => b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec(),
        "cut-chunk" => b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nA\r\nhalf".to_vec(),
        "garbage" => b"this is no HTTP\r\n\r\n".to_vec(),
        "coded" => answer(200, "content-encoding: gzip\r\n", GZIP),
        "reset" => Vec::new(),
        "hang" => return std::future::pending().await,
        "drip" => return drip(stream).await,
        _ => answer(404, "", b""),
    };
    stream.write_all(&answer).await?;
    stream.shutdown().await?;
    Ok(())
}

/// Every header that the contract names, in letters of both cases, and some that it does not.
const EVERY_HEADER: &str = "Date: Mon, 21 Sep 2026 14:13:20 GMT\r\nCache-Control: max-age=60\r\nAge: 5\r\n\
    RETRY-AFTER: 17\r\nWWW-Authenticate: Bearer\r\nX-Rate-Limit-Reset: 1790000000\r\n\
    Set-Cookie: sid=1; Path=/\r\nServer: provider\r\nLocation: /landed\r\nX-Other: yes\r\n";

/// RFC 1952: the text `{}`.
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0xff, 0xab, 0xae, 0x05, 0, 0x43, 0xbf, 0xa6, 0xa3, 0x02, 0,
    0, 0,
];

fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let headers = format!("content-type: application/json\r\n{headers}");
    wire::answer(status, &headers, body)
}

fn chunked(length: usize) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\
                connection: close\r\n\r\n";
    let mut answer = head.as_bytes().to_vec();
    for chunk in vec![b'x'; length].chunks(10_000) {
        answer.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        answer.extend_from_slice(chunk);
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"0\r\n\r\n");
    answer
}

/// One byte now and then, and never the last: each read succeeds, the exchange does not.
async fn drip(mut stream: TcpStream) -> Result<()> {
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n")
        .await?;
    loop {
        stream.write_all(b"x").await?;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn echo(request: &wire::Arrived) -> String {
    json!({
        "method": request.method,
        "target": request.target,
        "headers": request.headers,
        "body": String::from_utf8_lossy(&request.body),
    })
    .to_string()
}
