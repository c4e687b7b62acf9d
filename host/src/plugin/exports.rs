//! What the contract lets a host call, in its own types.

use super::Plugin;
use crate::contract::{
    Callback, Checked, ClaimSet, Connection, Description, EmailMatch, EmailRule, Expectations,
    Explanation, Finding, LoginError, LoginRequest, LogoutError, Notice, Problem, Redirect,
    Rehearsal, RevocationRequest, Settings, SignedIn, TokenRejection,
};
use crate::error::CallError;
use crate::record;
use crate::sandbox::Call;

/// Runs one exported function in a fresh instance.
macro_rules! run {
    ($plugin:expr, $scope:expr, $name:literal ( $($arg:expr),* )) => {{
        let mut running = $plugin.start($scope).await?;
        let outcome = running.call($name, ($($arg,)*)).await;
        $plugin.keep(&mut running, &outcome, record::of, || {
            ($name.to_owned(), vec![$(record::of(&$arg)),*])
        });
        outcome
    }};
}

impl Plugin {
    /// `config.check`: turns what was typed into a connection. Runs with every capability denied.
    pub async fn check(&self, settings: &Settings) -> Call<Checked, Vec<Problem>> {
        answered(run!(self, None, "config.check"(settings)))
    }

    /// `config.probe`: asks the provider and changes nothing.
    pub async fn probe(&self, connection: &Connection) -> Call<Vec<Finding>> {
        run!(self, Some(connection), "config.probe"(connection))
    }

    /// `config.describe`: what a settings form shows.
    pub async fn describe(&self, locale: &str) -> Call<Description> {
        run!(self, None, "config.describe"(locale))
    }

    /// `login.begin`: prepares one attempt.
    pub async fn begin(
        &self,
        connection: &Connection,
        request: &LoginRequest,
    ) -> Call<Redirect, LoginError> {
        answered(run!(
            self,
            Some(connection),
            "login.begin"(connection, request)
        ))
    }

    /// `login.locate`: the handle that a callback belongs to.
    pub async fn locate(&self, query: &str) -> Call<String, LoginError> {
        answered(run!(self, None, "login.locate"(query)))
    }

    /// `login.complete`: decides who is there.
    pub async fn complete(
        &self,
        connection: &Connection,
        callback: &Callback,
    ) -> Call<SignedIn, LoginError> {
        answered(run!(
            self,
            Some(connection),
            "login.complete"(connection, callback)
        ))
    }

    /// `login.rehearse`: the same exchange as a check list; never grounds for a session.
    pub async fn rehearse(&self, connection: &Connection, callback: &Callback) -> Call<Rehearsal> {
        run!(
            self,
            Some(connection),
            "login.rehearse"(connection, callback)
        )
    }

    /// `claims.validate`: claims of a token whose signature the caller has verified.
    pub async fn validate(
        &self,
        connection: &Connection,
        header: &str,
        payload: &str,
        expectations: &Expectations,
    ) -> Call<ClaimSet, TokenRejection> {
        answered(run!(
            self,
            None,
            "claims.validate"(connection, header, payload, expectations)
        ))
    }

    /// `claims.compare-email`: why an address did or did not match.
    pub async fn compare_email(
        &self,
        rule: EmailRule,
        from_provider: &str,
        on_file: &str,
    ) -> Call<EmailMatch> {
        run!(
            self,
            None,
            "claims.compare-email"(rule, from_provider, on_file)
        )
    }

    /// `logout.begin`: where to send the browser so that the provider's session ends too.
    pub async fn begin_logout(
        &self,
        connection: &Connection,
        logout_hint: &str,
        state: Option<&str>,
    ) -> Call<String, LogoutError> {
        answered(run!(
            self,
            Some(connection),
            "logout.begin"(connection, logout_hint, state)
        ))
    }

    /// `logout.receive-logout-token`: a back-channel logout token.
    pub async fn receive_logout_token(
        &self,
        connection: &Connection,
        token: &str,
    ) -> Call<Notice, LogoutError> {
        answered(run!(
            self,
            Some(connection),
            "logout.receive-logout-token"(connection, token)
        ))
    }

    /// `logout.receive-revocation`: a global token revocation request.
    pub async fn receive_revocation(
        &self,
        connection: &Connection,
        request: &RevocationRequest,
    ) -> Call<Notice, LogoutError> {
        answered(run!(
            self,
            Some(connection),
            "logout.receive-revocation"(connection, request)
        ))
    }

    /// `messages.codes`: every code that [`Plugin::explain`] knows.
    pub async fn codes(&self) -> Call<Vec<String>> {
        run!(self, None, "messages.codes"())
    }

    /// `messages.explain`: what to say; `None` for an unknown code.
    pub async fn explain(&self, code: &str, locale: &str) -> Call<Option<Explanation>> {
        run!(self, None, "messages.explain"(code, locale))
    }
}

/// The contract's own refusals among the errors of a call.
fn answered<T, E>(outcome: Call<Result<T, E>, E>) -> Call<T, E> {
    outcome?.map_err(CallError::Answer)
}
