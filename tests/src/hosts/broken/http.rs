//! An HTTP client that sends what it must not, or gives back something else than came.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use okta_sso_host::contract::{Endpoint, Method, Network};
use okta_sso_host::{Http, HttpError, HttpRequest, HttpResponse, Scope};
use serde::Deserialize;
use url::{Host, Url};

use super::lenient::Lenient;

/// How the client is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HttpFault {
    /// Goes where a 3xx points to.
    RedirectsFollowed,
    /// A POST without an answer is sent again.
    PostsRepeated,
    /// What is over the bound is left out, and the rest handed on.
    LargeAnswersCut,
    /// An answer of 4xx or 5xx is no answer.
    ErrorStatusesHidden,
    /// How long to wait is not passed on.
    RetryAfterDropped,
    /// What came before the connection broke is handed on.
    CutAnswersHandedOn,
    /// A coded body is decoded.
    Decompresses,
    /// Compression is asked for.
    CompressionOffered,
    /// Doubled slashes of a path become one.
    SlashesJoined,
    /// The answer's absence is told as another one's.
    TimeoutsUnreachable,
    /// The access token is left out.
    BearerDropped,
    /// Whatever the connection's policy, this machine is in reach.
    LoopbackForAll,
    /// `0.0.0.0`, which is this machine, is none of the addresses that were thought of.
    UnspecifiedDialled,
    /// An IPv4 address inside an IPv6 one is not looked at.
    MappedDialled,
}

pub(super) struct Sent {
    right: Arc<dyn Http>,
    fault: HttpFault,
    lenient: Lenient,
}

impl Sent {
    pub(super) fn new(right: Arc<dyn Http>, fault: HttpFault, deadline: Duration) -> Result<Self> {
        Ok(Self {
            right,
            fault,
            lenient: Lenient::new(deadline)?,
        })
    }

    /// The request as it should not be sent.
    fn changed(&self, scope: &mut Scope, request: &mut HttpRequest) {
        match self.fault {
            HttpFault::LargeAnswersCut => request.max_response = usize::MAX,
            HttpFault::CompressionOffered => {
                request.headers.push(("accept-encoding", "gzip".to_owned()));
            }
            HttpFault::SlashesJoined => {
                let path = request.url.path().replace("//", "/");
                request.url.set_path(&path);
            }
            HttpFault::BearerDropped if request.endpoint == Endpoint::UserInfo => {
                request.headers.retain(|(name, _)| *name != "authorization");
            }
            HttpFault::LoopbackForAll => scope.network = Network::DangerLoopback,
            HttpFault::UnspecifiedDialled | HttpFault::MappedDialled => {
                let leads_here = match request.url.host() {
                    Some(Host::Ipv4(address)) => {
                        self.fault == HttpFault::UnspecifiedDialled && address.is_unspecified()
                    }
                    Some(Host::Ipv6(address)) => {
                        self.fault == HttpFault::MappedDialled
                            && address
                                .to_ipv4_mapped()
                                .is_some_and(|inner| inner.is_loopback())
                    }
                    _ => false,
                };
                // Where the operating system would go with it.
                if leads_here && request.url.set_host(Some("127.0.0.1")).is_ok() {
                    scope.network = Network::DangerLoopback;
                }
            }
            _ => {}
        }
    }
}

#[async_trait]
impl Http for Sent {
    async fn send(&self, scope: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (mut scope, mut outgoing) = (scope.clone(), request.clone());
        self.changed(&mut scope, &mut outgoing);
        let plain = outgoing.url.scheme() == "http";
        let decodes = self.fault == HttpFault::Decompresses;
        let answer = match self.fault {
            HttpFault::CutAnswersHandedOn | HttpFault::Decompresses if plain => {
                self.lenient.send(outgoing, decodes).await
            }
            _ => self.right.send(&scope, outgoing).await,
        };
        match (self.fault, answer) {
            (HttpFault::RedirectsFollowed, Ok(answer)) if (300..400).contains(&answer.status) => {
                let Some(url) = target(&request.url, &answer) else {
                    return Ok(answer);
                };
                self.right
                    .send(&scope, HttpRequest { url, ..request })
                    .await
            }
            (HttpFault::PostsRepeated, Err(HttpError::Unreachable))
                if request.method == Method::Post =>
            {
                self.right.send(&scope, request).await
            }
            (HttpFault::LargeAnswersCut, Ok(mut answer)) => {
                answer.body.truncate(request.max_response);
                Ok(answer)
            }
            (HttpFault::ErrorStatusesHidden, Ok(answer)) if answer.status >= 400 => {
                Err(HttpError::Unreachable)
            }
            (HttpFault::RetryAfterDropped, Ok(mut answer)) => {
                answer.headers.retain(|(name, _)| name != "retry-after");
                Ok(answer)
            }
            (HttpFault::TimeoutsUnreachable, Err(HttpError::Timeout)) => {
                Err(HttpError::Unreachable)
            }
            (_, answer) => answer,
        }
    }
}

/// Where a redirect points to.
fn target(from: &Url, answer: &HttpResponse) -> Option<Url> {
    let mut headers = answer.headers.iter();
    let (_, location) = headers.find(|(name, _)| name == "location")?;
    from.join(location).ok()
}
