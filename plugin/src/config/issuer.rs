//! The issuer, in every shape that administrators paste.
//!
//! The issuer is compared byte for byte ever after, so it stays text, spelt as every reader of URLs spells it.

use super::{Report, host, is_placeholder, spelling};
use crate::contract::exports::sso::provider::config::{CorrectionCode, Field, ProblemCode};
use crate::json::Object;

/// Bytes of an issuer.
const MAX_ISSUER: usize = 512;
/// Bytes of what is pasted: a metadata document fits.
const MAX_PASTED: usize = 64 * 1024;

// Okta: the domains that organisations live on; beside them stand custom domains of any name.
const OKTA_DOMAINS: [&str; 8] = [
    "okta.com",
    "oktapreview.com",
    "okta-emea.com",
    "okta-gov.com",
    "okta.mil",
    "okta-miltest.com",
    "trex-gov.com",
    "trexcloud.com",
];
const FORM: &str =
    "https://acme.okta.com: the value of issuer behind the OpenID Provider Metadata link";
const OPENID_METADATA: &str = "/.well-known/openid-configuration";
const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";

/// An issuer and where it lives.
pub(super) struct Issuer {
    pub(super) text: String,
    /// `host` or `host:port`.
    pub(super) authority: String,
}

/// A refusal, with the issuer that was probably meant.
struct Refusal {
    code: ProblemCode,
    meant: Option<String>,
}

impl From<ProblemCode> for Refusal {
    fn from(code: ProblemCode) -> Self {
        Self { code, meant: None }
    }
}

pub(super) fn check(given: &str, loopback: bool, report: &mut Report<'_>) -> Option<Issuer> {
    let mut corrections = Vec::new();
    match read(given, loopback, &mut corrections) {
        Ok(issuer) => {
            for (code, before, after) in corrections {
                report.correction(Field::Issuer, code, &before, &after);
            }
            Some(issuer)
        }
        Err(refusal) => {
            // A password in a URL is not repeated.
            let found = Some(given).filter(|_| refusal.code != ProblemCode::UserInfoInUrl);
            let expected = refusal.meant.as_deref().unwrap_or(FORM);
            report.problem(Field::Issuer, refusal.code, Some(expected), found);
            None
        }
    }
}

type Corrections = Vec<(CorrectionCode, String, String)>;

fn read(given: &str, loopback: bool, corrections: &mut Corrections) -> Result<Issuer, Refusal> {
    if given.len() > MAX_PASTED {
        return Err(ProblemCode::TooLong.into());
    }
    let mut text = unwrap(given, corrections)?;
    let mut correct = |code, text: &mut String, corrected: String| {
        if corrected != *text {
            corrections.push((code, text.clone(), corrected.clone()));
            *text = corrected;
        }
    };
    check_characters(&text)?;

    if !text.contains("://") {
        if text.starts_with('/') || starts_like_scheme(&text) {
            return Err(ProblemCode::NotAUrl.into());
        }
        let corrected = format!("https://{text}");
        correct(CorrectionCode::BareHost, &mut text, corrected);
    }
    let cased = lower_case_origin(&text);
    correct(CorrectionCode::LetterCase, &mut text, cased);

    let authority = authority_of(&text).to_owned();
    if authority.is_empty() {
        return Err(ProblemCode::NotAUrl.into());
    }
    if authority.contains('@') {
        return Err(ProblemCode::UserInfoInUrl.into());
    }
    if let Some(issuer) = without_metadata_path(&text) {
        correct(CorrectionCode::MetadataUrl, &mut text, issuer);
    }
    if text.contains(['?', '#']) {
        return Err(ProblemCode::QueryOrFragment.into());
    }
    if let Some(stripped) = text.strip_suffix('/') {
        let stripped = stripped.to_owned();
        correct(CorrectionCode::TrailingSlash, &mut text, stripped);
    }
    if text.len() > MAX_ISSUER {
        return Err(ProblemCode::TooLong.into());
    }
    check_origin(&text, &authority, loopback)?;
    check_path(&text, &authority)?;
    // Whoever dials the issuer must see the host that was checked.
    if !spelling::is_canonical(&text) {
        return Err(ProblemCode::NotAUrl.into());
    }
    Ok(Issuer { text, authority })
}

