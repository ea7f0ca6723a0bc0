//! A conversation with the relay that always knows how far it has come.
//!
//! [`Session::send`] takes the session and gives it back only if both sides stand
//! at the same place: a future that is dropped half-way drops the connection with
//! it, and nobody can ever read the answer to somebody else's message.

mod opening;

use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::ClientConfig;

use crate::outcome::{Outcome, Reply, Stage};
use crate::secret::Secret;
use crate::wire::{RawReply, Stream, Wire, WireError};
use opening::{Offers, Opening};

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
        if let Some(reply) = self.cannot_take(&envelope, needs_utf8) {
            let stage = match needs_utf8 && !self.offers.smtputf8 {
                true => Stage::Recipient,
                false => Stage::Sender,
            };
            return (Outcome::Failed(reply, stage), Some(self));
        }
        let (outcome, is_usable) = match self.open_envelope(&envelope, needs_utf8).await {
            Ok(Opened::Content) => match self.content(envelope.content).await {
                Ok((outcome, code)) => (outcome, code != 421),
                Err(outcome) => (outcome, false),
            },
            Ok(Opened::Refused(refusal)) => {
                let outcome = Outcome::refused(refusal.reply, refusal.stage);
                (outcome, refusal.is_usable)
            }
            Err(error) => (Outcome::NotSent(error.to_string()), false),
        };
        self.left = self.left.saturating_sub(1);
        if self.left == 0 && is_usable {
            self.quit().await;
            return (outcome, None);
        }
        (outcome, is_usable.then_some(self))
    }

    /// Why the relay cannot take a message, as it said in its answer to EHLO.
    fn cannot_take(&self, envelope: &Envelope<'_>, needs_utf8: bool) -> Option<Reply> {
        if needs_utf8 && !self.offers.smtputf8 {
            return Some(Reply {
                code: 553,
                enhanced: Some("5.6.7".to_owned()),
                words: "the relay does not offer SMTPUTF8, which this address needs".to_owned(),
            });
        }
        let size = self.offers.size.filter(|size| *size > 0)?;
        (envelope.content.len() > size).then(|| Reply {
            code: 552,
            enhanced: Some("5.3.4".to_owned()),
            words: format!("the message is larger than the {size} bytes that the relay takes"),
        })
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
        let utf8 = if utf8 { " SMTPUTF8" } else { "" };
        let commands = [
            format!("MAIL FROM:<{}>{utf8}\r\n", envelope.from),
            format!("RCPT TO:<{}>\r\n", envelope.to),
            "DATA\r\n".to_owned(),
        ];
        match self.offers.pipelining {
            true => self.all_commands(&commands.concat()).await,
            false => self.each_command(&commands).await,
        }
    }

    async fn each_command(&mut self, commands: &[String; 3]) -> Result<Opened, WireError> {
        let limit = self.limits.command;
        let stages = [Stage::Sender, Stage::Recipient, Stage::Content];
        for (command, stage) in commands.iter().zip(stages) {
            self.wire.write(command.as_bytes(), limit).await?;
            let reply = self.wire.reply(limit).await?;
            let is_taken = match stage {
                Stage::Sender | Stage::Recipient => is_positive(&reply),
                Stage::Content => reply.code == 354,
            };
            if !is_taken {
                return self.refused(&reply, stage).await;
            }
        }
        Ok(Opened::Content)
    }

    async fn all_commands(&mut self, commands: &str) -> Result<Opened, WireError> {
        let limit = self.limits.command;
        self.wire.write(commands.as_bytes(), limit).await?;
        let mut refusal: Option<(RawReply, Stage)> = None;
        for stage in [Stage::Sender, Stage::Recipient] {
            let reply = match (self.wire.reply(limit).await, refusal.take()) {
                (Ok(reply), None) => reply,
                (Ok(_), Some(first)) => {
                    refusal = Some(first);
                    continue;
                }
                // It refused, and closed without more ado.
                (Err(_), Some((first, stage))) => return Ok(Opened::closed(&first, stage)),
                (Err(error), None) => return Err(error),
            };
            if reply.code == 421 {
                return Ok(Opened::closed(&reply, stage));
            }
            if !is_positive(&reply) {
                refusal = Some((reply, stage));
            }
        }
        let data = self.wire.reply(limit).await;
        match (refusal, data) {
            (None, Ok(data)) if data.code == 354 => Ok(Opened::Content),
            (None, Ok(data)) => self.refused(&data, Stage::Content).await,
            (None, Err(error)) => Err(error),
            (Some((first, stage)), Ok(data)) if data.code == 354 => {
                // No recipient, and the relay waits for content (RFC 2920 §3.1).
                let ended = self.wire.write(b".\r\n", limit).await;
                match ended.is_ok() && self.wire.reply(limit).await.is_ok() {
                    true => self.refused(&first, stage).await,
                    false => Ok(Opened::closed(&first, stage)),
                }
            }
            (Some((first, stage)), Ok(_)) => self.refused(&first, stage).await,
            (Some((first, stage)), Err(_)) => Ok(Opened::closed(&first, stage)),
        }
    }

    /// Clears the envelope; a relay that says 421 is not spoken to any more.
    async fn refused(&mut self, reply: &RawReply, stage: Stage) -> Result<Opened, WireError> {
        if reply.code < 400 {
            return Err(WireError::NoReply(reply.reply().to_string()));
        }
        let is_usable = reply.code != 421 && self.reset().await;
        Ok(Opened::Refused(Refusal {
            reply: reply.reply(),
            stage,
            is_usable,
        }))
    }

    /// Whether both sides stand at the beginning again.
    async fn reset(&mut self) -> bool {
        let limit = self.limits.command;
        if self.wire.write(b"RSET\r\n", limit).await.is_err() {
            return false;
        }
        matches!(self.wire.reply(limit).await, Ok(reply) if is_positive(&reply))
    }

    /// The content, and only when all of it is out the dot that ends it: a fault
    /// before the dot means that nobody has the message.
    async fn content(&mut self, content: &[u8]) -> Result<(Outcome, u16), Outcome> {
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
            200..=299 => Ok((Outcome::Accepted(reply.reply()), reply.code)),
            400.. => Ok((Outcome::refused(reply.reply(), Stage::Content), reply.code)),
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
    Refused(Refusal),
}

struct Refusal {
    reply: Reply,
    stage: Stage,
    /// Whether the session can be used again.
    is_usable: bool,
}

impl Opened {
    fn closed(reply: &RawReply, stage: Stage) -> Opened {
        Opened::Refused(Refusal {
            reply: reply.reply(),
            stage,
            is_usable: false,
        })
    }
}

fn is_positive(reply: &RawReply) -> bool {
    (200..300).contains(&reply.code)
}

/// Doubles a dot at the beginning of a line (RFC 5321 §4.5.2) and sees to the
/// CRLF at the end.
fn stuff_dots(content: &[u8], out: &mut Vec<u8>) {
    out.reserve(content.len() + 64);
    if content.first() == Some(&b'.') {
        out.push(b'.');
    }
    let mut done = 0;
    for at in memchr::memmem::find_iter(content, b"\n.") {
        out.extend_from_slice(&content[done..=at]);
        out.push(b'.');
        done = at + 1;
    }
    out.extend_from_slice(&content[done..]);
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
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
