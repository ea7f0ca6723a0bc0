//! The pictures of a book: prepared for screens, named, and each stored once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use press_image::{Format, Pictures, Prepared};
use press_model::{AssetPath, Issue, Met, Publication, Slug, walk};

use crate::Error;

/// No screen of a reader shows more pixels in a row of text than that.
const WIDEST: u32 = 1600;

/// A picture as documents refer to it.
#[derive(Debug, Clone)]
pub(crate) struct PictureFile {
    /// Its address from the documents.
    pub href: String,
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

impl BookPictures {
    /// Prepares every picture that the issue shows beside its cover.
    pub fn collect(
        publication: &Publication,
        issue: &Issue,
        pictures: &Pictures,
    ) -> Result<BookPictures, Error> {
        let mut shown = BTreeSet::new();
        walk(publication, issue, &mut |met, _| match met {
            Met::Figure { picture, .. } | Met::InLine(picture) => {
                shown.insert(&picture.asset);
            }
            Met::Link(_) | Met::Place(_) | Met::Words(_) => {}
        });

        let mut book = BookPictures::default();
        let mut names: BTreeMap<Arc<[u8]>, String> = BTreeMap::new();
        for path in shown {
            let Prepared {
                bytes,
                format,
                width,
                height,
            } = pictures
                .raster(path, WIDEST)
                .map_err(|source| Error::Picture {
                    path: path.clone(),
                    source,
                })?;
            let href = match names.get(&bytes) {
                Some(href) => href.clone(),
                None => {
                    let (extension, media_type) = match format {
                        Format::Jpeg => ("jpg", "image/jpeg"),
                        Format::Png => ("png", "image/png"),
                        Format::Gif => ("gif", "image/gif"),
                        Format::WebP => ("webp", "image/webp"),
                        Format::Svg => ("svg", "image/svg+xml"),
                    };
                    let href = book.free_name(path, extension);
                    names.insert(Arc::clone(&bytes), href.clone());
                    book.stored.push(StoredPicture {
                        href: href.clone(),
                        media_type,
                        bytes,
                    });
                    href
                }
            };
            let (inline_width, inline_height) = pictures
                .info(path)
                .map_or((width, height), |info| (info.width, info.height));
            book.by_asset.insert(
                path.clone(),
                PictureFile {
                    href,
                    width,
                    height,
                    inline_width,
                    inline_height,
                },
            );
        }
        Ok(book)
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
