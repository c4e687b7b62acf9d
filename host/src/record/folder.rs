//! Recordings in a folder, encrypted, for seven days.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::aead::RandomizedNonceKey;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;

use super::Recording;
use super::sealed::{KEPT, SUFFIX, cipher, ended, seal};
use crate::capability::Clock;
use crate::component::hexadecimal;

/// What it ends in as well until all of it is written.
const UNFINISHED: &str = ".unfinished";
/// The most recordings of one connection; strangers can make a sign-in fail.
const MOST: usize = 200;
/// The most letters of a reference in a file's name.
const MAX_REFERENCE: usize = 64;

/// Keeps calls in a folder: AES-256-GCM, one file a call, gone after seven days, the latest 200 of a connection.
///
/// Old files go when a call is kept, and by [`RecordingFolder::sweep`], which a platform calls once an hour: without
/// it, and without calls, they stay. A file's name is the second in which the call ended, a digest of its connection's
/// id, and its reference.
///
/// Caller must: let nobody's calls be kept who did not agree; keep the key elsewhere than the folder.
pub struct RecordingFolder {
    folder: PathBuf,
    cipher: RandomizedNonceKey,
    clock: Arc<dyn Clock>,
}

/// What the name of a kept recording says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The file's name in the folder.
    pub name: String,
    /// The recording's own, where it has one that a name can hold; else a random one.
    pub reference: String,
    /// From this second on it does not open.
    pub until: u64,
}

impl RecordingFolder {
    /// Makes the folder when it is not there. `key` is 32 bytes from a secure source.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(folder: &Path, key: &[u8; 32], clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            cipher: cipher(key)
                .map_err(|_| std::io::Error::other("no AES-256-GCM on this machine"))?,
            clock,
        })
    }

    /// Keeps one call, and removes what is old or too much. Of two with one reference in one second the first stays.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn keep(&self, recording: &Recording) -> std::io::Result<()> {
        self.sweep()?;
        let kept = self.kept(&recording.connection)?;
        for old in kept.iter().rev().skip(MOST - 1) {
            remove(&self.folder.join(&old.name))?;
        }
        let reference = match &recording.reference {
            Some(reference) if is_name(reference) => reference.clone(),
            _ => hexadecimal(&random()?),
        };
        let whose = whose(&recording.connection);
        let name = format!("{:012}-{whose}-{reference}{SUFFIX}", self.clock.now());
        let path = self.folder.join(&name);
        if path.exists() {
            return Ok(());
        }
        // Written beside and renamed, so that a reader never sees half a recording.
        let unfinished = self.folder.join(format!("{name}{UNFINISHED}"));
        fs::write(&unfinished, seal(recording, &name, &self.cipher)?)?;
        fs::rename(unfinished, path)
    }

    /// What is kept of a connection's calls, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn kept(&self, connection_id: &str) -> std::io::Result<Vec<Kept>> {
        let (now, whose) = (self.clock.now(), format!("{}-", whose(connection_id)));
        let mut kept = Vec::new();
        for (name, ended) in self.files()? {
            let until = ended.saturating_add(KEPT);
            let reference = name
                .strip_suffix(SUFFIX)
                .and_then(|name| name.split_once('-')?.1.strip_prefix(&whose));
            if let Some(reference) = reference
                && now < until
            {
                let reference = reference.to_owned();
                kept.push(Kept {
                    name,
                    reference,
                    until,
                });
            }
        }
        kept.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(kept)
    }

    /// Removes what there is of a connection's calls, half-written and old ones too.
    ///
    /// # Errors
    /// When the folder cannot be read, or a file not be removed.
    pub fn forget(&self, connection_id: &str) -> std::io::Result<()> {
        let whose = format!("{}-", whose(connection_id));
        let is_theirs = |name: &str| {
            name.split_once('-')
                .is_some_and(|(_, rest)| rest.starts_with(&whose))
        };
        self.files()?
            .iter()
            .filter(|(name, _)| is_theirs(name))
            .try_for_each(|(name, _)| remove(&self.folder.join(name)))
    }

    /// Removes what is older than seven days.
    ///
    /// # Errors
    /// When the folder cannot be read, or a file not be removed.
    pub fn sweep(&self) -> std::io::Result<()> {
        let now = self.clock.now();
        self.files()?
            .iter()
            .filter(|(_, ended)| now >= ended.saturating_add(KEPT))
            .try_for_each(|(name, _)| remove(&self.folder.join(name)))
    }

    /// The names of all recordings, finished or not, with the second in each.
    fn files(&self) -> std::io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if let Some(ended) = ended(name.strip_suffix(UNFINISHED).unwrap_or(&name)) {
                files.push((name, ended));
            }
        }
        Ok(files)
    }
}

/// Of two that remove the same file, both have.
fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A connection's id as names of files hold it: who may list the folder does not learn whose they are.
fn whose(connection_id: &str) -> String {
    let digest = digest(&SHA256, connection_id.as_bytes());
    hexadecimal(
        digest
            .as_ref()
            .first_chunk::<8>()
            .unwrap_or(&[0; 8])
            .as_slice(),
    )
}

