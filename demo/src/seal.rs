//! Secrets at rest: AES-256-GCM under keys that live outside the database.
//!
//! There is one key, and two while another takes its place: each opens what it sealed, and the database says which one
//! seals (`seal/in_use.rs`).

mod file;
pub(crate) mod in_use;
mod key;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::hmac;
use sqlx::AnyPool;
use zeroize::Zeroizing;

use self::file::{KeyBytes, random_key};
pub(crate) use self::file::{beside, read, read_or_make};
use self::key::Key;
use crate::database::Database;
use crate::token::NoRandomness;

/// Why the keys could not be had, or will not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("secret key file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A server has no place beside it, and a key that only one machine has would be of no use.
    #[error(
        "--key-file is needed with a database server: 32 bytes that are the same on every machine, such as \
         `head -c 32 /dev/urandom` writes"
    )]
    Unnamed,
    /// The file holds something else than 32 bytes.
    #[error("secret key file {0}: must hold exactly 32 bytes")]
    Length(PathBuf),
    /// A new one would open nothing.
    #[error(
        "secret key file {0}: the database is sealed by a key that is not there any more: put the file back. Where it is \
         lost, `okta-sso-demo reseal` goes on with --forget-what-no-key-opens"
    )]
    Gone(PathBuf),
    /// The system's source of randomness failed.
    #[error("the system has no random bytes to give")]
    NoRandomness,
    /// Another process seals, or has sealed, by a key that this one was not given.
    #[error(
        "what is in the database is sealed by the key {missing}, and the key given is {given}: name the file of that one \
         by --key-file, too. Where it is lost, `okta-sso-demo reseal` goes on with --forget-what-no-key-opens"
    )]
    Missing {
        /// The name of that key.
        missing: String,
        /// Those of the keys that were given.
        given: String,
    },
    /// The database is of before keys were noted in it, and was sealed by another one.
    #[error(
        "the database holds client secrets that the key given does not open: name the file of the key that sealed them by \
         --key-file. Where it is lost, `okta-sso-demo reseal` goes on with --forget-what-no-key-opens"
    )]
    OpensNotAll,
    /// The database failed.
    #[error("the database cannot be read: {0}")]
    Database(#[from] sqlx::Error),
}

/// Something was not sealed under any of these keys for this place.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not belong to its row")]
pub(crate) struct NotSealedHere;

/// What a sealed value belongs to; another row's value does not open here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// The client secret of a connection.
    ClientSecret {
        tenant: &'a str,
        connection: &'a str,
    },
    /// A key by which a company's connection proves itself, by the thumbprint of its public half.
    ClientKey { tenant: &'a str, id: &'a str },
    /// The logout hint of a session or of what is left of it, by its id hash.
    LogoutHint { id_hash: &'a [u8] },
}

impl Place<'_> {
    fn associated_data(self) -> Vec<u8> {
        let parts: [&[u8]; 3] = match self {
            Self::ClientSecret { tenant, connection } => {
                [b"client-secret", tenant.as_bytes(), connection.as_bytes()]
            }
            Self::ClientKey { tenant, id } => [b"client-key", tenant.as_bytes(), id.as_bytes()],
            Self::LogoutHint { id_hash } => [b"logout-hint", id_hash, b""],
        };
        parted(parts.into_iter())
    }
}

/// Each part with its length in front, so that no two lists of parts give the same bytes.
fn parted<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Opens secrets by every key that there is, seals by the one in use, and makes the proofs that forms carry.
pub(crate) struct Seal {
    first: Key,
    others: Vec<Key>,
    /// Which of them sealed when the database was last asked. Whoever seals asks anew; for the rest any of them will do.
    latest: AtomicUsize,
}

/// The key that seals, as the database has just said.
#[derive(Clone, Copy)]
pub(crate) struct SealingKey<'a> {
    /// Opens what this key and the others have sealed.
    pub(crate) seal: &'a Seal,
    key: &'a Key,
}

impl SealingKey<'_> {
    pub(crate) fn name(&self) -> &str {
        self.key.name()
    }

    /// For this place alone.
    pub(crate) fn seal(&self, place: Place<'_>, secret: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        self.key.seal(place, secret)
    }

    /// Whether it was this very key that sealed it.
    pub(crate) fn has_sealed(&self, place: Place<'_>, sealed: &[u8]) -> bool {
        self.key.open(place, sealed).is_ok()
    }
}

