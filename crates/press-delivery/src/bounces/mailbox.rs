//! Mailboxes: a Maildir, an mbox, a folder of messages, a message. They are read in
//! bounded memory and left as they are.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::mime::LONGEST_MESSAGE;

/// The files of messages at a path, in order of their names: those in `cur` and
/// `new` of a Maildir, those in any other folder, the file itself.
///
/// # Errors
/// Those of reading folders.
pub fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let (cur, new) = (path.join("cur"), path.join("new"));
    if !cur.is_dir() && !new.is_dir() {
        return folder(path);
    }
    let mut all = Vec::new();
    for inner in [cur, new] {
        if inner.is_dir() {
            all.extend(folder(&inner)?);
        }
    }
    Ok(all)
}

fn folder(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let kind = entry.file_type()?;
        let is_linked = || kind.is_symlink() && entry.path().is_file();
        if !is_hidden && (kind.is_file() || is_linked()) {
            all.push(entry.path());
        }
    }
    all.sort_unstable();
    Ok(all)
}

/// A message as it lies in a file, no more than its first MiB.
pub struct Raw {
    /// Which of a file that holds several, from 1.
    pub number: Option<usize>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The messages of a file.
pub struct Mails {
    file: BufReader<File>,
    is_mbox: bool,
    number: usize,
    ended: bool,
}

impl Mails {
    /// Opens a file; it is an mbox if it begins as one (RFC 4155).
    ///
    /// # Errors
    /// Those of opening it.
    pub fn open(path: &Path) -> io::Result<Mails> {
        // To open a pipe would wait for whoever writes to it.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is no file and no folder"));
        }
        let file = File::open(path)?;
        let mut file = BufReader::with_capacity(64 * 1024, file);
        let is_mbox = file.fill_buf()?.starts_with(b"From ");
        Ok(Mails {
            file,
            is_mbox,
            number: 0,
            ended: false,
        })
    }

    fn whole(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let most = LONGEST_MESSAGE as u64;
        (&mut self.file).take(most).read_to_end(&mut bytes)?;
        self.ended = true;
        Ok(bytes)
    }

    /// The next message of an mbox: up to a line `From ` behind an empty one. The
    /// quoting of such lines is undone, as of the form that Debian's programs write.
    fn next_of_mbox(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let mut line = Vec::new();
        let mut is_first = self.number == 0;
        let mut after_empty = false;
        loop {
            if !read_line(&mut self.file, &mut line)? {
                self.ended = true;
                return Ok((!bytes.is_empty()).then_some(bytes));
            }
            if line.starts_with(b"From ") && (after_empty || is_first) {
                if is_first {
                    is_first = false;
                    continue;
                }
                return Ok(Some(bytes));
            }
            is_first = false;
            after_empty = line.trim_ascii().is_empty();
            let quoted = line.iter().take_while(|byte| **byte == b'>').count();
            let is_quoted = quoted > 0 && line[quoted..].starts_with(b"From ");
            let room = LONGEST_MESSAGE.saturating_sub(bytes.len());
            let line = &line[usize::from(is_quoted)..];
            bytes.extend_from_slice(&line[..line.len().min(room)]);
        }
    }
}

impl Iterator for Mails {
    type Item = io::Result<Raw>;

    fn next(&mut self) -> Option<io::Result<Raw>> {
        if self.ended {
            return None;
        }
        let bytes = match self.is_mbox {
            false => self.whole().map(Some),
            true => self.next_of_mbox(),
        };
        self.number += 1;
        let number = self.is_mbox.then_some(self.number);
        match bytes {
            Ok(bytes) => bytes.map(|bytes| Ok(Raw { number, bytes })),
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }
}

/// Reads a line, and of a long one its beginning; says whether there was one.
fn read_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let held = file.fill_buf()?;
        if held.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = held.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(held.len(), |end| end + 1);
        let room = LONGEST_MESSAGE.saturating_sub(line.len());
        line.extend_from_slice(&held[..taken.min(room)]);
        file.consume(taken);
        if end.is_some() {
            return Ok(true);
        }
    }
}
