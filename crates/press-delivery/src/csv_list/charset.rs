//! The characters of a list as it comes: UTF-8 with or without a mark, UTF-16, or
//! Windows-1252 as old spreadsheets write it, read as UTF-8 in bounded memory.
//!
//! A mark at the beginning decides (Unicode 16.0 §23.8). Without one, zero bytes in
//! every second place mean UTF-16. Else the file is read once: it is UTF-8 unless
//! more of its bytes beyond ASCII break UTF-8 than keep it, so that one bad byte
//! costs one row and not the names of all the others.

use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How many bytes are looked at for UTF-16 without a mark.
const SAMPLE: usize = 4096;

/// How many bytes are read at a time.
const BLOCK: usize = 64 * 1024;

/// What a list is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
    /// Windows-1252, which holds ISO 8859-1.
    Windows1252,
}

impl Charset {
    /// As people name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Charset::Utf8 => "UTF-8",
            Charset::Utf16Le | Charset::Utf16Be => "UTF-16",
            Charset::Windows1252 => "Windows-1252",
        }
    }

    fn encoding(self) -> Option<&'static Encoding> {
        match self {
            Charset::Utf8 => None,
            Charset::Utf16Le => Some(UTF_16LE),
            Charset::Utf16Be => Some(UTF_16BE),
            Charset::Windows1252 => Some(WINDOWS_1252),
        }
    }

    /// Finds out what `list` is written in, and goes back to its beginning behind
    /// the mark.
    ///
    /// # Errors
    /// Those of `list`, which must be a file: a pipe cannot be read twice.
    pub fn detect(list: &mut (impl Read + Seek)) -> io::Result<Charset> {
        let begin = list.stream_position()?;
        let mut sample = Vec::with_capacity(SAMPLE);
        list.take(SAMPLE as u64).read_to_end(&mut sample)?;
        let (charset, mark) = match sample.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => (Charset::Utf8, 3),
            [0xff, 0xfe, ..] => (Charset::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Charset::Utf16Be, 2),
            sample => match without_mark(sample) {
                Some(charset) => (charset, 0),
                None => {
                    list.seek(SeekFrom::Start(begin))?;
                    (utf8_or_not(list)?, 0)
                }
            },
        };
        list.seek(SeekFrom::Start(begin + mark))?;
        Ok(charset)
    }
}

/// UTF-16 by its zero bytes; none if it is something else.
fn without_mark(sample: &[u8]) -> Option<Charset> {
    let zeros = |from: usize| sample.iter().skip(from).step_by(2).filter(|b| **b == 0);
    let (even, odd, half) = (zeros(0).count(), zeros(1).count(), sample.len() / 2);
    match (even, odd) {
        (0, 0) => None,
        (even, odd) if odd > half / 2 && even < half / 8 => Some(Charset::Utf16Le),
        (even, odd) if even > half / 2 && odd < half / 8 => Some(Charset::Utf16Be),
        _ => None,
    }
}