/// Takes off what surrounds the issuer: space, quotes, a metadata document.
fn unwrap(given: &str, corrections: &mut Corrections) -> Result<String, Refusal> {
    let is_space = |letter: char| {
        letter.is_whitespace()
            || ('\u{200b}'..='\u{200f}').contains(&letter)
            || letter == '\u{feff}'
    };
    let is_quote = |letter: char| "\"'`“”„‟‘’‚‛«»‹›".contains(letter);
    let mut text = given.trim_matches(is_space);
    if text.len() != given.len() && !text.is_empty() {
        corrections.push((
            CorrectionCode::SurroundingSpace,
            given.to_owned(),
            text.to_owned(),
        ));
    }
    let issuer = document_issuer(text);
    if let Some(issuer) = issuer {
        corrections.push((
            CorrectionCode::MetadataDocument,
            text.to_owned(),
            issuer.clone(),
        ));
        return Ok(issuer);
    }
    let quoted = text;
    // `"https://…",` is how the line of the document ends.
    let line = text.strip_suffix(',').unwrap_or(text);
    if line.starts_with(is_quote) || line.ends_with(is_quote) {
        text = line.trim_matches(|letter| is_quote(letter) || is_space(letter));
    }
    if text.is_empty() {
        return Err(ProblemCode::Missing.into());
    }
    if text != quoted {
        corrections.push((CorrectionCode::Quotes, quoted.to_owned(), text.to_owned()));
    }
    Ok(text.to_owned())
}

/// `issuer` of a metadata document, or of one line of it.
fn document_issuer(text: &str) -> Option<String> {
    let line;
    let document = if text.starts_with('{') {
        text
    } else if text.starts_with("\"issuer\"") {
        line = format!("{{{}}}", text.trim_end_matches(','));
        &line
    } else {
        return None;
    };
    let object = Object::parse(document.as_bytes()).ok()?;
    object.string("issuer").ok().map(str::to_owned)
}

fn check_characters(text: &str) -> Result<(), Refusal> {
    if is_placeholder(text) {
        return Err(ProblemCode::Placeholder.into());
    }
    if text.contains(char::is_whitespace) {
        return Err(ProblemCode::WhiteSpace.into());
    }
    // Letters of other scripts, escapes and backslashes are where readers of URLs disagree.
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\\%\"'`;|^".contains(&byte))
    {
        return Err(ProblemCode::InvalidCharacter.into());
    }
    Ok(())
}

/// `https:/acme…`, `https:acme…`, `https//acme…`.
fn starts_like_scheme(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["http:", "https:", "http/", "https/"]
        .iter()
        .any(|start| lower.starts_with(start))
}

/// Scheme and host in lower case; the path keeps its case, which Okta's ids need.
fn lower_case_origin(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    // User information is about to be refused; it is not repeated in another case.
    if authority.contains('@') {
        return text.to_owned();
    }
    format!(
        "{}://{}{path}",
        scheme.to_ascii_lowercase(),
        authority.to_ascii_lowercase()
    )
}

