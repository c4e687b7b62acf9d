//! What counts as an answer.

use super::scripted::{Scripted, Step, answer};
use super::*;

/// What the client makes of these bytes.
async fn outcome(bytes: impl Into<Vec<u8>>) -> Outcome {
    let bytes = bytes.into();
    let server = Scripted::start(move |_, _| Step::SayAndClose(bytes.clone())).await;
    get(&client(), &server.url("/x")).await
}

#[tokio::test]
async fn an_answer_comes_back_whole() {
    let answer = outcome("HTTP/1.1 418 Tea\r\nx-a: b\r\ncontent-length: 2\r\n\r\nok").await;
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (418, &b"ok"[..]));
    assert!(answer.headers.contains(&("x-a".to_owned(), "b".to_owned())));
}

#[tokio::test]
async fn the_request_is_plain() {
    let server = Scripted::start(|_, _| scripted::ok()).await;
    get(&client(), &server.url("/a?b=c")).await.unwrap();
    let host = server.address;
    let head = &server.requests()[0];
    assert!(head.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {host}\r\n")), "{head}");
    for absent in ["accept-encoding", "referer", "cookie", "authorization"] {
        assert!(!head.contains(absent), "{absent}: {head}");
    }
}

#[tokio::test]
async fn f_07_garbage_is_no_answer() {
    let broken = Err(HttpError::Unreachable);
    for bytes in [
        &b""[..],
        b"\0\x01\x02\x03\r\n\r\n",
        b"hello\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/2 200\r\n\r\n",
    ] {
        let found = outcome(bytes).await;
        assert_eq!(found, broken, "F-07 {}", bytes.escape_ascii());
    }
}

#[tokio::test]
async fn bi_185_an_answer_ends_in_one_place() {
    let broken = Err(HttpError::Unreachable);
    for bytes in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234567890123456789",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1x\r\n\r\na",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-2\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nab",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    ] {
        assert_eq!(outcome(bytes).await, broken, "BI-185 {bytes:?}");
    }
}

#[tokio::test]
async fn reading_stops_at_the_bound() {
    let body = "x".repeat(64 << 10);
    let chunked = |body: &str| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    };
    let Step::Say(whole) = answer("200 OK", "", &body) else {
        unreachable!()
    };
    let Step::Say(longer) = answer("200 OK", "", &format!("{body}x")) else {
        unreachable!()
    };
    assert_eq!(outcome(whole).await.unwrap().body.len(), 64 << 10);
    assert_eq!(outcome(chunked(&body)).await.unwrap().body.len(), 64 << 10);
    assert_eq!(outcome(longer).await, Err(HttpError::TooLarge));
    let longer = chunked(&format!("{body}x"));
    assert_eq!(outcome(longer).await, Err(HttpError::TooLarge));
}

#[tokio::test]
async fn f_10_endless_answers_are_cut() {
    if !alone::is("answers::f_10_endless_answers_are_cut") {
        return;
    }
    let before = settled().await;
    let promised = Step::Endless(
        b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n".to_vec(),
        vec![b'x'; 16 << 10],
    );
    let piece = [b"4000\r\n", vec![b'x'; 16 << 10].as_slice(), b"\r\n"].concat();
    let chunked = Step::Endless(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
        piece,
    );
    let headers = Step::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"a: b\r\n".to_vec());
    let one_header = Step::Endless(b"HTTP/1.1 200 OK\r\na: ".to_vec(), vec![b'x'; 4096]);
    for (name, step, expected) in [
        ("content-length 1 GiB", promised, HttpError::TooLarge),
        ("endless chunks", chunked, HttpError::TooLarge),
        ("endless headers", headers, HttpError::Unreachable),
        ("an endless header", one_header, HttpError::Unreachable),
    ] {
        let server = Scripted::start(move |_, _| step.clone()).await;
        let before = std::time::Instant::now();
        assert_eq!(
            get(&client(), &server.url("/x")).await,
            Err(expected),
            "F-10 {name}"
        );
        let took = before.elapsed();
        println!("F-10 {name}: cut after {took:.1?}");
        assert!(took < Duration::from_secs(2), "F-10 {name}");
    }
    assert_small("F-10", before);
}

#[tokio::test]
async fn headers_have_their_bound() {
    let of = |count: usize, size: usize| {
        let headers = (0..count).map(|n| format!("x-{n}: {}\r\n", "v".repeat(size)));
        let headers: String = headers.collect();
        format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{headers}\r\n")
    };
    assert!(outcome(of(99, 1)).await.is_ok());
    assert_eq!(outcome(of(100, 1)).await, Err(HttpError::Unreachable));
    assert!(outcome(of(31, 1_000)).await.is_ok());
    assert_eq!(outcome(of(33, 1_000)).await, Err(HttpError::Unreachable));
}

/// Whatever it would become: none of it is read.
#[tokio::test]
async fn f_11_coded_bodies_are_not_read() {
    if !alone::is("answers::f_11_coded_bodies_are_not_read") {
        return;
    }
    let before = settled().await;
    for coding in ["gzip", "deflate", "br", "zstd", "identity, gzip"] {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: 1073741824\r\n\r\n"
        );
        let bomb = Step::Endless(head.into_bytes(), vec![0; 16 << 10]);
        let server = Scripted::start(move |_, _| bomb.clone()).await;
        let refusal = get(&client(), &server.url("/x")).await;
        assert_eq!(refusal, Err(HttpError::Unreachable), "F-11 {coding}");
    }
    assert_small("F-11", before);
}

/// Bytes in memory once everything that is made once has been made.
async fn settled() -> usize {
    let server = Scripted::start(|_, _| scripted::ok()).await;
    for _ in 0..10 {
        get(&client(), &server.url("/x")).await.unwrap();
    }
    alone::resident()
}

fn assert_small(fault: &str, before: usize) {
    let grown = alone::most_resident().saturating_sub(before);
    println!("{fault}: {} KiB more resident at most", grown >> 10);
    assert!(grown <= 1 << 20, "{fault} {grown}");
}

#[tokio::test]
async fn bi_206_redirects_are_answers() {
    let trap = Scripted::start(|_, _| scripted::ok()).await;
    for status in ["301 A", "302 B", "303 C", "307 D", "308 E"] {
        let location = format!("location: {}\r\n", trap.url("/secret"));
        let server = Scripted::start(move |_, _| answer(status, &location, "")).await;
        let answer = get(&client(), &server.url("/x")).await.unwrap();
        assert!(status.starts_with(&answer.status.to_string()));
        assert_eq!(server.requests().len(), 1, "BI-206 {status}");
    }
    assert_eq!(trap.connections(), 0, "BI-206");
}
