//! What a connection must look like, and which URLs belong to it.

use crate::base64url;
use crate::contract::sso::provider::types::{
    Algorithm, ClientAuth, Connection, EmailRule, Network, Policy, PushedAuthorization,
};
use crate::record::Writer;

/// The longest issuer and the longest redirect URI, in bytes.
pub const MAX_URL: usize = 512;
/// The longest client ID, in bytes.
pub const MAX_CLIENT_ID: usize = 256;
/// The largest `policy.clock-tolerance`, in seconds.
pub const MAX_CLOCK_TOLERANCE: u32 = 600;
/// The largest `policy.max-age`, in seconds: Okta and RFC 6749's examples stop at 31 bits.
pub const MAX_MAX_AGE: u32 = 2_147_483_647;
/// The most `policy.acr-values`.
pub const MAX_ACR_VALUES: usize = 8;

/// The parts of an issuer or endpoint that decide where it leads, taken from the raw text.
///
/// No URL parser stands in between: it would lower-case, drop ports and resolve dots, and two texts that
/// differ would compare equal (OpenID Connect Discovery 1.0 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// `https`, or `http` for loopback.
    pub scheme: &'a str,
    /// `host` or `host:port`, as written.
    pub authority: &'a str,
    /// Path and query, empty or from the first `/`, or `?`.
    pub rest: &'a str,
}

impl<'a> Place<'a> {
    /// Splits an absolute http(s) URL; none for user information, a fragment, a back slash, or a byte that a
    /// URL does not hold.
    #[must_use]
    pub fn of(url: &'a str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"<>^`{|}#".contains(&byte);
        if !url.bytes().all(plain) {
            return None;
        }
        let (scheme, after) = url.split_once("://")?;
        let end = after.find(['/', '?']).unwrap_or(after.len());
        let (authority, rest) = after.split_at_checked(end)?;
        let known = scheme == "https" || scheme == "http";
        (known && !authority.is_empty() && !authority.contains('@')).then_some(Self {
            scheme,
            authority,
            rest,
        })
    }

    /// Whether it may be used under `network`: https, or http to loopback in development.
    #[must_use]
    pub fn is_allowed(&self, network: Network) -> bool {
        self.scheme == "https" || (network == Network::DangerLoopback && self.is_loopback())
    }

    /// Whether the host is a loopback address or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self
            .authority
            .rsplit_once(':')
            .map_or(self.authority, |(host, port)| {
                if port.bytes().all(|byte| byte.is_ascii_digit()) {
                    host
                } else {
                    self.authority
                }
            });
        matches!(host, "localhost" | "127.0.0.1" | "[::1]")
    }
}

/// Whether an endpoint of the metadata may be used: on the issuer's own host, by an allowed scheme.
#[must_use]
pub fn owns(connection: &Connection, endpoint: &str) -> bool {
    let (Some(issuer), Some(place)) = (Place::of(&connection.issuer), Place::of(endpoint)) else {
        return false;
    };
    place.authority == issuer.authority
        && place.scheme == issuer.scheme
        && place.is_allowed(connection.policy.network)
}

/// Whether the issuer is the provider's root: Okta's org authorization server, whose keys can be pinned per client.
#[must_use]
pub fn is_org_issuer(connection: &Connection) -> bool {
    Place::of(&connection.issuer).is_some_and(|place| place.rest.is_empty())
}

/// Whether this is a connection that `config.check` returns, as far as can be seen without the network.
#[must_use]
pub fn is_valid(connection: &Connection) -> bool {
    is_id(&connection.id)
        && connection.revision == revision(connection)
        && has_valid_issuer(connection)
        && is_client_id(&connection.client_id)
        && is_return_address(&connection.redirect_uri, connection.policy.network)
        && connection
            .post_logout_redirect_uri
            .as_deref()
            .is_none_or(|uri| is_return_address(uri, connection.policy.network))
        && connection.scopes.iter().any(|scope| scope == "openid")
        && connection.scopes.iter().all(|scope| is_scope(scope))
        && connection
            .email_domains
            .iter()
            .all(|domain| is_domain(domain))
        && is_policy(&connection.policy)
}

/// 1 to 128 bytes of `A-Z a-z 0-9 . _ -`.
#[must_use]
pub fn is_id(id: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=128).contains(&id.len()) && id.bytes().all(known)
}

