//! The sign-in page: a password, or the Okta button.
//!
//! Which company the button is for: the address says it (`?tenant=`), the browser remembers it, there is only one,
//! or a work e-mail finds it by its approved domain.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use okta_sso_host::axum::{Cookies, return_to};
use serde::Deserialize;
use url::form_urlencoded;

use super::address::ClientAddress;
use super::guard::{self, Form, Visit};
use super::page::{self, Failure, Layout, Message};
use super::{NEVER_RETURN_TO, Web};
use crate::accounts::{self, User};
use crate::domains::State as Standing;
use crate::history::Event;
use crate::ledgerline::Ledgerline;
use crate::sign_in::entry::{Entry, PasswordRefusal};
use crate::tenants::{self, Tenant};
use crate::{domains, password, token};

/// The tenant that signed in with Okta here last.
pub(super) const REMEMBERED: &str = "__Host-tenant";

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/login", get(show).post(sign_in))
        .route("/login/okta", get(ask).post(find))
}

/// What leads to the page. What an address names otherwise, or more than once, does not matter.
#[derive(Default)]
struct Asked {
    tenant: String,
    email: String,
    return_to: String,
}

impl Asked {
    fn read(query: Option<&str>) -> Self {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                "tenant" => asked.tenant = value.into_owned(),
                "email" => asked.email = value.into_owned(),
                "return_to" => asked.return_to = value.into_owned(),
                _ => {}
            }
        }
        asked
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    layout: Layout,
    /// The company, when it is known and signs in with Okta.
    company: Option<&'a str>,
    /// Where the Okta button leads.
    okta: String,
    /// Whether the form for a password is there.
    with_password: bool,
    tenant: &'a str,
    email: &'a str,
    return_to: &'a str,
    problem: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "login_okta.html")]
struct CompanyPage<'a> {
    layout: Layout,
    email: &'a str,
    return_to: &'a str,
    problem: Option<&'a str>,
}

async fn show(
    State(ledgerline): State<Arc<Ledgerline>>,
    visit: Visit,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref());
    let draft = Draft {
        tenant: named(&ledgerline, &asked.tenant).await?,
        email: asked.email,
        return_to: asked.return_to,
    };
    let company = match &draft.tenant {
        Some(tenant) => with_okta(&ledgerline, tenant.clone()).await?,
        None => usual(&ledgerline, &headers).await?,
    };
    Ok(draft.page(&visit, StatusCode::OK, company.as_ref(), None))
}

/// The form as it is drawn again, so that nothing that was typed is lost but the password.
struct Draft {
    /// Named by the address.
    tenant: Option<Tenant>,
    email: String,
    return_to: String,
}

impl Draft {
    fn page(
        &self,
        visit: &Visit,
        status: StatusCode,
        company: Option<&Tenant>,
        problem: Option<&str>,
    ) -> Response {
        let return_to = return_to(&self.return_to, &NEVER_RETURN_TO);
        let asked_for_okta = self.tenant.is_some() && self.tenant.as_ref() == company;
        let page = LoginPage {
            layout: Layout::of(visit),
            company: company.map(|tenant| tenant.name.as_str()),
            okta: match company {
                Some(tenant) => start(&tenant.id, &self.email, return_to),
                None => with_query(
                    "/login/okta",
                    &[("email", &self.email), ("return_to", return_to)],
                ),
            },
            with_password: !asked_for_okta,
            tenant: self.tenant.as_ref().map_or("", |tenant| &tenant.id),
            email: &self.email,
            return_to,
            problem,
        };
        page::show(visit, status, &page)
    }
}

/// The address that begins a sign-in with Okta.
fn start(tenant: &str, email: &str, return_to: &str) -> String {
    with_query(
        "/sso/okta/start",
        &[
            ("tenant", tenant),
            ("return_to", return_to),
            ("login_hint", email),
        ],
    )
}