impl Seal {
    /// With the keys of `files`, or of the file beside the database's, which is made for a new database (mode 0600). A
    /// database in memory gets a key that is gone with it, and for a server a file must be named.
    pub(crate) async fn load(
        files: &[PathBuf],
        database: &Database,
        db: &AnyPool,
    ) -> Result<Self, KeyError> {
        let seal = match (files, database) {
            ([], Database::File(file)) => Self::new(&Self::beside(file, db).await?, &[])?,
            ([], Database::Memory) => Self::new(&random_key()?, &[])?,
            (files, _) => Self::of_files(files)?,
        };
        seal.settle(db).await?;
        Ok(seal)
    }

    /// With the keys of these files, nobody having asked the database.
    pub(crate) fn of_files(files: &[PathBuf]) -> Result<Self, KeyError> {
        let [first, others @ ..] = files else {
            return Err(KeyError::Unnamed);
        };
        let others: Result<Vec<_>, _> = others.iter().map(|file| read(file)).collect();
        Self::new(&read(first)?, &others?)
    }

    /// The key of the file beside a database's.
    async fn beside(file: &Path, db: &AnyPool) -> Result<KeyBytes, KeyError> {
        let file = beside(file);
        if in_use::is_any(db).await? && !file.exists() {
            return Err(KeyError::Gone(file));
        }
        read_or_make(&file)
    }

    fn new(first: &KeyBytes, others: &[KeyBytes]) -> Result<Self, KeyError> {
        let others = others.iter().map(|bytes| Key::new(bytes));
        Ok(Self {
            first: Key::new(first)?,
            others: others.collect::<Result<_, _>>()?,
            latest: AtomicUsize::new(0),
        })
    }

