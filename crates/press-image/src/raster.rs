//! Pictures made of pixels: decoded upright, scaled down and encoded.

use std::io::Cursor;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageResult, Limits,
    RgbaImage,
};

use crate::pictures::Error;
use crate::{Format, metadata};

/// The most pixels that a picture may have.
pub const MOST_PIXELS: u64 = 100_000_000;
/// The longest side that a picture may have, in pixels.
pub const LONGEST_SIDE: u32 = 30_000;
/// The most memory that decoding may take, in bytes: [`MOST_PIXELS`] of four
/// channels with sixteen bits each, and some room to work in.
const MOST_MEMORY: u64 = 1024 * 1024 * 1024;

/// The quality of the JPEGs that are made, out of 100.
pub const JPEG_QUALITY: u8 = 85;

/// What the header of a picture says.
pub struct Header {
    /// Pixels across, once upright.
    pub width: u32,
    /// Pixels down, once upright.
    pub height: u32,
    /// Whether it must be turned to be upright.
    pub turned: bool,
}

impl Header {
    /// Whether there are more pixels than any edition needs.
    pub fn is_huge(&self) -> bool {
        u64::from(self.width) * u64::from(self.height) > MOST_PIXELS
            || self.width.max(self.height) > LONGEST_SIDE
    }
}

/// A picture as it is worked on.
pub struct Decoded {
    /// Its pixels, upright.
    pub image: DynamicImage,
    /// Its colour profile, if it belongs to the colours that the pixels have.
    pub profile: Option<Vec<u8>>,
}

/// Reads the header alone, so that a bomb is known before it goes off.
pub fn header(bytes: &[u8], format: Format) -> ImageResult<Option<Header>> {
    let Some(mut decoder) = decoder(bytes, format)? else {
        return Ok(None);
    };
    let (width, height) = decoder.dimensions();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let sideways = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if sideways {
        (height, width)
    } else {
        (width, height)
    };
    Ok(Some(Header {
        width,
        height,
        turned: orientation != Orientation::NoTransforms,
    }))
}

/// Decodes the whole picture (of a GIF the first frame) and turns it upright.
pub fn decode(bytes: &[u8], format: Format) -> ImageResult<Option<Decoded>> {
    let Some(mut decoder) = decoder(bytes, format)? else {
        return Ok(None);
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().unwrap_or(None);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    let profile = profile.filter(|profile| fits(profile, image.color()));
    Ok(Some(Decoded { image, profile }))
}

/// Scales down to `width` pixels across; a narrower picture stays as it is.
/// Colours hidden under full transparency do not bleed into the edges.
pub fn scale_down(image: DynamicImage, width: u32) -> DynamicImage {
    if image.width() <= width {
        return image;
    }
    let height = u64::from(image.height()) * u64::from(width) / u64::from(image.width());
    let height = u32::try_from(height).unwrap_or(u32::MAX).max(1);
    let (grey, opaque) = (!image.color().has_color(), !image.color().has_alpha());
    let scaled = DynamicImage::from(scale(image.into_rgba8(), width, height));
    match (grey, opaque) {
        (true, true) => scaled.into_luma8().into(),
        (true, false) => scaled.into_luma_alpha8().into(),
        (false, true) => scaled.into_rgb8().into(),
        (false, false) => scaled,
    }
}

/// The picture as it looks on white paper.
pub fn on_white(image: DynamicImage) -> DynamicImage {
    if is_opaque(&image) {
        return image;
    }
    let is_grey = !image.color().has_color();
    let mut pixels = image.into_rgba8();
    for pixel in pixels.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0.map(u32::from);
        let mix = |channel: u32| ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        pixel.0 = [mix(red), mix(green), mix(blue), 255];
    }
    let image = DynamicImage::from(pixels);
    match is_grey {
        true => image.into_luma8().into(),
        false => image.into_rgb8().into(),
    }
}

