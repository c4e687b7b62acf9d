//! Near misses: somebody came from Okta whose address is almost that of an invited person. Administrators see why, and
//! mend the invitation by one click where it is wrong; the person at the browser is told nothing of it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use okta_sso_host::contract::{EmailMatch, EmailRule};
use serde::Deserialize;

use super::{
    Administrator, Failure, Form, Ledgerline, Listed, Moment, accounts, history, invitations,
};
use crate::connections;
use crate::history::FoundNobody;
use crate::web::spelling::spelled;

/// How many refused addresses, and how many invited people, are compared at most.
const REFUSED: usize = 10;
const INVITED: usize = 200;

/// One pair of addresses that are almost the same.
pub(super) struct NearMiss {
    pub(super) user_id: String,
    pub(super) heading: String,
    pub(super) on_file: String,
    pub(super) from_okta: String,
    /// The same with odd characters named.
    pub(super) spelled: String,
    pub(super) at: Moment,
    pub(super) text: String,
    pub(super) next_step: String,
    /// What differs in more than spelling is for people to judge, not for one click; and what is no address is wrong in Okta.
    pub(super) mendable: bool,
}

/// The latest refused addresses against the people who are not tied to an Okta account yet.
pub(super) async fn of(
    ledgerline: &Ledgerline,
    tenant: &str,
    people: &[Listed],
) -> Result<Vec<NearMiss>, Failure> {
    let saved = connections::of_tenant(&ledgerline.db, tenant).await?;
    let rule = saved.map_or(EmailRule::Exact, |saved| saved.email_rule);
    let waiting: Vec<&Listed> = people
        .iter()
        .filter(|one| !one.linked && !one.user.disabled)
        .take(INVITED)
        .collect();
    let mut found = Vec::new();
    for refused in history::found_nobody(&ledgerline.db, tenant, REFUSED).await? {
        let from_okta = &refused.address;
        if people.iter().any(|one| one.user.email == *from_okta) {
            continue;
        }
        for listed in &waiting {
            let on_file = &listed.user.email;
            let compared = ledgerline
                .plugin
                .compare_email(rule, from_okta, on_file)
                .await;
            let compared = compared.map_err(|error| Failure::Fault(error.to_string()))?;
            if matches!(
                compared,
                EmailMatch::Equal | EmailMatch::Different | EmailMatch::Malformed
            ) {
                continue;
            }
            let (text, next_step) = explain(ledgerline, &refused, &compared).await;
            found.push(NearMiss {
                user_id: listed.user.id.clone(),
                heading: heading(&compared, &listed.user.name),
                on_file: on_file.clone(),
                from_okta: from_okta.clone(),
                spelled: spelled(from_okta),
                at: Moment(refused.at),
                text,
                next_step,
                mendable: is_spelling(&compared) && !refused.malformed,
            });
        }
    }
    Ok(found)
}

/// What only looks like somebody's address may be somebody else's.
fn heading(compared: &EmailMatch, name: &str) -> String {
    if *compared == EmailMatch::LookAlike {
        format!("An address from Okta looks like that of {name}")
    } else {
        format!("{name} was almost let in")
    }
}

/// Why it missed, and what to do: about what is no address, only in Okta.
async fn explain(
    ledgerline: &Ledgerline,
    refused: &FoundNobody,
    compared: &EmailMatch,
) -> (String, String) {
    let near = ledgerline.explain(&compared.code()).await;
    if !refused.malformed {
        return (near.for_administrator, near.next_step);
    }
    let malformed = ledgerline.explain(history::MALFORMED).await;
    let mut next_step = format!(
        "It has to be mended in Okta: nobody can be invited with such an address. {}",
        malformed.next_step
    );
    if *compared == EmailMatch::LookAlike {
        next_step = format!("{} {next_step}", near.next_step);
    }
    let text = format!("{} {}", malformed.for_administrator, near.for_administrator);
    (text, next_step)
}

/// The same mailbox, written otherwise. What follows a plus sign is not: whoever can edit their own address at the provider
/// would come as `ceo+x@` and be tied to the chief's account by one click.
fn is_spelling(compared: &EmailMatch) -> bool {
    matches!(
        compared,
        EmailMatch::DiffersInCase | EmailMatch::DiffersInWhiteSpace
    )
}

#[derive(Deserialize)]
pub(super) struct MendForm {
    id: String,
    email: String,
}

/// `POST /people/mend`: the person's address becomes the one that Okta sent. Only an address that was refused here
/// lately, and is a near miss of this very person's, is taken.
pub(super) async fn mend(
    State(ledgerline): State<Arc<Ledgerline>>,
    administrator: Administrator,
    Form(form): Form<MendForm>,
) -> Result<Response, Failure> {
    let by = &administrator.session.user;
    let people = accounts::of_tenant(&ledgerline.db, &by.tenant).await?;
    let near = of(&ledgerline, &by.tenant, &people).await?;
    let near = near
        .into_iter()
        .find(|one| one.user_id == form.id && one.from_okta == form.email && one.mendable)
        .ok_or(Failure::NotFound)?;
    let author = administrator.author(&ledgerline)?;
    let cause = author.cause();
    let mut write = administrator.write(&ledgerline).await?;
    if !accounts::set_email(&mut *write, &by.tenant, &near.user_id, &near.from_okta).await? {
        return Err(Failure::NotFound);
    }
    invitations::renew(
        &mut *write,
        &near.user_id,
        cause.now + invitations::LIFETIME,
    )
    .await?;
    let detail = format!("{} → {}", near.on_file, near.from_okta);
    let event = cause.event("people/address-mended", &detail);
    history::record_in(&mut write, &by.tenant, &event).await?;
    write.commit().await?;
    Ok(Redirect::to("/people?done=mended").into_response())
}
