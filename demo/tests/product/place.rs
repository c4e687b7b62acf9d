//! Where a stage's product keeps its things: a folder, and a database there or on the server that the run names.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use okta_sso_conformance::stage::again;
use sqlx::AnyPool;

/// Gone with the test.
pub(crate) struct Place {
    folder: PathBuf,
    /// The address of a database of its own, where the run is one over PostgreSQL.
    server: Option<String>,
}

impl Place {
    pub(crate) async fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("ledgerline-product-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        let server = again::database().await.unwrap();
        Self { folder, server }
    }

    /// A file of the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// As `--database` takes it.
    pub(crate) fn database(&self) -> String {
        let file = || self.file("ledgerline.db").to_str().unwrap().to_owned();
        self.server.clone().unwrap_or_else(file)
    }

    /// The product's tables, behind its back.
    pub(crate) async fn connect(&self) -> AnyPool {
        let file = || format!("sqlite:{}", self.database());
        let address = self.server.clone().unwrap_or_else(file);
        AnyPool::connect(&address).await.unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder); // the system's own cleaning takes what is left
    }
}
