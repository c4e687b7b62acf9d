//! Who can sign in with what, as whoever started the product reads it.

use std::fmt::{self, Display};

use super::okta::PersonEntry;
use super::{Setup, UserEntry};

/// The people of a set-up file with their passwords, in the columns of a table.
pub(crate) struct Who<'a>(&'a Setup);

impl Setup {
    /// For the eyes of whoever tries the product.
    pub(crate) fn who(&self) -> Who<'_> {
        Who(self)
    }

    fn directory(&self) -> &[PersonEntry] {
        self.dev_okta.as_ref().map_or(&[], |okta| &okta.people)
    }
}

impl Display for Who<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(setup) = self;
        row(out, "", "in Ledgerline", "in Okta", "")?;
        for tenant in &setup.tenants {
            let way = match tenant.connection {
                Some(_) => "with Okta",
                None => "by password, and can be set up for Okta",
            };
            writeln!(out, "{} signs in {way}", tenant.name)?;
            for user in &tenant.users {
                let person = setup.directory().iter().find(|one| one.login == user.email);
                let okta = person.map_or("", |person| &person.password);
                let password = user.password.as_deref().unwrap_or_default();
                row(out, &user.email, password, okta, &remarks(user, person))?;
            }
        }
        let known = |login: &str| {
            let mut users = setup.tenants.iter().flat_map(|tenant| &tenant.users);
            users.any(|user| user.email == login)
        };
        let mut strangers = setup
            .directory()
            .iter()
            .filter(|one| !known(&one.login))
            .peekable();
        if strangers.peek().is_some() {
            writeln!(out, "Known to Okta, invited nowhere")?;
        }
        for person in strangers {
            row(out, &person.login, "", &person.password, "")?;
        }
        if let Some(operator) = &setup.operator {
            writeln!(out, "The operator, at /operator")?;
            row(out, &operator.name, &operator.password, "", "")?;
        }
        Ok(())
    }
}

fn row(
    out: &mut fmt::Formatter<'_>,
    who: &str,
    own: &str,
    okta: &str,
    remarks: &str,
) -> fmt::Result {
    let line = format!("  {who:<21}{own:<21}{okta:<16}{remarks}");
    writeln!(out, "{}", line.trim_end())
}

fn remarks(user: &UserEntry, person: Option<&PersonEntry>) -> String {
    let remarks = [
        (user.admin, "administrator"),
        (user.disabled, "disabled in Ledgerline"),
        (user.expired, "the invitation has expired"),
        (
            person.is_some_and(|person| !person.assigned),
            "the app is not assigned in Okta",
        ),
    ];
    let remarks = remarks.into_iter().filter(|(holds, _)| *holds);
    remarks
        .map(|(_, words)| words)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use crate::setup;

    #[test]
    fn the_seed_reads_as_a_table() {
        let seed = setup::parse(include_str!("../../seed.toml")).unwrap();
        let text = seed.who().to_string();
        let expected = "
                       in Ledgerline        in Okta
Acme signs in with Okta
  anna@acme.example                         northwind-okta  administrator
  bo@acme.example                           northwind-okta
  carl@acme.example                         northwind-okta  the app is not assigned in Okta
  dan@acme.example                          northwind-okta  disabled in Ledgerline
  finn@acme.example                         northwind-okta  the invitation has expired
Globex signs in by password, and can be set up for Okta
  gina@globex.example  ledgerline-demo      northwind-okta  administrator
  hal@globex.example   ledgerline-demo      northwind-okta
  ida@adviser.example  ledgerline-demo
Initech signs in by password, and can be set up for Okta
  ida@adviser.example  ledgerline-demo
Known to Okta, invited nowhere
  eve@acme.example                          northwind-okta
The operator, at /operator
  olga                 ledgerline-operator
";
        assert_eq!(text, expected.trim_start_matches('\n'));
    }
}
