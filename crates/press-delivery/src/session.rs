//! A conversation with the relay that always knows how far it has come.
//!
//! [`Session::send`] takes the session and gives it back only if both sides stand
//! at the same place: a future that is dropped half-way drops the connection with
//! it, and nobody can ever read the answer to somebody else's message.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::outcome::{Outcome, Reply};
use crate::secret::Secret;
use crate::wire::{RawReply, Stream, Wire, WireError};

/// Where the relay is and how it is spoken to.
#[derive(Debug, Clone)]
pub struct Relay {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the conversation is encrypted.
    pub tls: Tls,
    /// Who we are to it.
    pub login: Option<Login>,
    /// What we call ourselves in EHLO.
    pub hello: String,
    /// How long each step may take.
    pub limits: Limits,
    /// After how many messages the connection is made anew.
    pub messages_per_connection: u32,
}

/// How the conversation is encrypted. Never less than is asked for.
#[derive(Debug, Clone)]
pub enum Tls {
    /// Not at all: for loopback alone.
    None,
    /// By STARTTLS (RFC 3207), which the relay must offer.
    Required(Arc<ClientConfig>),
    /// From the first byte (RFC 8314).
    Implicit(Arc<ClientConfig>),
}

/// A name and what proves it.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password, or the token of XOAUTH2.
    pub secret: Secret,
    /// How it is proved; PLAIN or LOGIN, as the relay offers, without one.
    pub mechanism: Option<Mechanism>,
}

/// A way of logging in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// The older one that some relays still ask for.
    Login,
    /// With a token of OAuth 2.
    XOauth2,
}

/// The longest time of each step (RFC 5321 §4.5.3.2).
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Looking the name up, connecting, and the handshake of TLS.
    pub connect: Duration,
    /// The answer to a command, the greeting included.
    pub command: Duration,
    /// Writing the content.
    pub content: Duration,
    /// The answer to the final dot.
    pub dot: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(5 * 60),
            content: Duration::from_secs(10 * 60),
            dot: Duration::from_secs(10 * 60),
        }
    }
}

/// Why there is no session. No message has been touched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The name, the connection or the handshake.
    #[error("cannot reach the relay {relay}: {reason}")]
    Unreachable {
        /// Host and port.
        relay: String,
        /// What the machine says.
        reason: String,
    },
    /// The relay said no.
    #[error("the relay {relay} refused {command}: {reply}")]
    Refused {
        /// Host and port.
        relay: String,
        /// The command that it refused, never with what is secret.
        command: &'static str,
        /// What it said.
        reply: Reply,
    },
    /// The relay cannot do what the publication asks for.
    #[error("the relay {relay} does not offer {what}")]
    NotOffered {
        /// Host and port.
        relay: String,
        /// What is missing.
        what: &'static str,
    },
}

impl ConnectError {
    /// Whether trying again in a while may help.
    pub fn is_transient(&self) -> bool {
        match self {
            ConnectError::Unreachable { .. } => true,
            ConnectError::Refused { reply, .. } => reply.code < 500,
            ConnectError::NotOffered { .. } => false,
        }
    }
}

/// One message and its envelope.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The return path.
    pub from: &'a str,
    /// The recipient.
    pub to: &'a str,
    /// The content, with lines that end in CRLF and dots as they are.
    pub content: &'a [u8],
}

/// A connection that stands between two messages.
pub struct Session {
    wire: Wire,
    offers: Offers,
    limits: Limits,
    left: u32,
    buffer: Vec<u8>,
}

/// What the relay offers in its answer to EHLO.
#[derive(Debug, Clone, Default)]
struct Offers {
    starttls: bool,
    pipelining: bool,
    smtputf8: bool,
    size: Option<usize>,
    auth: Vec<String>,
}

