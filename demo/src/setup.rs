//! `--setup FILE.toml`: tenants, users, connections and approved domains to start with, and the directory of the
//! development Okta.

mod okta;
mod who;

use serde::Deserialize;
use sqlx::AnyPool;

use crate::accounts::{self, User};
use crate::connections::{self, Saved, Sealed};
use crate::ledgerline::PublicUrl;
use crate::seal::{Seal, SealingKey};
use crate::tenants::{self, Tenant};
use crate::{database, domains, invitations, password, token};

/// The whole file. Unknown keys are refused, so that a misspelt one is not silently nothing.
///
/// Has no `Debug`: it holds passwords and client secrets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setup {
    operator: Option<OperatorEntry>,
    #[serde(default)]
    tenants: Vec<TenantEntry>,
    dev_okta: Option<okta::Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatorEntry {
    name: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantEntry {
    id: String,
    name: String,
    connection: Option<ConnectionEntry>,
    #[serde(default)]
    approved_domains: Vec<String>,
    #[serde(default)]
    users: Vec<UserEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserEntry {
    email: String,
    name: String,
    #[serde(default)]
    admin: bool,
    password: Option<String>,
    #[serde(default)]
    invited: bool,
    /// The invitation was open for as long as it is, and nobody came.
    #[serde(default)]
    expired: bool,
    #[serde(default)]
    disabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionEntry {
    client_id: String,
    client_secret: Option<String>,
    client_secret_env: Option<String>,
    issuer: String,
}

/// Why a set-up file cannot be used. Shows no password and no secret.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Not TOML of the documented shape; the text of the file is left out, for it holds secrets.
    #[error("the set-up file is not of the documented shape: {0}")]
    Shape(String),
    /// A tenant's id is used in addresses and keys.
    #[error("tenant id {0:?}: must be 1 to 63 of a-z, 0-9 and -")]
    TenantId(String),
    /// A user without a usable address.
    #[error("tenant {0}: a user's e-mail is not an address")]
    Email(String),
    /// An approval is bound to a connection.
    #[error("tenant {0}: approved_domains need a connection")]
    DomainWithoutConnection(String),
    /// No client secret, or two of them.
    #[error(
        "tenant {0}: give one of client_secret and client_secret_env, and the variable must be set"
    )]
    ClientSecret(String),
    /// One tenant holds a domain.
    #[error("domain {0}: another tenant holds it")]
    DomainTaken(String),
    /// There is no development Okta to connect to.
    #[error("tenant {0}: its issuer is dev-okta, and --dev-okta is off")]
    NoDevOkta(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A company would speak for the product's own people.
    #[error(
        "domain {0}: it is the product's own, which no tenant can have: correct approved_domains, or --public-url"
    )]
    OwnDomain(String),
    /// A password could not be hashed.
    #[error(transparent)]
    Hash(#[from] password::HashError),
    /// The system's source of randomness failed.
    #[error(transparent)]
    NoRandomness(#[from] token::NoRandomness),
}

/// Reads a set-up file's text.
pub(crate) fn parse(text: &str) -> Result<Setup, SetupError> {
    toml::from_str(text).map_err(|error| SetupError::Shape(error.message().to_owned()))
}

impl Setup {
    /// That no tenant is given the product's own domain.
    pub(crate) fn check_domains(&self, public_url: &PublicUrl) -> Result<(), SetupError> {
        let mut domains = self.tenants.iter().flat_map(|one| &one.approved_domains);
        let own = domains.find(|domain| public_url.is_on(&domain.to_ascii_lowercase()));
        own.map_or(Ok(()), |own| Err(SetupError::OwnDomain(own.clone())))
    }

    /// Writes everything in one transaction. A tenant that is there already stays as it is, with all that is its own: since
    /// it was made, people were removed, domains suspended, or single sign-on switched off, and a restart undoes none of it.
    ///
    /// `variable` reads the environment. Not checked: issuer, client id and domains, which the plugin checks when
    /// the connection is used.
    pub(crate) async fn apply(
        &self,
        db: &AnyPool,
        seal: &Seal,
        variable: impl Fn(&str) -> Option<String>,
        now: i64,
    ) -> Result<(), SetupError> {
        let mut write = database::write(db).await?;
        let key = seal.current(&mut write).await?;
        if let Some(operator) = &self.operator {
            sqlx::query(
                "INSERT INTO operators (name, password) VALUES ($1, $2)
                 ON CONFLICT (name) DO UPDATE SET password = excluded.password",
            )
            .bind(&operator.name)
            .bind(password::hash(operator.password.clone()).await?)
            .execute(&mut *write)
            .await?;
        }
        for entry in &self.tenants {
            if !tenants::is_id(&entry.id) {
                return Err(SetupError::TenantId(entry.id.clone()));
            }
            let tenant = Tenant {
                id: entry.id.clone(),
                name: entry.name.clone(),
            };
            if !tenants::add(&mut *write, &tenant).await? {
                continue;
            }
            for user in &entry.users {
                add_user(&mut write, &entry.id, user, now).await?;
            }
            match &entry.connection {
                Some(connection) => {
                    let secret = connection
                        .secret(&variable)
                        .ok_or_else(|| SetupError::ClientSecret(entry.id.clone()))?;
                    let saved = connection.saved(&entry.id, key, &secret, now)?;
                    connections::put(&mut *write, &saved).await?;
                    for domain in &entry.approved_domains {
                        let domain = domain.to_ascii_lowercase();
                        if !domains::approve(&mut write, &domain, &saved, "set-up file", now)
                            .await?
                        {
                            return Err(SetupError::DomainTaken(domain));
                        }
                    }
                }
                None if entry.approved_domains.is_empty() => {}
                None => return Err(SetupError::DomainWithoutConnection(entry.id.clone())),
            }
        }
        write.commit().await?;
        Ok(())
    }
}

async fn add_user(
    db: &mut sqlx::AnyConnection,
    tenant: &str,
    entry: &UserEntry,
    now: i64,
) -> Result<(), SetupError> {
    if !accounts::is_email(&entry.email) {
        return Err(SetupError::Email(tenant.to_owned()));
    }
    let user = User {
        id: token::name()?,
        tenant: tenant.to_owned(),
        email: entry.email.clone(),
        name: entry.name.clone(),
        administrator: entry.admin,
        disabled: entry.disabled,
    };
    let password = match &entry.password {
        Some(password) => Some(password::hash(password.clone()).await?),
        None => None,
    };
    let added = accounts::add(&mut *db, &user, password.as_deref()).await?;
    // Named twice in one file, the first counts.
    if added && entry.invited {
        let left = if entry.expired {
            0
        } else {
            invitations::LIFETIME
        };
        invitations::open(&mut *db, &user.id, now + left).await?;
    }
    Ok(())
}

impl ConnectionEntry {
    fn secret(&self, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        match (&self.client_secret, &self.client_secret_env) {
            (Some(secret), None) => Some(secret.clone()),
            (None, Some(name)) => variable(name),
            _ => None,
        }
    }

    fn saved(
        &self,
        tenant: &str,
        key: SealingKey<'_>,
        secret: &str,
        now: i64,
    ) -> Result<Saved, token::NoRandomness> {
        let id = Saved::id_of(tenant);
        Ok(Saved {
            secret: Sealed::new(key, tenant, &id, secret)?,
            id,
            tenant: tenant.to_owned(),
            enabled: true,
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            secret_set_at: Some(now),
            client_key: None,
            email_rule: okta_sso_host::contract::EmailRule::Exact,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        operator = { name = "olga", password = "operator-password" }
        [[tenants]]
        id = "acme"
        name = "Acme"
        approved_domains = ["A.com"]
        connection = { client_id = "c", client_secret_env = "SECRET", issuer = "https://acme.okta.com" }
        users = [
            { email = "anna@a.com", name = "Anna", admin = true, password = "canary-password" },
            { email = "bo@a.com", name = "Bo", invited = true },
            { email = "cy@a.com", name = "Cy", invited = true, expired = true },
        ]
    "#;

    #[tokio::test]
    async fn a_file_becomes_tables() {
        let db = database::fresh().await;
        let seal = Seal::settled(&db).await;
        let secret = |name: &str| (name == "SECRET").then(|| "canary-secret".to_owned());
        let setup = parse(FILE).unwrap();
        setup.apply(&db, &seal, secret, 1).await.unwrap();
        setup.apply(&db, &seal, secret, 2).await.unwrap();
        let saved = connections::of_tenant(&db, "acme").await.unwrap().unwrap();
        let sealed = saved.client_secret(&seal).unwrap().unwrap();
        assert_eq!(sealed.expose(), "canary-secret");
        let approved = domains::of_tenant(&db, "acme").await.unwrap();
        assert_eq!(
            domains::State::of(Some(&saved), &approved),
            domains::State::Active
        );
        let users = accounts::of_tenant(&db, "acme").await.unwrap();
        let seen: Vec<_> = users
            .iter()
            .map(|one| (one.user.email.as_str(), one.has_password, one.invited_until))
            .collect();
        assert_eq!(
            seen,
            [
                ("anna@a.com", true, None),
                ("bo@a.com", false, Some(1 + invitations::LIFETIME)),
                ("cy@a.com", false, Some(1)),
            ]
        );
    }

    /// A restart with the same file undoes nothing that was decided since, and needs no secret any more.
    #[tokio::test]
    async fn a_tenant_that_is_there_stays_as_it_is() {
        let db = database::fresh().await;
        let seal = Seal::settled(&db).await;
        let secret = |_: &str| Some("canary-secret".to_owned());
        let setup = parse(FILE).unwrap();
        setup.apply(&db, &seal, secret, 1).await.unwrap();
        let state = async || {
            let mut db = db.acquire().await.unwrap();
            domains::state_of(&mut db, "acme").await.unwrap()
        };
        assert!(domains::suspend(&db, "acme", "a.com").await.unwrap());
        sqlx::query("DELETE FROM users WHERE email = 'bo@a.com'")
            .execute(&db)
            .await
            .unwrap();
        setup.apply(&db, &seal, |_| None, 2).await.unwrap();
        assert_eq!(state().await, domains::State::Suspended);
        assert_eq!(accounts::of_tenant(&db, "acme").await.unwrap().len(), 2);
        // Released, and another company's since.
        assert!(domains::release(&db, "acme", "a.com").await.unwrap());
        connections::remove(&db, "acme").await.unwrap();
        let other = FILE
            .replace("\"acme\"", "\"globex\"")
            .replace("@a.com", "@b.com");
        let other = parse(&other).unwrap();
        other.apply(&db, &seal, secret, 3).await.unwrap();
        setup.apply(&db, &seal, |_| None, 4).await.unwrap();
        assert_eq!(state().await, domains::State::Off);
        assert!(domains::of_tenant(&db, "acme").await.unwrap().is_empty());
    }

    #[test]
    fn mt_23_the_products_own_domain_is_refused() {
        let setup = parse(FILE).unwrap();
        let check = |url| setup.check_domains(&PublicUrl::parse(url).unwrap());
        check("https://ledgerline.example").unwrap();
        let refused = check("https://app.a.com").unwrap_err();
        assert!(
            refused.to_string().starts_with("domain A.com: "),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn a_missing_variable_writes_nothing() {
        let db = database::fresh().await;
        let seal = Seal::settled(&db).await;
        let failed = parse(FILE).unwrap().apply(&db, &seal, |_| None, 1).await;
        assert!(matches!(failed, Err(SetupError::ClientSecret(tenant)) if tenant == "acme"));
        assert!(tenants::all(&db).await.unwrap().is_empty());
    }

    #[test]
    fn a_misspelt_key_is_refused_without_showing_the_file() {
        let Err(error) = parse(&FILE.replace("invited", "invted")) else {
            panic!("accepted")
        };
        assert!(!error.to_string().contains("canary"));
    }
}
