//! `clock`: seconds since 1970.

use crate::contract::sso::provider::clock;
use crate::report::Report;

/// What the clock says; the onlooker has one too.
pub fn now(report: &mut Report) {
    report.seen("now", &clock::now().to_string());
}
