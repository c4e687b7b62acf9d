//! What a host sends, where, and what it gives back.

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{CLIENT_SECRET, Trial};

/// Authorities that are this machine or a private network by their spelling, and names that lead there.
const PRIVATE: [&str; 14] = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.1.2.3",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.0.1",
    "198.51.100.1",
    "[::]",
    "[::1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[fd00::1]",
    "[fe80::1]",
];

pub(super) async fn all(trial: &mut Trial) -> Result<()> {
    answers(trial).await?;
    reach(trial).await?;
    sizes(trial).await?;
    credentials(trial).await
}

async fn answers(trial: &mut Trial) -> Result<()> {
    let connection = trial.connection();
    trial
        .check("http-answer-whole", &connection, "http/answer", "")
        .await?;
    trial
        .check("http-request-unchanged", &connection, "http/request", "")
        .await?;

    let connection = trial.connection();
    let stranger = trial.stranger.authority.clone();
    trial
        .check("http-redirect", &connection, "http/redirects", &stranger)
        .await?;
    let landed = |targets: Vec<String>| targets.iter().any(|target| target == "/landed");
    let followed = landed(trial.provider.targets()) || landed(trial.stranger.targets());
    trial.equal(
        "http-redirect",
        "a redirect was followed",
        &false,
        &followed,
    );

    let base = format!("http://{}", trial.provider.authority);
    for path in ["reset", "cut", "cut-chunk", "garbage"] {
        let connection = trial.connection();
        let with = format!("metadata {base}/{path}");
        trial
            .check(
                "http-answers-broken",
                &connection,
                "http/unreachable",
                &with,
            )
            .await?;
    }
    // Bound and never listening: a port where nobody answers.
    let closed = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let mut connection = trial.connection();
    connection["hosts"] = json!([closed.to_string()]);
    let with = format!("metadata http://{closed}/");
    trial
        .check(
            "http-answers-broken",
            &connection,
            "http/unreachable",
            &with,
        )
        .await?;

    let connection = trial.connection();
    let with = format!("metadata {base}/coded");
    trial
        .check("http-no-decompression", &connection, "http/coded", &with)
        .await?;

    let connection = trial.connection();
    let with = format!("token {base}/reset?once");
    trial
        .check("http-sent-once", &connection, "http/unreachable", &with)
        .await?;
    let sent = trial.provider.targets();
    let sent = sent
        .iter()
        .filter(|target| *target == "/reset?once")
        .count();
    trial.equal("http-sent-once", "requests that arrived", &1, &sent);

    for _ in 0..2 {
        let connection = trial.connection();
        trial
            .check("http-exchanges-counted", &connection, "http/budget", "")
            .await?;
    }
    Ok(())
}

/// `connection.hosts` and nothing else, by https or, in development, to this machine.
async fn reach(trial: &mut Trial) -> Result<()> {
    let provider = trial.provider.authority.clone();
    let stranger = trial.stranger.authority.clone();
    let (_, port) = provider.split_once(':').unwrap_or_default();

    let (before, touched) = (trial.provider.connections(), trial.stranger.connections());
    for url in [
        format!("http://{stranger}/"),
        format!("http://{stranger}/?{provider}"),
        format!("http://{provider}@{stranger}/"),
        format!("http://{stranger}#@{provider}/"),
        format!("http://{stranger}\\@{provider}/"),
        format!("http://{provider}.example/"),
        format!("http://user@{provider}/"),
        format!("http://user:password@{provider}/"),
        format!("http://{provider}/#fragment"),
        format!("http://{provider}/a b"),
        format!("http://{provider}/\r\nx-injected: yes"),
        format!("http://{provider}/\u{e9}"),
        format!("http://localhost:{port}/"),
        format!("https://{provider}0/"),
        format!("//{provider}/"),
        "/".to_owned(),
        String::new(),
        "file:///etc/hostname".to_owned(),
        format!("ftp://{provider}/"),
    ] {
        let connection = trial.connection();
        let with = format!("metadata {url}");
        trial
            .check("http-foreign-host", &connection, "http/denied", &with)
            .await?;
    }
    let sent = (
        trial.provider.connections() - before,
        trial.stranger.connections() - touched,
    );
    trial.equal(
        "http-foreign-host",
        "connections that arrived",
        &(0, 0),
        &sent,
    );

    // A connection that is not in development.
    let public = |trial: &mut Trial, hosts: &[&str]| {
        let mut connection = trial.connection();
        connection["hosts"] = json!(hosts);
        connection["policy"]["network"] = json!("public");
        connection
    };
    let before = trial.provider.connections();
    let connection = public(trial, &[&provider]);
    let with = format!("metadata http://{provider}/");
    trial
        .check("http-plain", &connection, "http/denied", &with)
        .await?;
    let sent = trial.provider.connections() - before;
    trial.equal("http-plain", "connections that arrived", &0, &sent);

    let before = trial.provider.connections();
    for authority in [
        provider.clone(),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
    ] {
        let connection = public(trial, &[&authority]);
        let with = format!("metadata https://{authority}/");
        trial
            .check("http-loopback", &connection, "http/out-of-reach", &with)
            .await?;
    }
    let sent = trial.provider.connections() - before;
    trial.equal("http-loopback", "connections that arrived", &0, &sent);

    let before = trial.provider.connections();
    for host in PRIVATE {
        let authority = format!("{host}:{port}");
        let connection = public(trial, &[&authority]);
        let with = format!("metadata https://{authority}/");
        trial
            .check(
                "http-private-address",
                &connection,
                "http/out-of-reach",
                &with,
            )
            .await?;
        // In development this machine is in reach, and no other.
        if !host.starts_with("127.") && host != "[::1]" {
            let mut connection = trial.connection();
            connection["hosts"] = json!([authority]);
            let with = format!("metadata http://{authority}/");
            trial
                .check(
                    "http-private-address",
                    &connection,
                    "http/out-of-reach",
                    &with,
                )
                .await?;
        }
    }
    let sent = trial.provider.connections() - before;
    trial.equal(
        "http-private-address",
        "connections that arrived",
        &0,
        &sent,
    );
    Ok(())
}

