//! Compiled code on disk: used when this host wrote it, and never otherwise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what goes wrong here shall stop the test"
)]

mod platform;

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use okta_sso_host::{CompiledCache, Component, Pin, Plugin, SetupError};

use crate::platform::capabilities;

const KEY: [u8; 32] = [7; 32];

/// A folder's name under the target folder; nothing is there yet.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("compiled-{name}"));
    let _ = fs::remove_dir_all(&folder); // of the run before
    folder
}

fn load(folder: &Path, key: &[u8]) -> Plugin {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugin/okta_sso.wasm");
    let component = Component::from_path(path, Pin::Sidecar).expect("run make plugin");
    Plugin::builder()
        .component(component)
        .capabilities(capabilities())
        .compiled_cache(CompiledCache::open(folder, key).unwrap())
        .load()
        .unwrap()
}

async fn works(plugin: &Plugin) {
    assert!(!plugin.codes().await.unwrap().is_empty());
}

/// The one file of the folder.
fn file(folder: &Path) -> PathBuf {
    let files: Vec<_> = fs::read_dir(folder).unwrap().collect();
    assert_eq!(files.len(), 1, "nothing is left beside it");
    files[0].as_ref().unwrap().path()
}

/// A file that is written anew is another one.
fn identity(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

#[tokio::test]
async fn the_second_start_does_not_compile() {
    let folder = folder("twice");
    let before = Instant::now();
    works(&load(&folder, &KEY)).await;
    let first = before.elapsed();
    let path = file(&folder);
    let written = identity(&path);
    let before = Instant::now();
    works(&load(&folder, &KEY)).await;
    println!(
        "start: {first:.0?} compiling, {:.0?} from the cache",
        before.elapsed()
    );
    assert_eq!(
        identity(&path),
        written,
        "taken from the cache, not written again"
    );
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
}

/// Whoever starts beside others finds a whole file or none, and nobody leaves another one behind.
#[test]
fn several_that_start_at_once_leave_one_whole_file() {
    const STARTS: usize = 4;
    let folder = folder("at-once");
    CompiledCache::open(&folder, &KEY).unwrap();
    let lengths = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..STARTS)
            .map(|_| scope.spawn(|| load(&folder, &KEY)))
            .collect();
        let mut lengths = BTreeSet::new();
        while starts.iter().any(|start| !start.is_finished()) {
            let files = fs::read_dir(&folder)
                .unwrap()
                .map(|file| file.unwrap().path());
            for path in files.filter(|path| path.extension().is_none()) {
                lengths.insert(fs::read(path).unwrap().len());
            }
        }
        lengths
    });
    let written = fs::read(file(&folder)).unwrap().len();
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [written]);
}

#[tokio::test]
async fn f_59_what_was_tampered_with_is_compiled_anew() {
    let folder = folder("tampered");
    works(&load(&folder, &KEY)).await;
    let path = file(&folder);
    let good = fs::read(&path).unwrap();
    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let mut others = vec![vec![], good[..31].to_vec(), good[..good.len() - 1].to_vec()];
    others.push([good.as_slice(), b"x"].concat());
    // In the tag, the header, the code, and the end.
    others.extend([0, 31, 32, 100, good.len() / 2, good.len() - 1].map(changed));
    for bytes in others {
        fs::write(&path, &bytes).unwrap();
        let planted = identity(&path);
        works(&load(&folder, &KEY)).await;
        assert_eq!(fs::read(&path).unwrap(), good, "compiled anew");
        assert_ne!(identity(&path), planted);
    }
}

#[tokio::test]
async fn code_under_another_key_is_another_hosts() {
    let folder = folder("foreign");
    works(&load(&folder, &[8; 32])).await;
    let path = file(&folder);
    let foreign = identity(&path);
    works(&load(&folder, &KEY)).await;
    assert_ne!(identity(&path), foreign, "compiled anew");
}

/// Components come and go for years; what is not this cache's own is left alone.
#[tokio::test]
async fn the_last_eight_are_kept() {
    let folder = folder("many");
    CompiledCache::open(&folder, &KEY).unwrap();
    let put = |name: &str, age: u64| {
        let file = fs::File::create(folder.join(name)).unwrap();
        let when = SystemTime::now() - Duration::from_secs(age);
        file.set_modified(when).unwrap();
    };
    let ours = |number: u64| format!("{number:064x}-{number:016x}");
    for number in 1..=8 {
        put(&ours(number), number * 3600);
    }
    let unfinished = format!("{}.{:016x}", ours(9), 9);
    put(&unfinished, 9 * 3600);
    for foreign in ["notes.txt", "a-b", &format!("{}.old", ours(1))] {
        put(foreign, 99 * 3600);
    }
    works(&load(&folder, &KEY)).await;
    let is_there = |name: &str| folder.join(name).exists();
    assert!((1..=7).all(|number| is_there(&ours(number))));
    assert!(!is_there(&ours(8)) && !is_there(&unfinished));
    let foreign = format!("{}.old", ours(1));
    assert!(is_there("notes.txt") && is_there("a-b") && is_there(&foreign));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 8 + 3);
}

#[test]
fn a_cache_is_private_and_its_key_long() {
    let short = CompiledCache::open(folder("short"), &[7; 31]).err();
    assert_eq!(short, Some(SetupError::CompiledCacheKey));
    let open = folder("open");
    fs::create_dir(&open).unwrap();
    for mode in [0o777, 0o750, 0o701] {
        fs::set_permissions(&open, Permissions::from_mode(mode)).unwrap();
        let refusal = CompiledCache::open(&open, &KEY).err();
        assert_eq!(
            refusal,
            Some(SetupError::CompiledCacheFolder(open.clone())),
            "{mode:o}"
        );
    }
    fs::set_permissions(&open, Permissions::from_mode(0o700)).unwrap();
    assert!(CompiledCache::open(&open, &KEY).is_ok());
    // A link leads to a folder that somebody else may exchange.
    let link = folder("link");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(&open, &link).unwrap();
    let refusal = CompiledCache::open(&link, &KEY).err();
    assert_eq!(refusal, Some(SetupError::CompiledCacheFolder(link)));
    let file = open.join("file");
    fs::write(&file, "x").unwrap();
    assert!(CompiledCache::open(&file, &KEY).is_err());
}
