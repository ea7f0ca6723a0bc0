//! Whether a file is a whole picture, by its first and last bytes: a picture that is
//! named in an edition must be one that can be shown.

/// Whether a file begins and ends as a picture does: PNG (ISO 15948 §5), JPEG (ITU
/// T.81 B.1.1.3), GIF (89a §17 and §27), WebP (RFC 9649 §2.4) or SVG.
pub(crate) fn is_whole(file: &[u8]) -> bool {
    match file {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => {
            file.ends_with(b"IEND\xaeB`\x82")
        }
        [0xff, 0xd8, 0xff, ..] => {
            let end = file.iter().rposition(|byte| *byte != 0).unwrap_or(0);
            file[..=end].ends_with(&[0xff, 0xd9])
        }
        [b'G', b'I', b'F', b'8', ..] => file.ends_with(&[0x3b]),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            a,
            b,
            c,
            d,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => {
            let length = u32::from_le_bytes([*a, *b, *c, *d]);
            usize::try_from(length).is_ok_and(|length| file.len() >= length + 8)
        }
        _ => is_svg(file),
    }
}

fn is_svg(file: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(file) else {
        return false;
    };
    let text = text.trim();
    text.contains("<svg") && (text.ends_with("</svg>") || text.ends_with("/>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_beginning_and_an_end() {
        let png = [
            b"\x89PNG\r\n\x1a\n".as_slice(),
            b"....IHDR....",
            b"\0\0\0\0IEND\xaeB`\x82",
        ];
        let png = png.concat();
        let riff = b"RIFF\x06\0\0\0WEBPVP";
        let all: [&[u8]; 5] = [
            &png,
            b"\xff\xd8\xff\xe0..\xff\xd9\0",
            b"GIF89a..\x3b",
            riff,
            b"<?xml version='1.0'?><svg xmlns=''><path/></svg>\n",
        ];
        for whole in all {
            assert!(is_whole(whole), "{whole:?}");
            assert!(!is_whole(&whole[..whole.len() / 2]), "{whole:?}");
            assert!(
                !is_whole(&whole[1..]) || whole.starts_with(b"<?"),
                "{whole:?}"
            );
        }
        assert!(!is_whole(b"no picture"));
    }
}
