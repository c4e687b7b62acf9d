//! Connections from browsers: how many there may be, and how long one may take to say what it wants.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower_service::Service as _;

/// Connections at the same time; whoever comes when all are taken waits until one is free.
const MOST: u32 = 4_096;
/// From one request's end, or the connection's beginning, to the end of the next request's head.
const HEAD: Duration = Duration::from_secs(5);
/// Before trying again when this machine gives no connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers with `router` until `stop`, and then what was asked before.
///
/// # Errors
///
/// None: a failure to accept is logged, and tried again.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(MOST as usize));
    let (stopping, _) = watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                let told = stopping.subscribe();
                let router = router.clone();
                tokio::spawn(async move {
                    converse(stream, peer, router, told).await;
                    drop(place);
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
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(stream), service)
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
