//! The default HTTP client: one exchange after another, each within its bounds.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response};
use tokio::time::{sleep, timeout};
use url::Url;
use zeroize::Zeroizing;

use super::address::Reach;
use super::circuit::Circuits;
use super::dial::{self, Dialer, Failure, Proxy};
use super::hold::Holds;
use super::pool::{Line, Pool};
use super::resolver::{Resolver, SystemResolver};
use super::shared::Shared;
use super::{Http, HttpError, HttpRequest, HttpResponse};
use crate::capability::random::{OsRandom, Random};
use crate::contract::{Endpoint, Method, Network};
use crate::error::SetupError;
use crate::scope::Scope;

const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: usize = 32 << 10;
const USER_AGENT: &str = concat!("okta-sso-host/", env!("CARGO_PKG_VERSION"));

/// HTTP/1.1 over rustls: no redirects, no decompression, no private addresses, no proxy but a given one.
///
/// A name is resolved here, every address is judged, and one of those that passed is dialled. A GET that
/// fails to connect, or is answered 502, 503 or 504, is sent once more after 50 to 250 ms; a POST never
/// is. Equal GETs of one connection at the same time share one exchange. After five failures in a row a
/// connection's provider is asked once in ten seconds; after a 429 the endpoint is left alone for as
/// long as the provider says, at most a minute, and the host answers 429 in its place.
pub struct HttpClient {
    public: Lane,
    loopback: Option<Loopback>,
    exchange: Duration,
    circuits: Circuits,
    holds: Holds,
    shared: Shared<Question, Result<HttpResponse, HttpError>>,
}

/// For development.
struct Loopback {
    plain: Lane,
    tls: Lane,
}

/// What a platform may choose about the default client.
#[derive(Clone, Default)]
pub struct HttpOptions {
    /// Certificate authorities to trust besides the machine's own: PEM, one or several.
    pub extra_ca: Option<Vec<u8>>,
    /// Lets connections whose policy says `danger-loopback` reach this machine. Development only.
    pub danger_allow_loopback: bool,
    /// A forward proxy for everything but loopback, `http://[user:password@]host:port`, asked by CONNECT.
    /// The environment's `HTTPS_PROXY` is never read.
    ///
    /// The proxy resolves the names: which addresses they may lead to is then for the proxy to enforce.
    pub egress_proxy: Option<Url>,
    /// Resolves instead of the machine's own resolver.
    pub resolver: Option<Arc<dyn Resolver>>,
    /// How long each phase may take.
    pub deadlines: Deadlines,
}

impl fmt::Debug for HttpOptions {
    /// Leaves the proxy out: its address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOptions")
            .field("extra_ca", &self.extra_ca.is_some())
            .field("danger_allow_loopback", &self.danger_allow_loopback)
            .field("egress_proxy", &self.egress_proxy.is_some())
            .field("resolver", &self.resolver.is_some())
            .field("deadlines", &self.deadlines)
            .finish()
    }
}

/// How long each phase of an exchange may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Resolving and connecting. 3 s.
    pub connect: Duration,
    /// The TLS handshake. 3 s.
    pub tls: Duration,
    /// From sending the request to the last header of the answer. 5 s.
    pub headers: Duration,
    /// Everything, with a second attempt. 10 s.
    pub exchange: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            tls: Duration::from_secs(3),
            headers: Duration::from_secs(5),
            exchange: Duration::from_secs(10),
        }
    }
}

/// What makes two GETs equal.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Question {
    connection_id: String,
    hosts: Vec<String>,
    loopback: bool,
    url: Url,
    headers: Vec<(&'static str, String)>,
    max_response: usize,
}

impl HttpClient {
    /// Errors: a certificate that is no PEM, a proxy's address of another form, or no TLS on this machine.
    pub fn new(options: &HttpOptions) -> Result<Self, SetupError> {
        let tls = dial::tls(options.extra_ca.as_deref())?;
        let proxy = options.egress_proxy.as_ref();
        let proxy = proxy.map(Proxy::from_url).transpose()?;
        let resolver = options.resolver.clone();
        let resolver = resolver.unwrap_or_else(|| Arc::new(SystemResolver));
        let lane = |reach, proxy| Lane {
            dialer: Dialer::new(
                reach,
                Arc::clone(&resolver),
                tls.clone(),
                proxy,
                options.deadlines,
            ),
            headers: options.deadlines.headers,
            pool: Pool::default(),
        };
        Ok(Self {
            public: lane(Reach::Public, proxy),
            loopback: options.danger_allow_loopback.then(|| Loopback {
                plain: lane(Reach::Loopback, None),
                tls: lane(Reach::PublicOrLoopback, None),
            }),
            exchange: options.deadlines.exchange,
            circuits: Circuits::default(),
            holds: Holds::default(),
            shared: Shared::default(),
        })
    }

