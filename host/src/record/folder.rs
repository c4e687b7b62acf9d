//! Recordings in a folder, encrypted, for seven days.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};

use super::{Recorder, Recording};
use crate::capability::Clock;

/// Seconds that a recording is kept.
const KEPT: u64 = 7 * 86_400;
/// What a recording's file name ends in.
const SUFFIX: &str = ".recording";
/// Bytes of the nonce, at the beginning of the file.
const NONCE: usize = 12;

/// Keeps the calls of chosen connections in a folder of their own: AES-256-GCM, one file a call, gone after seven days.
///
/// Old files go when a call is kept, and by [`RecordingFolder::sweep`], which a platform calls once an hour: without
/// it, and without calls, they stay. The file's name is a number and the second in which the call ended, and both are
/// bound to the content: a file that was renamed to live longer does not open.
///
/// Caller must: keep the key elsewhere than the folder.
pub struct RecordingFolder {
    folder: PathBuf,
    key: RandomizedNonceKey,
    clock: Arc<dyn Clock>,
    connections: RwLock<BTreeSet<String>>,
}

/// Why a recording cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// There is no such file, or it cannot be read.
    #[error("there is no such recording")]
    Absent,
    /// Another key, another name, or other bytes than were written.
    #[error("the recording does not open with this key")]
    Sealed,
}

impl RecordingFolder {
    /// Makes the folder when it is not there. `key` is 32 bytes from a secure source.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(folder: &Path, key: &[u8; 32], clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        fs::create_dir_all(folder)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, key)
            .map_err(|_| std::io::Error::other("no AES-256-GCM on this machine"))?;
        Ok(Self {
            folder: folder.to_owned(),
            key,
            clock,
            connections: RwLock::default(),
        })
    }

    /// Records this connection's calls from now on.
    pub fn start(&self, connection_id: &str) {
        let mut connections = self
            .connections
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        connections.insert(connection_id.to_owned());
    }

    /// Records them no longer; what was kept stays for its seven days.
    pub fn stop(&self, connection_id: &str) {
        let mut connections = self
            .connections
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        connections.remove(connection_id);
    }

    /// The names of what is kept, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn names(&self) -> std::io::Result<Vec<String>> {
        let now = self.clock.now();
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if ended(&name).is_some_and(|ended| now < ended.saturating_add(KEPT)) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// One recording, decrypted.
    ///
    /// # Errors
    /// As [`RecordingError`] says.
    pub fn read(&self, name: &str) -> Result<Recording, RecordingError> {
        let now = self.clock.now();
        ended(name)
            .filter(|ended| now < ended.saturating_add(KEPT))
            .ok_or(RecordingError::Absent)?;
        let sealed = fs::read(self.folder.join(name)).map_err(|_| RecordingError::Absent)?;
        let (nonce, text) = sealed
            .split_first_chunk::<NONCE>()
            .ok_or(RecordingError::Sealed)?;
        let mut text = text.to_vec();
        let opened = self
            .key
            .open_in_place(nonce.into(), Aad::from(name.as_bytes()), &mut text)
            .map_err(|_| RecordingError::Sealed)?;
        serde_json::from_slice(opened).map_err(|_| RecordingError::Sealed)
    }

    /// Removes what is older than seven days.
    ///
    /// # Errors
    /// When the folder cannot be read, or a file not be removed.
    pub fn sweep(&self) -> std::io::Result<()> {
        let now = self.clock.now();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if ended(&name).is_some_and(|ended| now >= ended.saturating_add(KEPT)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn write(&self, recording: &Recording) -> std::io::Result<()> {
        let name = loop {
            let number: [u8; 8] = aws_lc_rs::rand::generate(&aws_lc_rs::rand::SystemRandom::new())
                .map_err(|_| std::io::Error::other("no random bytes"))?
                .expose();
            let number = u64::from_be_bytes(number);
            let name = format!("{:012}-{number:016x}{SUFFIX}", self.clock.now());
            if !self.folder.join(&name).exists() {
                break name;
            }
        };
        let mut sealed = serde_json::to_vec(recording)?;
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut sealed)
            .map_err(|_| std::io::Error::other("cannot encrypt"))?;
        let bytes = [nonce.as_ref().as_slice(), &sealed].concat();
        // Written beside and renamed, so that a reader never sees half a recording.
        let unfinished = self.folder.join(format!("{name}.unfinished"));
        fs::write(&unfinished, bytes)?;
        fs::rename(unfinished, self.folder.join(&name))
    }
}

impl Recorder for RecordingFolder {
    fn wants(&self, connection_id: &str) -> bool {
        let connections = self
            .connections
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        connections.contains(connection_id)
    }

    fn keep(&self, recording: Recording) {
        if let Err(error) = self.sweep().and_then(|()| self.write(&recording)) {
            let connection = recording.connection.as_str();
            tracing::warn!(connection, %error, "a call was not recorded");
        }
    }
}

/// The second in a file's name.
fn ended(name: &str) -> Option<u64> {
    let (second, number) = name.strip_suffix(SUFFIX)?.split_once('-')?;
    let sound =
        second.len() == 12 && number.len() == 16 && number.bytes().all(|b| b.is_ascii_hexdigit());
    sound.then(|| second.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use serde_json::json;

    use super::*;

    #[derive(Default)]
    struct Hands(AtomicU64);

    impl Clock for Hands {
        fn now(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn recording() -> Recording {
        Recording {
            component: "00".into(),
            connection: "acme".into(),
            call: "login.complete".into(),
            arguments: vec![json!("code-canary")],
            trace: vec![],
            outcome: json!({ "ok": null }),
        }
    }

    #[test]
    fn recordings_are_sealed_opted_into_and_gone_after_seven_days() {
        let place = std::env::temp_dir().join(format!("recordings-{}", std::process::id()));
        let clock = Arc::new(Hands(AtomicU64::new(1_790_000_000)));
        let open = |key| RecordingFolder::new(&place, &[key; 32], clock.clone()).unwrap();
        let folder = open(1);
        assert!(!folder.wants("acme"));
        folder.start("acme");
        assert!(folder.wants("acme") && !folder.wants("acme2"));
        folder.keep(recording());
        folder.stop("acme");
        assert!(!folder.wants("acme"));

        let names = folder.names().unwrap();
        let [name] = names.as_slice() else {
            panic!("{names:?}")
        };
        assert!(folder.read(name).unwrap() == recording());
        let bytes = fs::read(place.join(name)).unwrap();
        assert!(
            !bytes
                .windows(6)
                .any(|window| window == b"canary" || window == b"\"acme\"")
        );
        assert_eq!(
            open(2).read(name).err(),
            Some(RecordingError::Sealed),
            "another key"
        );
        let later = name.replacen("001790000000", "001790999999", 1);
        fs::copy(place.join(name), place.join(&later)).unwrap();
        assert_eq!(
            folder.read(&later).err(),
            Some(RecordingError::Sealed),
            "renamed"
        );
        fs::remove_file(place.join(&later)).unwrap();
        assert_eq!(folder.read("../x").err(), Some(RecordingError::Absent));

        clock.0.fetch_add(KEPT - 1, Ordering::Relaxed);
        folder.sweep().unwrap();
        assert_eq!(folder.names().unwrap().len(), 1, "one second before");
        clock.0.fetch_add(1, Ordering::Relaxed);
        assert_eq!(folder.read(name).err(), Some(RecordingError::Absent));
        folder.sweep().unwrap();
        assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
        fs::remove_dir_all(&place).unwrap();
    }
}
