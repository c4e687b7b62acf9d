//! Stable codes, as `wit/messages.wit` spells them.

use std::convert::Infallible;

use crate::contract::{LoginError, LogoutError, Problem, TokenRejection};

/// Has a code that `messages.explain` knows.
pub trait Coded {
    /// The code, such as `login/token-rejected/expired`.
    fn code(&self) -> String;
}

impl Coded for Infallible {
    fn code(&self) -> String {
        match *self {}
    }
}

macro_rules! coded {
    ($($type:ty),+) => {
        $(impl Coded for $type {
            fn code(&self) -> String {
                Self::code(self)
            }
        })+
    };
}
coded!(LoginError, LogoutError, Problem, TokenRejection);

impl Coded for Vec<Problem> {
    /// All codes, with commas between.
    fn code(&self) -> String {
        self.iter().map(Problem::code).collect::<Vec<_>>().join(",")
    }
}

impl LoginError {
    /// The code, such as `login/provider-misbehaved/keys/not-json`.
    #[must_use]
    pub fn code(&self) -> String {
        "login/".to_owned()
    }
}

impl LogoutError {
    /// The code, such as `logout/token-rejected/expired`.
    #[must_use]
    pub fn code(&self) -> String {
        "logout/".to_owned()
    }
}

impl Problem {
    /// The code, such as `config/not-https`.
    #[must_use]
    pub fn code(&self) -> String {
        "config/".to_owned()
    }
}

impl TokenRejection {
    /// The code, such as `login/token-rejected/expired`.
    #[must_use]
    pub fn code(&self) -> String {
        "login/token-rejected/".to_owned()
    }
}
