//! Texts with holes: `{state}`, `{nonce|upper}`, `{a*300}`, `{0xff}`.
//!
//! Holes keep a case readable: what the component draws at random has a name, and a value of 33,000 characters has a
//! length. In what is repeated, `#` is the number of the repetition, from 0. A brace that starts no hole is itself, so JSON
//! texts need no escapes.

pub mod open;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::key;

/// What the holes may name.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Gives a hole its text.
    pub fn set(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.0.insert(name.into(), text.into());
    }

    /// The text of a hole.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Fills the holes of `template`; `{0xNN}`, and the filters that decode, may make it no text.
    ///
    /// # Errors
    /// When a hole names nothing that is known.
    pub fn fill_bytes(&self, template: &str) -> Result<Vec<u8>> {
        let mut filled = Vec::with_capacity(template.len());
        let mut rest = template;
        while let Some(start) = rest.find('{') {
            let (before, from) = rest.split_at(start);
            filled.extend_from_slice(before.as_bytes());
            match hole(from) {
                Some((inside, after)) => {
                    filled.extend(self.hole(inside).with_context(|| format!("{{{inside}}}"))?);
                    rest = after;
                }
                None => {
                    filled.push(b'{');
                    rest = from.strip_prefix('{').unwrap_or_default();
                }
            }
        }
        filled.extend_from_slice(rest.as_bytes());
        Ok(filled)
    }

    /// Fills the holes of `template`.
    ///
    /// # Errors
    /// When a hole names nothing that is known, or the result is not UTF-8.
    pub fn fill(&self, template: &str) -> Result<String> {
        Ok(String::from_utf8(self.fill_bytes(template)?)?)
    }

    /// Fills the holes of every string in `value`.
    ///
    /// # Errors
    /// As [`Names::fill`].
    pub fn fill_value(&self, value: &Value) -> Result<Value> {
        Ok(match value {
            Value::String(text) => Value::String(self.fill(text)?),
            Value::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.fill_value(item))
                    .collect::<Result<_>>()?,
            ),
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, value)| Ok((self.fill(name)?, self.fill_value(value)?)))
                    .collect::<Result<_>>()?,
            ),
            other => other.clone(),
        })
    }

    fn hole(&self, inside: &str) -> Result<Vec<u8>> {
        if let Some(hex) = inside.strip_prefix("0x") {
            return Ok(vec![u8::from_str_radix(hex, 16)?]);
        }
        if let Some((text, count)) = inside.split_once('*') {
            let count: usize = count.parse()?;
            let repeated = (0..count).map(|number| text.replace('#', &number.to_string()));
            return Ok(repeated.collect::<String>().into_bytes());
        }
        let mut parts = inside.split('|');
        let name = parts.next().unwrap_or_default();
        let mut text = self
            .get(name)
            .with_context(|| format!("nothing is called `{name}`"))?
            .to_owned();
        for filter in parts {
            text = match filter {
                // What they leave may be no text, so nothing comes after them.
                "decoded" => return Ok(URL_SAFE_NO_PAD.decode(text)?),
                "der" => return key::from_pem(&text),
                _ => changed(&text, filter)?,
            };
        }
        Ok(text.into_bytes())
    }
}

/// The inside of the hole that `text` starts with, and what follows it.
fn hole(text: &str) -> Option<(&str, &str)> {
    let (inside, after) = text.strip_prefix('{')?.split_once('}')?;
    let repeated = inside
        .split_once('*')
        .is_some_and(|(_, count)| count.parse::<usize>().is_ok() && !inside.contains('{'));
    let named = inside
        .starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && inside.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.|".contains(&byte)
        });
    (named || repeated).then_some((inside, after))
}

/// `text` changed by one filter.
///
/// # Errors
/// When there is no such filter, or it does not fit.
pub fn changed(text: &str, filter: &str) -> Result<String> {
    if open::is_open(text) {
        return open::filtered(text, filter);
    }
    Ok(match filter {
        "upper" => text.to_ascii_uppercase(),
        "lower" => text.to_ascii_lowercase(),
        "crlf" => text.replace('\n', "\r\n"),
        // Without its last character.
        "cut" => text
            .get(..text.len().saturating_sub(1))
            .context("not ASCII")?
            .to_owned(),
        "base64url" => URL_SAFE_NO_PAD.encode(text),
        "url" => url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        // The same bytes in base64 of another spelling.
        "standard" => text.replace('-', "+").replace('_', "/"),
        // The same bytes, the unused bits of the last character set.
        "loose" => loose(text)?,
        // As big-endian integers of base64url: even, and with a leading zero byte.
        "even" => {
            let mut bytes = URL_SAFE_NO_PAD.decode(text)?;
            if let Some(last) = bytes.last_mut() {
                *last &= 0xfe;
            }
            URL_SAFE_NO_PAD.encode(bytes)
        }
        "zero-led" => {
            let mut bytes = vec![0];
            bytes.extend(URL_SAFE_NO_PAD.decode(text)?);
            URL_SAFE_NO_PAD.encode(bytes)
        }
        "short" => {
            let mut bytes = URL_SAFE_NO_PAD.decode(text)?;
            bytes.pop();
            URL_SAFE_NO_PAD.encode(bytes)
        }
        other => bail!("no filter is called `{other}`"),
    })
}

fn loose(text: &str) -> Result<String> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if text.len().is_multiple_of(4) {
        bail!("no unused bits in {} characters", text.len());
    }
    let last = text.chars().last().context("empty")?;
    let next = ALPHABET
        .split_once(last)
        .and_then(|(_, after)| after.chars().next())
        .context("not base64url")?;
    Ok(format!("{}{next}", changed(text, "cut")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_and_other_braces_stay() {
        let mut names = Names::default();
        names.set("state", "aB");
        names.set("0.state", "old");
        assert_eq!(
            names.fill(r#"{"a":{}} {state} {state|upper}"#).unwrap(),
            r#"{"a":{}} aB AB"#
        );
        assert_eq!(names.fill("{0.state}{x*3}{ab*2}").unwrap(), "oldxxxabab");
        assert_eq!(names.fill("{c#,*3}").unwrap(), "c0,c1,c2,");
        assert_eq!(names.fill_bytes("{0xff}").unwrap(), [0xff]);
        names.set(
            "key",
            "-----BEGIN X-----\n_w==\n-----END X-----\n".replace('_', "/"),
        );
        assert_eq!(names.fill_bytes("{key|der}").unwrap(), [0xff]);
        names.set("n", "_w");
        assert_eq!(names.fill_bytes("{n|decoded}").unwrap(), [0xff]);
        assert!(names.fill("{unknown}").is_err());
    }
}
