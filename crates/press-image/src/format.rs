//! The formats that are read, told apart by content and never by name.

use std::fmt;

use image::ImageFormat;

/// A format that pictures come or are handed out in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF, of which the first frame is used.
    Gif,
    /// WebP.
    WebP,
    /// Scalable Vector Graphics.
    Svg,
}

impl Format {
    /// The format that the content says.
    pub fn of(bytes: &[u8]) -> Option<Format> {
        match image::guess_format(bytes) {
            Ok(ImageFormat::Png) => Some(Format::Png),
            Ok(ImageFormat::Jpeg) => Some(Format::Jpeg),
            Ok(ImageFormat::Gif) => Some(Format::Gif),
            Ok(ImageFormat::WebP) => Some(Format::WebP),
            _ => is_svg(bytes).then_some(Format::Svg),
        }
    }

    /// The format that the ending of a file name promises.
    pub fn of_name(name: &str) -> Option<Format> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "png" => Some(Format::Png),
            "jpg" | "jpeg" | "jpe" | "jfif" => Some(Format::Jpeg),
            "gif" => Some(Format::Gif),
            "webp" => Some(Format::WebP),
            "svg" => Some(Format::Svg),
            _ => None,
        }
    }

    /// The usual ending of its file names, without the full stop.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Png => "png",
            Format::Jpeg => "jpg",
            Format::Gif => "gif",
            Format::WebP => "webp",
            Format::Svg => "svg",
        }
    }

    /// Its media type (RFC 6838).
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Png => "image/png",
            Format::Jpeg => "image/jpeg",
            Format::Gif => "image/gif",
            Format::WebP => "image/webp",
            Format::Svg => "image/svg+xml",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Png => "PNG",
            Format::Jpeg => "JPEG",
            Format::Gif => "GIF",
            Format::WebP => "WebP",
            Format::Svg => "SVG",
        })
    }
}

/// How far into a file its `svg` element is looked for: prologues of drawing
/// programs with entity declarations are long.
const SVG_PROLOGUE: usize = 16 * 1024;

/// Whether this is a text whose first element looks like `svg`. A compressed SVG
/// is none: its size once unpacked could not be known beforehand.
fn is_svg(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = &bytes[..bytes.len().min(SVG_PROLOGUE)];
    let start = start.trim_ascii_start();
    start.starts_with(b"<")
        && start
            .windows(4)
            .any(|window| window == b"<svg" || window == b":svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        assert_eq!(Format::of(b"\x89PNG\r\n\x1a\n"), Some(Format::Png));
        assert_eq!(Format::of(b"\xff\xd8\xff\xe0"), Some(Format::Jpeg));
        assert_eq!(Format::of(b"GIF89a"), Some(Format::Gif));
        assert_eq!(Format::of(b"RIFF\0\0\0\0WEBP"), Some(Format::WebP));
        let svg = b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- chart -->\n<svg:svg xmlns:svg='x'/>";
        assert_eq!(Format::of(svg), Some(Format::Svg));
        assert_eq!(Format::of(b"BM a bitmap"), None);
        assert_eq!(Format::of(b"words about <svg>"), None);
        assert_eq!(Format::of(b""), None);
    }
}
