//! Bytes changed a little, by a seeded generator: for tests that look for what nobody thought of.

use fastrand::Rng;

/// What is put in: syntax, ends of ranges, and characters that readers disagree about.
const WORDS: [&str; 40] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "&",
    "=",
    "%",
    "%00",
    "%2e",
    "+",
    " ",
    "\t",
    "\r\n",
    "\0",
    "é",
    "\u{202e}",
    "\u{feff}",
    "@",
    ".",
    "..",
    "/",
    "//",
    "#",
    "?",
    "-",
    "null",
    "true",
    "1e9",
    "-0",
    "0",
    "99999999999999999999",
    "\\u0000",
    "\\ud800",
    "[[[[[[[[[[[[[[[[[[",
    "xn--",
    ":443",
];

/// `bytes` with one to three changes.
#[must_use]
pub fn bytes(random: &mut Rng, bytes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for _ in 0..random.usize(1..=3) {
        change(random, &mut changed);
    }
    changed
}

/// `text` with one to three changes.
#[must_use]
pub fn text(random: &mut Rng, text: &str) -> String {
    String::from_utf8_lossy(&bytes(random, text.as_bytes())).into_owned()
}

fn change(random: &mut Rng, bytes: &mut Vec<u8>) {
    let start = random.usize(..=bytes.len());
    let length = random.usize(..=(bytes.len() - start).min(12));
    let range = start..start + length;
    match random.u8(..8) {
        0 => drop(bytes.drain(range)),
        1 => {
            let again = bytes[range].to_vec();
            bytes.splice(start..start, again);
        }
        2 => {
            let word = random.choice(WORDS).unwrap_or_default().bytes();
            bytes.splice(range, word);
        }
        3 => {
            let word = random.choice(WORDS).unwrap_or_default().bytes();
            bytes.splice(start..start, word);
        }
        4 => bytes[range]
            .iter_mut()
            .for_each(|byte| *byte = byte.to_ascii_uppercase()),
        5 => bytes.truncate(start),
        6 => {
            let many = [random.u8(..)].repeat(random.usize(1..=600));
            bytes.splice(start..start, many);
        }
        _ => {
            if let Some(byte) = bytes.get_mut(start) {
                *byte ^= 1 << random.u8(..8);
            }
        }
    }
}
