//! The pictures of an issue, and the forms of them that editions ask for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use press_model::{AssetPath, Assets, Diagnostic, FontFile};
use resvg::usvg::fontdb::Database;

use crate::raster::Decoded;
use crate::{Format, diagnose, fonts, metadata, raster, svg};

/// What a picture is, upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Its format by content.
    pub format: Format,
    /// Its width in pixels; of an SVG in CSS pixels, rounded.
    pub width: u32,
    /// Its height in pixels; of an SVG in CSS pixels, rounded.
    pub height: u32,
}

/// A picture in a form that an edition can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The file.
    pub bytes: Arc<[u8]>,
    /// What it is: [`Format::Png`] or [`Format::Jpeg`], and [`Format::Svg`] from
    /// [`Pictures::for_print`] and [`Pictures::shapes`] alone.
    pub format: Format,
    /// Its width in pixels; of an SVG in CSS pixels, rounded.
    pub width: u32,
    /// Its height in pixels; of an SVG in CSS pixels, rounded.
    pub height: u32,
}

/// Why a picture cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No picture of that path was inspected, or it was found faulty.
    #[error("there is no usable picture `{0}`")]
    Unknown(AssetPath),
    /// It was found good, and can still not be made into what was asked for.
    #[error("the picture `{path}` cannot be prepared: {reason}")]
    Prepare {
        /// Its path.
        path: AssetPath,
        /// What the decoder or encoder says.
        reason: String,
    },
    /// Pixels that cannot be encoded.
    #[error("pixels cannot be encoded: {reason}")]
    Encode {
        /// What the encoder says.
        reason: String,
    },
}

/// Every picture of an issue. It may be shared between threads; what it made
/// once it hands out again.
pub struct Pictures {
    pictures: BTreeMap<AssetPath, Picture>,
    fonts: Arc<Database>,
    made: Mutex<BTreeMap<Wish, Made>>,
}

/// A place for a picture that is made once, by whoever comes first.
type Made = Arc<OnceLock<Result<Prepared, Error>>>;

/// A picture that was found good.
pub(crate) struct Picture {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) info: Info,
    /// Whether its pixels must be turned to be upright.
    pub(crate) turned: bool,
    /// The characters of the text in an SVG.
    pub(crate) text: String,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    path: AssetPath,
    width: u32,
    form: Form,
}

/// What a picture is made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// An SVG as it is.
    Vector,
    /// Pixels, which may be transparent.
    Pixels,
    /// Pixels on white paper.
    Opaque,
}

impl Pictures {
    /// Reads and decodes every asset, and says which are broken, huge,
    /// mislabelled or too coarse for print. Those that are broken or huge are not
    /// among the pictures afterwards. `fonts` are those that the publication adds.
    pub fn inspect(assets: &Assets, fonts: &[FontFile]) -> (Pictures, Vec<Diagnostic>) {
        let fonts = svg::font_database(fonts);
        let (pictures, diagnostics) = diagnose::all(assets, &fonts);
        let pictures = Pictures {
            pictures,
            fonts,
            made: Mutex::default(),
        };
        (pictures, diagnostics)
    }

    /// What the picture is; none if it was found faulty.
    pub fn info(&self, path: &AssetPath) -> Option<Info> {
        self.pictures.get(path).map(|picture| picture.info)
    }

    /// The faces of a family, among them those that the publication adds.
    pub fn faces(&self, family: &str) -> Vec<fonts::Face> {
        fonts::faces(&self.fonts, family)
    }

    /// The characters that the picture itself prints: the text of an SVG, which
    /// needs fonts as the text around it does.
    pub fn text(&self, path: &AssetPath) -> &str {
        self.pictures
            .get(path)
            .map_or("", |picture| picture.text.as_str())
    }

    /// The picture for the printed page: a PNG or JPEG, upright and at most
    /// `max_width` pixels wide, or an SVG as it is.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a picture that was not inspected or was faulty,
    /// [`Error::Prepare`] if a library fails.
    pub fn for_print(&self, path: &AssetPath, max_width: u32) -> Result<Prepared, Error> {
        self.prepare(path, max_width, Form::Vector)
    }

    /// The picture as PNG or JPEG of at most `max_width` pixels: photographs as
    /// JPEG, all else as PNG. An SVG is drawn exactly `max_width` wide on white.
    ///
    /// # Errors
    /// As [`Pictures::for_print`].
    pub fn raster(&self, path: &AssetPath, max_width: u32) -> Result<Prepared, Error> {
        self.prepare(path, max_width, Form::Pixels)
    }

    /// As [`Pictures::raster`], on white wherever the picture is transparent: where
    /// programs change the ground of a page as they please, dark lines on it must not
    /// be lost.
    ///
    /// # Errors
    /// As [`Pictures::for_print`].
    pub fn raster_on_white(&self, path: &AssetPath, max_width: u32) -> Result<Prepared, Error> {
        self.prepare(path, max_width, Form::Opaque)
    }