fn utf8_or_not(list: &mut impl Read) -> io::Result<Charset> {
    let mut block = vec![0; BLOCK];
    let (mut filled, mut kept, mut broken) = (0, 0u64, 0u64);
    loop {
        let read = match list.read(&mut block[filled..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        filled += read;
        let mut rest = &block[..filled];
        while !rest.is_empty() {
            let (valid, bad) = match std::str::from_utf8(rest) {
                Ok(text) => (text.len(), 0),
                // The beginning of a character, to be read with the next block.
                Err(error) if error.error_len().is_none() && read > 0 => {
                    kept += beyond_ascii(&rest[..error.valid_up_to()]);
                    rest = &rest[error.valid_up_to()..];
                    break;
                }
                Err(error) => (error.valid_up_to(), error.error_len().unwrap_or(1)),
            };
            kept += beyond_ascii(&rest[..valid]);
            broken += u64::from(bad > 0);
            rest = &rest[(valid + bad).min(rest.len())..];
        }
        let left = rest.len();
        block.copy_within(filled - left..filled, 0);
        filled = left;
        if read == 0 {
            return Ok(match broken > kept {
                true => Charset::Windows1252,
                false => Charset::Utf8,
            });
        }
    }
}

/// How many characters of several bytes there are.
fn beyond_ascii(valid: &[u8]) -> u64 {
    valid.iter().filter(|byte| **byte >= 0xc0).count() as u64
}

/// Reads a list as UTF-8. What is UTF-8 already passes as it stands, faults and all.
pub struct AsUtf8<R> {
    list: R,
    decoder: Option<Decoder>,
    block: Vec<u8>,
    from: usize,
    to: usize,
    ended: bool,
    finished: bool,
}

impl<R: Read> AsUtf8<R> {
    /// Of a list that stands at its beginning.
    pub fn new(list: R, charset: Charset) -> AsUtf8<R> {
        AsUtf8 {
            list,
            decoder: charset
                .encoding()
                .map(Encoding::new_decoder_without_bom_handling),
            block: vec![0; BLOCK],
            from: 0,
            to: 0,
            ended: false,
            finished: false,
        }
    }
}

impl<R: Read> Read for AsUtf8<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else {
            return self.list.read(out);
        };
        if self.finished {
            return Ok(0);
        }
        // The longest character needs room.
        if out.len() < 4 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        loop {
            if self.from == self.to && !self.ended {
                self.from = 0;
                self.to = self.list.read(&mut self.block)?;
                self.ended = self.to == 0;
            }
            let source = &self.block[self.from..self.to];
            let (result, read, written, _) = decoder.decode_to_utf8(source, out, self.ended);
            self.from += read;
            // A decoder that has seen the end must not be asked again.
            self.finished = self.ended && result == CoderResult::InputEmpty;
            if written > 0 || self.finished {
                return Ok(written);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(bytes: &[u8]) -> (Charset, String) {
        let mut list = Cursor::new(bytes);
        let charset = Charset::detect(&mut list).unwrap();
        let mut text = Vec::new();
        // A small buffer, so that characters fall on its edge.
        let mut reader = AsUtf8::new(list, charset);
        let mut part = [0; 5];
        loop {
            match reader.read(&mut part).unwrap() {
                0 => break,
                read => text.extend_from_slice(&part[..read]),
            }
        }
        (charset, String::from_utf8_lossy(&text).into_owned())
    }

    fn utf16(text: &str, low_first: bool, mark: bool) -> Vec<u8> {
        let mark = mark.then_some('\u{feff}');
        let text: String = mark.into_iter().chain(text.chars()).collect();
        text.encode_utf16()
            .flat_map(|unit| match low_first {
                true => unit.to_le_bytes(),
                false => unit.to_be_bytes(),
            })
            .collect()
    }

    #[test]
    fn every_writing_is_known() {
        let text = "email,name\nada@example.org,Zoë Ødegård 😀\n";
        assert_eq!(read(text.as_bytes()), (Charset::Utf8, text.to_owned()));
        let marked = format!("\u{feff}{text}");
        assert_eq!(read(marked.as_bytes()), (Charset::Utf8, text.to_owned()));
        for mark in [true, false] {
            let low = read(&utf16(text, true, mark));
            assert_eq!(low, (Charset::Utf16Le, text.to_owned()));
            let high = read(&utf16(text, false, mark));
            assert_eq!(high, (Charset::Utf16Be, text.to_owned()));
        }
        let western = b"email,name\nada@example.org,Zo\xeb \x80\n";
        let known = "email,name\nada@example.org,Zoë €\n".to_owned();
        assert_eq!(read(western), (Charset::Windows1252, known));
        // Cut in the middle of a character.
        let cut = &utf16("email\nz", true, true)[..15];
        assert_eq!(read(cut), (Charset::Utf16Le, "email\n\u{fffd}".to_owned()));
        assert_eq!(read(b""), (Charset::Utf8, String::new()));
    }

    #[test]
    fn one_bad_byte_does_not_make_another_writing_of_it() {
        let mixed = b"a,Zo\xc3\xab\nb,Zo\xc3\xab\nc,Zo\xeb\n";
        assert_eq!(read(mixed).0, Charset::Utf8);
        // A character on the edge of a block is whole.
        let mut long = vec![b'a'; BLOCK - 1];
        long.extend_from_slice("ë".as_bytes());
        assert_eq!(read(&long).0, Charset::Utf8);
        // A cut one at the end of the file is broken.
        assert_eq!(read(b"Zo\xeb").0, Charset::Windows1252);
    }
}
