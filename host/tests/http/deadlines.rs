//! How long a provider can keep the host waiting.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::scripted::{self, Scripted, Step, reset};
use super::*;

/// Answers no SYN: a listener with a full backlog.
pub(super) struct BlackHole {
    pub(super) address: SocketAddr,
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl BlackHole {
    pub(super) async fn at(address: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(address.parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        loop {
            let connected = TcpStream::connect(address);
            match tokio::time::timeout(Duration::from_millis(200), connected).await {
                Ok(stream) => waiting.push(stream.unwrap()),
                Err(_) => break,
            }
        }
        Self {
            address,
            _listener: listener,
            _waiting: waiting,
        }
    }
}

/// The outcome, and that it came within so many milliseconds.
async fn within(fault: &str, millis: u64, outcome: impl Future<Output = Outcome>) -> Outcome {
    let before = Instant::now();
    let outcome = outcome.await;
    let took = before.elapsed();
    println!("{fault}: {outcome:?} after {took:.1?}");
    assert!(took <= Duration::from_millis(millis), "{fault}: {took:?}");
    outcome
}

#[tokio::test]
async fn f_01_a_closed_port() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", free.local_addr().unwrap());
    drop(free);
    let client = client();
    let refusal = within("F-01", 3_200, get(&client, &url)).await;
    assert_eq!(refusal, Err(HttpError::Unreachable));
}

/// Down for so long that it is asked less often, then back: the first answer comes no later than ten seconds after.
#[tokio::test]
async fn f_01_back_again() {
    // Taken, so that nobody else answers there, and refusing until it listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let (client, url) = (client(), format!("http://{address}/x"));
    for _ in 0..8 {
        assert_eq!(get(&client, &url).await, Err(HttpError::Unreachable));
    }
    let server = Scripted::on(socket.listen(16).unwrap(), |_, _| scripted::ok());
    let back = Instant::now();
    while get(&client, &url).await.is_err() {
        assert!(back.elapsed() < Duration::from_secs(12), "F-01");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let took = back.elapsed();
    println!("F-01: back, first answer after {took:.1?}");
    assert!(took > Duration::from_secs(5), "F-01: nothing held it back");
    assert_eq!(server.requests().len(), 1, "F-01");
}

#[tokio::test]
async fn f_02_a_black_hole() {
    let hole = BlackHole::at("127.0.0.1:0").await;
    let url = format!("http://{}/x", hole.address);
    let refusal = within("F-02", 3_200, get(&client(), &url)).await;
    assert_eq!(refusal, Err(HttpError::Unreachable));
}

#[tokio::test]
async fn f_03_silence_after_the_request() {
    let server = Scripted::start(|_, _| Step::Silence).await;
    let refusal = within("F-03", 5_500, get(&client(), &server.url("/x"))).await;
    assert_eq!(refusal, Err(HttpError::Timeout));
    assert_eq!(server.requests().len(), 1, "a timeout is not repeated");
}

#[tokio::test]
async fn silence_instead_of_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/x", listener.local_addr().unwrap());
    let refusal = within("no TLS", 3_200, get(&client(), &url)).await;
    assert_eq!(refusal, Err(HttpError::Unreachable));
}

#[tokio::test]
async fn f_09_reset_in_the_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/x", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        for _ in 0..2 {
            let (stream, _) = listener.accept().await.unwrap();
            stream.readable().await.unwrap();
            reset(stream);
        }
    });
    let refusal = within("F-09", 3_200, get(&client(), &url)).await;
    assert_eq!(refusal, Err(HttpError::Unreachable));
    server.await.unwrap(); // both attempts of a GET arrived
}

#[tokio::test]
async fn trickling_headers_and_bodies() {
    let client = with(HttpOptions {
        deadlines: short(),
        ..HttpOptions::default()
    });
    let headers = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec();
    let server = Scripted::start(move |_, _| Step::Trickle(headers.clone())).await;
    let refusal = within("trickling headers", 600, get(&client, &server.url("/x"))).await;
    assert_eq!(refusal, Err(HttpError::Timeout));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let refusal = within("a trickling body", 1_200, get(&client, &url)).await;
    assert_eq!(refusal, Err(HttpError::Timeout));
}
