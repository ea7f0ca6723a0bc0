//! One conversation, with its faults.

use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::{Accepted, Encryption, Faults, Shared, lock};

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Serves a client until one of the two goes.
pub(crate) async fn serve(
    stream: TcpStream,
    encryption: Encryption,
    acceptor: &TlsAcceptor,
    shared: &Shared,
    number: u64,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if encryption == Encryption::Implicit {
        let stream = acceptor.accept(stream).await?;
        return Conversation::new(stream, shared, number, false)
            .run(true)
            .await
            .map(drop);
    }
    let offers = encryption == Encryption::StartTls;
    let upgraded = Conversation::new(stream, shared, number, offers)
        .run(true)
        .await?;
    if let Some(stream) = upgraded {
        let stream = acceptor.accept(stream).await?;
        Conversation::new(stream, shared, number, false)
            .run(false)
            .await?;
    }
    Ok(())
}

struct Conversation<'a, S> {
    /// Of the connection; in the log the process that serves it.
    number: u64,
    stream: S,
    shared: &'a Shared,
    faults: Faults,
    offers_starttls: bool,
    read: Vec<u8>,
    from: Option<String>,
    to: Option<String>,
    logged_in: bool,
    taken: u32,
    /// Something came since the last reply.
    has_heard: bool,
}

/// The client is gone, or is made to think that we are.
fn gone() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

