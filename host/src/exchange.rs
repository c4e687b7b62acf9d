//! What the host requires of a request before it is sent, and lets through of an answer.

use url::{Host, Url};

use crate::bindings::sso::provider::http::{Authorization, Header, Request, Response};
use crate::capability::{Capabilities, HttpError, HttpRequest};
use crate::contract::{Endpoint, Method, Network};
use crate::credential;
use crate::scope::Scope;

const MAX_URL: usize = 8 << 10;
const MAX_HEADER: usize = 256;
const MAX_BODY: usize = 64 << 10;
const MAX_BEARER: usize = 16 << 10;

const ANSWER_HEADERS: [&str; 7] = [
    "content-type",
    "cache-control",
    "age",
    "date",
    "retry-after",
    "www-authenticate",
    "x-rate-limit-reset",
];

/// Judges, adds the credential, sends, and trims the answer. A second exchange, where there is one, is taken
/// from `exchanges_left`.
pub(crate) async fn send(
    capabilities: &Capabilities,
    scope: &Scope,
    request: Request,
    exchanges_left: &mut u32,
) -> Result<Response, HttpError> {
    let (mut outgoing, authorization) = judge(scope, request)?;
    let max_response = outgoing.max_response;
    let http = capabilities.http.as_ref().ok_or(HttpError::Unreachable)?;
    let answer = match authorization {
        Authorization::None => http.send(scope, outgoing).await,
        Authorization::Bearer(token) => {
            let header = ("authorization", format!("Bearer {token}"));
            outgoing.headers.push(header);
            http.send(scope, outgoing).await
        }
        Authorization::Client(client) => {
            credential::send(capabilities, scope, outgoing, &client, exchanges_left).await
        }
    }?;
    if answer.body.len() > max_response {
        return Err(HttpError::TooLarge);
    }
    let headers = answer.headers.into_iter().filter_map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        let kept = ANSWER_HEADERS.contains(&name.as_str()) && !value.contains(char::is_control);
        kept.then_some(Header { name, value })
    });
    Ok(Response {
        status: answer.status,
        headers: headers.collect(),
        body: answer.body,
    })
}

/// The request as it will be sent, and the authorization that is still to be added.
fn judge(scope: &Scope, request: Request) -> Result<(HttpRequest, Authorization), HttpError> {
    let Request {
        endpoint,
        method,
        url,
        headers,
        body,
        authorization,
    } = request;
    let (methods, max_response): (&[Method], usize) = match endpoint {
        Endpoint::Metadata => (&[Method::Get], 64 << 10),
        Endpoint::Keys => (&[Method::Get], 256 << 10),
        Endpoint::Token | Endpoint::PushedAuthorization => (&[Method::Post], 64 << 10),
        Endpoint::UserInfo => (&[Method::Get, Method::Post], 64 << 10),
        // The browser goes there, never the host.
        Endpoint::Authorization | Endpoint::EndSession => return Err(HttpError::Denied),
    };
    let may_carry = match (&authorization, endpoint) {
        (Authorization::None, _) => true,
        (Authorization::Client(client), Endpoint::Token | Endpoint::PushedAuthorization) => {
            !client.client_id.is_empty()
        }
        (Authorization::Bearer(token), Endpoint::UserInfo) => is_bearer(token),
        (Authorization::Client(_) | Authorization::Bearer(_), _) => false,
    };
    let body_fits = body.len() <= MAX_BODY && (method == Method::Post || body.is_empty());
    if !methods.contains(&method) || !may_carry || !body_fits {
        return Err(HttpError::Denied);
    }
    let url = permitted(scope, &url).ok_or(HttpError::Denied)?;
    let headers = permitted_headers(headers).ok_or(HttpError::Denied)?;
    Ok((
        HttpRequest {
            endpoint,
            method,
            url,
            headers,
            body,
            max_response,
        },
        authorization,
    ))
}

/// The URL, if it is absolute, of a permitted scheme, and on one of the connection's hosts.
fn permitted(scope: &Scope, text: &str) -> Option<Url> {
    // Before parsing, because the parser drops or rewrites these silently.
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'#');
    if text.len() > MAX_URL || !plain {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let scheme = match url.scheme() {
        "https" => true,
        "http" => loopback && scope.network == Network::DangerLoopback,
        _ => false,
    };
    let user_info = !url.username().is_empty() || url.password().is_some();
    let authority = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()?),
        None => url.host_str()?.to_owned(),
    };
    (scheme && !user_info && scope.hosts.contains(&authority)).then_some(url)
}