    /// An SVG as plain shapes that need nothing but themselves, for screens that draw
    /// them; none for a picture made of pixels.
    ///
    /// # Errors
    /// As [`Pictures::for_print`].
    pub fn shapes(&self, path: &AssetPath) -> Result<Option<Prepared>, Error> {
        let picture = self
            .pictures
            .get(path)
            .ok_or_else(|| Error::Unknown(path.clone()))?;
        if picture.info.format != Format::Svg {
            return Ok(None);
        }
        let drawn = guarded(|| svg::plain(&picture.bytes, &self.fonts));
        let drawn = drawn.map_err(|reason| Error::Prepare {
            path: path.clone(),
            reason,
        })?;
        Ok(Some(Prepared {
            bytes: drawn.into_bytes().into(),
            format: Format::Svg,
            width: picture.info.width,
            height: picture.info.height,
        }))
    }

    fn prepare(&self, path: &AssetPath, width: u32, form: Form) -> Result<Prepared, Error> {
        let picture = self
            .pictures
            .get(path)
            .ok_or_else(|| Error::Unknown(path.clone()))?;
        let width = width.max(1);
        let is_svg = picture.info.format == Format::Svg;
        let wish = Wish {
            path: path.clone(),
            // Wishes that give the same picture are one.
            width: if is_svg {
                width
            } else {
                width.min(picture.info.width)
            },
            form: match (form, is_svg) {
                (Form::Vector, false) | (Form::Opaque, true) => Form::Pixels,
                (form, _) => form,
            },
        };
        let made = {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(made.entry(wish.clone()).or_default())
        };
        // Outside the lock, so that other pictures can be made meanwhile.
        made.get_or_init(|| {
            guarded(|| picture.make(&wish, &self.fonts)).map_err(|reason| Error::Prepare {
                path: path.clone(),
                reason,
            })
        })
        .clone()
    }
}

impl Picture {
    fn make(&self, wish: &Wish, fonts: &Arc<Database>) -> Result<Prepared, String> {
        let format = self.info.format;
        if wish.form == Form::Vector {
            return Ok(Prepared {
                bytes: Arc::clone(&self.bytes),
                format,
                width: self.info.width,
                height: self.info.height,
            });
        }
        let is_whole = wish.width == self.info.width;
        if is_whole
            && (wish.form == Form::Pixels || !self.is_transparent()?)
            && let Some(prepared) = self.untouched()
        {
            return Ok(prepared);
        }
        let decoded = if format == Format::Svg {
            svg::rasterise(&self.bytes, wish.width, fonts)?
        } else {
            let decoded = raster::decode(&self.bytes, format)
                .map_err(|error| error.to_string())?
                .ok_or_else(|| String::from("it has no pixels"))?;
            let image = match wish.form {
                Form::Vector | Form::Pixels => decoded.image,
                Form::Opaque => raster::on_white(decoded.image),
            };
            Decoded {
                image: raster::scale_down(image, wish.width),
                profile: decoded.profile,
            }
        };
        let (width, height) = (decoded.image.width(), decoded.image.height());
        let (bytes, format) = if raster::is_photograph(&self.bytes, format) {
            (raster::encode_photograph(&decoded), Format::Jpeg)
        } else {
            (raster::encode_png(&decoded), Format::Png)
        };
        Ok(Prepared {
            bytes: bytes.map_err(|error| error.to_string())?.into(),
            format,
            width,
            height,
        })
    }

    /// Whether any of its pixels lets the page through.
    fn is_transparent(&self) -> Result<bool, String> {
        match self.info.format {
            Format::Jpeg | Format::Svg => Ok(false),
            Format::Png | Format::Gif | Format::WebP => {
                let decoded = raster::decode(&self.bytes, self.info.format);
                let decoded = decoded.map_err(|error| error.to_string())?;
                Ok(decoded.is_some_and(|decoded| !raster::is_opaque(&decoded.image)))
            }
        }
    }

    /// The file without its metadata, if it can be shown as it is: encoding a
    /// photograph again would cost quality. CMYK is not for screens.
    fn untouched(&self) -> Option<Prepared> {
        if self.turned {
            return None;
        }
        let clean = match self.info.format {
            Format::Jpeg => {
                let jpeg = metadata::jpeg(&self.bytes)?;
                (jpeg.components != 4).then_some(jpeg.clean)?
            }
            Format::Png => metadata::clean_png(&self.bytes)?,
            Format::Gif | Format::WebP | Format::Svg => return None,
        };
        Some(Prepared {
            bytes: match clean {
                Cow::Borrowed(_) => Arc::clone(&self.bytes),
                Cow::Owned(bytes) => bytes.into(),
            },
            format: self.info.format,
            width: self.info.width,
            height: self.info.height,
        })
    }
}

/// Runs a decoder on bytes that may be hostile. None of the decoders means to
/// panic, and some have been made to.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("the decoder gave up on it".into()))
}
