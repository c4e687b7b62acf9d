//! What happened, in words for a company's administrators: the product's own codes and the plugin's.

use super::check_list;
use super::spelling::spelled;
use crate::history::{self, Event, Kind};
use crate::ledgerline::Ledgerline;

/// An event as a page or a file tells it.
pub(super) struct Words {
    /// Empty where nobody is known.
    pub(super) who: String,
    pub(super) text: String,
    /// Empty where there is nothing to do.
    pub(super) next_step: String,
    /// What it was about: both sides of a comparison, a domain, a reason that somebody gave.
    pub(super) detail: String,
}

pub(super) async fn of(ledgerline: &Ledgerline, event: &Event) -> Words {
    let who = match Kind::of(&event.code) {
        Kind::Refused => spelled(&event.actor),
        Kind::SignedIn | Kind::Changed => event.actor.clone(),
    };
    let Some(own) = history::own(&event.code) else {
        let explanation = ledgerline.explain(&event.code).await;
        return Words {
            who,
            text: explanation.for_administrator,
            next_step: explanation.next_step,
            detail: event.detail.clone(),
        };
    };
    // Its detail is a code: the line of the check list that failed.
    if event.code == history::TEST_FAILED && !event.detail.is_empty() {
        let (reason, next_step) = check_list::explain(ledgerline, &event.detail).await;
        return Words {
            who,
            text: format!("{own} {reason}"),
            next_step,
            detail: String::new(),
        };
    }
    Words {
        who,
        text: own.to_owned(),
        next_step: String::new(),
        detail: event.detail.clone(),
    }
}