/// `accept` and `content-type`, each at most once, of visible characters and spaces.
fn permitted_headers(headers: Vec<Header>) -> Option<Vec<(&'static str, String)>> {
    let mut permitted: Vec<(&'static str, String)> = Vec::with_capacity(3);
    for Header { name, value } in headers {
        let name = match name.as_str() {
            "accept" => "accept",
            "content-type" => "content-type",
            _ => return None,
        };
        let plain = value.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if !plain || value.len() > MAX_HEADER || permitted.iter().any(|(known, _)| *known == name) {
            return None;
        }
        permitted.push((name, value));
    }
    Some(permitted)
}

/// RFC 6750 section 2.1: b64token.
fn is_bearer(token: &str) -> bool {
    (1..=MAX_BEARER).contains(&token.len())
        && token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::sso::provider::http::ClientCredential;
    use crate::contract::ClientAuth;

    fn scope(network: Network) -> Scope {
        let hosts = [
            "acme.okta.com",
            "login.acme.com:8443",
            "127.0.0.1:9000",
            "localhost:9000",
        ];
        Scope {
            connection_id: "c".to_owned(),
            hosts: hosts.map(str::to_owned).into(),
            network,
        }
    }

    fn request(endpoint: Endpoint, method: Method, authorization: Authorization) -> Request {
        Request {
            endpoint,
            method,
            url: "https://acme.okta.com/x".to_owned(),
            headers: vec![],
            body: vec![],
            authorization,
        }
    }

    fn client() -> Authorization {
        Authorization::Client(ClientCredential {
            method: ClientAuth::ClientSecretBasic,
            client_id: "id".to_owned(),
            audience: "https://acme.okta.com".to_owned(),
        })
    }

    fn passes(request: Request) -> bool {
        judge(&scope(Network::Public), request).is_ok()
    }

    #[test]
    fn credentials_go_to_their_endpoints_alone() {
        use Endpoint::{EndSession, Keys, Metadata, PushedAuthorization, Token, UserInfo};
        let authorize = Endpoint::Authorization;
        let bearer = || Authorization::Bearer("t".to_owned());
        for endpoint in [
            Metadata,
            Keys,
            authorize,
            PushedAuthorization,
            Token,
            UserInfo,
            EndSession,
        ] {
            let method = if matches!(endpoint, Token | PushedAuthorization) {
                Method::Post
            } else {
                Method::Get
            };
            let with = |authorization| passes(request(endpoint, method, authorization));
            assert_eq!(
                with(client()),
                matches!(endpoint, Token | PushedAuthorization)
            );
            assert_eq!(with(bearer()), endpoint == UserInfo);
            assert_eq!(
                with(Authorization::None),
                endpoint != authorize && endpoint != EndSession
            );
        }
    }

    #[test]
    fn methods_belong_to_endpoints() {
        assert!(!passes(request(Endpoint::Token, Method::Get, client())));
        assert!(!passes(request(
            Endpoint::Keys,
            Method::Post,
            Authorization::None
        )));
        assert!(passes(request(
            Endpoint::UserInfo,
            Method::Post,
            Authorization::None
        )));
    }

    #[test]
    fn only_the_connections_hosts_are_reached() {
        let ok = |network, url| permitted(&scope(network), url).is_some();
        for url in [
            "https://acme.okta.com/a?b=c",
            "https://acme.okta.com:443/",
            "https://login.acme.com:8443/",
            "https://127.0.0.1:9000/",
        ] {
            assert!(ok(Network::Public, url), "{url}");
        }
        for url in [
            "",
            "/a",
            "http://acme.okta.com/",
            "https://acme.okta.com.evil.example/",
            "https://evil.example/?acme.okta.com",
            "https://acme.okta.com:444/",
            "https://login.acme.com/",
            "https://acme.okta.com@evil.example/",
            "https://user@acme.okta.com/",
            "https://:x@acme.okta.com/",
            "https://acme.okta.com/#f",
            "https://acme.okta.com\\@evil.example/",
            "https://acme.okta.com/\r\nx",
            "https://acme.okta.com/ x",
            "https://acme.okta.com./",
            "file:///etc/passwd",
            "http://127.0.0.1:9000/",
            "http://localhost:9000/",
        ] {
            assert!(!ok(Network::Public, url), "{url}");
        }
        assert!(ok(Network::DangerLoopback, "http://127.0.0.1:9000/"));
        assert!(ok(Network::DangerLoopback, "http://localhost:9000/"));
        assert!(!ok(Network::DangerLoopback, "http://127.0.0.1:9001/"));
        assert!(!ok(Network::DangerLoopback, "http://acme.okta.com/"));
    }

    #[test]
    fn only_two_headers_pass() {
        let ok = |headers: &[(&str, &str)]| {
            let header = |&(name, value): &(&str, &str)| Header {
                name: name.to_owned(),
                value: value.to_owned(),
            };
            permitted_headers(headers.iter().map(header).collect()).is_some()
        };
        assert!(ok(&[
            ("accept", "application/json"),
            ("content-type", "a/b; c=d")
        ]));
        assert!(!ok(&[("accept", "a"), ("accept", "a")]));
        assert!(!ok(&[("Accept", "a")]));
        assert!(!ok(&[("authorization", "Basic eA==")]));
        assert!(!ok(&[("host", "evil.example")]));
        assert!(!ok(&[("accept", "a\r\nx: y")]));
        assert!(!ok(&[("accept", "\u{e9}")]));
    }

    #[test]
    fn a_body_has_its_bound_and_its_method() {
        let mut post = request(Endpoint::Token, Method::Post, client());
        post.body = vec![b'x'; MAX_BODY];
        assert!(passes(post.clone()));
        post.body.push(b'x');
        assert!(!passes(post));
        let mut get = request(Endpoint::Keys, Method::Get, Authorization::None);
        get.body.push(b'x');
        assert!(!passes(get));
    }

    #[test]
    fn a_bearer_token_cannot_add_a_header() {
        assert!(is_bearer("eyJ-._~+/="));
        assert!(!is_bearer(""));
        assert!(!is_bearer("a b"));
        assert!(!is_bearer("a\r\nx: y"));
        assert!(is_bearer(&"x".repeat(MAX_BEARER)));
        assert!(!is_bearer(&"x".repeat(MAX_BEARER + 1)));
    }
}
