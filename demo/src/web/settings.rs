//! *Settings*, *Single sign-on*: what an administrator sees of their company's Okta.

mod corrections;
mod discard;
mod domain;
mod draft;
mod hints;
mod key;
mod off;
mod on;
mod recordings;
mod secret;
mod tested;
mod trial;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use okta_sso_host::contract::{Description, Field};
use url::form_urlencoded;

use super::Web;
use super::check_list::CheckList;
use super::guard::Administrator;
use super::page::{self, Failure, Layout};
use crate::activation::{self, Missing};
use crate::client_keys::{self, StoredKey};
use crate::connections::{self, Saved};
use crate::domain_requests::{self, Request};
use crate::domains::{self, Domain, Standing, State as TenantState};
use crate::drafts::{self, Draft};
use crate::ledgerline::Ledgerline;
use crate::moment::Moment;
use crate::{second_secret, trials};

use self::key::{Keys, Used};
use self::recordings::Agreement;
use self::secret::SecretRow;
pub(super) use self::tested::finish;
pub(super) use self::trial::{connection_of_draft, probe_in_use};

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route(
            "/settings",
            get(|| async { axum::response::Redirect::to("/settings/sso") }),
        )
        .route("/settings/sso", get(show).post(draft::save))
        .route("/settings/sso/check", post(hints::check))
        .route(
            "/settings/sso/discard",
            get(discard::confirm).post(discard::discard),
        )
        .route("/settings/sso/on", post(on::switch_on))
        .route("/settings/sso/off", post(off::switch_off))
        .route("/settings/sso/recordings", post(recordings::change))
        .route("/settings/sso/secret/remove", post(secret::remove))
        .route("/settings/sso/key/new", post(key::make_new))
        .route("/settings/sso/key/remove", post(key::remove))
        .route("/sso/keys/{connection}", get(key::serve))
        .route("/settings/sso/domain", post(domain::request))
        .route("/settings/sso/domain/withdraw", post(domain::withdraw))
        .route("/settings/sso/test", get(trial::before))
        .route("/settings/sso/test/start", get(trial::start))
        .route("/settings/sso/test/{handle}", get(tested::list))
}

/// Everything that is known about a tenant's single sign-on.
struct Situation {
    /// In use, or in use but for a domain.
    live: Option<Saved>,
    /// The fingerprint of the draft that it was.
    live_tested: Option<Vec<u8>>,
    /// What is in use, with its second secret, if it has one.
    second: Option<Saved>,
    keys: Vec<StoredKey>,
    draft: Option<Draft>,
    domains: Vec<Domain>,
    requests: Vec<Request>,
}

impl Situation {
    async fn of(ledgerline: &Ledgerline, tenant: &str) -> Result<Self, sqlx::Error> {
        let db = &ledgerline.db;
        let live = connections::of_tenant(db, tenant).await?;
        Ok(Self {
            second: match &live {
                Some(live) => second_secret::beside(db, live).await?,
                None => None,
            },
            live,
            keys: client_keys::of_tenant(db, tenant).await?,
            live_tested: connections::tested(db, tenant).await?,
            draft: drafts::of_tenant(db, tenant).await?,
            domains: domains::of_tenant(db, tenant).await?,
            requests: domain_requests::of_tenant(db, tenant).await?,
        })
    }

    fn live_state(&self) -> TenantState {
        TenantState::of(self.live.as_ref(), &self.domains)
    }

    /// What the form shows: the draft, or what is in use.
    fn settings(&self) -> Option<&Saved> {
        self.draft
            .as_ref()
            .map(|draft| &draft.settings)
            .or(self.live.as_ref())
    }

    /// The form as it is drawn before anybody types. Beside a connection in use the toggle is on, for off is a step of
    /// its own.
    fn form(&self, described: &Description) -> SsoForm {
        let mut form = SsoForm::new(described, self.settings());
        form.enabled |= self.live.is_some();
        form
    }

    /// What the draft waits for, if there is one that wants to be used.
    fn missing(&self) -> Option<Missing> {
        self.draft
            .as_ref()
            .and_then(|draft| activation::missing(draft, &self.domains))
    }

    /// Whether a request for a domain is open.
    fn asks_for_domain(&self) -> bool {
        let mut requests = self.requests.iter();
        requests.any(|request| request.refused.is_none())
    }

    fn status(&self) -> Status {
        match (self.live_state(), self.missing()) {
            (TenantState::Active, _) => Status::Active,
            (TenantState::Suspended, _) => Status::Suspended,
            (TenantState::AwaitingDomain, _) | (TenantState::Off, Some(Missing::Domain)) => {
                Status::AwaitingDomain
            }
            (TenantState::Off, Some(Missing::Test)) => Status::AwaitingTest,
            (TenantState::Off, Some(Missing::Fields)) => Status::Incomplete,
            (TenantState::Off, Some(Missing::Toggle) | None) => Status::NotConfigured,
        }
    }
}

