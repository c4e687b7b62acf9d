//! What an administrator types, checked field by field: `config.check`.

mod client;
mod domain;
mod host;
mod issuer;
mod policy;
mod redirect;
mod spelling;

use crate::connection;
use crate::contract::exports::sso::provider::config::{
    Checked, Correction, CorrectionCode, Field, Problem, ProblemCode, Settings,
};
use crate::contract::sso::provider::types::{Connection, Network};

/// Okta: `offline_access` and custom scopes are not for catalogue apps; e-mail needs `email`.
const SCOPES: [&str; 3] = ["openid", "profile", "email"];
/// Bytes of a connection's id.
const MAX_ID: usize = 128;
/// Characters of a given value that are shown back.
const SHOWN: usize = 120;

/// Turns settings into a connection, or says everything that is wrong with them at once.
///
/// Whether the provider answers and knows the client is not checked: that is `probe` and
/// `rehearse`.
///
/// # Errors
/// Every problem found; never holds a client secret.
pub fn check(settings: &Settings) -> Result<Checked, Vec<Problem>> {
    let mut report = Report {
        secret: settings.client_secret.as_deref(),
        ..Report::default()
    };
    connection_id(&settings.connection_id, &mut report);
    client::check(settings, &mut report);
    let loopback = settings.policy.network == Network::DangerLoopback;
    let issuer = issuer::check(&settings.issuer, loopback, &mut report);
    redirect::check(
        Field::RedirectUri,
        &settings.redirect_uri,
        loopback,
        &mut report,
    );
    if let Some(address) = &settings.post_logout_redirect_uri {
        redirect::check(Field::PostLogoutRedirectUri, address, loopback, &mut report);
    }
    let email_domains = domain::check(&settings.email_domains, &mut report);
    policy::check(&settings.policy, &mut report);

    let (Some(issuer), true) = (issuer, report.problems.is_empty()) else {
        return Err(report.problems);
    };
    let mut connection = Connection {
        id: settings.connection_id.clone(),
        revision: String::new(),
        hosts: vec![issuer.authority],
        issuer: issuer.text,
        client_id: settings.client_id.clone(),
        redirect_uri: settings.redirect_uri.clone(),
        post_logout_redirect_uri: settings.post_logout_redirect_uri.clone(),
        scopes: SCOPES.map(str::to_owned).to_vec(),
        email_domains,
        policy: settings.policy.clone(),
    };
    connection.revision = connection::revision(&connection);
    Ok(Checked {
        connection,
        corrections: report.corrections,
    })
}

fn connection_id(id: &str, report: &mut Report<'_>) {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let code = if id.is_empty() {
        ProblemCode::Missing
    } else if id.len() > MAX_ID {
        ProblemCode::TooLong
    } else if !id.bytes().all(allowed) {
        ProblemCode::InvalidCharacter
    } else {
        return;
    };
    report.problem(
        Field::ConnectionId,
        code,
        Some("1 to 128 of A-Z a-z 0-9 . _ -"),
        Some(id),
    );
}

/// Collects what is wrong and what was put right.
#[derive(Default)]
struct Report<'s> {
    /// Never shown, wherever it was typed.
    secret: Option<&'s str>,
    problems: Vec<Problem>,
    corrections: Vec<Correction>,
}

impl Report<'_> {
    fn problem(
        &mut self,
        field: Field,
        code: ProblemCode,
        expected: Option<&str>,
        found: Option<&str>,
    ) {
        let expected = expected.and_then(|text| self.shown(text));
        let found = found
            .filter(|text| !text.is_empty())
            .and_then(|text| self.shown(text));
        self.problems.push(Problem {
            field,
            code,
            expected,
            found,
        });
    }

    fn correction(&mut self, field: Field, code: CorrectionCode, given: &str, corrected: &str) {
        let given = self.shown(given).unwrap_or_default();
        self.corrections.push(Correction {
            field,
            code,
            given,
            corrected: corrected.to_owned(),
        });
    }

    /// The text cut to a length that fits a page; none when it holds the secret.
    fn shown(&self, text: &str) -> Option<String> {
        let secret = self
            .secret
            .map(str::trim)
            .filter(|secret| !secret.is_empty());
        if secret.is_some_and(|secret| text.contains(secret)) {
            return None;
        }
        Some(text.chars().take(SHOWN).collect())
    }
}

/// A value of some documentation or form that nobody replaced: `{yourOktaDomain}`, `${ISSUER}`,
/// `<your org>`.
fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.contains(['{', '}', '<', '>', '•'])
        || (text.len() >= 3 && text.bytes().all(|byte| byte == b'*'))
        || [
            "yourokta",
            "your-okta",
            "your_okta",
            "yourdomain",
            "your-domain",
            "your_domain",
        ]
        .iter()
        .chain(
            [
                "your-org",
                "yourorg",
                "your_org",
                "yourcompany",
                "your-company",
            ]
            .iter(),
        )
        .any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests;
