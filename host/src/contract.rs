//! The contract's types, as `wit/` defines and documents them.
//!
//! Their `Debug` is generated and shows everything: never log [`Settings`] (client secret),
//! [`Redirect`] (browser binding), [`Callback`] (code) or [`SignedIn`] (logout hint). [`Identity`] and [`LoginError`] may
//! name a person: of the latter, log the code.

pub use crate::bindings::exports::sso::provider::claims::{ClaimSet, EmailMatch, Expectations};
pub use crate::bindings::exports::sso::provider::config::{
    Checked, Correction, CorrectionCode, Description, Field, Problem, ProblemCode, SettingField,
    Settings, Step,
};
pub use crate::bindings::exports::sso::provider::login::{
    Callback, DenialHint, EmailRefusal, Fault, LoginError, LoginRequest, Misbehaviour, Prompt,
    ProviderDenial, Redirect, Rehearsal, SignedIn, TokenProblem, TokenRejection,
};
pub use crate::bindings::exports::sso::provider::logout::{LogoutError, Notice, RevocationRequest};
pub use crate::bindings::exports::sso::provider::messages::Explanation;
pub use crate::bindings::sso::provider::http::Method;
pub use crate::bindings::sso::provider::log::{Field as LogField, Level};
pub use crate::bindings::sso::provider::types::{
    Algorithm, Check, ClaimsSource, ClientAuth, Connection, EmailRule, Endpoint, Finding, Identity,
    Network, Outcome, Policy, PushedAuthorization,
};
