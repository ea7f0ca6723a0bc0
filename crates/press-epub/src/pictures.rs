//! The pictures of a book: prepared for screens, named, and each stored once.

use std::collections::BTreeMap;
use std::sync::Arc;

use press_image::{Format, Info, Pictures, Prepared};
use press_model::{AssetPath, Issue, Met, Publication, Slug, walk};

use crate::Error;

/// The longest side of a picture, in pixels: no screen of a reader shows more.
const LONGEST: u32 = 2048;

/// How wide a drawing is for readers that do not draw it themselves, in pixels.
const WIDEST_DRAWING: u32 = 1600;

/// The largest drawing that is in the book as shapes too, in bytes. A larger one is
/// a picture in disguise, and slow to draw.
const LARGEST_DRAWING: usize = 256 * 1024;

/// A picture as documents refer to it.
#[derive(Debug, Clone)]
pub(crate) struct PictureFile {
    /// Its address from the documents.
    pub href: String,
    /// The address of the same as an SVG.
    pub shapes: Option<String>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// How wide it is in a line of text, in CSS pixels.
    pub inline_width: u32,
    /// How high it is in a line of text, in CSS pixels.
    pub inline_height: u32,
}

/// A file to be stored.
#[derive(Debug)]
pub(crate) struct StoredPicture {
    pub href: String,
    /// The asset that it was made of.
    pub asset: AssetPath,
    pub media_type: &'static str,
    pub bytes: Arc<[u8]>,
}

/// The pictures of a book.
#[derive(Debug, Default)]
pub(crate) struct BookPictures {
    /// What documents need to know of each asset.
    pub by_asset: BTreeMap<AssetPath, PictureFile>,
    /// The files, each content once, sorted by the first asset that has it.
    pub stored: Vec<StoredPicture>,
}

/// How wide a picture may be, so that no side of it is too long.
fn widest(info: Option<Info>) -> u32 {
    let Some(info) = info else { return LONGEST };
    let most = match info.format {
        Format::Svg => WIDEST_DRAWING,
        Format::Png | Format::Jpeg | Format::Gif | Format::WebP => LONGEST,
    };
    let (width, height) = (u64::from(info.width), u64::from(info.height.max(1)));
    let by_height = u64::from(LONGEST) * width / height;
    most.min(u32::try_from(by_height).unwrap_or(most)).max(1)
}

impl BookPictures {
    /// Prepares every picture that the issue shows beside its cover.
    pub fn collect(
        publication: &Publication,
        issue: &Issue,
        pictures: &Pictures,
    ) -> Result<BookPictures, Error> {
        let mut shown: BTreeMap<&AssetPath, bool> = BTreeMap::new();
        walk(publication, issue, &mut |met, _| match met {
            Met::Figure { picture, .. } => {
                shown.insert(&picture.asset, true);
            }
            Met::InLine(picture) => {
                shown.entry(&picture.asset).or_insert(false);
            }
            Met::Link(_) | Met::Place(_) | Met::Words(_) => {}
        });

        let mut book = BookPictures::default();
        let mut names: BTreeMap<Arc<[u8]>, String> = BTreeMap::new();
        for (path, is_figure) in shown {
            let fault = |source| Error::Picture {
                path: path.clone(),
                source,
            };
            let info = pictures.info(path);
            let prepared = pictures.raster(path, widest(info)).map_err(fault)?;
            let (width, height) = (prepared.width, prepared.height);
            let drawing = match is_figure {
                true => pictures.shapes(path).map_err(fault)?,
                false => None,
            };
            let drawing = drawing.filter(|drawing| drawing.bytes.len() <= LARGEST_DRAWING);
            let (inline_width, inline_height) =
                info.map_or((width, height), |info| (info.width, info.height));
            let file = PictureFile {
                href: book.store(path, prepared, &mut names),
                shapes: drawing.map(|drawing| book.store(path, drawing, &mut names)),
                width,
                height,
                inline_width,
                inline_height,
            };
            book.by_asset.insert(path.clone(), file);
        }
        Ok(book)
    }

    /// Stores a file if none has its bytes, and says its address.
    fn store(
        &mut self,
        path: &AssetPath,
        prepared: Prepared,
        names: &mut BTreeMap<Arc<[u8]>, String>,
    ) -> String {
        let Prepared { bytes, format, .. } = prepared;
        if let Some(href) = names.get(&bytes) {
            return href.clone();
        }
        let href = self.free_name(path, format.extension());
        names.insert(Arc::clone(&bytes), href.clone());
        self.stored.push(StoredPicture {
            href: href.clone(),
            asset: path.clone(),
            media_type: format.media_type(),
            bytes,
        });
        href
    }

    /// A name of ASCII letters, digits and hyphens that no other picture has:
    /// `images/robot-arm.png`. Two paths may come to the same slug.
    fn free_name(&self, path: &AssetPath, extension: &str) -> String {
        let path = path.as_str();
        let below = path.strip_prefix("images/").unwrap_or(path);
        let stem = below.rsplit_once('.').map_or(below, |(stem, _)| stem);
        let slug = Slug::from_text(stem);
        let first = format!("images/{slug}.{extension}");
        std::iter::once(first)
            .chain((2..).map(|n| format!("images/{slug}-{n}.{extension}")))
            .find(|name| self.stored.iter().all(|stored| stored.href != *name))
            .unwrap_or_default()
    }
}
