//! Ending sessions, from either side.