    /// The name of the key that was given first.
    pub(crate) fn first_name(&self) -> &str {
        self.first.name()
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The one that sealed when the database was last asked.
    fn latest(&self) -> &Key {
        let latest = self.latest.load(Ordering::Relaxed);
        self.keys().nth(latest).unwrap_or(&self.first)
    }

    /// The key under which compiled code on disk is believed.
    pub(crate) fn compiled_code_key(&self) -> &[u8] {
        self.latest().compiled_code.as_ref()
    }

    /// What was sealed for this very place, by whichever key. Wiped when dropped.
    pub(crate) fn open(
        &self,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotSealedHere> {
        let opened = self.keys().find_map(|key| key.open(place, sealed).ok());
        opened.ok_or(NotSealedHere)
    }

    /// The proof that a form was drawn for the browser that holds exactly these cookies, an absent one being empty.
    pub(crate) fn form_proof(&self, cookies: &[&str]) -> Vec<u8> {
        let cookies = parted(cookies.iter().map(|one| one.as_bytes()));
        let proof = hmac::sign(&self.latest().proof, &cookies);
        proof.as_ref().to_vec()
    }

    /// Whether one of the keys made it. Compares in constant time.
    pub(crate) fn is_form_proof(&self, cookies: &[&str], proof: &[u8]) -> bool {
        let cookies = parted(cookies.iter().map(|one| one.as_bytes()));
        self.keys()
            .any(|key| hmac::verify(&key.proof, &cookies, proof).is_ok())
    }
}

#[cfg(test)]
impl Seal {
    /// With the keys that consist of these bytes.
    pub(crate) fn of(keys: &[u8]) -> Self {
        let keys: Vec<_> = keys.iter().map(|byte| KeyBytes::new([*byte; 32])).collect();
        let (first, others) = keys.split_first().unwrap();
        Self::new(first, others).unwrap()
    }

    /// The one of tests, settled in this database.
    pub(crate) async fn settled(db: &AnyPool) -> Self {
        let seal = Self::of(&[7]);
        seal.settle(db).await.unwrap();
        seal
    }

    /// The first key, as if the database had said so.
    pub(crate) fn by_first(&self) -> SealingKey<'_> {
        SealingKey {
            seal: self,
            key: &self.first,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use aws_lc_rs::aead::NONCE_LEN;

    use super::*;

    #[test]
    fn a_secret_opens_in_its_own_row_only() {
        let seal = Seal::of(&[7]);
        let place = Place::ClientSecret {
            tenant: "acme",
            connection: "okta",
        };
        let sealed = seal.by_first().seal(place, b"canary").unwrap();
        assert_eq!(**seal.open(place, &sealed).unwrap(), *b"canary");
        // MT-28: the row of one tenant copied into another's.
        let other = Place::ClientSecret {
            tenant: "globex",
            connection: "okta",
        };
        assert_eq!(seal.open(other, &sealed), Err(NotSealedHere));
        let shifted = Place::ClientSecret {
            tenant: "acmeo",
            connection: "kta",
        };
        assert_eq!(seal.open(shifted, &sealed), Err(NotSealedHere));
    }

    #[test]
    fn a_changed_or_short_value_does_not_open() {
        let seal = Seal::of(&[7]);
        let place = Place::LogoutHint { id_hash: b"x" };
        let mut sealed = seal.by_first().seal(place, b"canary").unwrap();
        assert_eq!(seal.open(place, &sealed[..NONCE_LEN]), Err(NotSealedHere));
        assert_eq!(seal.open(place, b""), Err(NotSealedHere));
        sealed[NONCE_LEN] ^= 1;
        assert_eq!(seal.open(place, &sealed), Err(NotSealedHere));
    }

    #[test]
    fn each_of_two_keys_opens_what_it_sealed() {
        let place = Place::LogoutHint { id_hash: b"x" };
        let (one, two, both) = (Seal::of(&[1]), Seal::of(&[2]), Seal::of(&[2, 1]));
        let before = one.by_first().seal(place, b"canary").unwrap();
        assert_eq!(**both.open(place, &before).unwrap(), *b"canary");
        assert!(!both.by_first().has_sealed(place, &before));
        let now = both.by_first().seal(place, b"canary").unwrap();
        assert!(both.by_first().has_sealed(place, &now));
        assert_eq!(one.open(place, &now), Err(NotSealedHere));
        assert_eq!(**two.open(place, &now).unwrap(), *b"canary");
        let other = Place::LogoutHint { id_hash: b"y" };
        assert_eq!(both.open(other, &before), Err(NotSealedHere));
        for drawn in [&one, &two] {
            assert!(both.is_form_proof(&["form"], &drawn.form_proof(&["form"])));
        }
        assert!(!one.is_form_proof(&["form"], &two.form_proof(&["form"])));
    }

    #[test]
    fn a_form_proof_is_good_for_these_cookies() {
        let seal = Seal::of(&[7]);
        let cookies = ["form", "session"];
        let proof = seal.form_proof(&cookies);
        assert!(seal.is_form_proof(&cookies, &proof));
        for others in [
            ["form", "other"],
            ["form", ""],
            ["forms", "ession"],
            ["", "session"],
        ] {
            assert!(!seal.is_form_proof(&others, &proof), "{others:?}");
        }
        assert!(!seal.is_form_proof(&cookies, &proof[..31]));
    }

    #[tokio::test]
    async fn a_key_file_is_made_once_and_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder =
            std::env::temp_dir().join(format!("ledgerline-{}", crate::token::name().unwrap()));
        fs::create_dir(&folder).unwrap();
        let database = Database::File(folder.join("ledger.db"));
        let db = crate::database::open(&database).await.unwrap();
        let load = || Seal::load(&[], &database, &db);
        let place = Place::LogoutHint { id_hash: b"x" };
        let sealed = load().await.unwrap().by_first().seal(place, b"canary");
        let opened = load().await.unwrap().open(place, &sealed.unwrap());
        assert_eq!(**opened.unwrap(), *b"canary");
        let file = folder.join("ledger.db.key");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // Lost, it is not made anew: that one would open nothing.
        fs::remove_file(&file).unwrap();
        let refused = load().await.err().unwrap();
        assert!(matches!(&refused, KeyError::Gone(gone) if *gone == file));
        assert!(!file.exists());
        db.close().await;
        fs::remove_dir_all(folder).unwrap();
    }
}
