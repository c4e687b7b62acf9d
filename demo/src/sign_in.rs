//! Who may come in after a good answer of the provider: one pure decision, and the transaction around it
//! ([`entry`]).
//!
//! Nobody is ever created here. An e-mail finds an invited user once; from then on the link decides.

pub(crate) mod entry;

use okta_sso_host::contract::EmailRule;
use sqlx::{AnyConnection, Connection as _, FromRow as _, Row as _};

use crate::accounts::User;
use crate::connections::Saved;
use crate::domains::{self, Domain, Standing};
use crate::invitations::{self, Invitation};
use crate::sessions;

/// Whom the provider vouches for, as far as the decision needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vouched<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) email: &'a str,
}

/// What the tables say about one sign-in.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) tenant: String,
    pub(crate) issuer: String,
    pub(crate) email_rule: EmailRule,
    /// Approved for this very connection.
    pub(crate) domains: Vec<String>,
    /// The user pinned to (connection, issuer, subject), with the e-mail seen last.
    pub(crate) linked: Option<(User, String)>,
    /// The same subject is pinned through another connection of the tenant.
    pub(crate) linked_elsewhere: bool,
    /// Users of the tenant with this e-mail under the connection's rule.
    pub(crate) on_file: Vec<OnFile>,
}

impl Facts {
    /// Whose e-mail this is under the connection's rule, which is applied again: how the database compares is not what
    /// is relied on.
    pub(crate) fn matching(&self, email: &str) -> impl Iterator<Item = &OnFile> {
        self.on_file
            .iter()
            .filter(move |entry| equal(self.email_rule, &entry.user.email, email))
    }
}

/// A user with the e-mail in question.
#[derive(Clone, Debug)]
pub(crate) struct OnFile {
    pub(crate) user: User,
    pub(crate) invitation: Invitation,
    /// Pinned to some subject already.
    pub(crate) linked: bool,
}

/// What follows from the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The pinned user; `old_email` when the provider now sends another address.
    Known {
        user: User,
        old_email: Option<String>,
    },
    /// An invited user's first sign-in: pin the subject and use the invitation up.
    Pin {
        user: User,
    },
    Refused(Refusal),
}

/// Why a person whom the provider vouches for does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The connection was switched off or replaced since the sign-in began.
    ConnectionChanged,
    DomainNotApproved,
    NotInvited,
    InvitationExpired,
    Disabled,
    LinkedToAnotherSubject,
    OtherAccount,
}

impl Refusal {
    /// The code that the plugin's `messages.explain` knows.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::ConnectionChanged => "login/connection-changed",
            Self::DomainNotApproved => "login/email-domain-not-approved",
            Self::NotInvited => "account/not-invited",
            Self::InvitationExpired => "account/invitation-expired",
            Self::Disabled => "account/disabled",
            Self::LinkedToAnotherSubject => "account/linked-to-another-subject",
            Self::OtherAccount => "account/other-account",
        }
    }
}

/// Decides from facts alone.
pub(crate) fn decide(vouched: Vouched<'_>, facts: &Facts) -> Decision {
    match judge(vouched, facts) {
        Ok(decision) => decision,
        Err(refusal) => Decision::Refused(refusal),
    }
}

