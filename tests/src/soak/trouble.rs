//! What happens to machines meanwhile.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Result;
use tokio::task::block_in_place;
use tokio::time::sleep;

use super::dice::Dice;
use super::measure::Memory;
use super::{Options, Run};
use crate::stage::platform;
use crate::stage::proxy::{Mode, Proxy};
use crate::stage::replica::{Orders, Replica};
use crate::stage::servers::Server;

/// Longer than an operation of the storage may take.
const HELD: Duration = Duration::from_millis(2_500);
const DELAYED: Duration = Duration::from_millis(300);
/// Within the tolerance of the connections: such a clock may cost nobody anything.
const MOVED: usize = 100;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cut,
    Held,
    Delayed,
    Server,
    Replica,
    Clock,
    Component,
}

const KINDS: [(&str, Kind); 7] = [
    ("storage: cut", Kind::Cut),
    ("storage: held", Kind::Held),
    ("storage: delayed", Kind::Delayed),
    ("storage: killed", Kind::Server),
    ("replica killed", Kind::Replica),
    ("clock moved", Kind::Clock),
    ("component replaced", Kind::Component),
];

/// The names of all.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, _)| *name)
}

/// Replicas over one storage.
pub(super) struct Cell {
    pub(super) name: &'static str,
    server: Server,
    proxy: Proxy,
    /// The first is never killed: its memory is measured.
    replicas: Mutex<Vec<Replica>>,
    addresses: RwLock<Vec<SocketAddr>>,
    /// How often the storage forgot everything.
    losses: AtomicU32,
    /// Callbacks that the first one answered.
    ended: AtomicU32,
    memory: Mutex<Memory>,
}

/// One of a cell's replicas, as a balancer picks it.
pub(super) struct Picked<'a> {
    pub(super) address: SocketAddr,
    cell: &'a Cell,
    is_first: bool,
}

impl Picked<'_> {
    /// It answered a callback: that ends a login, one way or the other.
    pub(super) fn count(&self) {
        if self.is_first {
            self.cell.ended.fetch_add(1, Relaxed);
        }
    }
}

impl Cell {
    pub(super) async fn new(
        name: &'static str,
        server: Server,
        address: &str,
        options: &Options,
        orders: &Orders,
    ) -> Result<Self> {
        let proxy = Proxy::to(address).await?;
        let orders = Orders {
            storage: proxy.instead(address)?,
            ..orders.clone()
        };
        let start = |_| block_in_place(|| Replica::start(&options.program, &orders));
        let replicas = (0..options.replicas.max(2))
            .map(start)
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            name,
            server,
            proxy,
            addresses: RwLock::new(replicas.iter().map(Replica::address).collect()),
            replicas: Mutex::new(replicas),
            losses: AtomicU32::new(0),
            ended: AtomicU32::new(0),
            memory: Mutex::new(Memory {
                name: format!("a replica over {name}"),
                samples: Vec::new(),
            }),
        })
    }

    pub(super) fn losses(&self) -> u32 {
        self.losses.load(Relaxed)
    }

    pub(super) fn replica(&self, dice: &mut Dice) -> Picked<'_> {
        let addresses = self
            .addresses
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let index = dice.below(addresses.len());
        Picked {
            address: addresses[index],
            cell: self,
            is_first: index == 0,
        }
    }

    /// Looks at the first one's memory.
    pub(super) fn sample(&self) -> Result<()> {
        let replicas = self.replicas.lock().unwrap_or_else(PoisonError::into_inner);
        let (kib, files) = (replicas[0].resident()?, replicas[0].open_files()?);
        let sample = (f64::from(self.ended.load(Relaxed)), kib as f64, files);
        self.memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .samples
            .push(sample);
        Ok(())
    }

    pub(super) fn memory(&self) -> Memory {
        self.memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Kills one of those that may be, and starts it again.
    fn kill_one(&self, dice: &mut Dice) -> Result<()> {
        let mut replicas = self.replicas.lock().unwrap_or_else(PoisonError::into_inner);
        let index = 1 + dice.below(replicas.len() - 1);
        let replica = &mut replicas[index];
        replica.kill()?;
        replica.restart()?;
        let mut addresses = self
            .addresses
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        addresses[index] = replica.address();
        Ok(())
    }

    /// One kind of trouble, from its beginning to its end.
    async fn suffer(&self, kind: Kind, run: &Run, dice: &mut Dice) -> Result<()> {
        let browser = &run.browser;
        match kind {
            Kind::Cut => self.interrupt(Mode::Refuse, DELAYED).await,
            Kind::Held => self.interrupt(Mode::Hold, HELD).await,
            Kind::Delayed => self.interrupt(Mode::Hold, DELAYED).await,
            Kind::Server => {
                // Redis remembers nothing here; PostgreSQL what it has committed.
                if self.name == "redis" {
                    self.losses.fetch_add(1, Relaxed);
                }
                block_in_place(|| self.server.kill())?;
                self.server.start().await?;
                if self.name == "redis" {
                    self.losses.fetch_add(1, Relaxed);
                }
            }
            Kind::Replica => block_in_place(|| self.kill_one(dice))?,
            Kind::Clock => {
                let address = self.replica(dice).address;
                let seconds = dice.below(2 * MOVED) as i64 - MOVED as i64;
                browser.post(address, "/clock", seconds.to_string()).await?;
                sleep(DELAYED).await;
                browser.post(address, "/clock", "0".to_owned()).await?;
            }
            Kind::Component => {
                let address = self.replica(dice).address;
                let file = platform::component().display().to_string();
                browser.post(address, "/replace", file).await?;
            }
        }
        Ok(())
    }

    async fn interrupt(&self, mode: Mode, time: Duration) {
        self.proxy.set(mode).await;
        sleep(time).await;
        self.proxy.set(Mode::Through).await;
    }
}

/// Makes trouble, every kind in every cell before any comes again.
pub(super) struct Trouble(Dice);

impl Trouble {
    pub(super) const fn new(dice: Dice) -> Self {
        Self(dice)
    }

    /// Until the run is over.
    pub(super) async fn stir(mut self, run: &Run) -> Result<()> {
        let mut waiting = Vec::new();
        while !run.tally.is_over() {
            if waiting.is_empty() {
                waiting = run
                    .cells
                    .iter()
                    .flat_map(|cell| KINDS.map(|(name, kind)| (cell, name, kind)))
                    .collect();
            }
            let (cell, name, kind) = waiting.swap_remove(self.0.below(waiting.len()));
            cell.suffer(kind, run, &mut self.0).await?;
            run.tally.inject(name);
            // A while in which everything is well.
            sleep(Duration::from_millis(200 + self.0.below(400) as u64)).await;
        }
        Ok(())
    }
}
