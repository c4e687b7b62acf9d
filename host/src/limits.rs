//! How much a call may use.

use std::time::Duration;

/// Bounds of one call and of all calls together.
///
/// `..Limits::default()` fills in what a platform does not set itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of one call, in bytes; all memories together. 32 MiB.
    pub memory: usize,
    /// Elements of each table. 10,000.
    pub table_elements: usize,
    /// Time on the processor, in steps of 10 ms; waiting for the provider does not count. 200 ms.
    pub cpu: Duration,
    /// Time from start to end, waiting included. 15 s.
    pub wall: Duration,
    /// Waiting for a free place before [`crate::Limit::Busy`]. 1 s.
    pub queue: Duration,
    /// Calls at the same time; the sandbox's address space is reserved for so many. 64.
    pub concurrent: u32,
    /// Calls at the same time for one connection, so that one hanging provider leaves places to the
    /// others. 16.
    pub concurrent_per_connection: u32,
    /// HTTP exchanges of one call. 8.
    pub exchanges: u32,
    /// Log events kept of one call; later ones are dropped. 50.
    pub log_events: u32,
    /// Bytes that the component may hand to the host in one capability call. 1 MiB.
    pub host_call_bytes: usize,
    /// Resource handles of one call. 1,000; the contract has none.
    pub handles: usize,
    /// Size of a component file, in bytes. 8 MiB.
    pub component: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 32 << 20,
            table_elements: 10_000,
            cpu: Duration::from_millis(200),
            wall: Duration::from_secs(15),
            queue: Duration::from_secs(1),
            concurrent: 64,
            concurrent_per_connection: 16,
            exchanges: 8,
            log_events: 50,
            host_call_bytes: 1 << 20,
            handles: 1_000,
            component: 8 << 20,
        }
    }
}
