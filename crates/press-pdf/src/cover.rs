//! The cover: nameplate, month, cover line and picture, drawn as one page.

use press_image::encode_jpeg;
use typst_render::RenderOptions;

use crate::faults::Overrides;
use crate::layout::date;
use crate::rounds::compile;
use crate::world::{Files, PressWorld};
use crate::{Error, Input, data, fonts};

/// The width of a cover in pixels; its template sets a page of 400 × 600 pt.
const WIDTH: u32 = 1600;
/// The quality of the JPEG, out of 100: flat colours and large type show the
/// faults of a lower one.
const QUALITY: u8 = 88;

/// The cover as a JPEG of 1600 × 2400 pixels.
///
/// # Errors
/// As [`layout`](crate::layout), without characters that no font has.
pub fn cover(input: &Input) -> Result<Vec<u8>, Error> {
    let store = fonts::store(input.fonts, &input.publication.theme).map_err(Error::Faults)?;
    let overrides = Overrides::of(input.templates);
    let mut files = Files::templates(input.templates);
    data::add_cover(input, &store, &mut files, WIDTH)?;
    let world = PressWorld::new("/cover.typ", files, store, date(input.issue.date)?);
    let document = compile(&world, &overrides)?;
    let page = document
        .pages()
        .first()
        .ok_or_else(|| Error::BuiltInTemplate("the cover has no page".into()))?;
    let scale = f64::from(WIDTH) / page.frame.width().to_pt();
    let options = RenderOptions {
        pixel_per_pt: scale.into(),
        render_bleed: false,
    };
    let pixels = typst_render::render(page, &options);
    // The page is opaque, so premultiplied colours are the colours themselves.
    let rgb: Vec<u8> = pixels
        .data()
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    Ok(encode_jpeg(&rgb, pixels.width(), pixels.height(), QUALITY)?)
}
