//! What a host needs to draw the settings form and the set-up steps: `config.describe`.

use crate::contract::exports::sso::provider::config::{Description, Field, SettingField, Step};
use crate::contract::sso::provider::types::{
    Algorithm, ClientAuth, EmailRule, Network, Policy, PushedAuthorization,
};

/// Describes the form. English is the one language so far, whatever the `locale`.
#[must_use]
pub fn describe(_locale: &str) -> Description {
    Description {
        provider: "Okta".to_owned(),
        fields: FIELDS.iter().map(Entry::to_field).collect(),
        steps: STEPS
            .iter()
            .map(|(title, text)| Step {
                title: (*title).to_owned(),
                text: (*text).to_owned(),
            })
            .collect(),
        defaults: default_policy(),
    }
}

/// What a platform gets that chooses nothing.
#[must_use]
pub fn default_policy() -> Policy {
    Policy {
        algorithms: vec![Algorithm::Rs256],
        client_auth: ClientAuth::ClientSecretBasic,
        email_rule: EmailRule::Exact,
        // Okta: the difference that it tolerates itself.
        clock_tolerance: 120,
        max_age: None,
        acr_values: Vec::new(),
        pushed_authorization: PushedAuthorization::WhenSupported,
        network: Network::Public,
    }
}

struct Entry {
    field: Field,
    label: &'static str,
    help: &'static str,
    secret: bool,
    required: bool,
}

impl Entry {
    fn to_field(&self) -> SettingField {
        SettingField {
            field: self.field,
            label: self.label.to_owned(),
            help: self.help.to_owned(),
            secret: self.secret,
            required: self.required,
        }
    }
}

/// What the administrator types, in the order of the guide. The other fields are the platform's
/// own.
const FIELDS: [Entry; 3] = [
    Entry {
        field: Field::ClientId,
        label: "Client ID",
        help: "In Okta: the app’s Sign On or General tab. Begins with 0oa.",
        secret: false,
        required: true,
    },
    Entry {
        field: Field::ClientSecret,
        label: "Client secret",
        help: "In Okta: beside the Client ID. Leave empty to keep the one that is stored. After \
            rotating it in Okta, paste the new one here.",
        secret: true,
        required: true,
    },
    Entry {
        field: Field::Issuer,
        label: "Okta client issuer",
        help: "In Okta: open the OpenID Provider Metadata link and copy the value of issuer, \
            without quotes, such as https://acme.okta.com.",
        secret: false,
        required: true,
    },
];

/// Title and text of each step.
const STEPS: [(&str, &str); 6] = [
    (
        "Switch Okta on here",
        "In the Settings page, section Single sign-on, enable Use Okta for single sign-on.",
    ),
    (
        "Install the app in Okta",
        "Install this product’s app in your Okta organisation and assign the people who shall use \
         it (Assignments). Where the app asks for Sign-in redirect URIs, paste the redirect URI \
         that is shown here.",
    ),
    (
        "Copy Client ID and Client secret",
        "On the Okta admin page click on the app, open the Sign On tab (General, if you made \
         the app yourself), and copy Client ID and Client secret to the fields of the same names \
         here.",
    ),
    (
        "Copy the issuer",
        "On the Okta admin page click the link OpenID Provider Metadata. In the JSON document find \
         the key titled issuer and copy its URL, without quotes, to the field Okta client issuer \
         here.",
    ),
    (
        "Have your SSO domain registered",
        "Contact the product’s support and name the domain of your e-mail addresses. When it is \
         confirmed, it is shown here under Single sign-on.",
    ),
    (
        "Invite people and sign in",
        "Users are managed here: invite each with exactly the e-mail address of their Okta \
         account. They sign in with the Okta button on this product’s sign-in page, not with the \
         app’s tile in Okta.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_has_the_guides_labels() {
        let described = describe("en");
        let labels: Vec<_> = described
            .fields
            .iter()
            .map(|field| field.label.as_str())
            .collect();
        assert_eq!(labels, ["Client ID", "Client secret", "Okta client issuer"]);
        let secrets: Vec<_> = described.fields.iter().map(|field| field.secret).collect();
        assert_eq!(secrets, [false, true, false]);
        assert_eq!(described.steps.len(), 6);
        let fields = described.fields.iter().map(|field| &field.help);
        let steps = described.steps.iter().map(|step| &step.text);
        for text in fields.chain(steps) {
            assert!(!text.contains(['\'', '"']), "{text}");
        }
        assert_eq!(describe("da").steps.len(), 6);
    }
}
