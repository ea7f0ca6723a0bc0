//! What a camera or a program wrote beside the pixels. It may tell where and by
//! whom a photograph was taken and is never published; colour profiles stay.
//!
//! The pixels are not touched: the pieces are cut out of the file (ITU T.81
//! annex B for JPEG, PNG 3 §5 for PNG).

use std::borrow::Cow;

/// What the structure of a JPEG file tells without decoding it.
#[derive(Debug, PartialEq, Eq)]
pub struct Jpeg<'a> {
    /// The file without Exif, XMP, IPTC and comments.
    pub clean: Cow<'a, [u8]>,
    /// How many colour components it has: 4 for CMYK.
    pub components: u8,
}

/// Walks the segments of a JPEG file. None if it is cut short: some decoders
/// fill what is missing with grey and say nothing.
pub fn jpeg(bytes: &[u8]) -> Option<Jpeg<'_>> {
    const START_OF_SCAN: u8 = 0xda;
    const END_OF_IMAGE: u8 = 0xd9;
    let mut kept: Vec<&[u8]> = vec![bytes.get(..2)?];
    let mut cut = false;
    let mut components = 0;
    let mut at = 2;
    loop {
        // Fill bytes may stand before a marker.
        let marker_at = at;
        while *bytes.get(at + 1)? == 0xff {
            at += 1;
        }
        let [0xff, marker] = *bytes.get(at..at + 2)? else {
            return None;
        };
        if marker == END_OF_IMAGE {
            kept.push(&bytes[marker_at..at + 2]);
            cut |= at + 2 < bytes.len();
            break;
        }
        let length = usize::from(u16::from_be_bytes(
            bytes.get(at + 2..at + 4)?.try_into().ok()?,
        ));
        let mut end = at + 2 + length.max(2);
        let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            components = *bytes.get(at + 9)?;
        }
        if marker == START_OF_SCAN {
            end = end_of_scan(bytes, end)?;
        }
        let segment = bytes.get(marker_at..end)?;
        // APP1 holds Exif and XMP, APP13 IPTC, COM a comment.
        if matches!(marker, 0xe1 | 0xed | 0xfe) {
            cut = true;
        } else {
            kept.push(segment);
        }
        at = end;
    }
    let clean = if cut {
        Cow::Owned(kept.concat())
    } else {
        Cow::Borrowed(bytes)
    };
    Some(Jpeg { clean, components })
}

/// Where the compressed data that begins at `at` ends: at the next marker that
/// is neither a stuffed byte nor a restart.
fn end_of_scan(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xff)?;
        match *bytes.get(at + 1)? {
            0x00 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

/// A PNG file without its Exif, texts and time. None if its chunks are broken.
pub fn clean_png(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    const SIGNATURE: usize = 8;
    let mut kept: Vec<&[u8]> = vec![bytes.get(..SIGNATURE)?];
    let mut cut = false;
    let mut at = SIGNATURE;
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
        let kind = bytes.get(at + 4..at + 8)?;
        let end = at.checked_add(12)?.checked_add(length)?;
        let chunk = bytes.get(at..end)?;
        if matches!(kind, b"eXIf" | b"tEXt" | b"zTXt" | b"iTXt" | b"tIME") {
            cut = true;
        } else {
            kept.push(chunk);
        }
        at = end;
        if kind == b"IEND" {
            cut |= at < bytes.len();
            break;
        }
    }
    Some(if cut {
        Cow::Owned(kept.concat())
    } else {
        Cow::Borrowed(bytes)
    })
}

/// Whether a WebP file holds compressed photographs without transparency, which
/// are better handed on as JPEG than as PNG.
pub fn is_lossy_webp(bytes: &[u8]) -> bool {
    match bytes.get(12..16) {
        Some(b"VP8 ") => true,
        Some(b"VP8X") => {
            const ALPHA: u8 = 0x10;
            let alpha = bytes.get(20).is_none_or(|flags| flags & ALPHA != 0);
            !alpha && bytes.windows(4).any(|window| window == b"VP8 ")
        }
        _ => false,
    }
}
