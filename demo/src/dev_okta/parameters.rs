//! Parameters of a query or of a form body.

use url::form_urlencoded;

/// Names and values in the order in which they came.
pub(super) struct Parameters(Vec<(String, String)>);

/// A parameter came twice, which RFC 6749 3.1 forbids.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeated;

impl Parameters {
    pub(super) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The value of `name`. RFC 6749 3.1: an empty value is as good as none.
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Repeated),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    /// The only value of `name`, or nothing.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.one(name).ok().flatten()
    }

    /// Every value of `name`.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}
