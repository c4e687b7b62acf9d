//! Client credentials out of the database, opened when the host puts them on a request.

use std::sync::Arc;

use async_trait::async_trait;
use okta_sso_host::{ClientKey, Clock, CredentialError, Credentials, Secret};
use sqlx::AnyPool;

use crate::activation::Cause;
use crate::connections::{self, Saved};
use crate::seal::Seal;
use crate::second_secret::{self, SecondSecretError};
use crate::{client_keys, database, drafts, history, token};

/// The credentials of connections in use, and of drafts that are tried out.
pub(crate) struct SealedCredentials {
    pub(crate) db: AnyPool,
    pub(crate) seal: Arc<Seal>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl SealedCredentials {
    async fn settings(&self, id: &str) -> Result<Option<Saved>, sqlx::Error> {
        match connections::find(&self.db, id).await? {
            Some(saved) => Ok(Some(saved)),
            None => Ok(drafts::find(&self.db, id)
                .await?
                .map(|draft| draft.settings)),
        }
    }

    /// A draft has no second secret: a test proves the one that was saved.
    async fn second(&self, id: &str) -> Result<Option<Saved>, sqlx::Error> {
        match connections::find(&self.db, id).await? {
            Some(saved) => second_secret::beside(&self.db, &saved).await,
            None => Ok(None),
        }
    }

    fn open(
        &self,
        saved: Result<Option<Saved>, sqlx::Error>,
    ) -> Result<Option<Secret>, CredentialError> {
        let saved = saved.map_err(|error| {
            tracing::error!(%error, "a client secret could not be read");
            CredentialError
        })?;
        let Some(saved) = saved else { return Ok(None) };
        let secret = saved.client_secret(&self.seal).map_err(|error| {
            tracing::error!(%error, connection = saved.id, "a client secret could not be opened");
            CredentialError
        })?;
        Ok(secret)
    }

    async fn promote(&self, connection_id: &str, taken: &Secret) -> Result<(), SecondSecretError> {
        let mut write = database::write(&self.db).await?;
        let Some(first) = connections::find(&mut *write, connection_id).await? else {
            return Ok(());
        };
        if second_secret::promote(&mut write, &self.seal, &first, taken).await? {
            let cause = Cause {
                actor: "",
                correlation_id: &token::name()?,
                now: i64::try_from(self.clock.now()).unwrap_or(i64::MAX),
            };
            let event = cause.event("settings/second-secret-taken", "");
            history::record_in(&mut write, &first.tenant, &event).await?;
        }
        write.commit().await?;
        Ok(())
    }
}

/// Whether what proves these settings to Okta, a key or else the secret, opens.
pub(crate) async fn opens(
    db: &AnyPool,
    seal: &Seal,
    settings: &Saved,
) -> Result<bool, sqlx::Error> {
    let Some(id) = &settings.client_key else {
        return Ok(settings.client_secret(seal).is_ok());
    };
    let stored = client_keys::find(db, &settings.tenant, id).await?;
    Ok(stored.is_some_and(|key| key.open(seal).is_ok()))
}

#[async_trait]
impl Credentials for SealedCredentials {
    async fn client_secret(&self, connection_id: &str) -> Result<Option<Secret>, CredentialError> {
        self.open(self.settings(connection_id).await)
    }

    async fn other_client_secret(
        &self,
        connection_id: &str,
    ) -> Result<Option<Secret>, CredentialError> {
        self.open(self.second(connection_id).await)
    }

    async fn client_key(&self, connection_id: &str) -> Result<Option<ClientKey>, CredentialError> {
        let unreadable = |error: &dyn std::error::Error| {
            tracing::error!(%error, connection_id, "a client key could not be read");
            CredentialError
        };
        let settings = self.settings(connection_id).await;
        let settings = settings.map_err(|error| unreadable(&error))?;
        let Some(Saved {
            tenant,
            client_key: Some(id),
            ..
        }) = settings
        else {
            return Ok(None);
        };
        let found = client_keys::find(&self.db, &tenant, &id).await;
        let Some(stored) = found.map_err(|error| unreadable(&error))? else {
            return Ok(None);
        };
        let key = stored.open(&self.seal);
        key.map(Some).map_err(|error| unreadable(&error))
    }

    /// The sign-in goes on whether this can be written or not.
    async fn other_client_secret_was_taken(&self, connection_id: &str, taken: &Secret) {
        if let Err(error) = self.promote(connection_id, taken).await {
            tracing::error!(%error, connection_id, "the second client secret could not be made the first");
        }
    }
}