    /// The lane of a request; none when there is no switch for it.
    fn lane(&self, network: Network, scheme: &str) -> Option<&Lane> {
        match (network, scheme, &self.loopback) {
            (Network::DangerLoopback, "http", Some(loopback)) => Some(&loopback.plain),
            (Network::DangerLoopback, "https", Some(loopback)) => Some(&loopback.tls),
            (Network::Public, "https", _) => Some(&self.public),
            _ => None,
        }
    }

    /// One exchange, if the provider is not to be left alone.
    async fn ask(
        &self,
        lane: &Lane,
        connection_id: &str,
        endpoint: Endpoint,
        outgoing: &Outgoing,
    ) -> Result<HttpResponse, HttpError> {
        if let Some(answer) = self.holds.answer(connection_id, endpoint, Instant::now()) {
            return Ok(answer);
        }
        let pass = self.circuits.enter(connection_id, Instant::now());
        let pass = pass.ok_or(HttpError::Unreachable)?;
        let within = timeout(self.exchange, lane.exchange(outgoing)).await;
        let outcome = within.unwrap_or(Err(Fault::Http(HttpError::Timeout)));
        let now = Instant::now();
        match &outcome {
            Ok(answer) => self.holds.note(connection_id, endpoint, answer, now),
            Err(fault) => {
                let (endpoint, reason) = (format!("{endpoint:?}"), fault.reason());
                tracing::info!(connection = connection_id, endpoint, reason, "no answer");
            }
        }
        let up = match &outcome {
            Ok(answer) => !is_unavailable(answer.status),
            // The provider answered, only not as it should.
            Err(Fault::Http(HttpError::TooLarge)) => true,
            Err(_) => false,
        };
        if up {
            pass.answered();
        } else if pass.failed(now) {
            let connection = connection_id;
            tracing::warn!(connection, "the provider is down; asking it less often");
        }
        outcome.map_err(HttpError::from)
    }
}

#[async_trait]
impl Http for HttpClient {
    async fn send(&self, scope: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let lane = self.lane(scope.network, request.url.scheme());
        let lane = lane.ok_or(HttpError::Denied)?;
        let host = request.url.host().ok_or(HttpError::Denied)?;
        if !lane.dialer.permits(&host) {
            return Err(HttpError::Denied);
        }
        let endpoint = request.endpoint;
        let carries_token = request
            .headers
            .iter()
            .any(|(name, _)| *name == "authorization");
        let question = (request.method == Method::Get && !carries_token).then(|| Question {
            connection_id: scope.connection_id.clone(),
            hosts: scope.hosts.clone(),
            loopback: scope.network == Network::DangerLoopback,
            url: request.url.clone(),
            headers: request.headers.clone(),
            max_response: request.max_response,
        });
        let outgoing = Outgoing::new(request).ok_or(HttpError::Denied)?;
        let exchange = self.ask(lane, &scope.connection_id, endpoint, &outgoing);
        match question {
            Some(question) => self.shared.join(question, exchange).await,
            None => exchange.await,
        }
    }
}

/// A request as it goes down a line, as often as need be. Its secrets are wiped when it is dropped.
struct Outgoing {
    url: Url,
    origin: String,
    request: Request<Full<Bytes>>,
    max_response: usize,
}

impl Outgoing {
    fn new(request: HttpRequest) -> Option<Self> {
        let HttpRequest {
            method,
            url,
            headers,
            body,
            max_response,
            ..
        } = request;
        let authority = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str()?),
            None => url.host_str()?.to_owned(),
        };
        let target = url.query().map_or_else(
            || url.path().to_owned(),
            |query| format!("{}?{query}", url.path()),
        );
        let mut fields = HeaderMap::new();
        fields.insert(header::HOST, HeaderValue::try_from(&authority).ok()?);
        fields.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        for (name, value) in headers {
            let value = Bytes::from_owner(Zeroizing::new(value.into_bytes()));
            let mut value = HeaderValue::from_maybe_shared(value).ok()?;
            value.set_sensitive(name == "authorization");
            fields.insert(HeaderName::from_static(name), value);
        }
        let body = Full::new(Bytes::from_owner(Zeroizing::new(body)));
        let method = match method {
            Method::Get => hyper::Method::GET,
            Method::Post => hyper::Method::POST,
        };
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .body(body)
            .ok()?;
        *request.headers_mut() = fields;
        Some(Self {
            origin: format!("{}://{authority}", url.scheme()),
            url,
            request,
            max_response,
        })
    }

    fn is_get(&self) -> bool {
        self.request.method() == hyper::Method::GET
    }
}

/// Why there is no answer.
enum Fault {
    Connect(Failure),
    Http(HttpError),
}

impl Fault {
    const fn reason(&self) -> &'static str {
        match self {
            Self::Connect(failure) => failure.reason(),
            Self::Http(HttpError::Timeout) => "no answer in time",
            Self::Http(HttpError::TooLarge) => "answer too large",
            Self::Http(_) => "broken answer",
        }
    }
}

