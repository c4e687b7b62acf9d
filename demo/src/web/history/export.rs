//! The history as a file: CSV of RFC 4180.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::{Administrator, Asked, Failure, Ledgerline, Moment, history, phase, words};

/// `GET /history.csv`: what the page shows, with the same filter.
pub(super) async fn csv(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref());
    let tenant = &administrator.session.user.tenant;
    let events = history::latest(&ledgerline.db, tenant, &asked.filter(), history::MOST).await?;
    let mut text = String::from("time,code,phase,who,what,detail,reference\r\n");
    for event in events {
        let told = words::of(&ledgerline, &event).await;
        // Who it was stays one value to look for; how that is written is told beside it.
        let mut detail = told.detail;
        if told.spelled != told.who {
            if !detail.is_empty() {
                detail.push_str("; ");
            }
            detail.push_str(&told.spelled);
        }
        let cells = [
            Moment(event.at).iso(),
            event.code.clone(),
            phase(&event.code).to_owned(),
            told.who,
            told.text,
            detail,
            event.correlation_id,
        ];
        text.push_str(&cells.map(|cell| quoted(&cell)).join(","));
        text.push_str("\r\n");
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"sign-in-history.csv\"",
        ),
    ];
    Ok((headers, text).into_response())
}

/// A cell that no spreadsheet takes for a formula: strangers choose some of these words.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_cell_stays_a_cell() {
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
        assert_eq!(quoted("@a"), "\"'@a\"");
    }
}
