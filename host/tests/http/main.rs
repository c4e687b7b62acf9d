//! The default HTTP client against providers that misbehave, on loopback.
//!
//! Names of tests begin with the fault (`f_…`) or the bad input (`bi_…`) that they provoke.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what goes wrong here shall stop the test"
)]

mod addresses;
#[path = "../alone/mod.rs"]
mod alone;
mod answers;
mod deadlines;
mod repeating;
mod scripted;
mod tls;

use std::time::Duration;

use okta_sso_host::contract::{Endpoint, Method, Network};
use okta_sso_host::{
    Deadlines, Http, HttpClient, HttpError, HttpOptions, HttpRequest, HttpResponse, Scope,
    SetupError,
};

type Outcome = Result<HttpResponse, HttpError>;

/// The default client, allowed to reach this machine.
fn client() -> HttpClient {
    with(HttpOptions::default())
}

fn with(options: HttpOptions) -> HttpClient {
    let options = HttpOptions {
        danger_allow_loopback: true,
        ..options
    };
    HttpClient::new(&options).unwrap()
}

/// Deadlines that a test can wait for.
fn short() -> Deadlines {
    Deadlines {
        connect: Duration::from_millis(300),
        tls: Duration::from_millis(300),
        headers: Duration::from_millis(300),
        exchange: Duration::from_millis(900),
    }
}

fn scope(connection_id: &str) -> Scope {
    Scope {
        connection_id: connection_id.to_owned(),
        hosts: vec![],
        network: Network::DangerLoopback,
    }
}

fn request(endpoint: Endpoint, url: &str) -> HttpRequest {
    let method = match endpoint {
        Endpoint::Token => Method::Post,
        _ => Method::Get,
    };
    let mut headers = vec![("accept", "application/json".to_owned())];
    if endpoint == Endpoint::UserInfo {
        headers.push(("authorization", "Bearer t".to_owned()));
    }
    HttpRequest {
        endpoint,
        method,
        url: url.parse().unwrap(),
        headers,
        body: match method {
            Method::Post => b"grant_type=x".to_vec(),
            Method::Get => vec![],
        },
        max_response: 64 << 10,
    }
}

async fn get(client: &HttpClient, url: &str) -> Outcome {
    client
        .send(&scope("a"), request(Endpoint::Metadata, url))
        .await
}

async fn post(client: &HttpClient, url: &str) -> Outcome {
    client
        .send(&scope("a"), request(Endpoint::Token, url))
        .await
}