impl From<Fault> for HttpError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Connect(failure) => failure.into(),
            Fault::Http(error) => error,
        }
    }
}

const BROKEN: Fault = Fault::Http(HttpError::Unreachable);

/// Connections of one reach.
struct Lane {
    dialer: Dialer,
    headers: Duration,
    pool: Pool,
}

impl Lane {
    async fn exchange(&self, outgoing: &Outgoing) -> Result<HttpResponse, Fault> {
        let first = self.once(outgoing).await;
        let again = match &first {
            Ok(answer) => {
                let asks_to_wait = answer.headers.iter().any(|(name, _)| name == "retry-after");
                is_unavailable(answer.status) && !asks_to_wait
            }
            Err(Fault::Connect(failure)) => matches!(failure, Failure::Broken(_)),
            Err(Fault::Http(_)) => false,
        };
        if !(again && outgoing.is_get()) {
            return first;
        }
        sleep(jitter()).await;
        self.once(outgoing).await
    }

    async fn once(&self, outgoing: &Outgoing) -> Result<HttpResponse, Fault> {
        if let Some(line) = self.pool.take(&outgoing.origin).await {
            match self.over(line, outgoing).await {
                // The server had closed it. Unsent, it may go down another line; sent, only what can be repeated.
                Err(Lost::Unsent) => {}
                Err(Lost::Sent) if outgoing.is_get() => {}
                Err(Lost::Sent) => return Err(BROKEN),
                Err(Lost::Fault(fault)) => return Err(fault),
                Ok(answer) => return Ok(answer),
            }
        }
        let stream = self
            .dialer
            .dial(&outgoing.url)
            .await
            .map_err(Fault::Connect)?;
        let mut settings = http1::Builder::new();
        settings
            .max_headers(MAX_HEADERS)
            .max_header_size(MAX_HEADER_BYTES);
        let opened = settings.handshake(dial::io(stream)).await;
        let (sender, driver) = opened.map_err(|_| BROKEN)?;
        match self.over(Line::new(sender, driver), outgoing).await {
            Ok(answer) => Ok(answer),
            Err(Lost::Fault(fault)) => Err(fault),
            Err(Lost::Unsent | Lost::Sent) => Err(BROKEN),
        }
    }

    /// Sends down `line`, reads the answer, and keeps the line if it can be used again.
    async fn over(&self, mut line: Line, outgoing: &Outgoing) -> Result<HttpResponse, Lost> {
        let sent = line.sender.try_send_request(outgoing.request.clone());
        let answer = match timeout(self.headers, sent).await {
            Err(_) => return Err(Lost::Fault(Fault::Http(HttpError::Timeout))),
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if error.message().is_some() => return Err(Lost::Unsent),
            Ok(Err(error)) if error.error().is_parse() => return Err(Lost::Fault(BROKEN)),
            Ok(Err(_)) => return Err(Lost::Sent),
        };
        let answer = read(answer, outgoing.max_response)
            .await
            .map_err(Lost::Fault)?;
        let settled = line.settle().await.map_err(|_| Lost::Fault(BROKEN))?;
        if let Some(line) = settled {
            self.pool.put(&outgoing.origin, line);
        }
        Ok(answer)
    }
}

/// A line that gave no answer.
enum Lost {
    /// Not a byte of the request was written.
    Unsent,
    /// Closed before the first byte of an answer.
    Sent,
    Fault(Fault),
}

/// The whole answer, if it is one and fits.
async fn read(answer: Response<Incoming>, max: usize) -> Result<HttpResponse, Fault> {
    let fields = answer.headers();
    // RFC 9112 section 6.3: two lengths are how answers are smuggled.
    let framed_twice = fields.contains_key(header::CONTENT_LENGTH)
        && fields.contains_key(header::TRANSFER_ENCODING);
    // Nothing was offered, so a coded body is an answer to another question.
    if framed_twice || fields.contains_key(header::CONTENT_ENCODING) {
        return Err(BROKEN);
    }
    let status = answer.status().as_u16();
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let headers = fields.iter().filter_map(text).collect();
    let too_large = Fault::Http(HttpError::TooLarge);
    let mut incoming = answer.into_body();
    if hyper::body::Body::size_hint(&incoming).lower() > max as u64 {
        return Err(too_large);
    }
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        if let Some(data) = frame.map_err(|_| BROKEN)?.data_ref() {
            if body.len() + data.len() > max {
                return Err(too_large);
            }
            body.extend_from_slice(data);
        }
    }
    Ok(HttpResponse {
        status,
        headers,
        body,
    })
}

const fn is_unavailable(status: u16) -> bool {
    matches!(status, 502..=504)
}

/// 50 to 250 ms, so that those who failed together do not come back together.
fn jitter() -> Duration {
    let mut byte = [0];
    let _ = OsRandom.fill(&mut byte); // without: all at 50 ms
    Duration::from_millis(50 + u64::from(byte[0]) * 200 / 255)
}