fn judge(vouched: Vouched<'_>, facts: &Facts) -> Result<Decision, Refusal> {
    if vouched.issuer != facts.issuer {
        return Err(Refusal::ConnectionChanged);
    }
    // Also for a linked user: a changed address must still be on an approved domain.
    if !domain_of(vouched.email).is_some_and(|domain| facts.domains.contains(&domain)) {
        return Err(Refusal::DomainNotApproved);
    }
    if let Some((user, seen)) = &facts.linked {
        admit(user, facts)?;
        let old_email = (seen != vouched.email).then(|| seen.clone());
        return Ok(Decision::Known {
            user: user.clone(),
            old_email,
        });
    }
    if facts.linked_elsewhere {
        return Err(Refusal::OtherAccount);
    }
    // Two users whose addresses differ in case alone are nobody's under the rule that ignores it.
    let mut matching = facts.matching(vouched.email);
    let (Some(entry), None) = (matching.next(), matching.next()) else {
        return Err(Refusal::NotInvited);
    };
    admit(&entry.user, facts)?;
    if entry.linked {
        return Err(Refusal::LinkedToAnotherSubject);
    }
    match entry.invitation {
        Invitation::None => Err(Refusal::NotInvited),
        Invitation::Expired => Err(Refusal::InvitationExpired),
        Invitation::Open => Ok(Decision::Pin {
            user: entry.user.clone(),
        }),
    }
}

/// The domain of an address as approvals spell it.
pub(crate) fn domain_of(email: &str) -> Option<String> {
    let (_, domain) = email.rsplit_once('@')?;
    Some(domain.to_ascii_lowercase())
}

fn admit(user: &User, facts: &Facts) -> Result<(), Refusal> {
    if user.tenant != facts.tenant {
        return Err(Refusal::OtherAccount);
    }
    if user.disabled {
        Err(Refusal::Disabled)
    } else {
        Ok(())
    }
}

fn equal(rule: EmailRule, one: &str, other: &str) -> bool {
    match rule {
        EmailRule::Exact => one == other,
        EmailRule::AsciiCaseInsensitive => one.eq_ignore_ascii_case(other),
    }
}

/// Decides and writes within a transaction that holds the write lock: of any number of first sign-ins by one invitation
/// one wins, and the others see its link. A refusal changes nothing.
///
/// A new link takes the user's password and every session made before it.
async fn settle(
    db: &mut AnyConnection,
    connection_id: &str,
    vouched: Vouched<'_>,
    now: i64,
) -> Result<Decision, sqlx::Error> {
    let found = domains::with_connection(&mut *db, connection_id).await?;
    let Some((saved, domains)) = found.filter(|(saved, _)| saved.enabled) else {
        return Ok(Decision::Refused(Refusal::ConnectionChanged));
    };
    let facts = gather(&mut *db, &saved, domains, vouched, now).await?;
    let decision = decide(vouched, &facts);
    match &decision {
        Decision::Known { old_email, .. } if old_email.is_some() => {
            see(db, &saved, vouched).await?;
        }
        Decision::Pin { user } => pin(db, &saved, vouched, user, now).await?,
        Decision::Known { .. } | Decision::Refused(_) => {}
    }
    Ok(decision)
}

/// What the decision would be once these settings are in use: the address's own domain approved, and whoever has a
/// password invited, as putting them into use does. Changes nothing.
pub(crate) async fn foresee(
    db: &mut AnyConnection,
    settings: &Saved,
    vouched: Vouched<'_>,
    now: i64,
) -> Result<(Decision, Facts), sqlx::Error> {
    let in_use = Saved {
        id: Saved::id_of(&settings.tenant),
        ..settings.clone()
    };
    let expires = now + invitations::LIFETIME;
    let mut trial = db.begin().await?;
    invitations::open_for_password_users(&mut *trial, &settings.tenant, expires).await?;
    let mut facts = gather(&mut trial, &in_use, Vec::new(), vouched, now).await?;
    trial.rollback().await?;
    facts.domains = domain_of(vouched.email).into_iter().collect();
    Ok((decide(vouched, &facts), facts))
}

