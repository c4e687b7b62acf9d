//! `okta-sso-demo`: the product, with a development Okta beside it.

use std::alloc::System;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use okta_sso_demo::serve::{ComponentFile, LogFormat, Options, Product};
use okta_sso_demo::{recover, reseal};
use okta_sso_host::SystemClock;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is given back. Passwords, codes and client secrets pass through the buffers of libraries, which do not.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answers until it is told to stop (SIGTERM or Ctrl-C); SIGHUP loads the component's file again.
    Serve(Box<Options>),
    /// Gives one administrator of a locked-out company a way in: a code, good for one use within one hour.
    Recover(recover::Options),
    /// Seals everything by another key; the product may be running.
    Reseal(reseal::Options),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    leave_no_core_file()?;
    match Cli::parse().command {
        Command::Serve(options) => serve(*options).await,
        Command::Recover(options) => {
            let code = recover::grant(&options, &SystemClock).await?;
            println!("{code}");
            eprintln!("To be entered at /recover of Ledgerline, once, within one hour.");
            Ok(())
        }
        Command::Reseal(options) => {
            println!("{}", reseal::run(&options).await?);
            Ok(())
        }
    }
}

/// Secrets are in this process's memory, whatever is wiped.
fn leave_no_core_file() -> anyhow::Result<()> {
    rlimit::setrlimit(rlimit::Resource::CORE, 0, 0).context("core files cannot be switched off")
}

async fn serve(options: Options) -> anyhow::Result<()> {
    log_to_stderr(options.log);
    // From here on it ends nobody's process.
    let hangups = signal(SignalKind::hangup()).context("SIGHUP cannot be awaited")?;
    let product = Product::start(options, Arc::new(SystemClock)).await?;
    tokio::spawn(reload_at(hangups, product.component_file()));
    print!("{}", product.welcome());
    product
        .run(asked_to_stop())
        .await
        .context("the listener failed")
}

/// What is logged follows `RUST_LOG`; without it, `info` and above.
fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

/// Each signal loads the component's file again.
async fn reload_at(mut hangups: Signal, component_file: ComponentFile) {
    while hangups.recv().await.is_some() {
        component_file.reload().await;
    }
}

/// The first signal begins the end; waiting for more of them is left to the system.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be awaited");
            let _ = interrupt.await; // either way the process ends
        }
    }
}
