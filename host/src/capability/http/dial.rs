//! From an origin to a connection: resolve, judge, dial, TLS, each with its deadline.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tower_service::Service;
use url::{Host, Url};

use super::address::Reach;
use super::resolver::{self, Resolver};
use super::{Deadlines, HttpError};
use crate::error::SetupError;

/// RFC 8305 section 5: how long one address has before the next is tried beside it.
const HEAD_START: Duration = Duration::from_millis(250);

/// Bytes to and from a server, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// At once: refused, reset, no TLS. May be gone at the next attempt, like a name that is not found. An address that is
    /// not dialled is treated the same, or its haste would tell it from one that refuses.
    Broken(&'static str),
    /// After its time, or for good.
    Final(&'static str),
}

impl Failure {
    /// What stands in the host's own log; whoever configured the connection is told [`HttpError`] alone.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Broken(reason) | Self::Final(reason) => reason,
        }
    }
}

impl From<Failure> for HttpError {
    fn from(_: Failure) -> Self {
        Self::Unreachable
    }
}

/// Makes connections of one reach.
pub(super) struct Dialer {
    reach: Reach,
    resolver: Arc<dyn Resolver>,
    tls: TlsConnector,
    proxy: Option<Proxy>,
    deadlines: Deadlines,
}

/// A forward proxy that speaks CONNECT.
#[derive(Clone)]
pub(super) struct Proxy {
    address: Uri,
    authorization: Option<HeaderValue>,
}

impl Proxy {
    /// From `http://[user:password@]host:port`.
    pub(super) fn from_url(url: &Url) -> Result<Self, SetupError> {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;

        let plain = url.scheme() == "http" && url.has_host() && url.path() == "/";
        if !plain || url.query().is_some() || url.fragment().is_some() {
            return Err(SetupError::EgressProxy);
        }
        let port = url.port_or_known_default().ok_or(SetupError::EgressProxy)?;
        let host = url.host_str().ok_or(SetupError::EgressProxy)?;
        let address = format!("http://{host}:{port}")
            .parse()
            .map_err(|_| SetupError::EgressProxy)?;
        let decoded = |text: &str| {
            let pair = format!("x={}", text.replace('+', "%2B"));
            url::form_urlencoded::parse(pair.as_bytes())
                .next()
                .map_or_else(String::new, |(_, value)| value.into_owned())
        };
        let authorization = match url.username() {
            "" => None,
            user => {
                let password = decoded(url.password().unwrap_or_default());
                let pair = STANDARD.encode(format!("{}:{password}", decoded(user)));
                let mut value = HeaderValue::try_from(format!("Basic {pair}"))
                    .map_err(|_| SetupError::EgressProxy)?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        Ok(Self {
            address,
            authorization,
        })
    }

    /// A tunnel to `host:port`. The proxy resolves the name, and which addresses it reaches is its own policy.
    async fn tunnel(&self, host: &str, port: u16) -> Result<TcpStream, Failure> {
        let broken = |_| Failure::Broken("the egress proxy gives no tunnel");
        let destination: Uri = format!("https://{host}:{port}/")
            .parse()
            .map_err(|_| Failure::Final("not a name that a proxy takes"))?;
        let mut tunnel = Tunnel::new(self.address.clone(), HttpConnector::new());
        if let Some(authorization) = &self.authorization {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        Ok(tunnel.call(destination).await.map_err(broken)?.into_inner())
    }
}

impl Dialer {
    pub(super) fn new(
        reach: Reach,
        resolver: Arc<dyn Resolver>,
        tls: TlsConnector,
        proxy: Option<Proxy>,
        deadlines: Deadlines,
    ) -> Self {
        Self {
            reach,
            resolver,
            tls,
            proxy,
            deadlines,
        }
    }

    /// Whether an address that stands in the URL itself may be dialled; names are judged by their answers.
    pub(super) fn permits(&self, host: &Host<&str>) -> bool {
        let literal = match *host {
            Host::Domain(_) => return true,
            Host::Ipv4(address) => address.into(),
            Host::Ipv6(address) => address.into(),
        };
        self.reach != Reach::Public && self.reach.permits(literal)
    }

    /// A connection to the origin of `url`.
    pub(super) async fn dial(&self, url: &Url) -> Result<Pin<Box<dyn Stream>>, Failure> {
        let nameless = Failure::Final("no host in the address");
        let host = url.host().ok_or(nameless)?;
        let port = url.port_or_known_default().ok_or(nameless)?;
        let late = |_| Failure::Final("no connection in time");
        let stream = timeout(self.deadlines.connect, self.connect(&host, port))
            .await
            .map_err(late)??;
        if url.scheme() != "https" {
            return Ok(Box::pin(stream));
        }
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.to_owned()).map_err(|_| nameless)?,
            Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(address)),
            Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(address)),
        };
        let handshake = timeout(self.deadlines.tls, self.tls.connect(name, stream)).await;
        match handshake.map_err(|_| Failure::Final("no TLS in time"))? {
            Ok(stream) => Ok(Box::pin(stream)),
            // A certificate that is refused now is refused a moment later.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(Failure::Final("TLS refused: certificate or version"))
            }
            Err(_) => Err(Failure::Broken("TLS broken off")),
        }
    }

    async fn connect(&self, host: &Host<&str>, port: u16) -> Result<TcpStream, Failure> {
        let addresses = match (host, &self.proxy) {
            (Host::Domain(name), Some(proxy)) => return proxy.tunnel(name, port).await,
            (Host::Domain(name), None) => {
                resolver::permitted(&self.resolver, self.reach, name, port)
                    .await
                    .ok_or(Failure::Broken("no address that may be dialled"))?
            }
            (Host::Ipv4(address), _) => vec![SocketAddr::from((*address, port))],
            (Host::Ipv6(address), _) => vec![SocketAddr::from((*address, port))],
        };
        race(addresses)
            .await
            .ok_or(Failure::Broken("connection refused"))
    }
}

/// The first connection that one of the addresses gives.
async fn race(addresses: Vec<SocketAddr>) -> Option<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut attempts = JoinSet::new();
    attempts.spawn(TcpStream::connect(waiting.next()?));
    loop {
        let next = tokio::select! {
            ended = attempts.join_next() => match ended {
                Some(Ok(Ok(stream))) => {
                    let _ = stream.set_nodelay(true); // slower without, and no worse
                    return Some(stream);
                }
                Some(_) => waiting.next(),
                None => return None,
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => waiting.next(),
        };
        match next {
            Some(address) => {
                attempts.spawn(TcpStream::connect(address));
            }
            None if attempts.is_empty() => return None,
            None => {}
        }
    }
}

/// TLS 1.2 and 1.3 with the machine's certificate authorities and these; revocation is not checked.
pub(super) fn tls(extra_ca: Option<&[u8]>) -> Result<TlsConnector, SetupError> {
    let broken = |error| match error {
        rustls::Error::InvalidCertificate(_) => SetupError::ExtraCa, // the machine's own are passed over
        _ => SetupError::HttpClient,
    };
    let extra: Vec<CertificateDer<'static>> = match extra_ca {
        None => vec![],
        Some(pem) => CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|_| SetupError::ExtraCa)?,
    };
    if extra_ca.is_some() && extra.is_empty() {
        return Err(SetupError::ExtraCa);
    }
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider)).map_err(broken)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(broken)?
        .dangerous() // the name of the way to the machine's own trust store
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The stream as `hyper` takes it.
pub(super) fn io(stream: Pin<Box<dyn Stream>>) -> TokioIo<Pin<Box<dyn Stream>>> {
    TokioIo::new(stream)
}
