//! Connections by the thousand: silent ones, those that read nothing, and one address that wants them all.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::stage::Product;

/// Connections that the product takes from one address.
const OF_ADDRESS: usize = 256;

/// One of a crowd's connections. As many come from one address as it may have; the people of these tests come from another.
async fn connect(number: usize, address: SocketAddr, buffer: u32) -> Option<TcpStream> {
    let neighbour = u8::try_from(number / OF_ADDRESS).unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(buffer).unwrap();
    socket
        .bind((Ipv4Addr::new(127, 0, 1, neighbour), 0).into())
        .unwrap();
    let stream = timeout(Duration::from_secs(3), socket.connect(address)).await;
    stream.ok()?.ok() // or there was no more room at the door
}

/// Files that this process may open.
fn files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    line.unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap_or(usize::MAX)
}

/// How long the product holds a connection that says nothing; none for one that it never had.
///
/// Where the queue at the door is full at the last step, Linux has the connection on this side alone, and nothing ends it
/// while nothing is sent (tcp(7), `tcp_abort_on_overflow`). A byte tells: the product's own are ended by then.
async fn held(number: usize, address: SocketAddr) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(30);
    let mut stream = connect(number, address, 64 * 1024).await?;
    let connected = Instant::now();
    let mut byte = [0; 1];
    if timeout(LONGEST, stream.read(&mut byte)).await.is_ok() {
        return Some(connected.elapsed());
    }
    let _ = stream.write_all(b"?").await; // refused, or a beginning
    let ended = timeout(LONGEST, stream.read(&mut byte)).await;
    assert!(ended.is_ok(), "F-63: a silent connection is never ended");
    None
}

/// How long somebody takes to sign in.
async fn login(product: &Product, person: usize) -> Duration {
    let started = Instant::now();
    product.signs_in(person).await;
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn f_63_thousands_of_silent_connections() {
    let product = Product::open("f-63").await;
    let crowd = files().saturating_sub(300).min(10_000);
    let started = Instant::now();
    let address = product.address;
    let silent = (0..crowd).map(|number| tokio::spawn(held(number, address)));
    let silent: Vec<_> = silent.collect();
    tokio::time::sleep(Duration::from_secs(1)).await;

    let login = login(&product, 0).await;

    let mut longest = Duration::ZERO;
    let mut connected = 0;
    for stream in silent {
        if let Some(held) = stream.await.unwrap() {
            connected += 1;
            longest = longest.max(held);
        }
    }
    println!(
        "F-63: {connected} of {crowd} silent connections came in and were ended, each after {longest:.1?} at most; \
         beside them a login took {login:.1?}, all was over after {:.1?}",
        started.elapsed()
    );
    assert!(connected >= crowd.min(1_000), "F-63: there was a crowd");
    assert!(login < Duration::from_secs(30), "F-63 {login:?}");
}

/// Asks for more than any buffer between here and there takes, and reads none of it. How long the product holds it.
async fn unread(number: usize, address: SocketAddr) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(60);
    let asked = b"GET /assets/style.css HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    let mut stream = connect(number, address, 4 * 1024).await?;
    let connected = Instant::now();
    stream.write_all(&asked).await.ok()?; // nor was there a place
    while connected.elapsed() < LONGEST {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // Nobody on the other side any more.
        let sent = stream.try_write(b"\r");
        if sent.is_err_and(|error| error.kind() != ErrorKind::WouldBlock) {
            return Some(connected.elapsed());
        }
    }
    panic!("F-63: who reads nothing holds a place for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn f_63_thousands_that_read_no_answer() {
    let product = Product::open("f-63-unread").await;
    let address = product.address;
    // More than there are places.
    let crowd = files().saturating_sub(300).min(5_000);
    let unread = (0..crowd).map(|number| tokio::spawn(unread(number, address)));
    let unread: Vec<_> = unread.collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let login = login(&product, 0).await;
    let (mut longest, mut connected) = (Duration::ZERO, 0);
    for stream in unread {
        if let Some(held) = stream.await.unwrap() {
            connected += 1;
            longest = longest.max(held);
        }
    }
    println!(
        "F-63: {connected} of {crowd} connections that read nothing were ended, each after {longest:.1?} at most; beside \
         them a login took {login:.1?}"
    );
    assert!(connected >= crowd.min(1_000), "F-63: there was a crowd");
    assert!(login < Duration::from_secs(40), "F-63 {login:?}");
}

/// Whether the product ends a connection at once.
async fn is_turned_away(stream: &mut TcpStream) -> bool {
    let read = timeout(Duration::from_secs(1), stream.read(&mut [0; 1])).await;
    read.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn f_63_one_address_has_its_share() {
    let product = Product::open("f-63-share").await;
    let mut own = Vec::new();
    for _ in 0..OF_ADDRESS {
        own.push(connect(0, product.address, 4 * 1024).await.unwrap());
    }
    let mut further = connect(0, product.address, 4 * 1024).await.unwrap();
    assert!(is_turned_away(&mut further).await);
    let mut last = own.pop().unwrap();
    assert!(!is_turned_away(&mut last).await);
    product.signs_in(0).await;
    // Its places come back.
    drop((own, last));
    let mut again = connect(0, product.address, 4 * 1024).await.unwrap();
    assert!(!is_turned_away(&mut again).await);

    // A proxy brings many people.
    let mut product = product;
    product.kill();
    product.restart_with(&["--trusted-proxy=127.0.1.0/24"]);
    let mut people = Vec::new();
    for _ in 0..=OF_ADDRESS {
        people.push(connect(0, product.address, 4 * 1024).await.unwrap());
    }
    let mut last = people.pop().unwrap();
    assert!(!is_turned_away(&mut last).await);
}

/// 64 files are too few for a crowd, and 6 GiB of address space for a pool of places.
#[tokio::test(flavor = "multi_thread")]
async fn f_62_few_files_and_little_address_space() {
    let mut product = Product::open("f-62").await;
    product.kill();
    product.restart_under("ulimit -n 64; ulimit -v 6291456");
    let folder = format!("/proc/{}/fd", product.child.id());
    let open = || std::fs::read_dir(&folder).unwrap().count();
    let before = open();
    let mut crowd = Vec::new();
    for _ in 0..200 {
        crowd.extend(connect(0, product.address, 4 * 1024).await);
    }
    let started = Instant::now();
    while open() < 60 {
        assert!(
            started.elapsed() < Duration::from_secs(3),
            "F-62: {}",
            open()
        );
    }
    let during = open();
    assert!(
        product.child.try_wait().unwrap().is_none(),
        "F-62: it goes on"
    );
    drop(crowd);

    // The crowd has gone: people sign in, and no more files are held than before they came.
    let login = login(&product, 0).await;
    product.signs_in(1).await;
    while open() > before + 8 {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "F-62: {} files",
            open()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!(
        "F-62: of 64 files {before} were open, {during} with a crowd at the door, {} after it; a login then took {login:.1?}",
        open()
    );
}
