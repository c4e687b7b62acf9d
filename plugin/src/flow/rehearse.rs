//! `login.rehearse`: the same exchange, told check by check.
