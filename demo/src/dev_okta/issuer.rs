//! What the organisation calls itself: its *issuer mode*, with which a custom domain changes who signs an ID token.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::org::Org;
use super::refusal::Refusal;

/// Okta: *Issuer*, of an application on its *Sign On* tab and of an authorization server among its settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum IssuerMode {
    /// The organisation's own address.
    #[default]
    OrgUrl,
    /// Its custom domain.
    CustomUrl,
    /// Whichever of the two it is asked by.
    Dynamic,
}

impl IssuerMode {
    const ALL: [Self; 3] = [Self::OrgUrl, Self::CustomUrl, Self::Dynamic];

    /// As forms name it, and Okta's management interface too.
    fn id(self) -> &'static str {
        match self {
            Self::OrgUrl => "ORG_URL",
            Self::CustomUrl => "CUSTOM_URL",
            Self::Dynamic => "DYNAMIC",
        }
    }

    pub(super) fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.id() == id)
    }
}

/// A mode as a form offers it.
pub(super) struct Choice {
    pub(super) id: &'static str,
    pub(super) words: String,
    pub(super) chosen: bool,
}

/// Who answers: the organisation's own authorization server, or the custom one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Org,
    /// Okta: each organisation begins with one, which has no access policy in a free organisation.
    Default,
}

impl Server {
    /// Where it is beneath an address of the organisation.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Org => "",
            Self::Default => "/oauth2/default",
        }
    }

    /// Where its endpoints are. Okta: those of the organisation's own are not beneath the issuer's `/v1`.
    pub(super) fn endpoints(self) -> &'static str {
        match self {
            Self::Org => "/oauth2/v1",
            Self::Default => "/oauth2/default/v1",
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Server {
    type Rejection = Refusal;

    /// By the path's `{server}`: the organisation's own has none.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let named = RawPathParams::from_request_parts(parts, state).await.ok();
        let id = named.as_ref().and_then(|named| {
            let mut pairs = named.iter();
            pairs.find(|(name, _)| *name == "server").map(|(_, id)| id)
        });
        match id {
            None => Ok(Self::Org),
            Some("default") => Ok(Self::Default),
            Some(id) => Err(Refusal::envelope(
                StatusCode::NOT_FOUND,
                "E0000007",
                format!("Not found: Resource not found: {id} (AuthorizationServer)"),
            )),
        }
    }
}

impl Org {
    /// The address that the request came to.
    pub(super) fn address(&self, headers: &HeaderMap) -> &str {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        match (&self.config.custom_domain, host) {
            (Some(custom), Some(host))
                if custom.split_once("://").is_some_and(|(_, own)| own == host) =>
            {
                custom
            }
            _ => &self.config.issuer,
        }
    }

    /// The issuer of a server for a request that came to `address`, for an application where one is named.
    pub(super) fn issuer(&self, server: Server, app: Option<&str>, address: &str) -> String {
        let mode = match (server, app) {
            (Server::Default, _) => self.state().server_mode,
            (Server::Org, Some(app)) => self.mode_of(app),
            // Okta: without `?client_id=`, the metadata is that of the address.
            (Server::Org, None) => IssuerMode::Dynamic,
        };
        let address = match (mode, &self.config.custom_domain) {
            (IssuerMode::CustomUrl, Some(custom)) => custom,
            (IssuerMode::Dynamic, _) => address,
            // Okta: without a custom domain, every mode is that of the organisation.
            _ => &self.config.issuer,
        };
        format!("{address}{}", server.path())
    }

    /// The mode of an application.
    pub(super) fn mode_of(&self, app: &str) -> IssuerMode {
        let state = self.state();
        state.app_modes.get(app).copied().unwrap_or_default()
    }

    /// The modes to choose from. Okta: a custom URL where there is a custom domain.
    pub(super) fn modes(&self, chosen: IssuerMode) -> Vec<Choice> {
        let words = |mode| match (mode, &self.config.custom_domain) {
            (IssuerMode::OrgUrl, _) => Some(format!("Okta URL ({})", self.config.issuer)),
            (IssuerMode::CustomUrl, custom) => custom
                .as_ref()
                .map(|custom| format!("Custom URL ({custom})")),
            (IssuerMode::Dynamic, _) => Some("Dynamic (based on request domain)".to_owned()),
        };
        let choice = |mode: IssuerMode| {
            Some(Choice {
                id: mode.id(),
                words: words(mode)?,
                chosen: mode == chosen,
            })
        };
        IssuerMode::ALL.into_iter().filter_map(choice).collect()
    }

    /// Every issuer that an ID token of this organisation may name.
    pub(super) fn issuers(&self) -> impl Iterator<Item = String> {
        let addresses = [
            Some(&self.config.issuer),
            self.config.custom_domain.as_ref(),
        ];
        addresses.into_iter().flatten().flat_map(|address| {
            [Server::Org, Server::Default].map(|server| format!("{address}{}", server.path()))
        })
    }
}
