//! Where the program speaks: answers to the one stream, progress and complaints
//! to the other.

use std::io::{self, IsTerminal, Write};

/// The two streams that a person or a program reads.
pub struct Console<'a> {
    out: Box<dyn Write + 'a>,
    err: Box<dyn Write + 'a>,
    colour: bool,
}

impl Console<'static> {
    /// The streams of the process. Colour is for a terminal, unless the
    /// environment says `NO_COLOR` (<https://no-color.org>).
    pub fn standard() -> Console<'static> {
        let colour =
            io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Console {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            colour,
        }
    }
}

impl<'a> Console<'a> {
    /// Streams that a test reads afterwards, without colour.
    pub fn plain(out: &'a mut Vec<u8>, err: &'a mut Vec<u8>) -> Console<'a> {
        Console {
            out: Box::new(out),
            err: Box::new(err),
            colour: false,
        }
    }

    /// Whether complaints may be coloured.
    pub(crate) fn colour(&self) -> bool {
        self.colour
    }

    /// An answer. A reader that has gone away (`| head`) is no error.
    pub(crate) fn print(&mut self, text: &str) {
        let _ = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
    }

    /// A complaint or a word of progress.
    pub(crate) fn error(&mut self, text: &str) {
        let _ = self
            .err
            .write_all(text.as_bytes())
            .and_then(|()| self.err.flush());
    }

    /// What clap has to say, coloured or not.
    pub(crate) fn render_usage(&self, error: &clap::Error) -> String {
        let text = error.render();
        if self.colour {
            text.ansi().to_string()
        } else {
            text.to_string()
        }
    }
}
