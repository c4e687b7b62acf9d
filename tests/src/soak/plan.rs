//! What a login will be, and how it must end: settled before it begins.

use super::dice::Dice;
use super::{HANGING, ILL, WELL};
use crate::stage::provider::{Fault, Transport};

/// What a browser may do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misuse {
    /// Comes back without the attempt's cookie, with that of another one; and then rightly.
    OtherBrowser,
    /// Comes back twice, at two replicas.
    Replay,
    /// Comes back with half of the state missing.
    CutState,
    /// Comes back twenty times at once.
    Crowd,
}

/// One login.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The fault's name in the report; none for a sound login.
    pub(super) kind: Option<&'static str>,
    pub(super) tenant: &'static str,
    pub(super) fault: Option<Fault>,
    pub(super) misuse: Option<Misuse>,
    /// Whether the person gets in.
    pub(super) gets_in: bool,
    /// Codes of which one must come, when not.
    pub(super) refusals: &'static [&'static str],
}

/// Of these tenants' own trouble: after some failures the provider is asked less often, after a 429 not at all.
macro_rules! on_the_way {
    ($($code:literal),*) => {
        &[$($code,)* "login/provider-unavailable/token", "login/provider-busy"]
    };
}

/// A misbehaviour of the token endpoint: its name, itself, whether it counts as an answer, and what must come of it.
type Misbehaviour = (&'static str, Fault, bool, &'static [&'static str]);

const PROVIDER: [Misbehaviour; 19] = [
    ("token: 500", Fault::Status(500), false, on_the_way!()),
    ("token: 503", Fault::Status(503), false, on_the_way!()),
    ("token: 429", Fault::Busy(1), false, on_the_way!()),
    (
        "token: reset",
        Fault::Transport(Transport::Reset),
        false,
        on_the_way!(),
    ),
    (
        "token: silence",
        Fault::Transport(Transport::Silence),
        false,
        on_the_way!(),
    ),
    (
        "token: trickle",
        Fault::Transport(Transport::Trickle),
        false,
        on_the_way!(),
    ),
    (
        "token: truncated",
        Fault::Transport(Transport::Truncated),
        false,
        on_the_way!(),
    ),
    (
        "token: endless",
        Fault::Transport(Transport::Endless),
        false,
        on_the_way!("login/provider-misbehaved/token/too-large"),
    ),
    (
        "token: compressed",
        Fault::Transport(Transport::Coded),
        false,
        on_the_way!(),
    ),
    (
        "token: wrong length",
        Fault::Transport(Transport::Surplus),
        false,
        on_the_way!(),
    ),
    (
        "token: HTML",
        Fault::Html,
        true,
        &["login/provider-misbehaved/token/content-type"],
    ),
    (
        "token: cut JSON",
        Fault::Garbage,
        true,
        &["login/provider-misbehaved/token/not-json"],
    ),
    (
        "nonce of another",
        Fault::WrongNonce,
        true,
        &["login/token-rejected/nonce-mismatch"],
    ),
    (
        "audience of another",
        Fault::WrongAudience,
        true,
        &["login/token-rejected/audience-mismatch"],
    ),
    (
        "issuer of another",
        Fault::WrongIssuer,
        true,
        &["login/token-rejected/issuer-mismatch"],
    ),
    (
        "expired",
        Fault::Expired,
        true,
        &["login/token-rejected/expired"],
    ),
    (
        "foreign signature",
        Fault::ForeignKey,
        true,
        &["login/token-rejected/signature-mismatch"],
    ),
    (
        "unknown key",
        Fault::UnknownKey,
        true,
        &["login/token-rejected/key-not-found"],
    ),
    (
        "other domain",
        Fault::OtherDomain,
        true,
        &["login/email-domain-not-approved"],
    ),
];

const MISUSES: [(&str, Misuse); 4] = [
    ("other browser", Misuse::OtherBrowser),
    ("replayed callback", Misuse::Replay),
    ("cut state", Misuse::CutState),
    ("twenty callbacks at once", Misuse::Crowd),
];

const HANGS: &str = "a provider hangs";

/// The names of all that a plan may hold.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    let provider = PROVIDER.iter().map(|(kind, ..)| *kind);
    let misuses = MISUSES.iter().map(|(kind, _)| *kind);
    provider.chain(misuses).chain([HANGS])
}

impl Plan {
    /// Three of five are sound.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        match dice.below(100) {
            0..60 => Self::sound(dice),
            60..90 => {
                let (kind, fault, answered, refusals) = dice.one(&PROVIDER);
                Self {
                    kind: Some(kind),
                    // What the host takes for no answer would be a neighbour's trouble, too, if it shared the connection.
                    tenant: dice.one(if answered { &WELL } else { &ILL[..] }),
                    fault: Some(fault),
                    misuse: None,
                    gets_in: false,
                    refusals,
                }
            }
            90..98 => {
                let (kind, misuse) = dice.one(&MISUSES);
                Self {
                    kind: Some(kind),
                    misuse: Some(misuse),
                    ..Self::sound(dice)
                }
            }
            _ => Self {
                kind: Some(HANGS),
                tenant: HANGING,
                gets_in: false,
                refusals: &["login/provider-unavailable/metadata", "limit: busy"],
                ..Self::sound(dice)
            },
        }
    }

    /// Nothing wrong.
    pub(super) fn sound(dice: &mut Dice) -> Self {
        Self {
            kind: None,
            tenant: dice.one(&WELL),
            fault: None,
            misuse: None,
            gets_in: true,
            refusals: &[],
        }
    }
}
