//! A Rust toolchain that can compile for `wasm32-unknown-unknown`, found or set up.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result, bail};

const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's packages: a compiler, its cargo, and the standard library's source to build for the
/// target, since Debian ships it built for WASI only.
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";

/// One way to compile the plugin.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// The machine's own toolchain has the target's standard library.
    Installed,
    /// Debian's compiler builds the standard library too, with this linker.
    Debian { linker: PathBuf },
}

impl Toolchain {
    /// The first way that works, installing what is missing where that can be done.
    pub(crate) fn find() -> Result<Self> {
        if target_is_installed() || (rustup_adds_target() && target_is_installed()) {
            return Ok(Self::Installed);
        }
        if !debian_is_installed() {
            install_debian_packages();
        }
        if debian_is_installed()
            && let Some(linker) = wasm_linker()
        {
            return Ok(Self::Debian { linker });
        }
        bail!(
            "no Rust compiler here can build for {TARGET}: run `rustup target add {TARGET}`, or on \
             Debian `apt-get install {}`",
            DEBIAN_PACKAGES.join(" ")
        )
    }

    /// `rustc --version`.
    pub(crate) fn compiler(&self) -> Result<String> {
        let rustc = match self {
            Self::Installed => "rustc",
            Self::Debian { .. } => DEBIAN_RUSTC,
        };
        output(Command::new(rustc).arg("--version")).with_context(|| format!("{rustc} is silent"))
    }

    /// Compiles a crate of the workspace to a core module and returns its bytes.
    pub(crate) fn build(&self, workspace: &Path, package: &str) -> Result<Vec<u8>> {
        // A folder of its own: the machine's own cargo and Debian's must not overwrite each other.
        let target = workspace.join("target/wasm");
        let mut cargo = match self {
            Self::Installed => Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
            Self::Debian { linker } => {
                let mut cargo = Command::new(DEBIAN_CARGO);
                cargo
                    .env("RUSTC", DEBIAN_RUSTC)
                    // `-Zbuild-std` is unstable; the plugin itself uses stable Rust alone.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                    .arg("-Zbuild-std=std,panic_abort");
                cargo
            }
        };
        let status = cargo
            .current_dir(workspace)
            // What `cargo run` set for this program is not meant for the one it starts.
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("RUSTC_WRAPPER")
            .env("CARGO_ENCODED_RUSTFLAGS", rustflags(workspace))
            .args(["build", "--quiet", "--locked", "--package", package])
            .args(["--profile", "component", "--target", TARGET, "--target-dir"])
            .arg(&target)
            .status()
            .with_context(|| format!("starting cargo for {package}"))?;
        if !status.success() {
            bail!("compiling {package} for {TARGET} failed; the compiler's words are above");
        }
        let file = package.replace('-', "_");
        let module = target.join(TARGET).join(format!("component/{file}.wasm"));
        fs::read(&module).with_context(|| format!("reading {}", module.display()))
    }
}

/// What an instance starts with: one MiB of stack, its data, and what a sign-in allocates. Pages that nobody touches
/// are none.
const INITIAL_MEMORY: u32 = 2 << 20;

/// sha2's rounds as a loop instead of one after the other: 16 KB less.
const COMPACT_DIGESTS: &str = "--cfg=sha2_backend_soft=\"compact\"";

/// No path of the machine ends up in the component, so that two machines build the same bytes.
fn rustflags(workspace: &Path) -> String {
    let cargo_home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let mut flags = vec![
        format!("--remap-path-prefix={}=.", workspace.display()),
        COMPACT_DIGESTS.to_owned(),
        format!("-Clink-arg=--initial-memory={INITIAL_MEMORY}"),
    ];
    if let Some(home) = cargo_home {
        flags.push(format!("--remap-path-prefix={}=cargo", home.display()));
    }
    flags.join("\u{1f}")
}

fn target_is_installed() -> bool {
    output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))
        .is_some_and(|folder| Path::new(&folder).is_dir())
}

fn rustup_adds_target() -> bool {
    succeeds(Command::new("rustup").args(["target", "add", TARGET]))
}

fn debian_is_installed() -> bool {
    let source = output(Command::new(DEBIAN_RUSTC).args(["--print", "sysroot"]))
        .map(|sysroot| Path::new(&sysroot).join("lib/rustlib/src/rust/library/std/Cargo.toml"));
    Path::new(DEBIAN_CARGO).is_file() && source.is_some_and(|manifest| manifest.is_file())
}

/// Tries, and leaves the judgement to the next look: without the rights it changes nothing.
fn install_debian_packages() {
    if Path::new("/usr/bin/apt-get").is_file() {
        eprintln!(
            "installing {} to compile the plugin",
            DEBIAN_PACKAGES.join(", ")
        );
        let _ = succeeds(Command::new("apt-get").args(["update", "-qq"]));
        let _ = succeeds(
            Command::new("apt-get")
                .env("DEBIAN_FRONTEND", "noninteractive")
                .args(["install", "-qq", "--yes", "--no-install-recommends"])
                .args(DEBIAN_PACKAGES),
        );
    }
}

/// The linker that a Rust toolchain brings along, else LLVM's own.
fn wasm_linker() -> Option<PathBuf> {
    let bundled = output(Command::new("rustc").args(["--print", "sysroot"])).and_then(|sysroot| {
        let hosts = fs::read_dir(Path::new(&sysroot).join("lib/rustlib")).ok()?;
        hosts
            .flatten()
            .map(|host| host.path().join("bin/rust-lld"))
            .find(|path| path.is_file())
    });
    bundled.or_else(|| Some(PathBuf::from("/usr/bin/wasm-ld")).filter(|path| path.is_file()))
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
