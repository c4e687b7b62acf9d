//! Length-prefixed records: what digests are taken of, and the form of stored values.
//!
//! Every field is preceded by its length in four bytes, so no two lists of fields ever read the same (`a`, `b:c`
//! and `a:b`, `c` differ).

use sha2::{Digest as _, Sha256};

/// Writes one record, field by field.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// A record of this kind. `kind` tells apart what must never be taken for each other; in stored values it is
    /// the version.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        let mut writer = Self::default();
        writer.text(kind);
        writer
    }

    /// Appends bytes.
    pub fn bytes(&mut self, field: &[u8]) -> &mut Self {
        // No field comes near 4 GiB: the component's whole memory is smaller.
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(field);
        self
    }

    /// Appends a text.
    pub fn text(&mut self, field: &str) -> &mut Self {
        self.bytes(field.as_bytes())
    }

    /// Appends a text that may be absent; absent and empty differ.
    pub fn optional(&mut self, field: Option<&str>) -> &mut Self {
        self.flag(field.is_some()).text(field.unwrap_or_default())
    }

    /// Appends a list of texts.
    pub fn list(&mut self, fields: &[String]) -> &mut Self {
        self.number(fields.len() as u64);
        for field in fields {
            self.text(field);
        }
        self
    }

    /// Appends a number.
    pub fn number(&mut self, field: u64) -> &mut Self {
        self.bytes(&field.to_be_bytes())
    }

    /// Appends a truth.
    pub fn flag(&mut self, field: bool) -> &mut Self {
        self.bytes(&[u8::from(field)])
    }

    /// The record.
    #[must_use]
    pub fn finish(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// SHA-256 of the record.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }
}

/// Reads one record; any deviation from what [`Writer`] writes is none.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts after the kind, which must be this one.
    #[must_use]
    pub fn new(record: &'a [u8], kind: &str) -> Option<Self> {
        let mut reader = Self { rest: record };
        (reader.text()? == kind).then_some(reader)
    }

    /// The next field.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(field)
    }

    /// The next field as text.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// The next field as a text that may be absent.
    pub fn optional(&mut self) -> Option<Option<&'a str>> {
        let present = self.flag()?;
        let text = self.text()?;
        Some(present.then_some(text))
    }

    /// The next field as a number.
    pub fn number(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.bytes()?.try_into().ok()?))
    }

    /// The next field as a truth.
    pub fn flag(&mut self) -> Option<bool> {
        match self.bytes()? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_in_order() {
        let mut writer = Writer::new("kind 1");
        writer
            .text("a")
            .optional(None)
            .optional(Some(""))
            .number(7)
            .flag(true);
        let record = writer.finish();
        let mut reader = Reader::new(&record, "kind 1").unwrap();
        assert_eq!(reader.text(), Some("a"));
        assert_eq!(reader.optional(), Some(None));
        assert_eq!(reader.optional(), Some(Some("")));
        assert_eq!(reader.number(), Some(7));
        assert_eq!(reader.flag(), Some(true));
        assert!(reader.is_empty());
        assert_eq!(reader.bytes(), None);
        assert!(Reader::new(&record, "kind 2").is_none(), "F-38");
        assert!(Reader::new(&[], "kind 1").is_none());
        assert!(Reader::new(&[255; 8], "kind 1").is_none());
    }

    #[test]
    fn different_fields_make_different_digests() {
        let digest = |fields: &[&str]| {
            let mut writer = Writer::new("kind 1");
            for field in fields {
                writer.text(field);
            }
            writer.digest()
        };
        assert_ne!(digest(&["a", "b:c"]), digest(&["a:b", "c"]), "T35");
        assert_ne!(digest(&["ab", ""]), digest(&["", "ab"]));
        assert_ne!(digest(&["a"]), digest(&["a", ""]));
    }
}