impl Session {
    /// Connects, greets, encrypts and logs in. `pipelining` says whether an offer
    /// to pipeline is believed.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn connect(relay: &Relay, pipelining: bool) -> Result<Session, ConnectError> {
        let opening = Opening { relay };
        let stream = opening.stream().await?;
        let mut wire = match &relay.tls {
            Tls::Implicit(config) => Wire::new(opening.encrypt(stream, config).await?),
            Tls::None | Tls::Required(_) => Wire::new(Stream::Clear(stream)),
        };
        opening.expect("the connection", 220, &mut wire).await?;
        let mut offers = opening.hello(&mut wire).await?;
        if let Tls::Required(config) = &relay.tls {
            if !offers.starttls {
                return Err(opening.not_offered("STARTTLS"));
            }
            opening
                .command("STARTTLS", "STARTTLS\r\n", 220, &mut wire)
                .await?;
            let stream = wire
                .into_clear()
                .ok_or_else(|| opening.unreachable("it spoke on in the clear after STARTTLS"))?;
            wire = Wire::new(opening.encrypt(stream, config).await?);
            offers = opening.hello(&mut wire).await?;
        }
        if let Some(login) = &relay.login {
            opening.log_in(login, &offers, &mut wire).await?;
        }
        offers.pipelining &= pipelining;
        Ok(Session {
            wire,
            offers,
            limits: relay.limits,
            left: relay.messages_per_connection.max(1),
            buffer: Vec::new(),
        })
    }

    /// Whether the conversation is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.wire.is_encrypted()
    }

    /// Hands one message over. The session comes back if it can be used again.
    pub async fn send(mut self, envelope: Envelope<'_>) -> (Outcome, Option<Session>) {
        if self.wire.has_unread() {
            let words = match self.wire.reply(self.limits.command).await {
                Ok(reply) => format!("the relay ended the connection: {}", reply.reply()),
                Err(error) => error.to_string(),
            };
            return (Outcome::NotSent(words), None);
        }
        let needs_utf8 = !envelope.to.is_ascii() || !envelope.from.is_ascii();
        if needs_utf8 && !self.offers.smtputf8 {
            let words = "the relay does not offer SMTPUTF8, which this address needs".to_owned();
            let enhanced = Some("5.6.7".to_owned());
            let reply = Reply {
                code: 553,
                enhanced,
                words,
            };
            return (Outcome::Failed(reply), Some(self));
        }
        if let Some(size) = self.offers.size.filter(|size| *size > 0)
            && envelope.content.len() > size
        {
            let words = format!("the message is larger than the {size} bytes that the relay takes");
            let enhanced = Some("5.3.4".to_owned());
            let reply = Reply {
                code: 552,
                enhanced,
                words,
            };
            return (Outcome::Failed(reply), Some(self));
        }
        let outcome = match self.open_envelope(&envelope, needs_utf8).await {
            Ok(Opened::Content) => self.content(envelope.content).await,
            Ok(Opened::Refused(reply)) => Ok(Outcome::refused(reply)),
            Err(error) => Err(Outcome::NotSent(error.to_string())),
        };
        match outcome {
            Err(outcome) => (outcome, None),
            Ok(outcome) => {
                self.left -= 1;
                let closing = match &outcome {
                    Outcome::Accepted(reply)
                    | Outcome::Deferred(reply)
                    | Outcome::Failed(reply) => reply.code == 421,
                    Outcome::NotSent(_) | Outcome::Uncertain(_) => true,
                };
                if self.left == 0 && !closing {
                    self.quit().await;
                    return (outcome, None);
                }
                let session = (!closing).then_some(self);
                (outcome, session)
            }
        }
    }

    /// Says good-bye; whatever the relay answers.
    pub async fn quit(mut self) {
        let limit = self.limits.command.min(Duration::from_secs(2));
        if self.wire.write(b"QUIT\r\n", limit).await.is_ok() {
            let _ = self.wire.reply(limit).await;
        }
    }

    /// MAIL, RCPT and DATA, in one go where the relay can take them so. After a
    /// refusal both sides stand at the beginning again.
    async fn open_envelope(
        &mut self,
        envelope: &Envelope<'_>,
        utf8: bool,
    ) -> Result<Opened, WireError> {
        let limit = self.limits.command;
        let utf8 = if utf8 { " SMTPUTF8" } else { "" };
        let mail = format!("MAIL FROM:<{}>{utf8}\r\n", envelope.from);
        let rcpt = format!("RCPT TO:<{}>\r\n", envelope.to);
        if self.offers.pipelining {
            let all = format!("{mail}{rcpt}DATA\r\n");
            self.wire.write(all.as_bytes(), limit).await?;
            let mail = self.wire.reply(limit).await?;
            let rcpt = self.wire.reply(limit).await?;
            let data = self.wire.reply(limit).await?;
            let refusal = [&mail, &rcpt].into_iter().find(|reply| !is_positive(reply));
            return match (refusal, data.code) {
                (None, 354) => Ok(Opened::Content),
                (None, _) => self.refused(&data).await,
                (Some(refusal), 354) => {
                    // No recipient, and the relay waits for content (RFC 2920 §3.1).
                    self.wire.write(b".\r\n", limit).await?;
                    self.wire.reply(limit).await?;
                    self.refused(refusal).await
                }
                (Some(refusal), _) => self.refused(refusal).await,
            };
        }
        for command in [mail, rcpt] {
            self.wire.write(command.as_bytes(), limit).await?;
            let reply = self.wire.reply(limit).await?;
            if !is_positive(&reply) {
                return self.refused(&reply).await;
            }
        }
        self.wire.write(b"DATA\r\n", limit).await?;
        let data = self.wire.reply(limit).await?;
        match data.code {
            354 => Ok(Opened::Content),
            _ => self.refused(&data).await,
        }
    }

    /// Clears the envelope; a relay that says 421 is not spoken to any more.
    async fn refused(&mut self, reply: &RawReply) -> Result<Opened, WireError> {
        let words = reply.reply();
        if reply.code < 400 {
            return Err(WireError::NoReply(words.to_string()));
        }
        if reply.code != 421 {
            let limit = self.limits.command;
            self.wire.write(b"RSET\r\n", limit).await?;
            let reset = self.wire.reply(limit).await?;
            if !is_positive(&reset) {
                return Ok(Opened::Refused(Reply {
                    // Not to be used any more.
                    code: if words.code < 500 { 421 } else { words.code },
                    ..words
                }));
            }
        }
        Ok(Opened::Refused(words))
    }

    /// The content, and only when all of it is out the dot that ends it: a fault
    /// before the dot means that nobody has the message.
    async fn content(&mut self, content: &[u8]) -> Result<Outcome, Outcome> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        stuff_dots(content, &mut buffer);
        let written = self.wire.write(&buffer, self.limits.content).await;
        self.buffer = buffer;
        written.map_err(|error| Outcome::NotSent(format!("in the content: {error}")))?;
        let uncertain =
            |error: WireError| Outcome::Uncertain(format!("after the content: {error}"));
        self.wire
            .write(b".\r\n", self.limits.command)
            .await
            .map_err(uncertain)?;
        let reply = self.wire.reply(self.limits.dot).await.map_err(uncertain)?;
        match reply.code {
            200..=299 => Ok(Outcome::Accepted(reply.reply())),
            400.. => Ok(Outcome::refused(reply.reply())),
            _ => Err(Outcome::Uncertain(format!(
                "the relay answered the content with {}",
                reply.reply()
            ))),
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("offers", &self.offers)
            .finish_non_exhaustive()
    }
}

