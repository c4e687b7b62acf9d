//! Files of 32 bytes that are keys.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::KeyError;

/// Wiped when dropped.
pub(crate) type KeyBytes = Zeroizing<[u8; 32]>;

pub(super) fn random_key() -> Result<KeyBytes, KeyError> {
    let mut key = KeyBytes::default();
    rand::fill(&mut *key).map_err(|_| KeyError::NoRandomness)?;
    Ok(key)
}

/// The 32 bytes of a file.
pub(crate) fn read(path: &Path) -> Result<KeyBytes, KeyError> {
    let bytes = fs::read(path).map_err(|source| KeyError::File {
        path: path.to_owned(),
        source,
    })?;
    let bytes = Zeroizing::new(bytes);
    let key = bytes.as_slice().try_into();
    key.map(KeyBytes::new)
        .map_err(|_| KeyError::Length(path.to_owned()))
}

/// The same, of a file that is made when it is not there (mode 0600).
pub(crate) fn read_or_make(path: &Path) -> Result<KeyBytes, KeyError> {
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
            file.write_all(&*key)
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
            Ok(key)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => read(path),
        Err(error) => Err(failed(error)),
    }
}

/// The file beside another one or a folder, never in it, also where its name was typed with a slash at the end.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut file = path.components().as_path().as_os_str().to_owned();
    file.push(".key");
    PathBuf::from(file)
}