async fn gather(
    db: &mut AnyConnection,
    saved: &Saved,
    domains: Vec<Domain>,
    vouched: Vouched<'_>,
    now: i64,
) -> Result<Facts, sqlx::Error> {
    let linked = sqlx::query(
        "SELECT users.*, links.email_seen FROM links JOIN users ON users.id = links.user_id
         WHERE links.connection_id = $1 AND links.issuer = $2 AND links.subject = $3",
    )
    .bind(&saved.id)
    .bind(vouched.issuer)
    .bind(vouched.subject)
    .fetch_optional(&mut *db)
    .await?;
    let linked = match linked {
        Some(row) => Some((User::from_row(&row)?, row.try_get("email_seen")?)),
        None => None,
    };
    // Whoever is pinned to a user comes in as that user; nothing else on file is asked about.
    let (linked_elsewhere, on_file) = match linked {
        Some(_) => (false, Vec::new()),
        None => (
            is_linked_elsewhere(&mut *db, saved, vouched).await?,
            on_file(&mut *db, &saved.tenant, vouched, now).await?,
        ),
    };
    Ok(Facts {
        tenant: saved.tenant.clone(),
        issuer: saved.issuer.clone(),
        email_rule: saved.email_rule,
        domains: domains
            .into_iter()
            .filter(|domain| domain.standing(saved) == Standing::Approved)
            .map(|domain| domain.domain)
            .collect(),
        linked,
        linked_elsewhere,
        on_file,
    })
}

async fn is_linked_elsewhere(
    db: &mut AnyConnection,
    saved: &Saved,
    vouched: Vouched<'_>,
) -> Result<bool, sqlx::Error> {
    let elsewhere: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM links WHERE tenant = $1 AND issuer = $2 AND subject = $3 AND connection_id <> $4",
    )
    .bind(&saved.tenant)
    .bind(vouched.issuer)
    .bind(vouched.subject)
    .bind(&saved.id)
    .fetch_optional(db)
    .await?;
    Ok(elsewhere.is_some())
}

async fn on_file(
    db: &mut AnyConnection,
    tenant: &str,
    vouched: Vouched<'_>,
    now: i64,
) -> Result<Vec<OnFile>, sqlx::Error> {
    // Addresses on file are ASCII, which every database lowers alike.
    let rows = sqlx::query(
        "SELECT users.*, links.subject,
                CASE WHEN invitations.used_at IS NULL THEN invitations.expires END AS expires
         FROM users
         LEFT JOIN links ON links.tenant = users.tenant AND links.user_id = users.id
         LEFT JOIN invitations ON invitations.user_id = users.id
         WHERE users.tenant = $1 AND lower(users.email) = $2",
    )
    .bind(tenant)
    .bind(vouched.email.to_ascii_lowercase())
    .fetch_all(db)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(OnFile {
                user: User::from_row(row)?,
                invitation: Invitation::at(now, row.try_get("expires")?),
                linked: row.try_get::<Option<&str>, _>("subject")?.is_some(),
            })
        })
        .collect()
}

/// Notes another address of a pinned user.
async fn see(
    db: &mut AnyConnection,
    saved: &Saved,
    vouched: Vouched<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE links SET email_seen = $1 WHERE connection_id = $2 AND issuer = $3 AND subject = $4",
    )
    .bind(vouched.email)
    .bind(&saved.id)
    .bind(vouched.issuer)
    .bind(vouched.subject)
    .execute(db)
    .await?;
    Ok(())
}

async fn pin(
    db: &mut AnyConnection,
    saved: &Saved,
    vouched: Vouched<'_>,
    user: &User,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO links (tenant, connection_id, issuer, subject, user_id, pinned_at, email_seen)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&saved.tenant)
    .bind(&saved.id)
    .bind(vouched.issuer)
    .bind(vouched.subject)
    .bind(&user.id)
    .bind(now)
    .bind(vouched.email)
    .execute(&mut *db)
    .await?;
    sqlx::query("UPDATE invitations SET used_at = $1 WHERE user_id = $2")
        .bind(now)
        .bind(&user.id)
        .execute(&mut *db)
        .await?;
    sqlx::query("UPDATE users SET password = NULL WHERE id = $1")
        .bind(&user.id)
        .execute(&mut *db)
        .await?;
    sessions::end_all_of_user(db, &user.id).await
}

#[cfg(test)]
mod tests;
