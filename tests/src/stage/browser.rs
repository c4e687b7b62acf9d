//! What a browser does with the routes of a host, at any of its replicas.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{Client, redirect};
use serde::{Deserialize, Serialize};

/// What a replica answers a callback with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Somebody is vouched for.
    SignedIn {
        /// The subject.
        subject: String,
        /// For the sign-out.
        logout_hint: String,
    },
    /// Nobody is; the code says why.
    Refused(String),
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// An answer that lets the person go on.
    Done(T),
    /// The code of a refusal.
    Refused(String),
    /// No answer: the replica died, or its connection did.
    Lost,
}

/// One attempt to sign in, on its way.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the provider is asked.
    pub url: String,
    /// The attempt's cookie, `name=value`.
    pub cookie: String,
}

/// All browsers of a run: each request carries the cookies that it is given.
#[derive(Clone)]
pub struct Browser(Client);

impl Browser {
    /// # Errors
    /// When there is no TLS on this machine.
    pub fn new() -> Result<Self> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .no_proxy();
        Ok(Self(client.build()?))
    }

    /// Presses the button of a tenant at this replica.
    pub async fn start(&self, replica: SocketAddr, tenant: &str) -> Outcome<Begun> {
        let url = format!("http://{replica}/sso/okta/start?tenant={tenant}");
        let Ok(answer) = self.0.get(url).send().await else {
            return Outcome::Lost;
        };
        let header = |name: &str| {
            let value = answer.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        if let (Some(url), Some(cookie)) = (header("location"), header("set-cookie")) {
            let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
            return Outcome::Done(Begun { url, cookie });
        }
        match read(answer).await {
            Some(Answer::Refused(code)) => Outcome::Refused(code),
            _ => Outcome::Lost,
        }
    }

    /// Comes back to this replica: who is signed in, and the hint for signing out.
    pub async fn callback(
        &self,
        replica: SocketAddr,
        query: &str,
        cookie: &str,
    ) -> Outcome<(String, String)> {
        let url = format!("http://{replica}/sso/okta/callback?{query}");
        let asked = self.0.get(url).header("cookie", cookie).send().await;
        let Ok(answer) = asked else {
            return Outcome::Lost;
        };
        match read(answer).await {
            Some(Answer::SignedIn {
                subject,
                logout_hint,
            }) => Outcome::Done((subject, logout_hint)),
            Some(Answer::Refused(code)) => Outcome::Refused(code),
            None => Outcome::Lost,
        }
    }

    /// Posts to a replica's own routes; the answer's text.
    ///
    /// # Errors
    /// When the answer is none, or another status than 200.
    pub async fn post(&self, replica: SocketAddr, path: &str, body: String) -> Result<String> {
        let url = format!("http://{replica}{path}");
        let answer = self.0.post(url).body(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        (status == 200)
            .then_some(text)
            .with_context(|| format!("{path}: {status}"))
    }
}

async fn read(answer: reqwest::Response) -> Option<Answer> {
    serde_json::from_str(&answer.text().await.ok()?).ok()
}
