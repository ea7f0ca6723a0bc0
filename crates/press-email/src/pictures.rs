//! How each picture of an issue is shown: from the web, from inside the message,
//! or by its alternative text alone.
//!
//! Pictures are PNG or JPEG, which every client draws, and carry at least one and
//! a half pixels for each that is shown. They stand on white, as on paper: some
//! clients turn the ground dark behind them. A remote picture is expected at
//! `{base_url}/{issue}/images/NAME-WIDTH.EXT`, beside the pages of the issue;
//! NAME is the slug of the picture's path. The caller gets it as a
//! [`WebPicture`] to put there.

use std::collections::BTreeMap;

use press_image::Pictures;
use press_message::InlinePart;
use press_model::{AssetPath, Issue, Met, PictureDelivery, Publication, Slug, walk};
use serde::Serialize;

use crate::WebPicture;

/// The widest that a picture is shown, in CSS pixels: the measure of the text.
const WIDEST: u32 = 560;

/// The highest that a picture in a line of text is shown, in CSS pixels.
const HIGHEST_IN_LINE: u32 = 24;

/// A picture as the templates show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Shown {
    /// Where it comes from: an address or `cid:`.
    pub(crate) src: String,
    /// The width that it is shown in where it stands by itself, in CSS pixels.
    pub(crate) width: u32,
    /// The width and height in a line of text.
    pub(crate) line_width: u32,
    /// The height in a line of text.
    pub(crate) line_height: u32,
    /// How many pixels it has across.
    #[serde(skip)]
    pub(crate) pixels: u32,
    /// Its bytes.
    #[serde(skip)]
    pub(crate) bytes: usize,
}

/// The pictures of an issue by their assets, and those that travel inside the
/// message or wait on the web, in the order in which they are first shown.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    pub(crate) shown: BTreeMap<AssetPath, Shown>,
    pub(crate) inline: Vec<InlinePart>,
    pub(crate) web: Vec<WebPicture>,
}

impl Delivered {
    /// A path for a picture on the web. Two assets may have one slug: the later
    /// one has a number.
    fn web_path(&self, asset: &AssetPath, width: u32, extension: &str) -> String {
        let name = Slug::from_text(asset.as_str());
        let path = format!("images/{name}-{width}.{extension}");
        let numbered = (2..).map(|n| format!("images/{name}-{width}-{n}.{extension}"));
        let is_taken = |path: &String| self.web.iter().any(|other| other.path == *path);
        std::iter::once(path)
            .chain(numbered)
            .find(|path| !is_taken(path))
            .unwrap_or_default()
    }
}

/// Prepares every picture that the issue shows.
pub(crate) fn deliver(
    publication: &Publication,
    issue: &Issue,
    pictures: &Pictures,
) -> Result<Delivered, press_image::Error> {
    let remote = match (publication.email.pictures, issue.web_address(publication)) {
        (PictureDelivery::None, _) => return Ok(Delivered::default()),
        (PictureDelivery::Inline, _) => None,
        (PictureDelivery::Auto | PictureDelivery::Remote, web) => web,
    };
    let mut wanted: Vec<&AssetPath> = Vec::new();
    walk(publication, issue, &mut |met, _| match met {
        Met::Figure { picture, .. } | Met::InLine(picture) => wanted.push(&picture.asset),
        Met::Link(_) | Met::Place(_) | Met::Words(_) => {}
    });

    let mut delivered = Delivered::default();
    for asset in wanted {
        if delivered.shown.contains_key(asset) {
            continue;
        }
        let prepared = pictures.raster_on_white(asset, WIDEST * 2)?;
        let extension = prepared.format.extension();
        let length = prepared.bytes.len();
        let src = match &remote {
            Some(web) => {
                let path = delivered.web_path(asset, prepared.width, extension);
                let src = format!("{web}{path}");
                let bytes = prepared.bytes;
                delivered.web.push(WebPicture { path, bytes });
                src
            }
            None => {
                let at = delivered.inline.len() + 1;
                let file_name = format!("{at:02}-{}.{extension}", stem(asset));
                let cid = format!("{file_name}@{}.{}", issue.name, publication.slug);
                let src = format!("cid:{cid}");
                delivered.inline.push(InlinePart {
                    cid,
                    file_name,
                    media_type: prepared.format.media_type().to_owned(),
                    bytes: prepared.bytes,
                });
                src
            }
        };
        let (line_width, line_height) = size_in_line(prepared.width, prepared.height);
        let shown = Shown {
            src,
            width: shown_width(prepared.width),
            line_width,
            line_height,
            pixels: prepared.width,
            bytes: length,
        };
        delivered.shown.insert(asset.clone(), shown);
    }
    Ok(delivered)
}

/// The width that a picture of `pixels` across is shown in.
fn shown_width(pixels: u32) -> u32 {
    (pixels * 2 / 3).clamp(1, WIDEST)
}

/// The width and height of a picture in a line of text, where it may be no
/// higher than the line.
fn size_in_line(width: u32, height: u32) -> (u32, u32) {
    let height = height.max(1);
    let line_height = (height * 2 / 3).clamp(1, HIGHEST_IN_LINE);
    let line_width = u64::from(width) * u64::from(line_height) / u64::from(height);
    (line_width.clamp(1, u64::from(WIDEST)) as u32, line_height)
}

/// The file's name without folder and ending, as a slug: ASCII, and the same on
/// every machine.
fn stem(asset: &AssetPath) -> Slug {
    let name = asset.as_str().rsplit('/').next().unwrap_or_default();
    Slug::from_text(name.rsplit_once('.').map_or(name, |(stem, _)| stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_never_shown_coarsely() {
        assert_eq!(shown_width(1120), 560);
        assert_eq!(shown_width(840), 560);
        assert_eq!(shown_width(300), 200);
        assert_eq!(shown_width(1), 1);
        assert_eq!(size_in_line(400, 100), (96, 24));
    }

    #[test]
    fn names_are_ascii() {
        let stem = |path: &str| stem(&AssetPath::new(path.into())).to_string();
        assert_eq!(stem("images/Robot Arm.v2.svg"), "robot-arm-v2");
        assert_eq!(stem("images/中.png"), "u4e2d");
    }
}
