//! What is wrong with the pictures of an issue, found before any edition is made.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use press_model::{Asset, AssetPath, Assets, Code, Diagnostic};
use resvg::usvg::fontdb::Database;

use crate::pictures::{Info, Picture, guarded};
use crate::raster::{LONGEST_SIDE, MOST_PIXELS};
use crate::{Format, extent, metadata, raster, svg};

/// A figure narrower than this, in pixels, has less than 150 dots to the inch
/// across a printed column of 84 mm.
const COARSE: u32 = 500;
/// A picture no larger than this, in pixels, is a sign in a line of text, where
/// it is printed small.
const SIGN: u32 = 64;

/// The widest that editions let an SVG be drawn, in pixels.
const WIDEST_DRAWING: u32 = 2000;

/// Inspects every asset, on all cores; faults come in the order of the paths.
pub fn all(
    assets: &Assets,
    fonts: &Arc<Database>,
) -> (BTreeMap<AssetPath, Picture>, Vec<Diagnostic>) {
    let assets: Vec<(&AssetPath, &Asset)> = assets.iter().collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = assets.len().div_ceil(threads).max(1);
    let inspected: Vec<(Option<Picture>, Vec<Diagnostic>)> = thread::scope(|scope| {
        let workers: Vec<_> = assets
            .chunks(share)
            .map(|assets| {
                scope.spawn(move || {
                    assets
                        .iter()
                        .map(|(path, asset)| one(path, asset, fonts))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| match worker.join() {
                Ok(inspected) => inspected,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    let mut pictures = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for ((path, _), (picture, faults)) in assets.into_iter().zip(inspected) {
        pictures.extend(picture.map(|picture| (path.clone(), picture)));
        diagnostics.extend(faults);
    }
    (pictures, diagnostics)
}

/// A picture if it can be used, and what is wrong with it.
fn one(
    path: &AssetPath,
    asset: &Asset,
    fonts: &Arc<Database>,
) -> (Option<Picture>, Vec<Diagnostic>) {
    let Some(format) = Format::of(&asset.bytes) else {
        let help = "pictures are PNG, JPEG, GIF, WebP or SVG files (an SVG not compressed)";
        let message = format!("`{path}` is no picture of a known format");
        let fault = Diagnostic::new(Code::BrokenPicture, message);
        return (None, vec![fault.at(asset.span).help(help)]);
    };
    let mut diagnostics = Vec::new();
    if Format::of_name(path.as_str()) != Some(format) {
        diagnostics.push(mislabelled(path, asset, format));
    }
    let picture = if format == Format::Svg {
        vector(path, asset, fonts)
    } else {
        pixels(path, asset, format)
    };
    match picture {
        Ok(picture) => {
            diagnostics.extend(coarse(path, asset, picture.info));
            (Some(picture), diagnostics)
        }
        Err(fault) => {
            diagnostics.push(fault);
            (None, diagnostics)
        }
    }
}

fn vector(path: &AssetPath, asset: &Asset, fonts: &Arc<Database>) -> Result<Picture, Diagnostic> {
    let svg = guarded(|| svg::inspect(&asset.bytes, fonts)).map_err(|reason| {
        broken(path, asset, &reason).help(if reason == extent::FILTERED {
            "flatten the effect (a shadow, a blur) in the drawing program, or export the picture as PNG"
        } else {
            "open it in a drawing program and save it as plain SVG, with everything it shows inside the file"
        })
    })?;
    let drawn = f64::from(svg.height / svg.width) * f64::from(WIDEST_DRAWING).powi(2);
    if drawn > MOST_PIXELS as f64 {
        let message = format!(
            "`{path}` is {} times as high as it is wide",
            svg.height / svg.width
        );
        return Err(Diagnostic::new(Code::HugePicture, message)
            .at(asset.span)
            .help("give its `viewBox`, `width` and `height` the proportions of a page"));
    }
    let pixels = |length: f32| (length.round() as u32).max(1);
    Ok(Picture {
        bytes: Arc::clone(&asset.bytes),
        info: Info {
            format: Format::Svg,
            width: pixels(svg.width),
            height: pixels(svg.height),
        },
        turned: false,
        text: svg.text,
    })
}

fn pixels(path: &AssetPath, asset: &Asset, format: Format) -> Result<Picture, Diagnostic> {
    let bytes = &asset.bytes;
    let damaged = |reason: String| {
        broken(path, asset, &reason).help("export the picture again, or fetch the file once more")
    };
    let header = guarded(|| {
        raster::header(bytes, format)
            .map_err(|error| error.to_string())?
            .ok_or_else(|| "it has no pixels".into())
    })
    .map_err(damaged)?;
    if header.is_huge() {
        let message = format!("`{path}` has {} × {} pixels", header.width, header.height);
        return Err(Diagnostic::new(Code::HugePicture, message)
            .label(asset.span, "larger than any edition needs")
            .help(format!(
                "scale it down to at most {LONGEST_SIDE} pixels a side and {} megapixels; 2,000 pixels across are plenty",
                MOST_PIXELS / 1_000_000
            )));
    }
    if format == Format::Jpeg && metadata::jpeg(bytes).is_none() {
        return Err(damaged("it ends too early".into()));
    }
    guarded(|| raster::decode(bytes, format).map_err(|error| error.to_string()))
        .map_err(damaged)?;
    Ok(Picture {
        bytes: Arc::clone(bytes),
        info: Info {
            format,
            width: header.width,
            height: header.height,
        },
        turned: header.turned,
        text: String::new(),
    })
}

fn broken(path: &AssetPath, asset: &Asset, reason: &str) -> Diagnostic {
    let message = format!("`{path}` cannot be read as a picture: {reason}");
    Diagnostic::new(Code::BrokenPicture, message).at(asset.span)
}

fn mislabelled(path: &AssetPath, asset: &Asset, format: Format) -> Diagnostic {
    let name = path.as_str();
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if !ending.contains('/') => stem,
        _ => name,
    };
    let message = format!("`{path}` is in truth a {format} file");
    Diagnostic::new(Code::MislabelledPicture, message)
        .at(asset.span)
        .help(format!("name it `{stem}.{}`", format.extension()))
}

fn coarse(path: &AssetPath, asset: &Asset, info: Info) -> Option<Diagnostic> {
    let sign = info.width.max(info.height) <= SIGN;
    if info.format == Format::Svg || sign || info.width >= COARSE {
        return None;
    }
    let message = format!("`{path}` is only {} pixels wide", info.width);
    Some(
        Diagnostic::new(Code::LowResolution, message)
            .label(asset.span, "too coarse for a printed column")
            .help(format!(
                "use a version at least {} pixels wide; from {COARSE} on this warning stays away",
                2 * COARSE
            )),
    )
}
