//! HTTP/1.1 as the provider speaks it, byte by byte, so that every byte can be wrong.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How an answer goes wrong on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// Closed by RST, without a word.
    Reset,
    /// Nothing, for ever.
    Silence,
    /// One byte every 50 ms.
    Trickle,
    /// Half of the answer, and the end.
    Truncated,
    /// A body without end.
    Endless,
    /// A body under `content-encoding: gzip`, which nobody asked for.
    Coded,
    /// Fewer bytes announced than sent.
    Surplus,
}

/// A request as the provider reads it.
pub(super) struct Request {
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    pub(super) body: Vec<u8>,
}

/// An answer before anything goes wrong.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Answer {
    /// 200 or another status, with JSON.
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        let json = ("content-type", "application/json".to_owned());
        Self {
            status,
            headers: vec![json],
            body: body.to_string(),
        }
    }

    fn bytes(&self, length: usize) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} X\r\ncontent-length: {length}\r\n", self.status);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        text.into_bytes()
    }
}

/// The next request of a connection; none at its end.
pub(super) async fn read(stream: &mut BufReader<TcpStream>) -> Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).context("no target")?;
    let mut request = Request {
        path: path.split('?').next().unwrap_or(path).to_owned(),
        authorization: None,
        body: Vec::new(),
    };
    let mut length = 0;
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            bail!("ended in the head");
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse()?,
            "authorization" => request.authorization = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

/// Sends the answer, or what is left of it under `fault`. False when the connection is over.
pub(super) async fn write(
    stream: &mut TcpStream,
    answer: &Answer,
    fault: Option<Transport>,
) -> Result<bool> {
    let right = answer.bytes(answer.body.len());
    let Some(fault) = fault else {
        stream.write_all(&right).await?;
        return Ok(true);
    };
    match fault {
        Transport::Reset => stream.set_zero_linger()?,
        Transport::Silence => {
            // Until whoever asked gives up.
            let _ = stream.read(&mut [0; 1]).await;
        }
        Transport::Trickle => {
            for byte in right {
                stream.write_all(&[byte]).await?;
                sleep(Duration::from_millis(50)).await;
            }
        }
        Transport::Truncated => stream.write_all(&right[..right.len() / 2]).await?,
        Transport::Endless => {
            stream
                .write_all(b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
                .await?;
            let chunk = [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat();
            while stream.write_all(&chunk).await.is_ok() {}
        }
        Transport::Coded => {
            let coded = Answer {
                status: answer.status,
                headers: vec![
                    ("content-type", "application/json".to_owned()),
                    ("content-encoding", "gzip".to_owned()),
                ],
                body: answer.body.clone(),
            };
            stream.write_all(&coded.bytes(coded.body.len())).await?;
        }
        Transport::Surplus => {
            stream
                .write_all(&answer.bytes(answer.body.len() - 1))
                .await?
        }
    }
    Ok(false)
}
