//! How much a call may use.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::error::Limit;

/// Core instances, tables and memories of one call.
const INSTANCES: usize = 10;
pub(crate) const TABLES: usize = 4;
pub(crate) const MEMORIES: usize = 2;

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
    /// Calls at the same time; the sandbox's address space is reserved for so many. A quarter is kept for calls that
    /// wait for no provider. 64.
    pub concurrent: u32,
    /// Calls at the same time for one connection; fewer where many connections are busy, because none holds more than
    /// is left. With 64 places, 21 connections whose providers hang leave one to another. 16.
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

/// Counts what one call's instance takes, and ends the call at the bound.
///
/// Unlike wasmtime's `StoreLimits` it bounds all memories together, and its refusal has a type.
pub(crate) struct Meter {
    memory_left: usize,
    table_elements: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_left: limits.memory,
            table_elements: limits.table_elements,
        }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false); // the component's own bound: it is told so
        }
        let more = desired.saturating_sub(current);
        self.memory_left = self.memory_left.checked_sub(more).ok_or(Limit::Memory)?;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // First, because the pool passes the same bound as if it were the component's own.
        if desired > self.table_elements {
            return Err(Limit::Table.into());
        }
        Ok(maximum.is_none_or(|maximum| desired <= maximum))
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_share_one_bound() {
        let mut meter = Meter::new(&Limits {
            memory: 100,
            ..Limits::default()
        });
        assert!(meter.memory_growing(0, 60, None).unwrap());
        assert!(meter.memory_growing(0, 40, None).unwrap());
        let refusal = meter.memory_growing(40, 41, None).unwrap_err();
        assert_eq!(refusal.downcast_ref::<Limit>(), Some(&Limit::Memory));
    }

    #[test]
    fn the_components_own_maximum_is_no_fault() {
        let mut meter = Meter::new(&Limits {
            memory: 100,
            ..Limits::default()
        });
        assert!(!meter.memory_growing(0, 60, Some(50)).unwrap());
        assert!(meter.memory_growing(0, 100, Some(100)).unwrap());
    }

    #[test]
    fn tables_end_at_their_bound() {
        let mut meter = Meter::new(&Limits {
            table_elements: 10,
            ..Limits::default()
        });
        assert!(meter.table_growing(0, 10, None).unwrap());
        let refusal = meter.table_growing(10, 11, None).unwrap_err();
        assert_eq!(refusal.downcast_ref::<Limit>(), Some(&Limit::Table));
    }
}
