//! The organisation's state: directory, sessions, codes and tokens.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, header::COOKIE};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

use super::{
    Client, Config, ControlledAccess, Person, Requests, SetupError, Switches,
    authorize::AuthorizeRequest, client_keys::ClientAuthentication, held::Held, issuer::IssuerMode,
    keys::KeyRing, secrets::Secret,
};

/// Okta's session cookie has the same name.
pub(super) const SESSION_COOKIE: &str = "sid";

/// Okta: a code lives for five minutes, a token for an hour.
const CODE_LIFETIME: u64 = 300;
pub(super) const TOKEN_LIFETIME: u64 = 3600;
const SESSION_LIFETIME: u64 = 2 * 3600;
const SIGN_IN_LIFETIME: u64 = 3600;
pub(super) const PUSHED_LIFETIME: u64 = 300;

/// Everything that the endpoints share.
pub(super) struct Org {
    pub(super) config: Config,
    pub(super) keys: KeyRing,
    pub(super) switches: Switches,
    pub(super) requests: Requests,
    state: Mutex<State>,
}

/// What changes while the organisation is open.
pub(super) struct State {
    /// By client id, the logins of the people to whom the application is assigned.
    pub(super) assigned: BTreeMap<String, BTreeSet<String>>,
    /// By client id, newest first.
    pub(super) secrets: BTreeMap<String, Vec<Secret>>,
    /// By client id; what is not named is in the mode of the start.
    pub(super) app_modes: BTreeMap<String, IssuerMode>,
    /// Of the custom authorization server.
    pub(super) server_mode: IssuerMode,
    /// Whether the custom authorization server has a policy, one that lets everybody in.
    pub(super) has_policy: bool,
    /// By client id.
    pub(super) authentications: BTreeMap<String, ClientAuthentication>,
    /// Assertions that clients made, by client id and their own id, with their ends.
    pub(super) assertions: BTreeMap<(String, String), u64>,
    pub(super) sessions: Held<Session>,
    pub(super) sign_ins: Held<SignIn>,
    pub(super) codes: Held<Grant>,
    pub(super) access_tokens: Held<Grant>,
    pub(super) pushed: Held<AuthorizeRequest>,
}

/// Somebody is signed in to the organisation.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) login: String,
    /// `auth_time`.
    pub(super) since: u64,
}

/// Somebody is at the sign-in page.
#[derive(Clone)]
pub(super) struct SignIn {
    pub(super) login: Option<String>,
    pub(super) then: Then,
}

/// Where a finished sign-in goes on.
#[derive(Clone)]
pub(super) enum Then {
    /// The application's authorization request.
    Authorize(Box<AuthorizeRequest>),
    /// A page of this server.
    Page(String),
}

/// What a code or an access token stands for.
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) request: AuthorizeRequest,
    pub(super) session: Session,
}

impl Org {
    pub(super) fn new(config: Config) -> Result<Self, SetupError> {
        let mut addresses = iter::once(&config.issuer).chain(&config.custom_domain);
        if !addresses.all(|address| is_origin(address)) {
            return Err(SetupError::Issuer);
        }
        let assigned = config.clients.iter().map(|client| {
            let everyone = client.access == ControlledAccess::Everyone;
            let people = config.people.iter();
            let people = people.filter(|person| everyone && person.assigned);
            let logins = people.map(|person| person.login.clone());
            (client.client_id.clone(), logins.collect())
        });
        let assigned = assigned.collect();
        let secrets = config.clients.iter().map(|client| {
            let values = client.client_secrets.iter().cloned();
            (client.client_id.clone(), values.map(Secret::new).collect())
        });
        let secrets = secrets.collect();
        Ok(Self {
            config,
            keys: KeyRing::generate()?,
            switches: Switches::default(),
            requests: Requests::default(),
            state: Mutex::new(State {
                assigned,
                secrets,
                app_modes: BTreeMap::new(),
                server_mode: IssuerMode::default(),
                has_policy: false,
                authentications: BTreeMap::new(),
                assertions: BTreeMap::new(),
                sessions: Held::new(SESSION_LIFETIME),
                sign_ins: Held::new(SIGN_IN_LIFETIME),
                codes: Held::new(CODE_LIFETIME),
                access_tokens: Held::new(TOKEN_LIFETIME),
                pushed: Held::new(PUSHED_LIFETIME),
            }),
        })
    }

    /// The state, locked; never across an await.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> u64 {
        self.config.clock.now()
    }

    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.config
            .clients
            .iter()
            .find(|client| client.client_id == id)
    }

    /// The person with this login. Okta: in any case of letters.
    pub(super) fn person(&self, login: &str) -> Option<&Person> {
        self.config
            .people
            .iter()
            .find(|person| person.login.eq_ignore_ascii_case(login))
    }

    pub(super) fn is_assigned(&self, client_id: &str, person: &Person) -> bool {
        let state = self.state();
        let logins = state.assigned.get(client_id);
        logins.is_some_and(|logins| logins.contains(&person.login))
    }

    pub(super) fn assign(&self, client_id: &str, login: &str, assigned: bool) -> bool {
        let Some(person) = self.person(login) else {
            return false;
        };
        let mut state = self.state();
        let Some(logins) = state.assigned.get_mut(client_id) else {
            return false;
        };
        if assigned {
            logins.insert(person.login.clone());
        } else {
            logins.remove(&person.login);
        }
        true
    }

    /// The person with this login, when the password is theirs.
    pub(super) fn authenticate(&self, login: &str, password: &str) -> Option<&Person> {
        self.person(login)
            .filter(|person| same(&person.password, password))
    }

    /// The session that the browser's cookie names.
    pub(super) fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let now = self.now();
        self.state().sessions.read(now, session_name(headers)?)
    }

    /// Ends the browser's session, if there is one.
    pub(super) fn end_session(&self, headers: &HeaderMap) {
        let now = self.now();
        if let Some(name) = session_name(headers) {
            self.state().sessions.take(now, name);
        }
    }

    /// The `Set-Cookie` value for a session of this name; an empty name takes the cookie away.
    pub(super) fn session_cookie(&self, name: &str) -> String {
        let secure = if self.config.issuer.starts_with("https:") {
            "; Secure"
        } else {
            ""
        };
        let age = if name.is_empty() { "; Max-Age=0" } else { "" };
        format!("{SESSION_COOKIE}={name}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")
    }
}

fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    })
}

fn session_name(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(SESSION_COOKIE)?.strip_prefix('='))
}

/// Okta's kind of identifier: `prefix` and 17 letters and digits, the same for the same `of`.
pub(super) fn identifier(prefix: &str, of: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digits = Sha256::digest(of)
        .iter()
        .take(17)
        .filter_map(|byte| DIGITS.get(usize::from(*byte) % DIGITS.len()).copied())
        .map(char::from)
        .collect::<String>();
    format!("{prefix}{digits}")
}

/// Whether two secrets are equal, in a time that depends on their lengths only.
pub(super) fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// `N` unpredictable bytes.
#[expect(clippy::expect_used, reason = "without entropy nothing here may go on")]
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
