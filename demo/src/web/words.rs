//! What happened, in words for a company's administrators: the product's own codes and the plugin's.

use super::check_list;
use super::spelling::{harmless, spelled};
use crate::history::{self, Event, Kind};
use crate::ledgerline::Ledgerline;

/// An event as a page or a file tells it.
pub(super) struct Words {
    /// As they named themselves, made harmless. Empty where nobody is known.
    pub(super) who: String,
    /// The same where no stranger chose it, or nothing in it is odd; else with its odd characters named.
    pub(super) spelled: String,
    pub(super) text: String,
    /// Empty where there is nothing to do.
    pub(super) next_step: String,
    /// What it was about: both sides of a comparison, a domain, a reason that somebody gave.
    pub(super) detail: String,
}

pub(super) async fn of(ledgerline: &Ledgerline, event: &Event) -> Words {
    let (text, next_step, detail) = told(ledgerline, event).await;
    let who = harmless(&event.actor);
    Words {
        spelled: match Kind::of(&event.code) {
            Kind::Refused => spelled(&event.actor),
            Kind::SignedIn | Kind::Changed => who.clone(),
        },
        who,
        text,
        next_step,
        detail,
    }
}

/// What happened, what to do next, and what it was about.
async fn told(ledgerline: &Ledgerline, event: &Event) -> (String, String, String) {
    let detail = event.detail.clone();
    let Some(own) = history::own(&event.code) else {
        let (text, next_step) = check_list::explain(ledgerline, &event.code).await;
        return (text, next_step, detail);
    };
    // Its detail is a code: the line of the check list that failed.
    if event.code == history::TEST_FAILED && !detail.is_empty() {
        let (reason, next_step) = check_list::explain(ledgerline, &detail).await;
        return (format!("{own} {reason}"), next_step, String::new());
    }
    (own.to_owned(), String::new(), detail)
}