/// Printable ASCII without space.
#[must_use]
pub fn is_client_id(id: &str) -> bool {
    (1..=MAX_CLIENT_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Lower-case labels of letters, digits and inner hyphens, at least two of them.
#[must_use]
pub fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    // A last label of digits would be an address of four parts, not a name.
    let named = domain
        .rsplit('.')
        .next()
        .is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_lowercase()));
    domain.len() <= 253 && domain.contains('.') && named && domain.split('.').all(label)
}

/// An address of the platform to which the provider sends browsers back.
#[must_use]
pub fn is_return_address(uri: &str, network: Network) -> bool {
    uri.len() <= MAX_URL && Place::of(uri).is_some_and(|place| place.is_allowed(network))
}

fn has_valid_issuer(connection: &Connection) -> bool {
    Place::of(&connection.issuer).is_some_and(|place| {
        connection.issuer.len() <= MAX_URL
            && place.is_allowed(connection.policy.network)
            && !place.rest.contains('?')
            && !place.rest.ends_with('/')
            && connection.hosts.len() == 1
            && connection
                .hosts
                .first()
                .is_some_and(|host| host == place.authority)
    })
}

fn is_scope(scope: &str) -> bool {
    // RFC 6749 section 3.3, scope-token.
    !scope.is_empty()
        && scope
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

fn is_policy(policy: &Policy) -> bool {
    !policy.algorithms.is_empty()
        && policy.clock_tolerance <= MAX_CLOCK_TOLERANCE
        && policy
            .max_age
            .is_none_or(|age| (1..=MAX_MAX_AGE).contains(&age))
        && policy.acr_values.len() <= MAX_ACR_VALUES
        && policy.acr_values.iter().all(|acr| is_scope(acr))
}

/// A digest of everything in the connection but `revision` itself.
#[must_use]
pub fn revision(connection: &Connection) -> String {
    let Connection {
        id,
        revision: _,
        issuer,
        hosts,
        client_id,
        redirect_uri,
        post_logout_redirect_uri,
        scopes,
        email_domains,
        policy:
            Policy {
                algorithms,
                client_auth,
                email_rule,
                clock_tolerance,
                max_age,
                acr_values,
                pushed_authorization,
                network,
            },
    } = connection;
    let algorithms: Vec<String> = algorithms
        .iter()
        .map(|algorithm| algorithm_name(*algorithm).to_owned())
        .collect();
    let digest = Writer::new("connection 1")
        .text(id)
        .text(issuer)
        .list(hosts)
        .text(client_id)
        .text(redirect_uri)
        .optional(post_logout_redirect_uri.as_deref())
        .list(scopes)
        .list(email_domains)
        .list(&algorithms)
        .text(client_auth_name(*client_auth))
        .flag(*email_rule == EmailRule::Exact)
        .number(u64::from(*clock_tolerance))
        .number(max_age.map_or(0, u64::from))
        .list(acr_values)
        .number(match pushed_authorization {
            PushedAuthorization::WhenSupported => 0,
            PushedAuthorization::Never => 1,
            PushedAuthorization::Always => 2,
        })
        .flag(*network == Network::Public)
        .digest();
    base64url::encode(&digest)
}

/// The name of an algorithm in tokens, keys and metadata (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[must_use]
pub const fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Rs256 => "RS256",
        Algorithm::Rs384 => "RS384",
        Algorithm::Rs512 => "RS512",
        Algorithm::Ps256 => "PS256",
        Algorithm::Ps384 => "PS384",
        Algorithm::Ps512 => "PS512",
        Algorithm::Es256 => "ES256",
        Algorithm::Es384 => "ES384",
        Algorithm::Eddsa => "EdDSA",
    }
}