impl<'a, S: Wire> Conversation<'a, S> {
    fn new(
        stream: S,
        shared: &'a Shared,
        number: u64,
        offers_starttls: bool,
    ) -> Conversation<'a, S> {
        Conversation {
            number,
            stream,
            shared,
            faults: shared.faults(),
            offers_starttls,
            read: Vec::new(),
            from: None,
            to: None,
            logged_in: false,
            taken: 0,
            has_heard: true,
        }
    }

    /// Until QUIT or STARTTLS; the stream comes back for the latter.
    async fn run(mut self, greets: bool) -> io::Result<Option<S>> {
        if greets {
            self.maybe_drop()?;
            self.say("220 relay.test ESMTP").await?;
        }
        loop {
            let line = self.line().await?;
            self.maybe_drop()?;
            let upper = line.to_ascii_uppercase();
            let word = upper.split([' ', ':']).next().unwrap_or_default();
            match word {
                "EHLO" | "HELO" => self.hello().await?,
                "STARTTLS" if self.offers_starttls => {
                    if self.faults.inject_after_starttls {
                        self.say("220 2.0.0 Ready\r\n250 injected").await?;
                    } else {
                        self.say("220 2.0.0 Ready").await?;
                    }
                    return Ok(Some(self.stream));
                }
                "AUTH" => self.auth(&line).await?,
                "MAIL" => self.mail(&line).await?,
                "RCPT" => self.rcpt(&line).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    (self.from, self.to) = (None, None);
                    self.say("250 2.0.0 Ok").await?;
                }
                "NOOP" => self.say("250 2.0.0 Ok").await?,
                "QUIT" => {
                    self.say("221 2.0.0 Bye").await?;
                    return Ok(None);
                }
                _ => self.say("500 5.5.2 What?").await?,
            }
        }
    }

    async fn hello(&mut self) -> io::Result<()> {
        let mut lines = vec!["250-relay.test"];
        if !self.faults.no_pipelining {
            lines.push("250-PIPELINING");
        }
        if self.offers_starttls {
            lines.push("250-STARTTLS");
        }
        if self.shared.login.is_some() {
            lines.push("250-AUTH PLAIN LOGIN XOAUTH2");
        }
        if !self.faults.no_smtputf8 {
            lines.push("250-SMTPUTF8");
        }
        lines.push("250-SIZE 50000000");
        lines.push("250-ENHANCEDSTATUSCODES");
        lines.push("250 8BITMIME");
        self.say(&lines.join("\r\n")).await
    }

    async fn auth(&mut self, line: &str) -> io::Result<()> {
        let Some((user, password)) = self.shared.login.clone() else {
            return self.say("503 5.5.1 No AUTH here").await;
        };
        let given = match line.split_whitespace().nth(1).unwrap_or_default() {
            "LOGIN" => {
                self.say("334 VXNlcm5hbWU6").await?;
                let user = self.line().await?;
                self.say("334 UGFzc3dvcmQ6").await?;
                format!("{user} {}", self.line().await?)
            }
            _ => line
                .split_whitespace()
                .nth(2)
                .unwrap_or_default()
                .to_owned(),
        };
        let plain = encode(&format!("\0{user}\0{password}"));
        let login = format!("{} {}", encode(&user), encode(&password));
        let bearer = encode(&format!("user={user}\x01auth=Bearer {password}\x01\x01"));
        if [plain, login, bearer].contains(&given) {
            self.logged_in = true;
            return self.say("235 2.7.0 Welcome").await;
        }
        self.say("535 5.7.8 Bad credentials").await
    }

    async fn mail(&mut self, line: &str) -> io::Result<()> {
        if self.shared.login.is_some() && !self.logged_in {
            return self.say("530 5.7.0 Authentication required").await;
        }
        if self.faults.refuses_senders {
            return self.say("553 5.1.8 Not from here").await;
        }
        if self.shared.draws(self.faults.temporary) {
            return self.say("451 4.3.0 Later, please").await;
        }
        self.from = between(line);
        self.say("250 2.1.0 Ok").await
    }

    async fn rcpt(&mut self, line: &str) -> io::Result<()> {
        if self.from.is_none() {
            return self.say("503 5.5.1 MAIL first").await;
        }
        let to = between(line).unwrap_or_default();
        let is_of = |text: &Option<String>| text.as_ref().is_some_and(|text| to.contains(text));
        if is_of(&self.faults.put_off) {
            self.shared.put_off.fetch_add(1, Ordering::Relaxed);
            return self.say("450 4.7.1 Slower, please").await;
        }
        if is_of(&self.faults.refuse) || self.shared.draws(self.faults.permanent) {
            return self.say("550-5.1.1 No such\r\n550 5.1.1 user here").await;
        }
        if self.shared.draws(self.faults.temporary) {
            return self.say("450 4.2.1 Mailbox busy").await;
        }
        self.to = Some(to);
        self.say("250 2.1.5 Ok").await
    }

    async fn data(&mut self) -> io::Result<()> {
        let (Some(from), Some(to)) = (self.from.take(), self.to.take()) else {
            return self.say("503 5.5.1 RCPT first").await;
        };
        if self.shared.draws(self.faults.temporary) {
            return self.say("451 4.3.0 Not now").await;
        }
        self.say("354 Go ahead").await?;
        let cuts = self.shared.draws(self.faults.drop_in_content);
        let content = match self.content(cuts).await {
            Ok(content) => content,
            Err(error) => {
                lock(&self.shared.log).cut(self.number);
                return Err(error);
            }
        };
        let message_id = message_id(&content).unwrap_or_default();
        if self.shared.draws(self.faults.temporary) {
            return self.say("451 4.3.0 The disk is full").await;
        }
        {
            let mut log = lock(&self.shared.log);
            let id = log.header(self.number, &message_id);
            log.queued(&id, &from, &to, content.len());
        }
        lock(&self.shared.accepted).push(Accepted {
            from,
            to,
            message_id,
            at: Instant::now(),
            content: if self.shared.keeps_content {
                content
            } else {
                Vec::new()
            },
        });
        self.taken += 1;
        if self.shared.draws(self.faults.lose_reply) {
            return Err(gone());
        }
        self.say("250 2.0.0 Ok: queued").await?;
        if self
            .faults
            .close_after
            .is_some_and(|most| self.taken >= most)
        {
            self.say("421 4.7.0 Enough for one connection").await?;
            return Err(gone());
        }
        Ok(())
    }

    /// The content up to its dot, with the dots of its lines taken back. What is
    /// cut has shown its header, which Postfix logs before it accepts.
    async fn content(&mut self, cuts: bool) -> io::Result<Vec<u8>> {
        let mut searched: usize = 0;
        loop {
            let from = searched.saturating_sub(4);
            let found = match self.read.starts_with(b".\r\n") {
                true => Some(0),
                false => find(&self.read[from..], b"\r\n.\r\n").map(|at| from + at + 2),
            };
            if cuts && self.read.len() > 512 {
                if let Some(id) = message_id(&self.read) {
                    lock(&self.shared.log).header(self.number, &id);
                }
                return Err(gone());
            }
            if let Some(end) = found {
                let content = unstuffed(&self.read[..end]);
                self.read.drain(..end + 3);
                return Ok(content);
            }
            searched = self.read.len();
            self.fill().await.inspect_err(|_| {
                if let Some(id) = message_id(&self.read) {
                    lock(&self.shared.log).header(self.number, &id);
                }
            })?;
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = find(&self.read, b"\r\n") {
                let line = String::from_utf8_lossy(&self.read[..end]).into_owned();
                self.read.drain(..end + 2);
                if self.faults.lies_about_pipelining {
                    self.read.clear();
                }
                return Ok(line);
            }
            if self.read.len() > 8192 {
                return Err(gone());
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.read.reserve(32 * 1024);
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(gone()),
            _ => {
                self.has_heard = true;
                Ok(())
            }
        }
    }

    async fn say(&mut self, words: &str) -> io::Result<()> {
        // As a long way would do it: what came in one go is answered in one.
        if !self.faults.delay.is_zero() && std::mem::take(&mut self.has_heard) {
            tokio::time::sleep(self.faults.delay).await;
        }
        if self.shared.draws(self.faults.silent) {
            std::future::pending::<()>().await;
        }
        let words = format!("{words}\r\n");
        if self.shared.draws(self.faults.split) {
            for piece in words.as_bytes().chunks(3) {
                self.stream.write_all(piece).await?;
                self.stream.flush().await?;
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
            return Ok(());
        }
        self.stream.write_all(words.as_bytes()).await?;
        self.stream.flush().await
    }

    fn maybe_drop(&self) -> io::Result<()> {
        match self.shared.draws(self.faults.drop) {
            true => Err(gone()),
            false => Ok(()),
        }
    }
}

/// What stands between `<` and `>`.
fn between(line: &str) -> Option<String> {
    let (_, rest) = line.split_once('<')?;
    rest.split_once('>').map(|(address, _)| address.to_owned())
}

fn message_id(content: &[u8]) -> Option<String> {
    let at = find(content, b"\nMessage-ID: ")?;
    let line = content[at + 1..].split(|byte| *byte == b'\n').next()?;
    between(&String::from_utf8_lossy(line))
}

fn unstuffed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        out.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    out
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// Base64 (RFC 4648 §4).
fn encode(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk
            .iter()
            .chain(std::iter::repeat(&0))
            .take(3)
            .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            match place <= chunk.len() {
                true => out.push(char::from(LETTERS[bits >> (18 - 6 * place) & 63])),
                false => out.push('='),
            }
        }
    }
    out
}
