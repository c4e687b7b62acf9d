//! E-mail domains, as the platform's operator approves them.

use super::{Report, host};
use crate::contract::exports::sso::provider::config::{CorrectionCode, Field, ProblemCode};

/// Domains of one connection.
const MAX_DOMAINS: usize = 64;
const FORM: &str = "a domain alone, such as acme.com; names with other letters in their xn-- form";

/// Mail services where anyone gets an address, and names under which anyone gets a name: the common
/// ones, kept short on purpose. The operator who approves a domain is the real gate.
const PUBLIC: [&str; 72] = [
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "outlook.de",
    "outlook.fr",
    "hotmail.com",
    "hotmail.co.uk",
    "hotmail.fr",
    "live.com",
    "msn.com",
    "yahoo.com",
    "yahoo.co.uk",
    "yahoo.co.jp",
    "yahoo.de",
    "yahoo.fr",
    "ymail.com",
    "rocketmail.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "aol.com",
    "gmx.de",
    "gmx.net",
    "gmx.com",
    "gmx.at",
    "gmx.ch",
    "web.de",
    "t-online.de",
    "freenet.de",
    "mail.com",
    "mail.ru",
    "yandex.ru",
    "yandex.com",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "tuta.com",
    "tutanota.com",
    "zoho.com",
    "fastmail.com",
    "hey.com",
    "qq.com",
    "163.com",
    "126.com",
    "naver.com",
    "orange.fr",
    "free.fr",
    "laposte.net",
    "libero.it",
    "seznam.cz",
    "wp.pl",
    "comcast.net",
    "att.net",
    "verizon.net",
    "mailinator.com",
    "guerrillamail.com",
    "yopmail.com",
    "okta.com",
    "oktapreview.com",
    "okta-emea.com",
    "okta-gov.com",
    "okta.mil",
    "github.io",
    "gitlab.io",
    "pages.dev",
    "vercel.app",
    "netlify.app",
    "herokuapp.com",
    "azurewebsites.net",
    "onmicrosoft.com",
    "web.app",
    "blogspot.com",
];

/// First labels of public suffixes under a country's code: `co.uk`, `com.au`.
const REGISTRY_LABELS: [&str; 12] = [
    "co", "com", "org", "net", "gov", "edu", "ac", "or", "ne", "go", "gob", "mil",
];

/// The domains in lower case, each once.
pub(super) fn check(domains: &[String], report: &mut Report<'_>) -> Vec<String> {
    if domains.len() > MAX_DOMAINS {
        report.problem(
            Field::EmailDomains,
            ProblemCode::TooLong,
            Some("at most 64 domains"),
            None,
        );
        return Vec::new();
    }
    let mut checked: Vec<String> = Vec::with_capacity(domains.len());
    for given in domains {
        let domain = given.to_ascii_lowercase();
        if let Some(code) = problem(&domain) {
            report.problem(Field::EmailDomains, code, Some(FORM), Some(given));
            continue;
        }
        if domain != *given {
            report.correction(
                Field::EmailDomains,
                CorrectionCode::LetterCase,
                given,
                &domain,
            );
        }
        if !checked.contains(&domain) {
            checked.push(domain);
        }
    }
    checked
}

fn problem(domain: &str) -> Option<ProblemCode> {
    if domain.is_empty() {
        return Some(ProblemCode::Missing);
    }
    if domain.contains(char::is_whitespace) {
        return Some(ProblemCode::WhiteSpace);
    }
    if is_public(domain) {
        return Some(ProblemCode::PublicMailDomain);
    }
    match host::check_domain(domain) {
        Ok(()) => None,
        Err(ProblemCode::TooLong) => Some(ProblemCode::TooLong),
        Err(_) => Some(ProblemCode::InvalidDomain),
    }
}

fn is_public(domain: &str) -> bool {
    let is_word = |label: &str| {
        (2..=6).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_lowercase())
    };
    match domain.split_once('.') {
        None => is_word(domain) && !matches!(domain, "local" | "lan" | "home" | "corp" | "test"),
        Some((first, rest)) => {
            PUBLIC.contains(&domain)
                || (REGISTRY_LABELS.contains(&first) && rest.len() == 2 && is_word(rest))
        }
    }
}
