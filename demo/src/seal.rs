//! Secrets at rest: AES-256-GCM under one key that lives outside the database.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hmac, rand};

use crate::database::Database;

/// Why the key could not be had.
#[derive(Debug, thiserror::Error)]
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
    /// The system's source of randomness failed.
    #[error("the system has no random bytes to give")]
    NoRandomness,
}

/// Something was not sealed under this key for this place.
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
    /// The logout hint of a session or of what is left of it, by its id hash.
    LogoutHint { id_hash: &'a [u8] },
}

impl Place<'_> {
    fn associated_data(self) -> Vec<u8> {
        let parts: [&[u8]; 3] = match self {
            Self::ClientSecret { tenant, connection } => {
                [b"client-secret", tenant.as_bytes(), connection.as_bytes()]
            }
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

/// Seals and opens secrets, and makes the proofs that forms carry. Each purpose has a key of its own, derived from the one
/// in the file.
pub(crate) struct Seal {
    key: RandomizedNonceKey,
    proof: hmac::Key,
    compiled_code: hmac::Tag,
}

impl Seal {
    /// With the key of `file`, or of the file beside the database's, which is made when it is not there (mode 0600).
    /// A database in memory gets a key that is gone with it, and for a server a file must be named.
    pub(crate) fn load(file: Option<&Path>, database: &Database) -> Result<Self, KeyError> {
        let key = match (file, database) {
            (Some(path), _) => read(path)?,
            (None, Database::File(database)) => {
                let mut path = database.clone().into_os_string();
                path.push(".key");
                read_or_make(Path::new(&path))?
            }
            (None, Database::Memory) => random_key()?,
            (None, Database::Server(_)) => return Err(KeyError::Unnamed),
        };
        Self::new(&key)
    }

    fn new(key: &[u8; 32]) -> Result<Self, KeyError> {
        let master = hmac::Key::new(hmac::HMAC_SHA256, key);
        let sealing = hmac::sign(&master, b"ledgerline sealing 1");
        let proof = hmac::sign(&master, b"ledgerline form proof 1");
        Ok(Self {
            key: RandomizedNonceKey::new(&AES_256_GCM, sealing.as_ref())
                .map_err(|_| KeyError::NoRandomness)?,
            proof: hmac::Key::new(hmac::HMAC_SHA256, proof.as_ref()),
            compiled_code: hmac::sign(&master, b"ledgerline compiled code 1"),
        })
    }

    /// The key under which compiled code on disk is believed.
    pub(crate) fn compiled_code_key(&self) -> &[u8] {
        self.compiled_code.as_ref()
    }

    /// A random nonce, then the ciphertext with its tag.
    pub(crate) fn seal(
        &self,
        place: Place<'_>,
        secret: &[u8],
    ) -> Result<Vec<u8>, crate::token::NoRandomness> {
        let mut text = secret.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(place.associated_data()), &mut text)
            .map_err(|_| crate::token::NoRandomness)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// What was sealed for this very place.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, NotSealedHere> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(NotSealedHere)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotSealedHere)?;
        let mut text = text.to_vec();
        let opened = self
            .key
            .open_in_place(nonce, Aad::from(place.associated_data()), &mut text)
            .map_err(|_| NotSealedHere)?;
        Ok(opened.to_vec())
    }

    /// The proof that a form was drawn for the browser that holds exactly these cookies, an absent one being empty.
    pub(crate) fn form_proof(&self, cookies: &[&str]) -> Vec<u8> {
        hmac::sign(
            &self.proof,
            &parted(cookies.iter().map(|one| one.as_bytes())),
        )
        .as_ref()
        .to_vec()
    }

    /// Compares in constant time.
    pub(crate) fn is_form_proof(&self, cookies: &[&str], proof: &[u8]) -> bool {
        let cookies = parted(cookies.iter().map(|one| one.as_bytes()));
        hmac::verify(&self.proof, &cookies, proof).is_ok()
    }
}

fn random_key() -> Result<[u8; 32], KeyError> {
    let mut key = [0; 32];
    rand::fill(&mut key).map_err(|_| KeyError::NoRandomness)?;
    Ok(key)
}

/// The 32 bytes of a file.
pub(crate) fn read(path: &Path) -> Result<[u8; 32], KeyError> {
    let bytes = fs::read(path).map_err(|source| KeyError::File {
        path: path.to_owned(),
        source,
    })?;
    bytes
        .try_into()
        .map_err(|_| KeyError::Length(path.to_owned()))
}

/// The same, of a file that is made when it is not there (mode 0600).
pub(crate) fn read_or_make(path: &Path) -> Result<[u8; 32], KeyError> {
    let failed = |source| KeyError::File {
        path: path.to_owned(),
        source,
    };
    match fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(mut file) => {
            let key = random_key()?;
            file.write_all(&key)
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
            Ok(key)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal() -> Seal {
        Seal::new(&[7; 32]).unwrap()
    }

    #[test]
    fn a_secret_opens_in_its_own_row_only() {
        let seal = seal();
        let place = Place::ClientSecret {
            tenant: "acme",
            connection: "okta",
        };
        let sealed = seal.seal(place, b"canary").unwrap();
        assert_eq!(seal.open(place, &sealed).unwrap(), b"canary");
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
        let seal = seal();
        let place = Place::LogoutHint { id_hash: b"x" };
        let mut sealed = seal.seal(place, b"canary").unwrap();
        assert_eq!(seal.open(place, &sealed[..NONCE_LEN]), Err(NotSealedHere));
        assert_eq!(seal.open(place, b""), Err(NotSealedHere));
        sealed[NONCE_LEN] ^= 1;
        assert_eq!(seal.open(place, &sealed), Err(NotSealedHere));
    }

    #[test]
    fn a_form_proof_is_good_for_these_cookies() {
        let seal = seal();
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

    #[test]
    fn a_key_file_is_made_once_and_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder =
            std::env::temp_dir().join(format!("ledgerline-{}", crate::token::name().unwrap()));
        fs::create_dir(&folder).unwrap();
        let database = Database::File(folder.join("ledger.db"));
        let place = Place::LogoutHint { id_hash: b"x" };
        let sealed = Seal::load(None, &database)
            .unwrap()
            .seal(place, b"canary")
            .unwrap();
        assert_eq!(
            Seal::load(None, &database)
                .unwrap()
                .open(place, &sealed)
                .unwrap(),
            b"canary"
        );
        let mode = fs::metadata(folder.join("ledger.db.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(folder).unwrap();
    }
}
