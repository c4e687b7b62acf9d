//! The scripted provider on loopback: what the HTTP capability of a real host talks to.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Provider, Request};
use crate::hosts::wire::{self, Arrived};

/// A running server; it answers until the test's runtime ends.
pub struct Server {
    /// `http://127.0.0.1:port`.
    pub issuer: String,
    provider: Arc<Mutex<Provider>>,
}

impl Server {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let provider: Arc<Mutex<Provider>> = Arc::default();
        let server = Self {
            issuer: issuer.clone(),
            provider: Arc::clone(&provider),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (issuer, provider) = (issuer.clone(), Arc::clone(&provider));
                // A client that goes away in the middle is part of the game.
                tokio::spawn(async move { drop(serve(stream, &issuer, &provider).await) });
            }
        });
        Ok(server)
    }

    /// The provider that answers next.
    pub fn provider(&self) -> MutexGuard<'_, Provider> {
        lock(&self.provider)
    }
}

fn lock(provider: &Mutex<Provider>) -> MutexGuard<'_, Provider> {
    provider.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, issuer: &str, provider: &Mutex<Provider>) -> Result<()> {
    let request = request(issuer, wire::read(&mut stream).await?);
    let answer = lock(provider).answer(request);
    let response = match answer {
        Ok(response) => response,
        Err(error) if error == "unreachable" => return Ok(()),
        Err(error) if error == "timeout" => {
            // Until the client gives up.
            stream.read_to_end(&mut Vec::new()).await?;
            return Ok(());
        }
        Err(error) => {
            let violation = format!("no provider can cause `{error}`");
            lock(provider).violations.push(violation);
            return Ok(());
        }
    };
    let mut headers = String::new();
    for (name, value) in &response.headers {
        write!(headers, "{name}: {value}\r\n")?;
    }
    let bytes = wire::answer(response.status, &headers, &response.body);
    stream.write_all(&bytes).await?;
    stream.shutdown().await?;
    Ok(())
}

/// What arrived, with the contract's name of the endpoint.
fn request(issuer: &str, arrived: Arrived) -> Request {
    let path = arrived.target.split('?').next().unwrap_or_default();
    let endpoint = match path.rsplit('/').next().unwrap_or_default() {
        "openid-configuration" => "metadata",
        "keys" => "keys",
        "token" => "token",
        "userinfo" => "user-info",
        "par" => "pushed-authorization",
        other => other,
    };
    Request {
        endpoint: endpoint.to_owned(),
        method: arrived.method.to_ascii_lowercase(),
        url: format!("{issuer}{}", arrived.target),
        headers: arrived.headers,
        body: arrived.body,
    }
}
