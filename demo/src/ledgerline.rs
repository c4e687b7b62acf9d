//! The product's state, shared by everything that answers a request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use ipnet::IpNet;
use okta_sso_host::contract::{
    ClientAuth, Connection, EmailRule, Explanation, Policy, Problem, Settings,
};
use okta_sso_host::{CallError, Clock, Plugin};
use sqlx::AnyPool;
use url::{Host, Url};

use crate::checked::Checked;
use crate::connections::{self, Saved};
use crate::domains::{self, Domain, Standing, State};
use crate::history::{self, Event};
use crate::metrics::Metrics;
use crate::operator_events::{self, Code};
use crate::recordings::Recordings;
use crate::resemblance::is_below;
use crate::seal::Seal;
use crate::sessions::Lifetimes;
use crate::sign_in::domain_of;
use crate::web::{Readiness, Throttles};

/// Everything that a page needs; one for the whole process.
pub(crate) struct Ledgerline {
    pub(crate) db: AnyPool,
    pub(crate) seal: Arc<Seal>,
    pub(crate) plugin: Plugin,
    pub(crate) public_url: PublicUrl,
    policy: RwLock<Policy>,
    /// The address of the development Okta, when it runs in this process.
    pub(crate) dev_okta: Option<String>,
    pub(crate) throttles: Throttles,
    pub(crate) readiness: Readiness,
    pub(crate) lifetimes: Lifetimes,
    /// Whose word about a client's address is taken.
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) metrics: Arc<Metrics>,
    /// Where the deployment has any.
    pub(crate) recordings: Option<Recordings>,
    checked: Checked,
    clock: Arc<dyn Clock>,
    stopping: AtomicBool,
}

/// What was said at the start about the product's outside.
pub(crate) struct Edge {
    pub(crate) public_url: PublicUrl,
    pub(crate) dev_okta: Option<String>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) trusted_proxies: Vec<IpNet>,
}

/// A tenant's sign-in as it stands: what was saved, what was approved, and what follows.
pub(crate) struct Standings {
    pub(crate) saved: Option<Saved>,
    pub(crate) domains: Vec<Domain>,
    pub(crate) state: State,
}

impl Standings {
    /// Whether the connection in use is for the domain of this address.
    pub(crate) fn covers(&self, email: &str) -> bool {
        let domain = domain_of(email);
        self.saved.as_ref().is_some_and(|saved| {
            self.domains.iter().any(|one| {
                one.standing(saved) == Standing::Approved && Some(&one.domain) == domain.as_ref()
            })
        })
    }

    /// Whether single sign-on is active, and not for this address.
    pub(crate) fn keeps_out(&self, email: &str) -> bool {
        self.state == State::Active && !self.covers(email)
    }
}

/// Why no connection could be made of what is stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The plugin does not take these settings, or could not be asked.
    #[error("{0:?}")]
    Check(CallError<Vec<Problem>>),
}

impl Ledgerline {
    /// Puts the parts together.
    pub(crate) fn new(
        (db, seal): (AnyPool, Arc<Seal>),
        (plugin, policy): (Plugin, Policy),
        recordings: Option<Recordings>,
        metrics: Arc<Metrics>,
        edge: Edge,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let Edge {
            public_url,
            dev_okta,
            lifetimes,
            trusted_proxies,
        } = edge;
        Self {
            db,
            seal,
            plugin,
            public_url,
            policy: RwLock::new(policy),
            dev_okta,
            throttles: Throttles::default(),
            readiness: Readiness::default(),
            lifetimes,
            trusted_proxies,
            metrics,
            recordings,
            checked: Checked::default(),
            clock,
            stopping: AtomicBool::new(false),
        }
    }

    /// Unix seconds, as the tables hold them.
    pub(crate) fn now(&self) -> i64 {
        i64::try_from(self.clock.now()).unwrap_or(i64::MAX)
    }

    /// The time, and how long sessions last.
    pub(crate) fn session_times(&self) -> (i64, Lifetimes) {
        (self.now(), self.lifetimes)
    }

    /// What the plugin says about one of its codes; a plain sentence where it says nothing.
    pub(crate) async fn explain(&self, code: &str) -> Explanation {
        match self.plugin.explain(code, "en").await {
            Ok(Some(explanation)) => return explanation,
            Ok(None) => tracing::error!(code, "the plugin does not know this code"),
            Err(error) => tracing::error!(code, %error, "the plugin could not explain a code"),
        }
        Explanation {
            code: code.to_owned(),
            for_person: "Something went wrong on our side.".to_owned(),
            for_administrator: "Ledgerline could not run its sign-in module.".to_owned(),
            next_step: "Give the reference to Ledgerline’s support.".to_owned(),
            next_step_for_person: "Wait a minute, then try again from the sign-in page.".to_owned(),
        }
    }