/// Where a tenant stands, as the page says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    NotConfigured,
    Incomplete,
    AwaitingDomain,
    AwaitingTest,
    Active,
    Suspended,
}

impl Status {
    fn words(self) -> &'static str {
        match self {
            Self::NotConfigured => "Not configured",
            Self::Incomplete => "Not complete",
            Self::AwaitingDomain => "Waiting for the domain",
            Self::AwaitingTest => "Waiting for a test sign-in",
            Self::Active => "Active",
            Self::Suspended => "Suspended",
        }
    }

    fn badge(self) -> &'static str {
        match self {
            Self::NotConfigured => "",
            Self::Incomplete | Self::AwaitingDomain | Self::AwaitingTest => "warn",
            Self::Active => "good",
            Self::Suspended => "bad",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::NotConfigured => {
                "Your people sign in with passwords. Switch Okta on below to begin."
            }
            Self::Incomplete => {
                "Saved as a draft. Your people still sign in with passwords until the draft is complete, confirmed and tested."
            }
            Self::AwaitingDomain => {
                "We still have to confirm your SSO domain. Until then your people sign in with passwords."
            }
            Self::AwaitingTest => {
                "Your SSO domain is confirmed. Single sign-on becomes active as soon as a test sign-in passes with these settings."
            }
            Self::Active => "Your people sign in with Okta, and passwords are refused.",
            Self::Suspended => {
                "Nobody can sign in, neither with Okta nor with a password, until we confirm your SSO domain again. Get in touch with the people who run Ledgerline."
            }
        }
    }
}

/// One field of the form, with what is to be said about it.
#[derive(Clone, Debug, Default)]
struct FormField {
    label: String,
    help: String,
    value: String,
    /// What is wrong with it: text, next step, the form that is wanted, what was given.
    problems: Vec<Problem>,
    /// What was put right.
    corrections: Vec<String>,
}

#[derive(Clone, Debug)]
struct Problem {
    text: String,
    next_step: String,
    expected: Option<String>,
}

/// What the form holds.
#[derive(Clone, Debug, Default)]
struct SsoForm {
    enabled: bool,
    client_id: FormField,
    client_secret: FormField,
    issuer: FormField,
    /// When the stored secret was set.
    secret_set: Option<Moment>,
    /// *Public key / Private key* in the place of the client secret.
    by_key: bool,
    ignore_case: bool,
}

impl SsoForm {
    /// Labels and help of the plugin, values of what is stored.
    fn new(described: &Description, settings: Option<&Saved>) -> Self {
        let field = |field: Field, value: &str| {
            let entry = described.fields.iter().find(|entry| entry.field == field);
            FormField {
                label: entry.map(|entry| entry.label.clone()).unwrap_or_default(),
                help: entry.map(|entry| entry.help.clone()).unwrap_or_default(),
                value: value.to_owned(),
                ..FormField::default()
            }
        };
        let (client_id, issuer) = settings.map_or(("", ""), |saved| {
            (saved.client_id.as_str(), saved.issuer.as_str())
        });
        Self {
            enabled: settings.is_some_and(|saved| saved.enabled),
            client_id: field(Field::ClientId, client_id),
            client_secret: field(Field::ClientSecret, ""),
            issuer: field(Field::Issuer, issuer),
            secret_set: settings
                .filter(|saved| saved.secret.is_set())
                .and_then(|saved| saved.secret_set_at)
                .map(Moment),
            by_key: settings.is_some_and(|saved| saved.client_key.is_some()),
            ignore_case: settings.is_some_and(|saved| saved.rule_name() != "exact"),
        }
    }

    fn field(&mut self, field: Field) -> Option<&mut FormField> {
        match field {
            Field::ClientId => Some(&mut self.client_id),
            Field::ClientSecret => Some(&mut self.client_secret),
            Field::Issuer => Some(&mut self.issuer),
            _ => None,
        }
    }
}

/// One domain as the page lists it.
struct DomainRow<'a> {
    domain: &'a str,
    badge: &'static str,
    words: &'static str,
    text: String,
    /// Still only asked for.
    request: bool,
}

#[derive(Template)]
#[template(path = "settings/sso.html")]
struct SsoPage<'a> {
    layout: Layout,
    status: Status,
    live: Option<&'a Saved>,
    /// There is a draft beside a connection in use.
    changes: bool,
    /// A draft is to be put into use.
    to_do: bool,
    missing: Option<Missing>,
    /// A request for a domain is open.
    asked: bool,
    form: SsoForm,
    secrets: Vec<SecretRow>,
    keys: Option<Keys>,
    notice: Option<&'static str>,
    /// Something in the form has to be put right.
    refused: bool,
    redirect_uri: String,
    post_logout_redirect_uri: String,
    domains: Vec<DomainRow<'a>>,
    domain_form: FormField,
    agreement: Option<Agreement>,
    probe: Option<(Moment, CheckList)>,
    /// Of a test that was just made.
    first_failed: Option<(usize, String)>,
    described: &'a Description,
    tenant: &'a str,
    /// The admin console of the development Okta, where one runs.
    admin_console: Option<String>,
}