enum Opened {
    Content,
    Refused(Reply),
}

fn is_positive(reply: &RawReply) -> bool {
    (200..300).contains(&reply.code)
}

/// Doubles a dot at the beginning of a line (RFC 5321 §4.5.2) and sees to the
/// CRLF at the end.
fn stuff_dots(content: &[u8], out: &mut Vec<u8>) {
    out.reserve(content.len() + 64);
    let mut rest = content;
    if rest.first() == Some(&b'.') {
        out.push(b'.');
    }
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\n.") {
        out.extend_from_slice(&rest[..=at]);
        out.push(b'.');
        rest = &rest[at + 1..];
        // The dot itself goes with what follows it.
    }
    out.extend_from_slice(rest);
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
}

/// The steps before the first message.
struct Opening<'a> {
    relay: &'a Relay,
}

impl Opening<'_> {
    fn name(&self) -> String {
        format!("{}:{}", self.relay.host, self.relay.port)
    }

    fn unreachable(&self, reason: impl ToString) -> ConnectError {
        ConnectError::Unreachable {
            relay: self.name(),
            reason: reason.to_string(),
        }
    }

    fn not_offered(&self, what: &'static str) -> ConnectError {
        ConnectError::NotOffered {
            relay: self.name(),
            what,
        }
    }

    async fn stream(&self) -> Result<TcpStream, ConnectError> {
        let limit = self.relay.limits.connect;
        let connecting = TcpStream::connect((self.relay.host.as_str(), self.relay.port));
        let stream = tokio::time::timeout(limit, connecting)
            .await
            .map_err(|_| self.unreachable(WireError::TimedOut(limit)))?
            .map_err(|error| self.unreachable(error))?;
        // Without it the answer to a short write waits for a timer.
        stream
            .set_nodelay(true)
            .map_err(|error| self.unreachable(error))?;
        Ok(stream)
    }

    async fn encrypt(
        &self,
        stream: TcpStream,
        config: &Arc<ClientConfig>,
    ) -> Result<Stream, ConnectError> {
        let name = ServerName::try_from(self.relay.host.clone())
            .map_err(|error| self.unreachable(error))?;
        let limit = self.relay.limits.connect;
        let shaking = TlsConnector::from(config.clone()).connect(name, stream);
        let stream = tokio::time::timeout(limit, shaking)
            .await
            .map_err(|_| self.unreachable(WireError::TimedOut(limit)))?
            .map_err(|error| self.unreachable(error))?;
        Ok(Stream::Tls(stream))
    }

    async fn expect(
        &self,
        command: &'static str,
        code: u16,
        wire: &mut Wire,
    ) -> Result<RawReply, ConnectError> {
        let reply = wire
            .reply(self.relay.limits.command)
            .await
            .map_err(|error| self.unreachable(error))?;
        match reply.code == code {
            true => Ok(reply),
            false => Err(ConnectError::Refused {
                relay: self.name(),
                command,
                reply: reply.reply(),
            }),
        }
    }

    async fn command(
        &self,
        name: &'static str,
        line: &str,
        code: u16,
        wire: &mut Wire,
    ) -> Result<RawReply, ConnectError> {
        wire.write(line.as_bytes(), self.relay.limits.command)
            .await
            .map_err(|error| self.unreachable(error))?;
        self.expect(name, code, wire).await
    }

    async fn hello(&self, wire: &mut Wire) -> Result<Offers, ConnectError> {
        let line = format!("EHLO {}\r\n", self.relay.hello);
        let reply = self.command("EHLO", &line, 250, wire).await?;
        let mut offers = Offers::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            match words
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase()
                .as_str()
            {
                "STARTTLS" => offers.starttls = true,
                "PIPELINING" => offers.pipelining = true,
                "SMTPUTF8" => offers.smtputf8 = true,
                "SIZE" => offers.size = words.next().and_then(|size| size.parse().ok()),
                "AUTH" => offers.auth = words.map(str::to_ascii_uppercase).collect(),
                _ => {}
            }
        }
        Ok(offers)
    }

    async fn log_in(
        &self,
        login: &Login,
        offers: &Offers,
        wire: &mut Wire,
    ) -> Result<(), ConnectError> {
        let offered = |name: &str| offers.auth.iter().any(|offer| offer == name);
        let mechanism = match login.mechanism {
            Some(mechanism) => mechanism,
            None if offered("PLAIN") => Mechanism::Plain,
            None => Mechanism::Login,
        };
        let name = match mechanism {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::XOauth2 => "XOAUTH2",
        };
        if !offered(name) {
            return Err(self.not_offered(match mechanism {
                Mechanism::Plain => "AUTH PLAIN",
                Mechanism::Login => "AUTH PLAIN or AUTH LOGIN",
                Mechanism::XOauth2 => "AUTH XOAUTH2",
            }));
        }
        let (user, secret) = (&login.username, login.secret.reveal());
        match mechanism {
            Mechanism::Plain => {
                let proof = STANDARD.encode(format!("\0{user}\0{secret}"));
                let line = format!("AUTH PLAIN {proof}\r\n");
                self.command("AUTH", &line, 235, wire).await?;
            }
            Mechanism::Login => {
                self.command("AUTH", "AUTH LOGIN\r\n", 334, wire).await?;
                let line = format!("{}\r\n", STANDARD.encode(user));
                self.command("AUTH", &line, 334, wire).await?;
                let line = format!("{}\r\n", STANDARD.encode(secret));
                self.command("AUTH", &line, 235, wire).await?;
            }
            Mechanism::XOauth2 => {
                let proof = format!("user={user}\x01auth=Bearer {secret}\x01\x01");
                let line = format!("AUTH XOAUTH2 {}\r\n", STANDARD.encode(proof));
                let refused = self.command("AUTH", &line, 235, wire).await;
                // The relay explains itself in a challenge before it refuses.
                if let Err(ConnectError::Refused { reply, .. }) = &refused
                    && reply.code == 334
                {
                    self.command("AUTH", "\r\n", 235, wire).await?;
                }
                refused?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_at_the_beginning_of_lines_are_doubled() {
        let stuffed = |content: &str| {
            let mut out = Vec::new();
            stuff_dots(content.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(stuffed("a\r\n"), "a\r\n");
        assert_eq!(stuffed(".a\r\n.\r\n..b"), "..a\r\n..\r\n...b\r\n");
        assert_eq!(stuffed("a.b\r\nc.\r\n"), "a.b\r\nc.\r\n");
    }
}
