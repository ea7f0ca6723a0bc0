//! The pages as small pictures, for people who look an issue over.

use std::num::NonZero;

use typst_layout::Page;
use typst_render::RenderOptions;

use crate::{Error, Layout};

/// How many colours a thumbnail has: an index of four bits. Type on paper needs
/// no more, and a picture is still known by them.
const COLOURS: usize = 16;

/// A page, small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// The number that is printed on the page.
    pub label: String,
    /// A PNG of few colours.
    pub png: Vec<u8>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Layout {
    /// The pages, at most the first `most`, drawn `width` pixels wide. The same
    /// layout gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Thumbnail`] if a picture cannot be written.
    pub fn thumbnails(&self, width: NonZero<u32>, most: usize) -> Result<Vec<Thumbnail>, Error> {
        let pages = self.document.pages().iter().zip(&self.page_map.pages);
        pages
            .take(most)
            .map(|(page, entry)| thumbnail(page, entry.label.clone(), width.get()))
            .collect()
    }
}

fn thumbnail(page: &Page, label: String, width: u32) -> Result<Thumbnail, Error> {
    let scale = f64::from(width) / page.frame.width().to_pt();
    let options = RenderOptions {
        pixel_per_pt: scale.into(),
        render_bleed: false,
    };
    let pixels = typst_render::render(page, &options);
    let (width, height) = (pixels.width(), pixels.height());
    // The page is opaque, so premultiplied colours are the colours themselves.
    let rgb = pixels.data().chunks_exact(4);
    let rgb: Vec<Rgb> = rgb.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let png = encode(&rgb, width, height)?;
    Ok(Thumbnail {
        label,
        png,
        width,
        height,
    })
}

type Rgb = [u8; 3];

/// Colours, each with how many pixels have it.
type Counted = Vec<(Rgb, u64)>;

/// Colours that differ in their last three bits alone count as one.
const BUCKETS: usize = 1 << 15;

fn bucket([red, green, blue]: Rgb) -> usize {
    let high = |channel: u8| usize::from(channel >> 3);
    high(red) << 10 | high(green) << 5 | high(blue)
}

