//! The misbehaviours of the development Okta, as data.

use std::sync::atomic::{AtomicU64, Ordering};

/// Declares each switch once: variant, identifier, what it does.
macro_rules! switches {
    ($($variant:ident $id:literal $description:literal)*) => {
        /// One wrong answer that a sign-in must withstand.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Switch {
            $(#[doc = concat!("`", $id, "`, as [`Switch::description`] tells.")] $variant,)*
        }

        impl Switch {
            /// Every switch, in the order in which the console lists them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The identifier in forms and set-up files.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What is different while it is on.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)* }
            }
        }
    };
}

switches! {
    ThinTokens "thin-tokens"
        "ID tokens carry neither email, name nor preferred_username; UserInfo still does."
    NoEmail "no-email" "Neither the ID token nor UserInfo carries email."
    OddEmail "odd-email" "The email claim is written with a name before the address."
    OtherDomain "other-domain" "The email claim is on the domain elsewhere.example."
    EmailUnverified "email-unverified" "email_verified is false in the ID token and in UserInfo."
    UserInfoOtherSubject "userinfo-other-subject" "UserInfo answers for another subject."
    UserInfoRefused "userinfo-refused" "UserInfo answers 401 invalid_token."
    WrongNonce "wrong-nonce" "The ID token carries another nonce."
    MissingNonce "missing-nonce" "The ID token carries no nonce."
    WrongAudience "wrong-audience" "The ID token is for another client."
    OtherParty "other-party" "The ID token names another client as its authorized party."
    WrongIssuer "wrong-issuer" "The ID token names another issuer."
    ExpiredToken "expired-token" "The ID token expired an hour ago."
    FutureToken "future-token" "The ID token is issued an hour from now."
    LongToken "long-token" "The ID token is valid for ten years."
    WrongTokenHash "wrong-token-hash" "The ID token belongs to another access token."
    UnsignedToken "unsigned-token" "The ID token says that nothing signs it: alg none."
    SharedKeyToken "shared-key-token" "The ID token says that the client secret signs it: alg HS256."
    TamperedSignature "tampered-signature" "One bit of the ID token's signature is flipped."
    UnknownKey "unknown-key" "The ID token names a key that is not published."
    NoIdToken "no-id-token" "The token endpoint answers without an ID token."
    TokenInvalidClient "token-invalid-client" "The token endpoint answers 401 invalid_client."
    TokenInvalidGrant "token-invalid-grant" "The token endpoint answers 400 invalid_grant."
    TokenServerError "token-server-error" "The token endpoint answers 500."
    TokenRateLimited "token-rate-limited" "The token endpoint answers 429 with a wait of 30 seconds."
    CallbackOtherIssuer "callback-other-issuer" "The callback carries iss of another issuer."
    MetadataOtherIssuer "metadata-other-issuer" "The metadata names another issuer."
    MetadataHtml "metadata-html" "The metadata is answered with an HTML page."
    MetadataOffHost "metadata-off-host" "The metadata has the keys on another host."
    MetadataNoCode "metadata-no-code" "The metadata does not offer the authorization code flow."
    KeysHtml "keys-html" "The key set is answered with an HTML page."
    SlowAnswers "slow-answers"
        "Metadata, keys, token and UserInfo answer later than a product should wait."
}

/// Which switches are on.
#[derive(Debug, Default)]
pub struct Switches(AtomicU64);

impl Switches {
    /// Turns `switch` on; takes effect with the next request.
    pub fn turn_on(&self, switch: Switch) {
        self.0.fetch_or(bit(switch), Ordering::SeqCst);
    }

    /// Turns `switch` off.
    pub fn turn_off(&self, switch: Switch) {
        self.0.fetch_and(!bit(switch), Ordering::SeqCst);
    }

    /// Turns every switch off.
    pub fn turn_all_off(&self) {
        self.0.store(0, Ordering::SeqCst);
    }

    /// Whether `switch` is on.
    #[must_use]
    pub fn is_on(&self, switch: Switch) -> bool {
        self.0.load(Ordering::SeqCst) & bit(switch) != 0
    }
}

fn bit(switch: Switch) -> u64 {
    1 << switch as u32
}

const _: () = assert!(
    Switch::ALL.len() <= u64::BITS as usize,
    "one bit for each switch"
);