/// Whether a reference can be part of a file's name.
fn is_name(reference: &str) -> bool {
    (1..=MAX_REFERENCE).contains(&reference.len())
        && reference
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn random() -> std::io::Result<[u8; 8]> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes).map_err(|_| std::io::Error::other("no random bytes"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use serde_json::json;

    use super::super::{OpenError, open};
    use super::*;

    const KEY: [u8; 32] = [1; 32];
    const NOW: u64 = 1_790_000_000;

    #[derive(Default)]
    struct Hands(AtomicU64);

    impl Clock for Hands {
        fn now(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn recording(connection: &str, reference: Option<&str>) -> Recording {
        Recording {
            component: "00".into(),
            connection: connection.into(),
            reference: reference.map(Into::into),
            call: "login.complete".into(),
            arguments: vec![json!("code-canary")],
            trace: vec![],
            outcome: json!({ "ok": null }),
        }
    }

    struct Place {
        path: PathBuf,
        clock: Arc<Hands>,
        folder: RecordingFolder,
    }

    impl Place {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
            let clock = Arc::new(Hands(AtomicU64::new(NOW)));
            let folder = RecordingFolder::new(&path, &KEY, clock.clone()).unwrap();
            Self {
                path,
                clock,
                folder,
            }
        }

        fn one(&self, connection: &str) -> Kept {
            let mut kept = self.folder.kept(connection).unwrap();
            assert_eq!(kept.len(), 1, "{kept:?}");
            kept.remove(0)
        }

        fn open(&self, name: &str, key: u8) -> Result<Recording, OpenError> {
            open(&self.path.join(name), &[key; 32], self.clock.now())
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.path); // the system's own cleaning takes what is left
        }
    }

    #[test]
    fn a_recording_is_sealed_found_by_its_reference_and_gone_after_seven_days() {
        let place = Place::new("recordings");
        let written = recording("okta-acme", Some("AbC-123_x"));
        place.folder.keep(&written).unwrap();
        let kept = place.one("okta-acme");
        assert_eq!(kept.reference, "AbC-123_x");
        assert_eq!(kept.until, NOW + KEPT);
        assert!(place.open(&kept.name, 1).unwrap() == written);
        assert!(place.folder.kept("okta-acm").unwrap().is_empty());
        let bytes = fs::read(place.path.join(&kept.name)).unwrap();
        for word in [b"canary".as_slice(), b"okta-acme", b"AbC-123_x"] {
            let found = bytes.windows(word.len()).any(|window| window == word);
            assert!(!found, "{}", String::from_utf8_lossy(word));
        }
        assert!(!kept.name.contains("acme"), "{}", kept.name);

        // Left by a process that was killed.
        let unfinished = place.path.join(format!("{}.unfinished", kept.name));
        fs::write(unfinished, "x").unwrap();
        place.clock.0.fetch_add(KEPT - 1, Ordering::Relaxed);
        place.folder.sweep().unwrap();
        assert_eq!(place.one("okta-acme"), kept);
        place.open(&kept.name, 1).unwrap();
        place.clock.0.fetch_add(1, Ordering::Relaxed);
        assert!(matches!(place.open(&kept.name, 1), Err(OpenError::Expired)));
        assert!(place.folder.kept("okta-acme").unwrap().is_empty());
        place.folder.sweep().unwrap();
        assert_eq!(fs::read_dir(&place.path).unwrap().count(), 0);
    }

    #[test]
    fn what_was_touched_does_not_open_and_says_why() {
        let place = Place::new("recordings-touched");
        place.folder.keep(&recording("a", Some("r"))).unwrap();
        let name = place.one("a").name;
        assert!(matches!(place.open(&name, 2), Err(OpenError::Sealed)));
        let bytes = fs::read(place.path.join(&name)).unwrap();
        let other = |bytes: &[u8], name: &str| {
            fs::write(place.path.join(name), bytes).unwrap();
            place.open(name, 1).err().unwrap().to_string()
        };
        let renamed = other(&bytes, &name.replacen("001790", "001791", 1));
        assert!(renamed.contains("changed or renamed"), "{renamed}");
        let mut flipped = bytes.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let flipped = other(&flipped, &name);
        assert!(flipped.contains("changed or renamed"), "{flipped}");
        for length in [bytes.len() - 1, 40, 25, 21] {
            let cut = other(&bytes[..length], &name);
            assert!(cut.contains("cut off"), "{length}: {cut}");
        }
        let nothing = other(&bytes[..20], &name);
        assert!(nothing.contains("not a recording"), "{nothing}");
        let misnamed = other(&bytes, "recording.json");
        assert!(misnamed.contains("not a recording"), "{misnamed}");
        assert!(matches!(
            place.open("001790000000-x-y.recording", 1),
            Err(OpenError::Unreadable(_))
        ));
    }

    #[test]
    fn a_connection_is_forgotten_alone_and_bounded() {
        let place = Place::new("recordings-many");
        place.folder.keep(&recording("b", None)).unwrap();
        // No part of a path.
        place.folder.keep(&recording("c", Some("../x"))).unwrap();
        assert_ne!(place.one("c").reference, "../x");
        for number in 0..=MOST {
            let reference = format!("n{number}");
            place.clock.0.fetch_add(1, Ordering::Relaxed);
            place
                .folder
                .keep(&recording("a", Some(&reference)))
                .unwrap();
        }
        let kept = place.folder.kept("a").unwrap();
        assert_eq!((kept.len(), &*kept[0].reference), (MOST, "n1"));
        // Two in one second under one reference.
        place.folder.keep(&recording("b", Some("r"))).unwrap();
        place.folder.keep(&recording("b", Some("r"))).unwrap();
        assert_eq!(place.folder.kept("b").unwrap().len(), 2);

        // Left by a process that was killed.
        let unfinished = place.path.join(format!("{}.unfinished", kept[0].name));
        fs::write(&unfinished, "x").unwrap();
        place.folder.forget("a").unwrap();
        assert!(!unfinished.exists());
        assert!(place.folder.kept("a").unwrap().is_empty());
        assert_eq!(place.folder.kept("b").unwrap().len(), 2);
    }
}
