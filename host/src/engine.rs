//! The sandbox's settings, and the clock that interrupts it.

use std::thread;
use std::time::Duration;

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy,
    WasmBacktraceDetails,
};

use crate::error::SetupError;
use crate::limits::{Limits, MEMORIES, TABLES};

/// One step of the processor-time budget.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// An engine for `limits`, with its ticker running until the engine is dropped.
///
/// Reserves address space for `limits.concurrent` instances; where that is refused (`ulimit -v`),
/// memory is taken on demand under the same limits, only slower, and a warning is logged.
pub(crate) fn engine(limits: &Limits) -> Result<Engine, SetupError> {
    let engine = match Engine::new(config().allocation_strategy(pool(limits))) {
        Ok(engine) => engine,
        Err(error) => {
            tracing::warn!(%error, "no address space for a pool of instances; going on without");
            Engine::new(&on_demand(limits)).map_err(|_| SetupError::Engine)?
        }
    };
    // A thread of its own: a task would stand still whenever the runtime is blocked.
    let weak = engine.weak();
    thread::Builder::new()
        .name("okta-sso-epoch".to_owned())
        .spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })
        .map_err(|_| SetupError::Engine)?;
    Ok(engine)
}

/// Everything that a plugin has no need of is off: each is code that need not be right.
fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .epoch_interruption(true)
        .consume_fuel(false)
        .max_wasm_stack(256 << 10)
        .async_stack_size(1 << 20)
        .async_stack_zeroing(true)
        // Backtraces would name the component's functions in errors, and cost time at each trap.
        .wasm_backtrace_max_frames(None)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .generate_address_map(false)
        .native_unwind_info(false)
        .debug_info(false)
        .wasm_threads(false)
        .shared_memory(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_custom_page_sizes(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .gc_support(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false)
        .wasm_simd(false)
        .wasm_wide_arithmetic(false)
        .wasm_stack_switching(false)
        .wasm_extended_const(false)
        .wasm_component_model(true)
        // Also switches component-model-async off; async host functions need neither.
        .concurrency_support(false)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .memory_init_cow(true);
    // Reservation and guards of linear memory keep their defaults in the pool: they are what isolates slots.
    config
}

/// For little address space: as much of it for a memory as the memory may grow to, instead of 4 GiB. Every access is
/// then checked by an instruction rather than by a guard, which is what makes it slower.
fn on_demand(limits: &Limits) -> Config {
    let mut config = config();
    config
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .memory_reservation(limits.memory as u64)
        .memory_reservation_for_growth(0)
        .memory_guard_size(64 << 10);
    config
}

fn pool(limits: &Limits) -> InstanceAllocationStrategy {
    let calls = limits.concurrent;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls.saturating_mul(4))
        .total_memories(calls)
        .total_tables(calls.saturating_mul(2))
        .total_stacks(calls)
        .max_core_instances_per_component(8)
        .max_memories_per_component(MEMORIES as u32)
        .max_tables_per_component(TABLES as u32)
        .max_component_instance_size(1 << 20)
        .max_core_instance_size(256 << 10)
        .max_memory_size(limits.memory)
        .table_elements(limits.table_elements)
        // Pages in use are found, reset and kept, instead of given back and faulted in again:
        // half the time of a call. Needs Linux 6.7; elsewhere they are given back.
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto)
        .max_unused_warm_slots(8);
    InstanceAllocationStrategy::Pooling(pool)
}