/// The name of a method in metadata (OpenID Connect Core 1.0 section 9).
#[must_use]
pub const fn client_auth_name(method: ClientAuth) -> &'static str {
    match method {
        ClientAuth::ClientSecretBasic => "client_secret_basic",
        ClientAuth::ClientSecretPost => "client_secret_post",
        ClientAuth::PrivateKeyJwt => "private_key_jwt",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A valid connection to an org authorization server.
    pub(crate) fn connection() -> Connection {
        let mut connection = Connection {
            id: "acme".into(),
            revision: String::new(),
            issuer: "https://acme.okta.com".into(),
            hosts: vec!["acme.okta.com".into()],
            client_id: "0oa1client".into(),
            redirect_uri: "https://app.example.com/sso/okta/callback".into(),
            post_logout_redirect_uri: Some("https://app.example.com/login".into()),
            scopes: vec!["openid".into(), "profile".into(), "email".into()],
            email_domains: vec!["acme.com".into()],
            policy: Policy {
                algorithms: vec![Algorithm::Rs256],
                client_auth: ClientAuth::ClientSecretBasic,
                email_rule: EmailRule::Exact,
                clock_tolerance: 120,
                max_age: None,
                acr_values: Vec::new(),
                pushed_authorization: PushedAuthorization::Never,
                network: Network::Public,
            },
        };
        connection.revision = revision(&connection);
        connection
    }

    fn changed(change: impl FnOnce(&mut Connection)) -> bool {
        let mut connection = connection();
        change(&mut connection);
        connection.revision = revision(&connection);
        is_valid(&connection)
    }

    #[test]
    fn what_check_returns_is_valid_and_nothing_near_it() {
        assert!(is_valid(&connection()));
        assert!(changed(|c| c.policy.clock_tolerance = 600));
        assert!(!changed(|c| c.policy.clock_tolerance = 601));
        assert!(!changed(|c| c.policy.algorithms.clear()));
        assert!(!changed(|c| c.policy.max_age = Some(0)));
        assert!(!changed(|c| c.scopes.clear()));
        assert!(!changed(|c| c.id = "a/b".into()));
        assert!(!changed(|c| c.issuer = "http://acme.okta.com".into()));
        assert!(!changed(|c| c.issuer = "https://acme.okta.com/".into()));
        assert!(!changed(|c| c.issuer = "https://other.okta.com".into()));
        assert!(!changed(|c| c.hosts.push("169.254.169.254".into())));
        assert!(!changed(
            |c| c.redirect_uri = "http://app.example.com/".into()
        ));
        assert!(!changed(|c| c.email_domains.push("127.0.0.1".into())));
        let mut stale = connection();
        stale.client_id.push('x');
        assert!(!is_valid(&stale), "the revision covers every member");
    }

    #[test]
    fn only_the_issuers_own_host_serves_endpoints() {
        let connection = connection();
        assert!(owns(&connection, "https://acme.okta.com/oauth2/v1/token"));
        assert!(owns(
            &connection,
            "https://acme.okta.com//oauth2//v1/token?x=y"
        ));
        for (id, refused) in [
            ("BI-068 scheme", "http://acme.okta.com/keys"),
            ("BI-068 host", "https://evil.example/keys"),
            ("BI-068 address", "https://127.0.0.1/keys"),
            ("BI-068 file", "file:///etc/passwd"),
            ("BI-068 user information", "https://a@acme.okta.com/keys"),
            ("BI-205", "https://acme.okta.com@127.0.0.1/"),
            ("BI-207", "https://acme.okta.com#@127.0.0.1"),
            ("BI-208", "https://acme.okta.com\\@127.0.0.1/"),
            ("port", "https://acme.okta.com:8443/keys"),
            ("suffix", "https://acme.okta.com.evil.example/keys"),
            ("case", "https://ACME.okta.com/keys"),
        ] {
            assert!(!owns(&connection, refused), "{id}: {refused}");
        }
    }

    #[test]
    fn loopback_is_for_development_alone() {
        let place = Place::of("http://127.0.0.1:8081/keys").unwrap();
        assert!(place.is_allowed(Network::DangerLoopback));
        assert!(!place.is_allowed(Network::Public));
        let public = Place::of("http://acme.okta.com/keys").unwrap();
        assert!(!public.is_allowed(Network::DangerLoopback));
    }

    #[test]
    fn domains_are_names_of_two_labels_or_more() {
        for domain in ["acme.com", "a.co.uk", "xn--pple-43d.com", "4.example"] {
            assert!(is_domain(domain), "{domain}");
        }
        for domain in [
            "localhost",
            "acme.com.",
            ".acme.com",
            "a..com",
            "A.com",
            "-a.com",
            "127.0.0.1",
            "",
        ] {
            assert!(!is_domain(domain), "{domain}");
        }
    }
}
