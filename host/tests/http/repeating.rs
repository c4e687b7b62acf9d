//! What is sent once, twice, together, or not at all.

use std::sync::Arc;

use super::scripted::{Scripted, Step, answer, ok};
use super::*;

#[tokio::test]
async fn f_05_a_get_is_repeated_once_and_a_post_never() {
    let mut counts = String::new();
    for (status, gets) in [("500 A", 1), ("502 B", 2), ("503 C", 2), ("504 D", 2)] {
        counts.push_str(status.get(..3).unwrap());
        for endpoint in [
            Endpoint::Metadata,
            Endpoint::Keys,
            Endpoint::Token,
            Endpoint::UserInfo,
        ] {
            let server = Scripted::start(move |_, _| answer(status, "", "")).await;
            let client = client();
            let sent = request(endpoint, &server.url("/x"));
            let answer = client.send(&scope("a"), sent).await.unwrap();
            assert!(status.starts_with(&answer.status.to_string()));
            let expected = if endpoint == Endpoint::Token { 1 } else { gets };
            let found = server.requests().len();
            assert_eq!(found, expected, "F-05 {status} {endpoint:?}");
            counts.push_str(&format!(" {found}"));
        }
        counts.push_str("; ");
    }
    println!("F-05 requests to metadata, keys, token, user-info: {counts}");
}

#[tokio::test]
async fn the_second_attempt_counts() {
    let server = Scripted::start(|n, _| match n {
        0 => answer("503 Busy", "", ""),
        _ => ok(),
    })
    .await;
    assert_eq!(get(&client(), &server.url("/x")).await.unwrap().status, 200);
    // Who says when to come back is not asked before.
    let server = Scripted::start(|_, _| answer("503 Busy", "retry-after: 5\r\n", "")).await;
    assert_eq!(get(&client(), &server.url("/x")).await.unwrap().status, 503);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn f_06_a_busy_provider_is_left_alone() {
    for (header, wait) in [
        ("retry-after: 3600\r\n", "60"),
        ("retry-after: 7\r\n", "7"),
        ("retry-after: abc\r\n", "1"),
        ("retry-after: -1\r\n", "1"),
        ("", "1"),
    ] {
        let server = Scripted::start(move |_, _| answer("429 Busy", header, "")).await;
        let client = client();
        for _ in 0..20 {
            assert_eq!(get(&client, &server.url("/x")).await.unwrap().status, 429);
            assert_eq!(post(&client, &server.url("/t")).await.unwrap().status, 429);
        }
        let held = get(&client, &server.url("/x")).await.unwrap();
        assert_eq!(held.headers, [("retry-after".to_owned(), wait.to_owned())]);
        let found = server.requests().len();
        println!("F-06 {header:?}: {found} requests of 41 in the first second");
        // Each endpoint counts for itself: one GET, one POST.
        assert_eq!(found, 2, "F-06 {header:?}");
        let other = request(Endpoint::Metadata, &server.url("/x"));
        let answer = client.send(&scope("b"), other).await.unwrap();
        assert_eq!(answer.status, 429);
        assert_eq!(server.requests().len(), 3, "another connection asks itself");
    }
}

#[tokio::test]
async fn f_12_a_dead_connection_is_replaced_for_a_get() {
    // The second request on a connection ends it without a word.
    let script = |n: usize, _: &str| if n == 1 { Step::Reset } else { ok() };
    let server = Scripted::start(script).await;
    let reused = client();
    assert!(get(&reused, &server.url("/x")).await.is_ok());
    assert!(get(&reused, &server.url("/x")).await.is_ok(), "F-12");
    assert_eq!((server.connections(), server.requests().len()), (2, 3));

    let server = Scripted::start(script).await;
    let reused = client();
    assert!(get(&reused, &server.url("/x")).await.is_ok());
    let refusal = post(&reused, &server.url("/x")).await;
    assert_eq!(refusal, Err(HttpError::Unreachable), "F-12");
    let posts = server.requests();
    let posts = posts.iter().filter(|head| head.starts_with("POST"));
    assert_eq!(posts.count(), 1, "a code is not sent twice");
}

#[tokio::test]
async fn a_closed_connection_is_noticed_before_it_is_used() {
    let closing = |n: usize, _: &str| match ok() {
        Step::Say(bytes) if n == 0 => Step::SayAndClose(bytes),
        step => step,
    };
    let server = Scripted::start(closing).await;
    let client = client();
    assert!(get(&client, &server.url("/x")).await.is_ok());
    assert!(post(&client, &server.url("/x")).await.is_ok());
    assert_eq!((server.connections(), server.requests().len()), (2, 2));
}

#[tokio::test]
async fn one_connection_serves_many_exchanges() {
    let server = Scripted::start(|_, _| ok()).await;
    let client = client();
    for _ in 0..10 {
        assert!(get(&client, &server.url("/x")).await.is_ok());
        assert!(post(&client, &server.url("/x")).await.is_ok());
    }
    assert_eq!((server.connections(), server.requests().len()), (1, 20));
}

#[tokio::test]
async fn surplus_bytes_answer_nobody() {
    // What follows an answer must not become the answer to the next request.
    let server = Scripted::start(|n, _| match n {
        0 => {
            let first = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na";
            let planted = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nplanted";
            Step::Say([first, planted].concat().into_bytes())
        }
        _ => ok(),
    })
    .await;
    let client = client();
    let refusal = get(&client, &server.url("/x")).await;
    assert_eq!(refusal, Err(HttpError::Unreachable));
    let next = post(&client, &server.url("/x")).await.unwrap();
    assert_eq!(next.body, b"{}");
}

#[tokio::test]
async fn equal_gets_of_one_connection_share_an_exchange() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let client = Arc::new(client());
    let ask = |id: &'static str, endpoint, url: &str| {
        let (client, sent) = (Arc::clone(&client), request(endpoint, url));
        tokio::spawn(async move { client.send(&scope(id), sent).await })
    };
    let mut asking: Vec<_> = (0..50).map(|_| ask("a", Endpoint::Keys, &url)).collect();
    asking.push(ask("b", Endpoint::Keys, &url));
    asking.push(ask("a", Endpoint::Keys, &format!("{url}?client_id=x")));
    // Answers with a token in the question are nobody else's.
    asking.push(ask("a", Endpoint::UserInfo, &url));
    asking.push(ask("a", Endpoint::UserInfo, &url));
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(listener.accept().await.unwrap().0);
    }
    for mut stream in streams {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nk";
        stream.write_all(bytes).await.unwrap();
    }
    for asked in asking {
        assert_eq!(asked.await.unwrap().unwrap().body, b"k");
    }
    // Nobody else came.
    let more = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(more.is_err());
}

#[tokio::test]
async fn a_dead_provider_is_asked_less_often() {
    let server = Scripted::start(|_, _| answer("503 Down", "", "")).await;
    let client = client();
    for _ in 0..5 {
        assert_eq!(get(&client, &server.url("/x")).await.unwrap().status, 503);
    }
    assert_eq!(server.requests().len(), 10);
    for _ in 0..100 {
        let refusal = get(&client, &server.url("/x")).await;
        assert_eq!(refusal, Err(HttpError::Unreachable));
    }
    assert_eq!(server.requests().len(), 10);
    // Another connection has a circuit of its own.
    let other = request(Endpoint::Metadata, &server.url("/x"));
    assert_eq!(client.send(&scope("b"), other).await.unwrap().status, 503);
}
