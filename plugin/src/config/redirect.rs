//! The platform's own addresses, to which the provider sends the browser back.

use super::{Report, host, is_placeholder, spelling};
use crate::contract::exports::sso::provider::config::{Field, ProblemCode};

/// Okta: the longest redirect URI of an integration.
const MAX_ADDRESS: usize = 1024;

pub(super) fn check(field: Field, text: &str, loopback: bool, report: &mut Report<'_>) {
    if let Some(code) = problem(text, loopback) {
        // A password in a URL is not repeated.
        let found = Some(text).filter(|_| code != ProblemCode::UserInfoInUrl);
        let expected =
            "https://your-product.com/path, byte for byte as registered in Okta under General";
        report.problem(field, code, Some(expected), found);
    }
}

fn problem(text: &str, loopback: bool) -> Option<ProblemCode> {
    if text.is_empty() {
        return Some(ProblemCode::Missing);
    }
    if text.len() > MAX_ADDRESS {
        return Some(ProblemCode::TooLong);
    }
    if is_placeholder(text) {
        return Some(ProblemCode::Placeholder);
    }
    if text.contains(char::is_whitespace) {
        return Some(ProblemCode::WhiteSpace);
    }
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    {
        return Some(ProblemCode::InvalidCharacter);
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Some(ProblemCode::NotAUrl);
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some(ProblemCode::UserInfoInUrl);
    }
    let (name, port) = host::split_port(authority);
    let development = loopback && scheme == "http" && host::is_loopback(name);
    if scheme != "https" && !development {
        return Some(ProblemCode::NotHttps);
    }
    // OAuth 2.0 section 3.1.2 forbids the fragment; a query of its own would mix with the
    // provider's.
    if rest.contains(['?', '#']) {
        return Some(ProblemCode::QueryOrFragment);
    }
    if let Err(code) = host::check_port(port) {
        return Some(code);
    }
    // The provider compares bytes: what a parser would write differently is a mistake waiting.
    (!spelling::is_canonical(text)).then_some(ProblemCode::NotAUrl)
}