fn authority_of(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The issuer whose metadata lives at this URL: OpenID Connect Discovery 1.0 section 4, RFC 8414
/// section 3.
fn without_metadata_path(text: &str) -> Option<String> {
    let url = match text.split_once('?') {
        // Okta: `?client_id=` asks for the view of one app.
        Some((url, query)) if query.starts_with("client_id=") && !query.contains(['&', '#']) => url,
        Some(_) => return None,
        None => text,
    };
    for path in [OPENID_METADATA, OAUTH_METADATA] {
        if let Some((issuer, inserted)) = url.split_once(path) {
            let is_path = inserted.is_empty() || inserted.starts_with('/');
            return is_path
                .then(|| format!("{issuer}{}", inserted.strip_suffix('/').unwrap_or(inserted)));
        }
    }
    None
}

fn check_origin(text: &str, authority: &str, loopback: bool) -> Result<(), Refusal> {
    let (name, port) = host::split_port(authority);
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    let plain_loopback = loopback && host::is_loopback(name);
    let https = format!("https://{}", org_of(authority));
    match scheme {
        "https" => {}
        "http" if plain_loopback => {}
        _ => {
            return Err(Refusal {
                code: ProblemCode::NotHttps,
                meant: Some(https).filter(|_| host::check_public_name(name).is_ok()),
            });
        }
    }
    host::check_port(port)?;
    if plain_loopback {
        return Ok(());
    }
    if let Err(code) = host::check_public_name(name) {
        let meant = match code {
            ProblemCode::InvalidDomain => probable_name(name).map(|name| format!("https://{name}")),
            _ => None,
        };
        return Err(Refusal { code, meant });
    }
    if scheme == "https" && port == ":443" {
        return Err(Refusal {
            code: ProblemCode::NotAUrl,
            meant: Some(format!("https://{}", org_of(name))),
        });
    }
    let bare = name.strip_prefix("www.").unwrap_or(name);
    if OKTA_DOMAINS.contains(&bare) {
        return Err(ProblemCode::InvalidDomain.into());
    }
    if matches!(
        bare,
        "example.com" | "example.org" | "example.net" | "example.okta.com"
    ) {
        return Err(ProblemCode::Placeholder.into());
    }
    let org = org_of(name);
    if org != name {
        return Err(Refusal {
            code: ProblemCode::AdminHost,
            meant: Some(format!("https://{org}")),
        });
    }
    Ok(())
}

/// Okta: the administration console is at `acme-admin.okta.com`; its organisation at
/// `acme.okta.com`.
fn org_of(name: &str) -> String {
    if let Some((label, domain)) = name.split_once('.')
        && OKTA_DOMAINS.contains(&domain)
        && let Some(org) = label.strip_suffix("-admin").filter(|org| !org.is_empty())
    {
        return format!("{org}.{domain}");
    }
    name.to_owned()
}

/// The name without a trailing dot, or without its last label's double.
fn probable_name(name: &str) -> Option<String> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    let single = match bare.rsplit_once('.') {
        Some((rest, last)) if rest.ends_with(&format!(".{last}")) => rest,
        _ => bare,
    };
    host::check_public_name(single)
        .is_ok()
        .then(|| single.to_owned())
}

/// Okta: an issuer is the organisation itself or `/oauth2/{id}` of a custom authorization server.
fn check_path(text: &str, authority: &str) -> Result<(), Refusal> {
    let Some(at) = text.find(authority) else {
        return Err(ProblemCode::NotAUrl.into());
    };
    let path = text.get(at + authority.len()..).unwrap_or_default();
    if path.is_empty() {
        return Ok(());
    }
    let mut segments = path.split('/').skip(1);
    if segments
        .clone()
        .any(|segment| matches!(segment, "" | "." | ".."))
    {
        return Err(ProblemCode::NotAUrl.into());
    }
    let is_id = |id: &str| {
        id.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
    };
    let origin = text.get(..at + authority.len()).unwrap_or_default();
    let (first, id, next) = (segments.next(), segments.next(), segments.next());
    match (first, id, next) {
        (Some("oauth2"), Some(id), None) if id != "v1" && is_id(id) => Ok(()),
        (Some("oauth2"), Some(id), Some(_)) if id != "v1" && is_id(id) => Err(Refusal {
            code: ProblemCode::EndpointInsteadOfIssuer,
            meant: Some(format!("{origin}/oauth2/{id}")),
        }),
        _ => Err(Refusal {
            code: ProblemCode::EndpointInsteadOfIssuer,
            meant: Some(origin.to_owned()),
        }),
    }
}
