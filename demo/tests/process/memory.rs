//! What of its secrets can be found in the process's memory.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use crate::browser::Browser;
use crate::stage::{CLIENT_SECRET, GUEST, GUESTS_PASSWORD, Product};

/// How often each word is in memory that the process can write to; none where this machine lets nobody look.
fn found<const WORDS: usize>(process: u32, words: [&str; WORDS]) -> Option<[usize; WORDS]> {
    let folder = format!("/proc/{process}");
    let opened = std::fs::read_to_string(format!("{folder}/maps"))
        .and_then(|maps| Ok((maps, File::open(format!("{folder}/mem"))?)));
    let (maps, memory) = match opened {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return None,
        Err(error) => panic!("{error}"),
    };
    let mut counts = [0; WORDS];
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        if !rest.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        if memory.read_exact_at(&mut bytes, start).is_ok() {
            for (word, count) in words.iter().zip(&mut counts) {
                *count += memmem::find_iter(&bytes, word).count();
            }
        }
    }
    Some(counts)
}

/// T21. After a whole sign-in of each kind nothing is left that somebody could make a second one of.
///
/// What can be found is the credential as it was sent last, in the buffer of a connection to Okta that is kept for the next
/// request: hyper's own, until the connection ends.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_used_up_is_not_in_memory() {
    let mut product = Product::open("memory").await;
    // The set-up file, which has it in the clear, is read by a process of before.
    product.kill();
    product.restart();
    let credential = STANDARD.encode(format!("0oaacme:{CLIENT_SECRET}"));
    let anna = Browser::new(product.address);
    let callback = product.callback(&anna, 0).await;
    let (_, code) = callback
        .query_pairs()
        .find(|(name, _)| name == "code")
        .unwrap();
    anna.get(&callback).await;
    product.me(&anna).await;
    product.signs_in_by_password(GUEST, GUESTS_PASSWORD).await;
    // Connections from browsers end.
    drop(anna);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let words = [
        CLIENT_SECRET,
        &*code,
        GUESTS_PASSWORD,
        &*credential,
        "acme.example",
    ];
    let Some([secret, code, password, sent, used]) = found(product.child.id(), words) else {
        println!("T21: left out: this machine lets nobody look into another process");
        return;
    };
    println!(
        "T21: in memory after a sign-in: client secret {secret}, as it was sent {sent}, code {code}, password {password}; \
         and {used} times a word that is no secret"
    );
    assert!(used > 0, "T21: it was looked at");
    assert_eq!([secret, code, password], [0; 3], "T21");
    assert!(sent <= 1, "T21 {sent}");
}
