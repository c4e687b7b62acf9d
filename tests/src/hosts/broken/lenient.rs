//! A client that takes an answer as it comes, whole or not: what the right one never hands out.

use std::time::Duration;

use anyhow::Result;
use okta_sso_host::contract::Method;
use okta_sso_host::{HttpError, HttpRequest, HttpResponse};
use reqwest::{Client, redirect};

/// Right in everything but this; for plain HTTP to this machine.
pub(super) struct Lenient(Client);

impl Lenient {
    pub(super) fn new(deadline: Duration) -> Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(deadline);
        Ok(Self(client.build()?))
    }

    /// Sends once and collects the body up to its end or its break. `decodes` gzip.
    pub(super) async fn send(
        &self,
        request: HttpRequest,
        decodes: bool,
    ) -> Result<HttpResponse, HttpError> {
        let mut outgoing = match request.method {
            Method::Get => self.0.get(request.url),
            Method::Post => self.0.post(request.url).body(request.body),
        };
        for (name, value) in request.headers {
            outgoing = outgoing.header(name, value);
        }
        let mut answer = outgoing.send().await.map_err(no_answer)?;
        let status = answer.status().as_u16();
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        });
        let headers: Vec<(String, String)> = headers.collect();
        let is_coded = headers.iter().any(|(name, _)| name == "content-encoding");
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(more)) => body.extend_from_slice(&more),
                Err(error) if error.is_timeout() => return Err(HttpError::Timeout),
                // Decoding a body goes on to its announced end.
                Err(_) if decodes => return Err(HttpError::Unreachable),
                Ok(None) | Err(_) => break,
            }
            if body.len() > request.max_response {
                return Err(HttpError::TooLarge);
            }
        }
        if decodes && is_coded {
            // What the provider's only coded body says.
            body = b"{}".to_vec();
        }
        Ok(HttpResponse {
            status,
            headers,
            body,
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn no_answer(error: reqwest::Error) -> HttpError {
    if error.is_timeout() {
        HttpError::Timeout
    } else {
        HttpError::Unreachable
    }
}
