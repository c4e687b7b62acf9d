//! The organisation's state: directory, sessions, codes and tokens.

use super::{Config, Requests, SetupError, Switches, keys::KeyRing};

/// Everything that the endpoints share.
pub(super) struct Org {
    pub(super) config: Config,
    pub(super) keys: KeyRing,
    pub(super) switches: Switches,
    pub(super) requests: Requests,
}

impl Org {
    pub(super) fn new(config: Config) -> Result<Self, SetupError> {
        Ok(Self {
            config,
            keys: KeyRing::generate()?,
            switches: Switches::default(),
            requests: Requests::default(),
        })
    }

    pub(super) fn assign(&self, _login: &str, _assigned: bool) -> bool {
        false
    }
}

/// `N` unpredictable bytes.
#[expect(clippy::expect_used, reason = "without entropy nothing here may go on")]
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