async fn sizes(trial: &mut Trial) -> Result<()> {
    let base = format!("http://{}", trial.provider.authority);
    for (endpoint, most) in [
        ("metadata", 64 << 10),
        ("token", 64 << 10),
        ("user-info", 64 << 10),
        ("keys", 256 << 10),
    ] {
        for framing in ["bytes", "chunked"] {
            let connection = trial.connection();
            let with = format!("{endpoint} {base}/{framing}/{most}");
            trial
                .check("http-size", &connection, "http/answered", &with)
                .await?;
            let with = format!("{endpoint} {base}/{framing}/{}", most + 1);
            trial
                .check("http-size", &connection, "http/too-large", &with)
                .await?;
        }
    }
    Ok(())
}

async fn credentials(trial: &mut Trial) -> Result<()> {
    let connection = trial.connection();
    trial
        .check("http-headers", &connection, "http/headers", "")
        .await?;
    trial
        .check(
            "http-credential-elsewhere",
            &connection,
            "http/authorization",
            "",
        )
        .await?;
    let targets = trial.provider.targets();
    let sent = targets
        .iter()
        .filter(|target| ["/echo/headers", "/echo/authorization"].contains(&target.as_str()));
    let sent: Vec<&String> = sent.collect();
    if !sent.is_empty() {
        let what = format!("requests that arrived: {sent:?}");
        trial.breaks("http-credential-elsewhere", what);
    }

    // RFC 6749 section 2.3.1: each half is form-encoded before they are joined.
    let secret = "s3cret+%2B%26%3D%25%3A%2F%7E*-._%C3%A9";
    let basic = STANDARD.encode(format!("client%3A1:{secret}"));
    let with = |authorization: &str, form: &str| format!("{authorization}\n{form}");
    for (method, expected) in [
        (
            "client-secret-basic",
            with(&format!("Basic {basic}"), "code=1"),
        ),
        (
            "client-secret-post",
            with(
                "",
                &format!("code=1&client_id=client%3A1&client_secret={secret}"),
            ),
        ),
    ] {
        let mut connection: Value = trial.connection();
        connection["policy"]["client-auth"] = json!(method);
        trial
            .check("http-credential", &connection, "http/credential", &expected)
            .await?;
    }
    debug_assert_eq!(CLIENT_SECRET, "s3cret +&=%:/~*-._é");
    Ok(())
}

/// Neither silence nor an endless answer holds a call.
pub(super) async fn deadline(trial: &mut Trial) -> Result<()> {
    for path in ["hang", "drip"] {
        let connection = trial.connection();
        let with = format!("metadata http://{}/{path}", trial.provider.authority);
        trial
            .check("http-deadline", &connection, "http/timeout", &with)
            .await?;
    }
    Ok(())
}