fn encode(pixels: &[Rgb], width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let palette = palette(pixels);
    let mut nearest = vec![None; BUCKETS];
    let mut packed = Vec::with_capacity(pixels.len() / 2 + height as usize);
    for row in pixels.chunks_exact(width as usize) {
        for pair in row.chunks(2) {
            let mut index = |pixel: Option<&Rgb>| match pixel {
                Some(pixel) => {
                    *nearest[bucket(*pixel)].get_or_insert_with(|| nearest_in(&palette, *pixel))
                }
                None => 0,
            };
            packed.push(index(pair.first()) << 4 | index(pair.get(1)));
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_palette(palette.as_flattened().to_vec());
    encoder.set_compression(png::Compression::High);
    // Neighbouring indices say nothing of each other.
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&packed)?;
    writer.finish()?;
    Ok(out)
}

/// The colours that stand for all of `pixels`: the box of all colours is cut in
/// the middle of its longest side, then the widest of its parts again, and so on;
/// each part is then its mean.
fn palette(pixels: &[Rgb]) -> Vec<Rgb> {
    // Each bucket is known by the first of its colours.
    let mut counts: Vec<Option<(Rgb, u64)>> = vec![None; BUCKETS];
    for pixel in pixels {
        counts[bucket(*pixel)].get_or_insert((*pixel, 0)).1 += 1;
    }
    let mut boxes = vec![counts.into_iter().flatten().collect::<Counted>()];
    while boxes.len() < COLOURS {
        let widest = boxes
            .iter()
            .enumerate()
            .max_by_key(|(_, colours)| spread(colours));
        let Some((at, _)) = widest.filter(|(_, colours)| colours.len() > 1) else {
            break;
        };
        let colours = boxes.swap_remove(at);
        let (one, other) = cut(colours);
        boxes.push(one);
        boxes.push(other);
    }
    let mut palette: Vec<Rgb> = boxes.iter().map(|colours| mean(colours)).collect();
    palette.sort_unstable();
    palette
}

/// How much is lost if a box becomes one colour: its longest side, squared, by
/// the root of its pixels, so that rare colours count beside the paper's.
fn spread(colours: &[(Rgb, u64)]) -> u64 {
    let side = longest_side(colours).1;
    let pixels: u64 = colours.iter().map(|(_, count)| count).sum();
    u64::from(side) * u64::from(side) * pixels.isqrt()
}

/// The channel in which the colours differ most, and by how much.
fn longest_side(colours: &[(Rgb, u64)]) -> (usize, u8) {
    let side = |channel: usize| {
        let values = colours.iter().map(|(colour, _)| colour[channel]);
        let (least, most) = values.fold((u8::MAX, 0), |(least, most), value| {
            (least.min(value), most.max(value))
        });
        most.saturating_sub(least)
    };
    let sides = [side(0), side(1), side(2)];
    let (channel, side) = sides
        .into_iter()
        .enumerate()
        .max_by_key(|(_, s)| *s)
        .unwrap_or((0, 0));
    (channel, side)
}

/// Cuts a box of two colours or more in the middle of its longest side.
fn cut(mut colours: Counted) -> (Counted, Counted) {
    let (channel, _) = longest_side(&colours);
    colours.sort_unstable_by_key(|(colour, _)| (colour[channel], *colour));
    let (least, most) = (colours[0].0[channel], colours[colours.len() - 1].0[channel]);
    let middle = least + (most - least) / 2;
    let at = colours.partition_point(|(colour, _)| colour[channel] <= middle);
    let other = colours.split_off(at.clamp(1, colours.len() - 1));
    (colours, other)
}

fn mean(colours: &[(Rgb, u64)]) -> Rgb {
    let pixels: u64 = colours.iter().map(|(_, count)| count).sum();
    let channel = |channel: usize| {
        let sum: u64 = (colours.iter())
            .map(|(colour, count)| u64::from(colour[channel]) * count)
            .sum();
        ((sum + pixels / 2) / pixels.max(1)) as u8
    };
    [channel(0), channel(1), channel(2)]
}

fn nearest_in(palette: &[Rgb], pixel: Rgb) -> u8 {
    let distance = |colour: &Rgb| -> u32 {
        let channels = colour.iter().zip(pixel);
        channels
            .map(|(one, other)| u32::from(one.abs_diff(other)).pow(2))
            .sum()
    };
    let nearest = palette.iter().enumerate().min_by_key(|(_, c)| distance(c));
    nearest.map_or(0, |(index, _)| index as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(png: &[u8]) -> Vec<Rgb> {
        let image = image::load_from_memory(png).unwrap().into_rgb8();
        image.pixels().map(|pixel| pixel.0).collect()
    }

    #[test]
    fn few_colours_stay_what_they_are() {
        let colours = [[255, 255, 255], [0, 0, 0], [11, 79, 108]];
        // Rows of an odd number of pixels end within a byte.
        let pixels: Vec<Rgb> = (0..35).map(|n| colours[n % 3]).collect();
        assert_eq!(decoded(&encode(&pixels, 7, 5).unwrap()), pixels);
        let paper = vec![[255, 255, 255]; 6];
        assert_eq!(decoded(&encode(&paper, 3, 2).unwrap()), paper);
    }

    #[test]
    fn many_colours_stay_near() {
        let pixels: Vec<Rgb> = (0..256).map(|n| [n as u8; 3]).collect();
        let pairs = decoded(&encode(&pixels, 16, 16).unwrap());
        let furthest = pairs
            .iter()
            .zip(&pixels)
            .map(|(a, b)| a[0].abs_diff(b[0]))
            .max();
        assert!(furthest.unwrap() <= 12, "{furthest:?}");
    }
}
