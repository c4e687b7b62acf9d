//! The settings page: problems, corrections, check lists and comparisons of addresses.

use super::Pair;
use crate::contract::exports::sso::provider::claims::EmailMatch;
use crate::contract::exports::sso::provider::config::{CorrectionCode, ProblemCode};
use crate::contract::sso::provider::types::Check;

pub(super) fn problem(code: ProblemCode) -> Pair {
    match code {
        ProblemCode::Missing => (
            "This field is empty.",
            "Copy the value from the app’s Sign On or General tab in Okta.",
        ),
        ProblemCode::TooLong => (
            "The value is longer than it can be.",
            "Copy it again, and that value alone.",
        ),
        ProblemCode::Placeholder => (
            "This is an example from some documentation, not your own value.",
            "Copy your own value from the app’s Sign On or General tab in Okta.",
        ),
        ProblemCode::WhiteSpace => (
            "There is a space or a line end in the value.",
            "Copy it again without what surrounds it.",
        ),
        ProblemCode::NotAUrl => (
            "This is not a complete web address.",
            "Give the whole address, such as https://acme.okta.com.",
        ),
        ProblemCode::NotHttps => (
            "The address does not begin with https.",
            "Use the address with https://.",
        ),
        ProblemCode::AdminHost => (
            "This is the address of Okta’s Admin Console, and tokens name another issuer.",
            "Use the same address without -admin.",
        ),
        ProblemCode::EndpointInsteadOfIssuer => (
            "This is the address of a page or an endpoint, not the issuer.",
            "Open the OpenID Provider Metadata link on the Sign On tab and copy the value of \
             issuer.",
        ),
        ProblemCode::QueryOrFragment => {
            ("The address has a part after ? or #.", "Remove that part.")
        }
        ProblemCode::UserInfoInUrl => (
            "The address holds a user name or a password before @.",
            "Remove that part.",
        ),
        ProblemCode::AddressNotAllowed => (
            "This is a number address or a name of a private network, which cannot be used here.",
            "Use the public name of your Okta organisation or its custom domain.",
        ),
        ProblemCode::Swapped => (
            "This looks like the value of another field: Client ID and Client secret may be in \
             each other’s place.",
            "Copy both again from the app’s Sign On or General tab, each into its own field.",
        ),
        ProblemCode::InvalidCharacter => (
            "There is a character in it that cannot be there.",
            "Copy the value again; names with other letters are written in their xn-- form.",
        ),
        ProblemCode::InvalidDomain => (
            "This is not a name that a company’s domain can have.",
            "Check it for typing mistakes, such as a doubled .com or a dot at the end.",
        ),
        ProblemCode::PublicMailDomain => (
            "Anyone can get an address or a name under this domain, so it belongs to no single \
             company.",
            "Use a domain that only your company gives out addresses on.",
        ),
        ProblemCode::OutOfRange => (
            "The value is outside the allowed range.",
            "Choose a value within the range that is shown.",
        ),
    }
}

pub(super) fn correction(code: CorrectionCode) -> Pair {
    const LOOK: &str = "Nothing to do if the corrected value is the one you meant.";
    match code {
        CorrectionCode::MetadataUrl => (
            "This was the address of the metadata document; the issuer was taken from it.",
            LOOK,
        ),
        CorrectionCode::MetadataDocument => {
            ("This was a metadata document; its issuer was taken.", LOOK)
        }
        CorrectionCode::TrailingSlash => (
            "The slash at the end was removed, since Okta’s issuers have none.",
            LOOK,
        ),
        CorrectionCode::Quotes => ("The quotes around the value were removed.", LOOK),
        CorrectionCode::BareHost => ("The value had no https:// in front; it was added.", LOOK),
        CorrectionCode::SurroundingSpace => ("Space around the value was removed.", LOOK),
        CorrectionCode::LetterCase => (
            "Capital letters were changed to small ones where names do not tell them apart.",
            LOOK,
        ),
    }
}

