//! Postfix's `smtp-sink` and `smtp-source`.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Took, timed};

/// A sink that takes everything, until it is dropped.
pub struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    /// None if there is no such program.
    pub fn start() -> Option<Sink> {
        let port = TcpListener::bind("127.0.0.1:0")
            .ok()?
            .local_addr()
            .ok()?
            .port();
        let mut command = Command::new(program("smtp-sink"));
        if nix::unistd::geteuid().is_root() {
            command.args(["-u", "root"]);
        }
        let child = command
            .arg(format!("127.0.0.1:{port}"))
            .arg("1000")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let sink = Sink { child, port };
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(sink);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Messages from `smtp-source`, its connections kept.
pub fn source(port: u16, connections: usize, messages: usize, size: usize) -> Took {
    let (done, took) = timed(messages, || {
        Command::new(program("smtp-source"))
            .arg("-d")
            .args(["-s", &connections.to_string()])
            .args(["-m", &messages.to_string()])
            .args(["-l", &size.to_string()])
            .args(["-f", "a@example.org", "-t", "b@example.org"])
            .arg(format!("127.0.0.1:{port}"))
            .status()
    });
    assert!(
        done.is_ok_and(|status| status.success()),
        "smtp-source failed"
    );
    took
}

/// Where Debian puts them, if not on the path.
fn program(name: &str) -> String {
    let sbin = format!("/usr/sbin/{name}");
    match std::path::Path::new(&sbin).exists() {
        true => sbin,
        false => name.to_owned(),
    }
}
