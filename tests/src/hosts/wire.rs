//! HTTP/1.1 as a server reads and writes it, one exchange a connection: enough for tests, and able to be wrong.

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// A request as it arrived.
pub(crate) struct Arrived {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Reads one request.
///
/// # Errors
/// When it ends early or is none.
pub(crate) async fn read(stream: &mut TcpStream) -> Result<Arrived> {
    let mut bytes = Vec::new();
    let end = loop {
        let found = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = found {
            break end;
        }
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await?;
        ensure!(count > 0, "the request ended early");
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes)?;
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next().context("no request line")?.split(' ');
    let mut next = || Ok::<_, anyhow::Error>(first.next().context("no request line")?.to_owned());
    let (method, target) = (next()?, next()?);
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers: Vec<(String, String)> = headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(Ok(0), |(_, value)| value.parse())?;
    let had = body.len();
    body.resize(length.max(had), 0);
    stream
        .read_exact(body.get_mut(had..).unwrap_or_default())
        .await?;
    Ok(Arrived {
        method,
        target,
        headers,
        body,
    })
}

/// An answer with its length, after which the connection is closed. `headers` are whole lines.
pub(crate) fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} Said\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
