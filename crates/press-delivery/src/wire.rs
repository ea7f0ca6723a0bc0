//! Lines of SMTP over a stream: commands out, replies in, each within its time.
//!
//! lettre's connection was the first choice and is not used: after STARTTLS it
//! keeps what it had already read in the clear, which lets an intruder put replies
//! into the encrypted session; it knows no limit of time once it is connected; and
//! it gives an error's words without its enhanced code.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::outcome::Reply;

/// The longest line of a reply (RFC 5321 §4.5.3.1.5 asks for 512) and the longest
/// reply, in bytes.
const LONGEST_LINE: usize = 4 * 1024;
const LONGEST_REPLY: usize = 64 * 1024;

/// A connection to the relay, in the clear or not.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Stream {
    Clear(TcpStream),
    Tls(TlsStream<TcpStream>),
}

/// A reply as it came, every line of it.
pub(crate) struct RawReply {
    pub(crate) code: u16,
    pub(crate) lines: Vec<String>,
}

impl RawReply {
    pub(crate) fn reply(&self) -> Reply {
        Reply::new(self.code, &self.lines)
    }
}

/// Why a conversation cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the relay closed the connection")]
    Closed,
    #[error("no answer within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    #[error("the relay answered with what is no reply: {0:?}")]
    NoReply(String),
    #[error("the relay's reply is too long")]
    TooLong,
}

/// The two directions of a conversation.
pub(crate) struct Wire {
    stream: Stream,
    read: Vec<u8>,
    at: usize,
}

impl Wire {
    pub(crate) fn new(stream: Stream) -> Wire {
        Wire {
            stream,
            read: Vec::with_capacity(1024),
            at: 0,
        }
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// The bare stream, if nothing that was read is waiting: what was sent in the
    /// clear must not be taken for an answer in the encrypted session.
    pub(crate) fn into_clear(self) -> Option<TcpStream> {
        match self.stream {
            Stream::Clear(stream) if self.at == self.read.len() => Some(stream),
            _ => None,
        }
    }

    /// Whether the relay has said something that nobody asked for.
    pub(crate) fn has_unread(&mut self) -> bool {
        if self.at < self.read.len() {
            return true;
        }
        let mut byte = [0; 256];
        let mut buffer = ReadBuf::new(&mut byte);
        let mut context = Context::from_waker(std::task::Waker::noop());
        match Pin::new(&mut self.stream).poll_read(&mut context, &mut buffer) {
            Poll::Pending => false,
            // Data, the end, or a fault: in no case a connection to go on with.
            Poll::Ready(_) => {
                self.read.extend_from_slice(buffer.filled());
                true
            }
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8], limit: Duration) -> Result<(), WireError> {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match tokio::time::timeout(limit, writing).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(WireError::TimedOut(limit)),
        }
    }

    /// One whole reply.
    pub(crate) async fn reply(&mut self, limit: Duration) -> Result<RawReply, WireError> {
        match tokio::time::timeout(limit, self.read_reply()).await {
            Ok(reply) => reply,
            Err(_) => Err(WireError::TimedOut(limit)),
        }
    }

    async fn read_reply(&mut self) -> Result<RawReply, WireError> {
        let mut lines = Vec::new();
        let mut length = 0;
        let mut first = None;
        loop {
            let line = self.line().await?;
            length += line.len();
            if length > LONGEST_REPLY {
                return Err(WireError::TooLong);
            }
            let (code, last, words) =
                reply_line(&line).ok_or_else(|| WireError::NoReply(shortened(&line)))?;
            if *first.get_or_insert(code) != code {
                return Err(WireError::NoReply(shortened(&line)));
            }
            lines.push(words.to_owned());
            if last {
                return Ok(RawReply { code, lines });
            }
        }
    }

    async fn line(&mut self) -> Result<String, WireError> {
        let mut looked = self.at;
        loop {
            if let Some(end) = self.read[looked..].iter().position(|b| *b == b'\n') {
                let end = looked + end;
                let line = String::from_utf8_lossy(&self.read[self.at..end]);
                let line = line.trim_end_matches('\r').to_owned();
                self.at = end + 1;
                if self.at == self.read.len() {
                    self.read.clear();
                    self.at = 0;
                }
                return Ok(line);
            }
            looked = self.read.len();
            if looked - self.at > LONGEST_LINE {
                return Err(WireError::TooLong);
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(WireError::Closed);
            }
        }
    }
}

/// Code, whether the line is the reply's last, and its words.
fn reply_line(line: &str) -> Option<(u16, bool, &str)> {
    let bytes = line.as_bytes();
    let code = bytes.get(..3)?;
    if !code.iter().all(u8::is_ascii_digit) || !(b'2'..=b'5').contains(&code[0]) {
        return None;
    }
    let code = code
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match bytes.get(3) {
        None => Some((code, true, "")),
        Some(b' ') => Some((code, true, &line[4..])),
        Some(b'-') => Some((code, false, &line[4..])),
        Some(_) => None,
    }
}

fn shortened(line: &str) -> String {
    line.chars().take(80).collect()
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Clear(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Clear(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Clear(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Clear(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
