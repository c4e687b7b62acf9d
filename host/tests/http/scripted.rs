//! A server that does to each request what a test says, on loopback.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What happens to a request.
#[derive(Clone)]
pub(crate) enum Step {
    /// These bytes, and the connection stays open.
    Say(Vec<u8>),
    /// These bytes, and the connection is closed.
    SayAndClose(Vec<u8>),
    /// These bytes, one at a time.
    Trickle(Vec<u8>),
    /// These bytes, and then the second ones until nobody reads any more.
    Endless(Vec<u8>, Vec<u8>),
    /// Closed without a word, by RST.
    Reset,
    /// Nothing, for ever.
    Silence,
}

/// A whole answer with this status line, these header lines and this body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Step {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
    Step::Say(text.into_bytes())
}

pub(crate) fn ok() -> Step {
    answer("200 OK", "content-type: application/json\r\n", "{}")
}

/// The running server; it ends with the test.
#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicU32>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Starts it; `script` is given each request's head and number, from 0.
    pub(crate) async fn start(
        script: impl Fn(usize, &str) -> Step + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, script)
    }

    /// The same where somebody listened before.
    pub(crate) fn on(
        listener: TcpListener,
        script: impl Fn(usize, &str) -> Step + Send + Sync + 'static,
    ) -> Self {
        let this = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (server, script) = (this.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server.connections.fetch_add(1, SeqCst);
                tokio::spawn(server.clone().converse(stream, Arc::clone(&script)));
            }
        });
        this
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn connections(&self) -> u32 {
        self.connections.load(SeqCst)
    }

    /// The heads of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    async fn converse(self, mut stream: TcpStream, script: Arc<impl Fn(usize, &str) -> Step>) {
        while let Some(head) = read_request(&mut stream).await {
            let number = {
                let mut requests = self.requests.lock().unwrap();
                requests.push(head.clone());
                requests.len() - 1
            };
            match script(number, &head) {
                Step::Say(bytes) => {
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Step::SayAndClose(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    return;
                }
                Step::Trickle(bytes) => {
                    for byte in bytes {
                        if stream.write_all(&[byte]).await.is_err() {
                            return;
                        }
                        sleep(Duration::from_millis(50)).await;
                    }
                }
                Step::Endless(head, piece) => {
                    let _ = stream.write_all(&head).await;
                    while stream.write_all(&piece).await.is_ok() {}
                    return;
                }
                Step::Reset => return reset(stream),
                Step::Silence => std::future::pending().await,
            }
        }
    }
}

/// Closes with RST.
pub(crate) fn reset(stream: TcpStream) {
    let _ = stream.set_zero_linger();
}

/// A request's head; its body is read and dropped.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.eq_ignore_ascii_case("content-length")).then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(head)
}