    /// Writes an event into a tenant's history and says whether it stands there. What is being recorded has happened: a
    /// failure is logged and stops nothing.
    pub(crate) async fn record(&self, tenant: &str, event: &Event) -> bool {
        self.announce(tenant, event);
        let recorded = history::record(&self.db, tenant, event).await;
        if let Err(error) = &recorded {
            tracing::error!(tenant, %error, "an event could not be recorded");
        }
        recorded.is_ok()
    }

    /// The same for what is no tenant's.
    pub(crate) async fn note(&self, code: Code, address: &str, actor: &str, detail: &str) {
        let event = operator_events::Event {
            at: self.now(),
            code,
            actor: actor.to_owned(),
            address: address.to_owned(),
            detail: detail.chars().take(300).collect(),
        };
        operator_events::announce(&event);
        if let Err(error) = operator_events::record(&self.db, &event).await {
            tracing::error!(%error, "an operator event could not be recorded");
        }
    }

    /// Logs and counts what a tenant's history says.
    pub(crate) fn announce(&self, tenant: &str, event: &Event) {
        let Event {
            code,
            correlation_id,
            ..
        } = event;
        tracing::info!(tenant, code, correlation_id, "event");
        if history::is_sign_in(code) {
            self.metrics.sign_in(code);
        }
    }

    /// What the plugin proposes, with the network that this process may reach.
    fn policy(&self) -> Policy {
        let policy = self.policy.read().unwrap_or_else(PoisonError::into_inner);
        policy.clone()
    }

    /// From now on settings follow this.
    pub(crate) fn set_policy(&self, policy: Policy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy;
    }

    /// From now on the product is not ready for new work.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Whether the process is about to end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// How a tenant signs in.
    pub(crate) async fn standings(&self, tenant: &str) -> Result<Standings, sqlx::Error> {
        let saved = connections::of_tenant(&self.db, tenant).await?;
        let domains = domains::of_tenant(&self.db, tenant).await?;
        let state = State::of(saved.as_ref(), &domains);
        Ok(Standings {
            saved,
            domains,
            state,
        })
    }

    /// The contract's record of what is stored, with the domains that are approved for exactly these settings.
    pub(crate) async fn connect(&self, saved: &Saved) -> Result<Connection, ConnectError> {
        let domains = domains::of_tenant(&self.db, &saved.tenant).await?;
        self.connect_with(saved, approved(saved, domains)).await
    }

    /// The same where people sign in by these settings with these domains; none where they do not.
    pub(crate) async fn connect_active(
        &self,
        saved: &Saved,
        domains: Vec<Domain>,
    ) -> Result<Option<Connection>, ConnectError> {
        match State::of(Some(saved), &domains) {
            State::Active => {
                let connected = self.connect_with(saved, approved(saved, domains)).await;
                connected.map(Some)
            }
            State::Off | State::AwaitingDomain | State::Suspended => Ok(None),
        }
    }

    /// The contract's record of settings, in use or not, with these domains.
    pub(crate) async fn connect_with(
        &self,
        saved: &Saved,
        email_domains: Vec<String>,
    ) -> Result<Connection, ConnectError> {
        let mut settings = Settings {
            email_domains,
            ..self.settings(&saved.id, &saved.client_id, &saved.issuer, saved.email_rule)
        };
        if saved.client_key.is_some() {
            settings.policy.client_auth = ClientAuth::PrivateKeyJwt;
        }
        let checked = self.checked.connection(&self.plugin, &settings).await;
        checked.map_err(ConnectError::Check)
    }

    /// Settings for the plugin's check, without a secret and without domains.
    pub(crate) fn settings(
        &self,
        connection_id: &str,
        client_id: &str,
        issuer: &str,
        email_rule: EmailRule,
    ) -> Settings {
        Settings {
            connection_id: connection_id.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: None,
            issuer: issuer.to_owned(),
            redirect_uri: self.public_url.callback(),
            post_logout_redirect_uri: Some(self.public_url.signed_out()),
            email_domains: Vec::new(),
            policy: Policy {
                email_rule,
                ..self.policy()
            },
        }
    }
}