pub(super) fn checked(check: Check) -> Pair {
    const SAVE: &str = "Check the Okta client issuer: copy the value of issuer behind the OpenID \
        Provider Metadata link (Sign On tab).";
    match check {
        Check::Metadata => (
            "Whether the issuer’s metadata document can be fetched and read.",
            SAVE,
        ),
        Check::Issuer => (
            "Whether the metadata names exactly the issuer of these settings. It differs for an \
             Admin Console address (-admin), another authorization server, or a custom domain.",
            SAVE,
        ),
        Check::Endpoints => (
            "Whether all endpoints are on the issuer’s own host, by https.",
            SAVE,
        ),
        Check::CodeFlow => (
            "Whether the provider offers the authorization code flow.",
            "Allow Authorization Code in the app’s General tab.",
        ),
        Check::Pkce => (
            "Whether the provider offers PKCE with S256.",
            "Okta offers it; check that the issuer is an Okta address.",
        ),
        Check::TokenAlgorithm => (
            "Whether the provider signs by an algorithm that the connection allows.",
            "Okta signs with RS256; allow it in the connection’s policy.",
        ),
        Check::ClientAuthentication => (
            "Whether the provider accepts the connection’s way of proving the product.",
            "Choose the same client authentication on the app’s General tab and here.",
        ),
        Check::Scopes => (
            "Whether the provider offers the scopes openid, profile and email.",
            "Allow these scopes; for a custom authorization server under Scopes.",
        ),
        Check::Keys => (
            "Whether the provider publishes a key that can be used.",
            "Try again in a minute; then check the keys of the authorization server in Okta.",
        ),
        Check::Clock => (
            "Whether the clocks of the provider and of this product agree.",
            "Have the product’s server synchronise its clock.",
        ),
        Check::Callback => (
            "Whether the browser came back with a complete answer.",
            "Compare the redirect URI with the app’s Sign-in redirect URIs (General).",
        ),
        Check::Transaction => (
            "Whether the answer belongs to a sign-in that was started in this browser.",
            "Start the test again, and finish it in the same browser within ten minutes.",
        ),
        Check::ProviderAnswer => (
            "Whether Okta let the person in.",
            "Check the app’s Assignments tab and Okta’s System Log.",
        ),
        Check::ClientCredentials => (
            "Whether Okta accepts the Client ID with the Client secret or the product’s key.",
            "Copy both again from the app’s Sign On or General tab; for a key, check that the app \
             has its public half.",
        ),
        Check::IdToken => (
            "Whether the ID token is genuine and meant for this product.",
            "Follow the reason that is shown with this line.",
        ),
        Check::UserInfo => (
            "Whether UserInfo answers for the same person, where it is needed.",
            "Check that the app may use the scopes profile and email.",
        ),
        Check::Email => (
            "Whether there is a usable e-mail address for the person.",
            "Check the primary e-mail in the person’s Okta profile.",
        ),
        Check::EmailDomain => (
            "Whether the e-mail address is on an approved SSO domain.",
            "Contact the product’s support to have the domain approved.",
        ),
    }
}

pub(super) fn email_match(result: EmailMatch) -> Pair {
    const MAKE_EQUAL: &str =
        "Make the two equal: correct the invitation here, or the primary e-mail in Okta.";
    match result {
        EmailMatch::Equal => (
            "The address from Okta and the one on file are equal.",
            "Nothing to do.",
        ),
        EmailMatch::DiffersInCase => ("The two addresses differ in capital letters.", MAKE_EQUAL),
        EmailMatch::DiffersInWhiteSpace => (
            "The two addresses differ in spaces or in characters that cannot be seen.",
            MAKE_EQUAL,
        ),
        EmailMatch::DiffersInTag => (
            "The two addresses differ in what follows a plus sign.",
            MAKE_EQUAL,
        ),
        EmailMatch::LookAlike => (
            "The two addresses look the same but are written with other characters.",
            "Treat this with suspicion: type the address anew where it is wrong, and find out who \
             entered it.",
        ),
        EmailMatch::Malformed => (
            "One of the two is not an e-mail address that is accepted here.",
            MAKE_EQUAL,
        ),
        EmailMatch::Different => (
            "The two addresses are different.",
            "Check that the right person was invited.",
        ),
    }
}
