//! What comes before the first message: the connection, EHLO, encryption, login.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::{ConnectError, Login, Mechanism, Relay};
use crate::wire::{RawReply, Stream, Wire, WireError};

/// The steps before the first message.
pub(super) struct Opening<'a> {
    pub(super) relay: &'a Relay,
}

impl Opening<'_> {
    fn name(&self) -> String {
        format!("{}:{}", self.relay.host, self.relay.port)
    }

    pub(super) fn unreachable(&self, reason: impl ToString) -> ConnectError {
        ConnectError::Unreachable {
            relay: self.name(),
            reason: reason.to_string(),
        }
    }

    pub(super) fn not_offered(&self, what: &'static str) -> ConnectError {
        ConnectError::NotOffered {
            relay: self.name(),
            what,
        }
    }

    pub(super) async fn stream(&self) -> Result<TcpStream, ConnectError> {
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

    pub(super) async fn encrypt(
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

    pub(super) async fn expect(
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

    pub(super) async fn command(
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

    pub(super) async fn hello(&self, wire: &mut Wire) -> Result<Offers, ConnectError> {
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

    pub(super) async fn log_in(
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

/// What the relay offers in its answer to EHLO.
#[derive(Debug, Clone, Default)]
pub(super) struct Offers {
    pub(super) starttls: bool,
    pub(super) pipelining: bool,
    pub(super) smtputf8: bool,
    pub(super) size: Option<usize>,
    pub(super) auth: Vec<String>,
}
