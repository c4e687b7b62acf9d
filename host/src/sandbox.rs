//! One call: a place, a fresh store, and the end of both.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::error::Elapsed;
use tokio::time::timeout;
use wasmtime::component::{ComponentNamedList, Lift, Lower};
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, UpdateDeadline};

use crate::bindings::SsoProvider;
use crate::engine::{self, TICK};
use crate::error::{CallError, Limit, SetupError, Trap};
use crate::limits::Limits;
use crate::loaded::Loaded;
use crate::permit::{Occupancy, Place, Places};
use crate::state::CallState;

pub(crate) type Call<T, E = Infallible> = Result<T, CallError<E>>;

/// What every component of a plugin runs in, one after another.
pub(crate) struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) limits: Limits,
    places: Places,
}

impl Sandbox {
    pub(crate) fn new(limits: Limits) -> Result<Self, SetupError> {
        Ok(Self {
            engine: engine::engine(&limits)?,
            places: Places::new(&limits),
            limits,
        })
    }

    /// How many places are taken at this moment.
    pub(crate) fn occupancy(&self) -> Occupancy {
        self.places.occupancy()
    }

    /// A place and a fresh store for `loaded`; no instance yet. `state` is made once the place is there.
    pub(crate) async fn start<E>(
        &self,
        loaded: Arc<Loaded>,
        connection_id: Option<&str>,
        state: impl FnOnce() -> CallState,
    ) -> Call<Running, E> {
        let started = Instant::now();
        let place = self.places.take(connection_id).await;
        let place = place.map_err(CallError::Limit)?;
        Ok(Running {
            store: self.store(state()).map_err(|error| fault(&error))?,
            loaded,
            started,
            wall: self.limits.wall,
            _place: place,
        })
    }

    /// A store with every bound set.
    fn store(&self, state: CallState) -> wasmtime::Result<Store<CallState>> {
        let limits = &self.limits;
        let mut store = Store::try_new(&self.engine, state)?;
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(limits.host_call_bytes);
        store.set_max_component_handles(limits.handles);
        // The deadline counts only while the component runs: a tick that passes in a host call is
        // seen once, afterwards. One more, because the first tick comes at any moment.
        let mut left = limits.cpu.as_millis().div_ceil(TICK.as_millis()) + 1;
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            left = left.saturating_sub(1);
            Ok(if left == 0 {
                UpdateDeadline::Interrupt
            } else {
                UpdateDeadline::Yield(1)
            })
        });
        Ok(store)
    }
}

/// One call's store, and the component that it runs. Dropped after the call, whatever its end: the store first,
/// then the place.
pub(crate) struct Running {
    pub(crate) store: Store<CallState>,
    pub(crate) loaded: Arc<Loaded>,
    started: Instant,
    wall: Duration,
    _place: Place,
}

impl Running {
    /// What is left of the call's time.
    pub(crate) fn left(&self) -> Duration {
        self.wall.saturating_sub(self.started.elapsed())
    }

    /// Calls one exported function of a fresh instance, `interface.function` as Rust spells it.
    ///
    /// Its own types are held against the contract's, and no other function's: for all of them that takes longer than
    /// most calls do.
    pub(crate) async fn call<P, R, E>(&mut self, name: &str, arguments: P) -> Call<R, E>
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: Send + Sync + 'static,
        (R,): ComponentNamedList + Lift,
    {
        let Some(index) = self.loaded.exports.get(name) else {
            return Err(CallError::Setup(SetupError::NoSuchFunction(
                name.to_owned(),
            )));
        };
        let (pre, within) = (&self.loaded.pre, self.left());
        let call = async {
            let instance = pre.instantiate_async(&mut self.store).await?;
            let function = instance.get_typed_func::<P, (R,)>(&mut self.store, index)?;
            function.call_async(&mut self.store, arguments).await
        };
        let (result,) = finish(timeout(within, call).await)?;
        Ok(result)
    }

    /// Whether every exported function has the contract's types.
    pub(crate) async fn check_types(&mut self) -> Call<bool> {
        let (pre, within) = (&self.loaded.pre, self.left());
        let instance = pre.instantiate_async(&mut self.store);
        let instance = finish(timeout(within, instance).await)?;
        Ok(SsoProvider::new(&mut self.store, &instance).is_ok())
    }
}

/// Collapses the layers of failure of one call: out of time, and fault.
pub(crate) fn finish<T, E>(outcome: Result<wasmtime::Result<T>, Elapsed>) -> Call<T, E> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(fault(&error)),
        Err(_) => Err(CallError::Limit(Limit::Wall)),
    }
}

/// Tells a bound from a breakage.
pub(crate) fn fault<E>(error: &wasmtime::Error) -> CallError<E> {
    use wasmtime::Trap as Code;

    if let Some(limit) = error.downcast_ref::<Limit>() {
        return CallError::Limit(*limit);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return CallError::Trap(*trap);
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return CallError::Limit(Limit::Busy);
    }
    match error.downcast_ref::<Code>() {
        Some(Code::Interrupt) => CallError::Limit(Limit::Cpu),
        Some(Code::StackOverflow) => CallError::Limit(Limit::Stack),
        Some(Code::AllocationTooLarge) => CallError::Limit(Limit::Memory),
        Some(
            Code::InvalidChar
            | Code::StringOutOfBounds
            | Code::ListOutOfBounds
            | Code::InvalidDiscriminant
            | Code::UnalignedPointer,
        ) => CallError::Trap(Trap::MalformedValue),
        Some(code) => CallError::Trap(Trap::Code(*code)),
        // wasmtime 48 gives these two no public type. Only the name of the fault hangs on the words,
        // and a test notices when they change.
        None => match error.root_cause().to_string() {
            words if words.contains("fuel allocated for hostcalls") => {
                CallError::Limit(Limit::HostCallBytes)
            }
            words if words.contains("store handle limit") => CallError::Limit(Limit::Handles),
            _ => CallError::Trap(Trap::MalformedValue),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::Capabilities;
    use crate::credential::{CredentialError, Credentials, Secret};
    use crate::store::MemoryStorage;

    struct Nobody;

    #[async_trait::async_trait]
    impl Credentials for Nobody {
        async fn client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
            Ok(None)
        }
    }

    /// The contract has no resources, so no component of it can hold a handle; the bound is held all the same.
    #[tokio::test]
    async fn f_54_handles_end_at_their_bound() {
        let sandbox = Sandbox::new(Limits::default()).unwrap();
        let text = r#"(component
            (type $thing (resource (rep i32)))
            (core func $new (canon resource.new $thing))
            (core module $greedy
                (import "" "new" (func $new (param i32) (result i32)))
                (func $grab (loop (drop (call $new (i32.const 1))) (br 0)))
                (start $grab))
            (core instance (instantiate $greedy (with "" (instance (export "new" (func $new)))))))"#;
        let bytes = wat::parse_str(text).unwrap();
        let greedy = wasmtime::component::Component::from_binary(&sandbox.engine, &bytes).unwrap();
        let capabilities = Capabilities::new(Arc::new(MemoryStorage::default()), Arc::new(Nobody));
        let state = CallState::new(Arc::new(capabilities), None, &sandbox.limits);
        let mut store = sandbox.store(state).unwrap();
        let linker = wasmtime::component::Linker::<CallState>::new(&sandbox.engine);
        let refusal = linker
            .instantiate_async(&mut store, &greedy)
            .await
            .err()
            .unwrap();
        let refusal: CallError<Infallible> = fault(&refusal);
        assert_eq!(refusal, CallError::Limit(Limit::Handles), "F-54");
    }
}
