//! What saving put right, for the page that comes next: named in its address, told in the plugin's words.

use okta_sso_host::contract::{Correction, Field};
use url::form_urlencoded;

use super::Ledgerline;
use super::draft::{FIELDS, name};

/// What was put right in one field.
pub(super) struct Corrected {
    pub(super) field: Field,
    pub(super) text: String,
}

/// `issuer/trailing-slash`: a correction as addresses carry it.
pub(super) fn names(corrections: &[Correction]) -> impl Iterator<Item = String> {
    corrections.iter().filter_map(|correction| {
        let (field, code) = (name(correction.field)?, correction.code());
        Some(format!("{field}/{}", code.trim_start_matches("config/")))
    })
}

/// Those that an address carries, in the plugin's words. Anybody can write an address: only what the plugin knows is told.
pub(super) async fn in_query(ledgerline: &Ledgerline, query: &str) -> Vec<Corrected> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let carried = pairs.filter(|(name, _)| name == "corrected");
    told(ledgerline, carried.map(|(_, named)| named.into_owned())).await
}

/// The same of names that are at hand.
pub(super) async fn told(
    ledgerline: &Ledgerline,
    names: impl Iterator<Item = String>,
) -> Vec<Corrected> {
    let mut all = Vec::new();
    for named in names {
        let Some((field, code)) = named.split_once('/') else {
            continue;
        };
        let Some(field) = FIELDS.into_iter().find(|one| name(*one) == Some(field)) else {
            continue;
        };
        let code = format!("config/{code}");
        if let Ok(Some(explanation)) = ledgerline.plugin.explain(&code, "en").await {
            let text = explanation.for_administrator;
            all.push(Corrected { field, text });
        }
    }
    all
}
