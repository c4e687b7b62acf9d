//! The default HTTP client: what may be dialled, for how long, and how much is read.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, redirect, retry};
use url::Host;

use super::address::Reach;
use super::{Http, HttpError, HttpRequest, HttpResponse};
use crate::contract::{Method, Network};
use crate::error::SetupError;
use crate::scope::Scope;

const CONNECT: Duration = Duration::from_secs(3);
const TOTAL: Duration = Duration::from_secs(10);
const MAX_HEADERS: usize = 100;

/// HTTP/1.1 over rustls: no redirects, no proxy, no decompression, no retry, no private addresses.
///
/// A name is resolved here, every address is judged, and one of those that passed is dialled.
pub struct HttpClient {
    public: Client,
    loopback: Option<Loopback>,
}

/// Clients for development.
struct Loopback {
    plain: Client,
    tls: Client,
}

/// What a platform may choose about the default client.
#[derive(Clone, Debug, Default)]
pub struct HttpOptions {
    /// Certificate authorities to trust besides the machine's own: PEM, one or several.
    pub extra_ca: Option<Vec<u8>>,
    /// Lets connections whose policy says `danger-loopback` reach this machine. Development only.
    pub danger_allow_loopback: bool,
}

impl HttpClient {
    /// Errors: a certificate that is no PEM, or no TLS on this machine.
    pub fn new(options: &HttpOptions) -> Result<Self, SetupError> {
        let client = |reach| client(reach, options).map_err(|_| SetupError::HttpClient);
        let loopback = match options.danger_allow_loopback {
            true => Some(Loopback {
                plain: client(Reach::Loopback)?,
                tls: client(Reach::PublicOrLoopback)?,
            }),
            false => None,
        };
        Ok(Self {
            public: client(Reach::Public)?,
            loopback,
        })
    }

    /// The client for this request, and how far it reaches.
    fn choose(&self, network: Network, scheme: &str) -> Option<(&Client, Reach)> {
        match (network, scheme, &self.loopback) {
            (Network::DangerLoopback, "http", Some(loopback)) => {
                Some((&loopback.plain, Reach::Loopback))
            }
            (Network::DangerLoopback, "https", Some(loopback)) => {
                Some((&loopback.tls, Reach::PublicOrLoopback))
            }
            (Network::Public, "https", _) => Some((&self.public, Reach::Public)),
            _ => None,
        }
    }
}

fn client(reach: Reach, options: &HttpOptions) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .dns_resolver(Judged(reach))
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .no_proxy()
        .https_only(reach != Reach::Loopback)
        .http1_max_headers(MAX_HEADERS)
        .connect_timeout(CONNECT)
        .timeout(TOTAL);
    if let Some(pem) = &options.extra_ca {
        builder = builder.tls_certs_merge(Certificate::from_pem_bundle(pem)?);
    }
    builder.build()
}

#[async_trait]
impl Http for HttpClient {
    async fn send(&self, scope: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let HttpRequest {
            method,
            url,
            headers,
            body,
            max_response,
            ..
        } = request;
        let (client, reach) = self
            .choose(scope.network, url.scheme())
            .ok_or(HttpError::Denied)?;
        // An address in the URL never meets the resolver.
        let literal = match url.host().ok_or(HttpError::Denied)? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        };
        if literal.is_some_and(|address| reach == Reach::Public || !reach.permits(address)) {
            return Err(HttpError::Denied);
        }
        let method = match method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut outgoing = client.request(method, url).body(body);
        for (name, value) in headers {
            let mut value =
                reqwest::header::HeaderValue::try_from(value).map_err(|_| HttpError::Denied)?;
            value.set_sensitive(name == "authorization");
            outgoing = outgoing.header(name, value);
        }
        let mut answer = outgoing.send().await.map_err(|error| fault(&error))?;
        let too_large = |length: u64| length > max_response as u64;
        if answer.content_length().is_some_and(too_large) {
            return Err(HttpError::TooLarge);
        }
        // Nothing was offered, so a coded body is an answer to another question.
        if answer
            .headers()
            .contains_key(reqwest::header::CONTENT_ENCODING)
        {
            return Err(HttpError::Unreachable);
        }
        let status = answer.status().as_u16();
        let headers = answer.headers().iter().filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        });
        let headers = headers.collect();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| fault(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > max_response {
                return Err(HttpError::TooLarge);
            }
        }
        Ok(HttpResponse {
            status,
            headers,
            body,
        })
    }
}

fn fault(error: &reqwest::Error) -> HttpError {
    if error.is_timeout() {
        HttpError::Timeout
    } else {
        HttpError::Unreachable
    }
}

/// The machine's resolver, with every answer judged.
struct Judged(Reach);

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            // One address that is not permitted spoils the name: it may be the one that is dialled next.
            if found.is_empty() || !found.iter().all(|address| reach.permits(address.ip())) {
                return Err(io::Error::from(io::ErrorKind::AddrNotAvailable).into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::contract::Endpoint;

    async fn send(
        allow: bool,
        network: Network,
        url: &str,
        max_response: usize,
    ) -> Result<HttpResponse, HttpError> {
        let options = HttpOptions {
            danger_allow_loopback: allow,
            ..HttpOptions::default()
        };
        let scope = Scope {
            connection_id: "c".to_owned(),
            hosts: vec![],
            network,
        };
        let request = HttpRequest {
            endpoint: Endpoint::Metadata,
            method: Method::Get,
            url: url.parse().unwrap(),
            headers: vec![("accept", "application/json".to_owned())],
            body: vec![],
            max_response,
        };
        HttpClient::new(&options)
            .unwrap()
            .send(&scope, request)
            .await
    }

    /// Answers one request with this text.
    async fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        format!("http://{address}/x")
    }

    #[tokio::test]
    async fn an_answer_comes_back_whole() {
        let url = server("HTTP/1.1 302 Found\r\nlocation: /y\r\ncontent-length: 2\r\n\r\nok").await;
        let answer = send(true, Network::DangerLoopback, &url, 2).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (302, &b"ok"[..]));
    }

    #[tokio::test]
    async fn reading_stops_at_the_bound() {
        let length = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        for answer in [length, chunked] {
            let url = server(answer).await;
            assert!(send(true, Network::DangerLoopback, &url, 3).await.is_ok());
            let url = server(answer).await;
            let refusal = send(true, Network::DangerLoopback, &url, 2).await;
            assert_eq!(refusal, Err(HttpError::TooLarge));
        }
    }

    #[tokio::test]
    async fn coded_bodies_are_not_read() {
        let url =
            server("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx").await;
        let refusal = send(true, Network::DangerLoopback, &url, 9).await;
        assert_eq!(refusal, Err(HttpError::Unreachable));
    }

    #[tokio::test]
    async fn loopback_needs_both_switches() {
        for (allow, network) in [
            (false, Network::DangerLoopback),
            (true, Network::Public),
            (false, Network::Public),
        ] {
            let refusal = send(allow, network, "http://127.0.0.1:1/", 9).await;
            assert_eq!(refusal, Err(HttpError::Denied));
        }
        let refusal = send(false, Network::Public, "https://127.0.0.1:1/", 9).await;
        assert_eq!(refusal, Err(HttpError::Denied));
        // A name that resolves to this machine looks like one that does not resolve.
        let refusal = send(false, Network::Public, "https://localhost:1/", 9).await;
        assert_eq!(refusal, Err(HttpError::Unreachable));
    }
}
