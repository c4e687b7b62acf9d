//! Stands between a client and a server on TCP: lets through, refuses, or holds back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// They reach the server.
    Through,
    /// They are closed, new ones at once.
    Refuse,
    /// They stay open and nothing moves in them: a server that hangs, or a half-open connection.
    Hold,
}

/// When a connection is cut that sends certain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server never reads them.
    Before,
    /// The server reads them, and its answer is lost.
    After,
}

/// One proxy; it ends with the runtime.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    /// One clone for each connection.
    open: Arc<()>,
}

struct Shared {
    mode: AtomicU8,
    changed: Notify,
    server: Mutex<String>,
    cut: Mutex<Option<(&'static str, Cut)>>,
}

impl Shared {
    /// Whether the connection that a client says this on is the one to be cut: once.
    fn cut(&self, said: &[u8]) -> Option<Cut> {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let (words, _) = (*cut)?;
        let mut windows = said.windows(words.len());
        windows
            .any(|window| window == words.as_bytes())
            .then_some(())?;
        cut.take().map(|(_, cut)| cut)
    }

    fn mode(&self) -> Mode {
        match self.mode.load(Relaxed) {
            0 => Mode::Through,
            1 => Mode::Refuse,
            _ => Mode::Hold,
        }
    }

    async fn refuses(&self) {
        loop {
            let change = self.changed.notified();
            if self.mode() == Mode::Refuse {
                return;
            }
            change.await;
        }
    }

    fn server(&self) -> String {
        self.server
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Proxy {
    /// In front of the server at `address`, a URL or `host:port`.
    ///
    /// # Errors
    /// When there is no port to listen on.
    pub async fn to(address: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let this = Self {
            port: listener.local_addr()?.port(),
            shared: Arc::new(Shared {
                mode: AtomicU8::new(Mode::Through as u8),
                changed: Notify::new(),
                server: Mutex::new(authority(address)),
                cut: Mutex::default(),
            }),
            open: Arc::default(),
        };
        let (shared, open) = (Arc::clone(&this.shared), Arc::clone(&this.open));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if shared.mode() == Mode::Refuse {
                    continue; // closed at once
                }
                let (shared, open) = (Arc::clone(&shared), Arc::clone(&open));
                tokio::spawn(async move {
                    carry(client, &shared).await;
                    drop(open);
                });
            }
        });
        Ok(this)
    }

    /// The port that it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The address with the proxy in the server's place.
    ///
    /// # Errors
    /// When it is no URL with a port and a path.
    pub fn instead(&self, address: &str) -> Result<String> {
        let (head, rest) = address.rsplit_once(':').context("no port")?;
        let (_, path) = rest.split_once('/').context("no path")?;
        Ok(format!("{head}:{}/{path}", self.port))
    }

    /// From now on; when it refuses, what was open is closed first.
    pub async fn set(&self, mode: Mode) {
        self.shared.mode.store(mode as u8, Relaxed);
        self.shared.changed.notify_waiters();
        while mode == Mode::Refuse && Arc::strong_count(&self.open) > 2 {
            self.shared.changed.notify_waiters();
            tokio::task::yield_now().await;
        }
    }

    /// The next connection on which a client says these words is cut.
    pub fn cut_at(&self, words: &'static str, cut: Cut) {
        let mut next = self
            .shared
            .cut
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *next = Some((words, cut));
    }

    /// New connections reach another server.
    pub fn lead_to(&self, address: &str) {
        *self
            .shared
            .server
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = authority(address);
    }
}

async fn carry(client: TcpStream, shared: &Shared) {
    let Ok(server) = TcpStream::connect(shared.server()).await else {
        return;
    };
    let (mut client, mut server) = (client.into_split(), server.into_split());
    tokio::select! {
        () = pump(&mut client.0, &mut server.1, shared, |said| shared.cut(said)) => {}
        () = pump(&mut server.0, &mut client.1, shared, |_| None) => {}
    }
}

/// Moves bytes one way until one side closes, or the mode or what is said does. Held back, none is lost.
async fn pump(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    shared: &Shared,
    cut: impl Fn(&[u8]) -> Option<Cut>,
) {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let length = tokio::select! {
            read = from.read(&mut buffer) => match read {
                Ok(length) if length > 0 => length,
                _ => return,
            },
            () = shared.refuses() => return,
        };
        loop {
            let change = shared.changed.notified();
            match shared.mode() {
                Mode::Refuse => return,
                Mode::Hold => change.await,
                Mode::Through => break,
            }
        }
        let said = &buffer[..length];
        let cut = cut(said);
        if cut == Some(Cut::Before) || to.write_all(said).await.is_err() || cut.is_some() {
            return;
        }
    }
}

/// `host:port` of an address.
fn authority(address: &str) -> String {
    let rest = address.split_once("//").map_or(address, |(_, rest)| rest);
    let rest = rest.split('/').next().unwrap_or(rest);
    rest.rsplit_once('@')
        .map_or(rest, |(_, rest)| rest)
        .to_owned()
}
