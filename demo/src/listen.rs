//! Connections from browsers: how many there may be, how long one may take to say what it wants, and how long to hear the
//! answer.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutWriter;
use tower_service::Service as _;

use crate::web::ClientAddress;

/// Connections at the same time; whoever comes when all are taken waits until one is free.
const MOST: u32 = 4_096;
/// Of them, those from one address; one more is closed. Behind one address may be an office, and a browser opens six at most.
const MOST_OF_ADDRESS: u32 = 256;
/// From one request's end, or the connection's beginning, to the end of the next request's head.
const HEAD: Duration = Duration::from_secs(5);
/// For how long an answer may find no room on the wire: whoever reads none of it holds no place.
const WRITE: Duration = Duration::from_secs(10);
/// Before trying again when this machine gives no connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers with `router` until `stop`, and then what was asked before. Behind `proxies` are many addresses each.
///
/// # Errors
///
/// None: a failure to accept is logged, and tried again.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    proxies: &[IpNet],
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(MOST as usize));
    let guests = Arc::new(Guests::default());
    let (stopping, _) = watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let Some(seat) = guests.seat(peer, proxies) else {
                    tracing::debug!("an address has as many connections as it may have");
                    continue;
                };
                let told = stopping.subscribe();
                let router = router.clone();
                tokio::spawn(async move {
                    converse(stream, peer, router, told).await;
                    drop((seat, place));
                });
            }
            Err(error) => {
                // Most often no file is left: those that hold them are silent, and end soon.
                tracing::error!(%error, "no connection could be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    let _ = stopping.send(true); // nobody listens when there is no connection
    let _ = places.acquire_many(MOST).await; // the semaphore is never closed
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await;
    let place = place.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

/// How many connections each address has.
#[derive(Default)]
struct Guests(Mutex<HashMap<String, u32>>);

impl Guests {
    /// One more, unless the address has as many as it may have.
    fn seat(self: &Arc<Self>, peer: SocketAddr, proxies: &[IpNet]) -> Option<Seat> {
        let address = ClientAddress::of(peer.ip());
        let guest = (!address.is_in(proxies)).then(|| address.key());
        if let Some(guest) = &guest {
            let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(guest.clone()).or_default();
            if *count == MOST_OF_ADDRESS {
                return None;
            }
            *count += 1;
        }
        let guests = Arc::clone(self);
        Some(Seat { guests, guest })
    }
}

/// One connection of an address, as long as it lasts; a proxy's is not counted.
struct Seat {
    guests: Arc<Guests>,
    guest: Option<String>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(guest) = self.guest.take() else {
            return;
        };
        let mut counts = self.guests.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = counts.entry(guest) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// One connection, until it ends, or is told to end after the request that it is at.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut told: watch::Receiver<bool>,
) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request)
    });
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(WRITE));
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(Box::pin(stream)), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = async { told.wait_for(|stopping| *stopping).await.is_ok() } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke"); // browsers go away when they like
    }
}