/// The domains that are approved for exactly these settings.
fn approved(saved: &Saved, domains: Vec<Domain>) -> Vec<String> {
    let approved = domains
        .into_iter()
        .filter(|domain| domain.standing(saved) == Standing::Approved);
    approved.map(|domain| domain.domain).collect()
}

/// Where browsers reach the product: an origin, and the only source of absolute addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl(String);

/// An address that cannot be the product's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    /// More than scheme, host and port, or not http(s) at all.
    #[error("must be an origin such as https://ledgerline.example, without a path")]
    NotAnOrigin,
    /// Session cookies with the prefix `__Host-` need it.
    #[error("must be https; plain http is for localhost and loopback addresses alone")]
    NotHttps,
}

impl PublicUrl {
    /// Reads an origin; a single slash after it is dropped.
    pub(crate) fn parse(text: &str) -> Result<Self, PublicUrlError> {
        let url = Url::parse(text).map_err(|_| PublicUrlError::NotAnOrigin)?;
        let origin = url.origin().ascii_serialization();
        if !matches!(url.scheme(), "http" | "https") || url.as_str() != format!("{origin}/") {
            return Err(PublicUrlError::NotAnOrigin);
        }
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() == "http" && !loopback {
            return Err(PublicUrlError::NotHttps);
        }
        Ok(Self(origin))
    }

    /// Where a browser on this machine reaches a listener on `port`.
    pub(crate) fn of_localhost(port: u16) -> Self {
        Self(format!("http://localhost:{port}"))
    }

    /// `https://host` or `https://host:port`.
    pub(crate) fn origin(&self) -> &str {
        &self.0
    }

    /// Whether browsers come over TLS; only loopback addresses may do without.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// Whether an e-mail domain is the product's own: the host that browsers reach it at, what that is below, or what is
    /// below it. A company that held it would speak for the product's people.
    pub(crate) fn is_on(&self, domain: &str) -> bool {
        let url = Url::parse(&self.0).ok();
        let host = url.as_ref().and_then(Url::domain).unwrap_or_default();
        let host = host.trim_end_matches('.');
        domain == host || is_below(domain, host) || is_below(host, domain)
    }

    /// The redirect URI of every tenant.
    pub(crate) fn callback(&self) -> String {
        format!("{}/sso/okta/callback", self.0)
    }

    /// Where Okta finds the public keys of a connection.
    pub(crate) fn client_keys(&self, connection: &str) -> String {
        format!("{}/sso/keys/{connection}", self.0)
    }

    /// Where the provider sends a browser whose session it has ended.
    pub(crate) fn signed_out(&self) -> String {
        format!("{}/signed-out", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{PublicUrl, PublicUrlError};

    #[test]
    fn an_origin_is_taken_and_nothing_else() {
        let good = |text| PublicUrl::parse(text).map(|url| url.callback());
        assert_eq!(
            good("https://ledgerline.example/").as_deref(),
            Ok("https://ledgerline.example/sso/okta/callback")
        );
        assert_eq!(
            good("http://localhost:8080").as_deref(),
            Ok("http://localhost:8080/sso/okta/callback")
        );
        assert!(good("http://127.0.0.1:8080").is_ok());
        assert!(good("http://[::1]:8080").is_ok());
        for text in [
            "ledgerline.example",
            "https://ledgerline.example/app",
            "https://ledgerline.example?x",
            "https://user@ledgerline.example",
            "ftp://ledgerline.example",
            "https://",
        ] {
            assert_eq!(good(text), Err(PublicUrlError::NotAnOrigin), "{text}");
        }
        for text in [
            "http://ledgerline.example",
            "http://10.0.0.1",
            "http://localhost.example",
        ] {
            assert_eq!(good(text), Err(PublicUrlError::NotHttps), "{text}");
        }
    }

    #[test]
    fn mt_23_what_is_the_products_own() {
        let is_on = |url, domain| PublicUrl::parse(url).map(|url| url.is_on(domain));
        for url in [
            "https://app.ledgerline.example",
            "https://app.ledgerline.example.:8443",
        ] {
            for own in [
                "app.ledgerline.example",
                "ledgerline.example",
                "eu.app.ledgerline.example",
            ] {
                assert_eq!(is_on(url, own), Ok(true), "{url} {own}");
            }
            for other in [
                "notledgerline.example",
                "acme.example",
                "app.ledgerline.example.com",
                "le.example",
            ] {
                assert_eq!(is_on(url, other), Ok(false), "{url} {other}");
            }
        }
        for url in [
            "http://localhost:8080",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
        ] {
            assert_eq!(is_on(url, "acme.example"), Ok(false), "{url}");
        }
    }
}