/// What the page says besides what is stored.
#[derive(Default)]
struct Remarks {
    status: StatusCode,
    notice: Option<&'static str>,
    /// The connection was just tested.
    tested: bool,
    form: Option<SsoForm>,
    domain_form: FormField,
}

async fn show(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let described = describe(&ledgerline).await?;
    let situation = Situation::of(&ledgerline, &administrator.session.user.tenant).await?;
    let mut form = situation.form(&described);
    let (mut notice, mut tested) = (None, false);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "done" => (notice, tested) = (done(&value), value == "tested"),
            "again" => secret::ask_again(&mut form),
            _ => {}
        }
    }
    for one in corrections::in_query(&ledgerline, &query).await {
        if let Some(field) = form.field(one.field) {
            field.corrections.push(one.text);
        }
    }
    let remarks = Remarks {
        notice,
        tested,
        form: Some(form),
        ..Remarks::default()
    };
    draw(&ledgerline, &administrator, &described, &situation, remarks).await
}

/// What a form that was just sent has done.
fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "draft" => "Saved as a draft. Nothing changes for your people yet.",
        "unchanged" => "Nothing was changed: these settings are in use already.",
        // Without a draft there is nothing to test: what is in use proves itself with every sign-in.
        "in-use" => {
            "Nothing was tested: these settings are in use, and each sign-in proves them. To ask Okta about them now, press Save and test connection."
        }
        "active" => "Single sign-on is active. Your people sign in with Okta from now on.",
        "off" => "Single sign-on is off. Your people sign in with passwords.",
        "secret-removed" => "The client secret is removed. The other one is used alone.",
        "key-made" => {
            "The new key is made, and Okta finds it at the address below beside the one in use. It is used once a test sign-in has passed with it."
        }
        "key-removed" => "The key is removed.",
        "discarded" => "The draft is gone. The settings in use stay as they were.",
        "tested" => "The connection was tested. What was found is shown below.",
        "untested" => {
            "Saved as a draft. To test the connection, enter the Client ID and the Okta client issuer."
        }
        "requested" => {
            "We have your request. Your SSO domain is shown here as soon as we have confirmed it."
        }
        "withdrawn" => "The request is withdrawn.",
        _ => return None,
    })
}

async fn describe(ledgerline: &Ledgerline) -> Result<Description, Failure> {
    let described = ledgerline.plugin.describe("en").await;
    described.map_err(|error| Failure::Fault(error.to_string()))
}

async fn draw(
    ledgerline: &Ledgerline,
    administrator: &Administrator,
    described: &Description,
    situation: &Situation,
    remarks: Remarks,
) -> Result<Response, Failure> {
    let probe = match situation.settings() {
        Some(settings) => trials::probe_of(&ledgerline.db, settings).await?,
        None => None,
    };
    let probe = match probe {
        Some(probe) => Some((
            Moment(probe.at),
            CheckList::of(ledgerline, &probe.entries).await,
        )),
        None => None,
    };
    let first_failed = match &probe {
        Some((_, list)) if remarks.tested => list.first_failed.clone(),
        _ => None,
    };
    let form = remarks.form.unwrap_or_else(|| situation.form(described));
    let status = situation.status();
    let page = SsoPage {
        layout: Layout::of(&administrator.visit),
        status,
        live: situation.live.as_ref(),
        changes: situation.live.is_some() && situation.draft.is_some(),
        to_do: situation
            .draft
            .as_ref()
            .is_some_and(|draft| draft.settings.enabled),
        missing: situation.missing(),
        asked: situation.asks_for_domain(),
        form,
        keys: Keys::of(ledgerline, &administrator.session.user.tenant, situation),
        secrets: secret::rows(situation.live.as_ref(), situation.second.as_ref()),
        notice: remarks.notice,
        refused: remarks.status == StatusCode::UNPROCESSABLE_ENTITY,
        redirect_uri: ledgerline.public_url.callback(),
        post_logout_redirect_uri: ledgerline.public_url.signed_out(),
        domains: domain::rows(situation),
        domain_form: remarks.domain_form,
        agreement: Agreement::of(ledgerline, &administrator.session.user.tenant).await?,
        probe,
        first_failed,
        described,
        tenant: &administrator.session.tenant_name,
        admin_console: ledgerline
            .dev_okta
            .as_ref()
            .map(|okta| format!("{okta}/admin")),
    };
    Ok(page::show(&administrator.visit, remarks.status, &page))
}