/// Leaves out what is empty, and the `return_to` that is the default.
fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        if !value.is_empty() && (*name, *value) != ("return_to", "/") {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

async fn named(ledgerline: &Ledgerline, id: &str) -> Result<Option<Tenant>, sqlx::Error> {
    if tenants::is_id(id) {
        tenants::find(&ledgerline.db, id).await
    } else {
        Ok(None)
    }
}

/// The tenant, if its people sign in with Okta.
async fn with_okta(ledgerline: &Ledgerline, tenant: Tenant) -> Result<Option<Tenant>, sqlx::Error> {
    let standings = ledgerline.standings(&tenant.id).await?;
    Ok((standings.state == Standing::Active).then_some(tenant))
}

/// The tenant that this browser remembers, or the only one that signs in with Okta.
async fn usual(
    ledgerline: &Ledgerline,
    headers: &HeaderMap,
) -> Result<Option<Tenant>, sqlx::Error> {
    let remembered = Cookies::read(headers).one(REMEMBERED).unwrap_or_default();
    if let Some(tenant) = named(ledgerline, remembered).await?
        && let Some(tenant) = with_okta(ledgerline, tenant).await?
    {
        return Ok(Some(tenant));
    }
    let mut only = None;
    for id in domains::tenants_with_approval(&ledgerline.db).await? {
        let Some(tenant) = tenants::find(&ledgerline.db, &id).await? else {
            continue;
        };
        if let Some(tenant) = with_okta(ledgerline, tenant).await? {
            if only.is_some() {
                return Ok(None);
            }
            only = Some(tenant);
        }
    }
    Ok(only)
}

/// The tenant that holds the domain of this e-mail, with how it signs in.
async fn home(
    ledgerline: &Ledgerline,
    email: &str,
) -> Result<Option<(Tenant, Standing)>, sqlx::Error> {
    let Some((_, domain)) = email.rsplit_once('@') else {
        return Ok(None);
    };
    let domain = domain.to_ascii_lowercase();
    let Some(held) = domains::find(&ledgerline.db, &domain).await? else {
        return Ok(None);
    };
    let Some(tenant) = tenants::find(&ledgerline.db, &held.tenant).await? else {
        return Ok(None);
    };
    let standings = ledgerline.standings(&tenant.id).await?;
    Ok(Some((tenant, standings.state)))
}

async fn ask(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let asked = Asked::read(query.as_deref());
    company_page(&visit, StatusCode::OK, &asked.email, &asked.return_to, None)
}

fn company_page(
    visit: &Visit,
    status: StatusCode,
    email: &str,
    asked: &str,
    problem: Option<&str>,
) -> Response {
    let page = CompanyPage {
        layout: Layout::of(visit),
        email,
        return_to: return_to(asked, &NEVER_RETURN_TO),
        problem,
    };
    page::show(visit, status, &page)
}

#[derive(Deserialize)]
struct WorkEmail {
    email: String,
    #[serde(default)]
    return_to: String,
}

/// A work e-mail finds its company. Says nothing about who exists: only the domain is looked up.
async fn find(
    State(ledgerline): State<Arc<Ledgerline>>,
    visit: Visit,
    Form(form): Form<WorkEmail>,
) -> Result<Response, Failure> {
    let email = form.email.trim();
    match home(&ledgerline, email).await? {
        Some((tenant, Standing::Active)) => {
            let to = with_query(
                "/login",
                &[
                    ("tenant", &tenant.id),
                    ("email", email),
                    ("return_to", return_to(&form.return_to, &NEVER_RETURN_TO)),
                ],
            );
            Ok(Redirect::to(&to).into_response())
        }
        _ => {
            let problem = if accounts::is_email(email) {
                "No company signs in with Okta under this e-mail’s domain. Check the spelling, or sign in with your password."
            } else {
                "Enter your work e-mail, such as anna@company.com."
            };
            Ok(company_page(
                &visit,
                StatusCode::UNPROCESSABLE_ENTITY,
                email,
                &form.return_to,
                Some(problem),
            ))
        }
    }
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    return_to: String,
}

const WRONG: &str = "E-mail or password is not right. Check both and try again. If your company uses Okta, sign in \
    with Okta instead.";
const OKTA_INSTEAD: &str = "Your company signs in with Okta. Sign in with Okta instead.";
const SUSPENDED: &str = "Your company’s single sign-on is being set up anew, so nobody can sign in at the moment. \
    Ask your administrator.";

async fn sign_in(
    State(ledgerline): State<Arc<Ledgerline>>,
    address: ClientAddress,
    visit: Visit,
    Form(form): Form<Credentials>,
) -> Result<Response, Failure> {
    let email = form.email.trim().to_owned();
    let now = ledgerline.now();
    let address = address.key();
    let account = email.to_ascii_lowercase();
    let throttles = &ledgerline.throttles;
    let taken = throttles
        .addresses
        .take(&address, now)
        .and_then(|()| throttles.accounts.take(&account, now));
    if let Err(seconds) = taken {
        return Ok(slow_down(&visit, seconds));
    }
    let draft = Draft {
        tenant: named(&ledgerline, &form.tenant).await?,
        email,
        return_to: form.return_to,
    };
    let within = draft.tenant.as_ref().map(|tenant| tenant.id.as_str());
    let tried = Tried::of(&ledgerline, &draft.email, &form.password, within).await?;
    // The password proved who asks: what else their e-mail's domain belongs to does not matter.
    if let [(user, hash)] = &*tried.taken {
        let refusal = match enter(&ledgerline, &visit, user, hash, &draft.return_to).await? {
            Ok(response) => {
                throttles.addresses.give_back(&address);
                throttles.accounts.give_back(&account);
                return Ok(response);
            }
            Err(refusal) => refusal,
        };
        return match refusal {
            PasswordRefusal::NotTaken(state) => {
                not_taken(&ledgerline, &draft, &visit, user, state).await
            }
            PasswordRefusal::NotTheirs => wrong(&ledgerline, &draft, &visit).await,
        };
    }
    if !tried.taken.is_empty() {
        return Ok(choose(&visit));
    }
    // By the domain alone, whether the account exists or not, and whatever the password was.
    if let Some((tenant, state)) = home(&ledgerline, &draft.email).await?
        && !state.accepts_passwords()
    {
        let code = "refused/password-not-accepted";
        refuse(&ledgerline, &tenant.id, code, &draft.email)?;
        return Ok(instead(&draft, &visit, &tenant, state));
    }
    // An account on a domain that nobody holds, of a company that signs in with Okta.
    if let Some((user, state)) = tried.not_taken.first() {
        return not_taken(&ledgerline, &draft, &visit, user, *state).await;
    }
    for user in &tried.wrong {
        let code = "refused/wrong-password";
        refuse(&ledgerline, &user.tenant, code, &user.email)?;
    }
    wrong(&ledgerline, &draft, &visit).await
}

/// What a password was worth for everybody with one e-mail.
#[derive(Default)]
struct Tried {
    /// Right, at a company that takes passwords; with the password's hash.
    taken: Vec<(User, String)>,
    /// Right, at a company that takes none.
    not_taken: Vec<(User, Standing)>,
    wrong: Vec<User>,
}

impl Tried {
    /// Works as long for nobody, for one account and for one at each of two companies, so that the time does not tell
    /// whether there is one.
    async fn of(
        ledgerline: &Ledgerline,
        email: &str,
        password: &str,
        within: Option<&str>,
    ) -> Result<Self, Failure> {
        let candidates = accounts::with_password(&ledgerline.db, email, within).await?;
        for _ in candidates.len()..2 {
            password::verify(password, None).await;
        }
        let mut tried = Self::default();
        for (user, hash) in candidates {
            if !password::verify(password, Some(hash.clone())).await {
                tried.wrong.push(user);
                continue;
            }
            let state = ledgerline.standings(&user.tenant).await?.state;
            if state.accepts_passwords() {
                tried.taken.push((user, hash));
            } else {
                tried.not_taken.push((user, state));
            }
        }
        Ok(tried)
    }
}

async fn wrong(ledgerline: &Ledgerline, draft: &Draft, visit: &Visit) -> Result<Response, Failure> {
    let company = match &draft.tenant {
        Some(tenant) => with_okta(ledgerline, tenant.clone()).await?,
        None => None,
    };
    Ok(draft.page(visit, StatusCode::FORBIDDEN, company.as_ref(), Some(WRONG)))
}

/// The password was right, and the company takes none.
async fn not_taken(
    ledgerline: &Arc<Ledgerline>,
    draft: &Draft,
    visit: &Visit,
    user: &User,
    state: Standing,
) -> Result<Response, Failure> {
    let code = "refused/password-not-accepted";
    refuse(ledgerline, &user.tenant, code, &user.email)?;
    let tenant = tenants::find(&ledgerline.db, &user.tenant).await?;
    let tenant = tenant.ok_or(Failure::NotFound)?;
    Ok(instead(draft, visit, &tenant, state))
}

/// Without a password's help: the Okta button, or the reason why there is none.
fn instead(draft: &Draft, visit: &Visit, tenant: &Tenant, state: Standing) -> Response {
    let draft = Draft {
        tenant: Some(tenant.clone()),
        email: draft.email.clone(),
        return_to: draft.return_to.clone(),
    };
    if state == Standing::Active {
        draft.page(
            visit,
            StatusCode::FORBIDDEN,
            Some(tenant),
            Some(OKTA_INSTEAD),
        )
    } else {
        draft.page(visit, StatusCode::FORBIDDEN, None, Some(SUSPENDED))
    }
}

/// Recorded beside the answer, so that its time does not tell whether there was something to record.
fn refuse(
    ledgerline: &Arc<Ledgerline>,
    tenant: &str,
    code: &str,
    actor: &str,
) -> Result<(), Failure> {
    let event = Event {
        at: ledgerline.now(),
        code: code.to_owned(),
        correlation_id: token::name()?,
        actor: actor.chars().take(254).collect(),
        detail: String::new(),
    };
    let (ledgerline, tenant) = (Arc::clone(ledgerline), tenant.to_owned());
    tokio::spawn(async move { ledgerline.record(&tenant, &event).await });
    Ok(())
}

async fn enter(
    ledgerline: &Ledgerline,
    visit: &Visit,
    user: &User,
    hash: &str,
    asked: &str,
) -> Result<Result<Response, PasswordRefusal>, Failure> {
    let entry = Entry {
        seal: &ledgerline.seal,
        before: visit.cookie.as_deref(),
        correlation_id: &token::name()?,
        times: ledgerline.session_times(),
    };
    let entered = match entry.by_password(&ledgerline.db, user, hash).await? {
        Ok(entered) => entered,
        Err(refusal) => return Ok(Err(refusal)),
    };
    for event in &entered.events {
        ledgerline.announce(&entered.user.tenant, event);
    }
    let mut response = Redirect::to(return_to(asked, &NEVER_RETURN_TO)).into_response();
    guard::keep_session(ledgerline, &mut response, &entered.cookie);
    Ok(Ok(response))
}

/// One person, one password, two companies.
fn choose(visit: &Visit) -> Response {
    let page = Message {
        layout: Layout::of(visit),
        title: "Which company?",
        text: "You have accounts with the same e-mail and password at more than one company.",
        next_step: "Open the sign-in page by your company’s own link, which ends in ?tenant= and the company’s name.",
        link: ("/login", "Back to the sign-in page"),
        correlation_id: None,
    };
    page::show(visit, StatusCode::CONFLICT, &page)
}

pub(super) fn slow_down(visit: &Visit, seconds: i64) -> Response {
    let page = Message {
        layout: Layout::of(visit),
        title: "Too many tries",
        text: "There were too many tries to sign in from here or for this account.",
        next_step: "Wait a minute, then try again.",
        link: ("/login", "Back to the sign-in page"),
        correlation_id: None,
    };
    let mut response = page::show(visit, StatusCode::TOO_MANY_REQUESTS, &page);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