/// Scales with a filter of high quality and, since pages may hold many pictures,
/// with the vector instructions of the processor.
fn scale(image: RgbaImage, width: u32, height: u32) -> RgbaImage {
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    let mut scaled = RgbaImage::new(width, height);
    let resized = {
        let from = ImageRef::new(image.width(), image.height(), &image, PixelType::U8x4);
        let to = Image::from_slice_u8(width, height, &mut scaled, PixelType::U8x4);
        match (from, to) {
            (Ok(from), Ok(mut to)) => Resizer::new().resize(&from, &mut to, &options).is_ok(),
            _ => false,
        }
    };
    if resized {
        return scaled;
    }
    image::imageops::resize(&image, width, height, image::imageops::FilterType::Lanczos3)
}

/// Encodes as PNG with eight bits a channel, without an alpha channel that
/// nothing uses.
pub fn encode_png(decoded: &Decoded) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder =
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, PngFilter::Adaptive);
    // Formats that cannot hold a profile refuse it; PNG can.
    if let Some(profile) = &decoded.profile {
        let _ = encoder.set_icc_profile(profile.clone());
    }
    let image = &decoded.image;
    let grey = !image.color().has_color();
    let opaque = is_opaque(image);
    let reduced = match (grey, opaque) {
        (true, true) => DynamicImage::from(image.to_luma8()),
        (true, false) => DynamicImage::from(image.to_luma_alpha8()),
        (false, true) => DynamicImage::from(image.to_rgb8()),
        (false, false) => DynamicImage::from(image.to_rgba8()),
    };
    reduced.write_with_encoder(encoder)?;
    Ok(bytes)
}

/// Encodes as JPEG of [`JPEG_QUALITY`].
pub fn encode_photograph(decoded: &Decoded) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    if let Some(profile) = &decoded.profile {
        let _ = encoder.set_icc_profile(profile.clone());
    }
    if decoded.image.color().has_color() {
        let rgb = decoded.image.to_rgb8();
        encoder.encode(&rgb, rgb.width(), rgb.height(), ExtendedColorType::Rgb8)?;
    } else {
        let grey = decoded.image.to_luma8();
        encoder.encode(&grey, grey.width(), grey.height(), ExtendedColorType::L8)?;
    }
    Ok(bytes)
}

/// Encodes rows of red, green and blue bytes as JPEG; `quality` is out of 100.
///
/// # Errors
/// [`Error::Encode`] if `rgb` does not hold `width` × `height` pixels or the
/// picture is larger than JPEG allows.
pub fn encode_jpeg(rgb: &[u8], width: u32, height: u32, quality: u8) -> Result<Vec<u8>, Error> {
    let expected = u64::from(width) * u64::from(height) * 3;
    if rgb.len() as u64 != expected {
        return Err(Error::Encode {
            reason: format!("{} bytes where {expected} make the picture", rgb.len()),
        });
    }
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode(rgb, width, height, ExtendedColorType::Rgb8)
        .map_err(|error| Error::Encode {
            reason: error.to_string(),
        })?;
    Ok(bytes)
}

/// Whether a picture of this source should be handed on as JPEG.
pub fn is_photograph(bytes: &[u8], format: Format) -> bool {
    match format {
        Format::Jpeg => true,
        Format::WebP => metadata::is_lossy_webp(bytes),
        Format::Png | Format::Gif | Format::Svg => false,
    }
}

fn decoder(bytes: &[u8], format: Format) -> ImageResult<Option<Box<dyn ImageDecoder + '_>>> {
    let bytes = Cursor::new(bytes);
    Ok(match format {
        Format::Png => Some(Box::new(PngDecoder::new(bytes)?)),
        Format::Jpeg => Some(Box::new(JpegDecoder::new(bytes)?)),
        Format::Gif => Some(Box::new(GifDecoder::new(bytes)?)),
        Format::WebP => Some(Box::new(WebPDecoder::new(bytes)?)),
        Format::Svg => None,
    })
}

/// Whether a profile describes the colours that the decoded pixels have (ICC.1
/// §7.2.6): a CMYK picture is decoded to RGB, where its own profile would lie.
fn fits(profile: &[u8], colour: ColorType) -> bool {
    match profile.get(16..20) {
        Some(b"RGB ") => colour.has_color(),
        Some(b"GRAY") => !colour.has_color(),
        _ => false,
    }
}

/// Whether a picture hides what is behind it.
pub fn is_opaque(image: &DynamicImage) -> bool {
    !image.color().has_alpha() || image.to_rgba8().pixels().all(|pixel| pixel.0[3] == 255)
}
