//! Pictures made of shapes: checked, measured and rasterised, with the bundled
//! fonts and those that the publication adds, and with nothing from outside.

use std::sync::{Arc, LazyLock, Mutex};

use image::{DynamicImage, RgbImage};
use press_model::FontFile;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::roxmltree::{Document, Node, ParsingOptions};
use resvg::usvg::{ImageHrefResolver, ImageKind, Indent, Options, Tree, WriteOptions};

use crate::raster::{self, Decoded, MOST_PIXELS};
use crate::{Format, extent, fonts};

/// An SVG that has been found good.
pub struct Svg {
    /// Its width in CSS pixels.
    pub width: f32,
    /// Its height in CSS pixels.
    pub height: f32,
    /// All characters of its text elements.
    pub text: String,
}

/// The fonts for the text of SVGs.
pub fn font_database(added: &[FontFile]) -> Arc<Database> {
    static BUNDLED: LazyLock<Arc<Database>> = LazyLock::new(|| {
        let mut database = Database::new();
        for (_, bytes) in fonts::bundled() {
            database.load_font_source(Source::Binary(Arc::new(*bytes)));
        }
        database.set_serif_family("Source Serif 4");
        database.set_sans_serif_family("Source Sans 3");
        database.set_monospace_family("Source Code Pro");
        database.set_cursive_family("Source Serif 4");
        database.set_fantasy_family("Source Serif 4");
        Arc::new(database)
    });
    if added.is_empty() {
        return Arc::clone(&BUNDLED);
    }
    let mut database = Database::clone(&BUNDLED);
    for font in added {
        database.load_font_source(Source::Binary(Arc::new(Arc::clone(&font.bytes))));
    }
    Arc::new(database)
}

/// Reads an SVG; the error says what is wrong with it.
pub fn inspect(bytes: &[u8], fonts: &Arc<Database>) -> Result<Svg, String> {
    let source = std::str::from_utf8(bytes).map_err(|_| String::from("it is not UTF-8"))?;
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let document = Document::parse_with_options(
        source,
        ParsingOptions {
            // Drawing programs declare entities; expansion is bounded by roxmltree.
            allow_dtd: true,
            nodes_limit: 2_000_000,
            ..ParsingOptions::default()
        },
    )
    .map_err(|error| error.to_string())?;
    extent::check(&document)?;
    let tree = parse(source, fonts)?;
    let size = tree.size();
    Ok(Svg {
        width: size.width(),
        height: size.height(),
        text: text_of(&document),
    })
}

/// Draws an SVG `width` pixels wide on white: its lines are meant for paper and
/// would vanish on a reader's dark page.
pub fn rasterise(bytes: &[u8], width: u32, fonts: &Arc<Database>) -> Result<Decoded, String> {
    let source = std::str::from_utf8(bytes).map_err(|_| String::from("it is not UTF-8"))?;
    let tree = parse(source, fonts)?;
    let size = tree.size();
    let scale = width as f32 / size.width();
    let height = (size.height() * scale).round().max(1.0);
    if f64::from(width) * f64::from(height) > MOST_PIXELS as f64 {
        return Err(format!("{width} × {height} pixels are too many"));
    }
    let mut pixmap =
        Pixmap::new(width, height as u32).ok_or_else(|| String::from("it has no size"))?;
    pixmap.fill(Color::WHITE);
    let transform = Transform::from_scale(scale, height / size.height());
    resvg::render(&tree, transform, &mut pixmap.as_mut());
    // On opaque white, premultiplied colours are the colours themselves.
    let rgb = pixmap
        .data()
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    let image = RgbImage::from_raw(pixmap.width(), pixmap.height(), rgb)
        .ok_or_else(|| String::from("it has no size"))?;
    Ok(Decoded {
        image: DynamicImage::from(image),
        profile: None,
    })
}

/// An SVG as plain shapes: its text as outlines, since no reader has its fonts, and
/// without scripts, motion and whatever a drawing program wrote into it.
pub fn plain(bytes: &[u8], fonts: &Arc<Database>) -> Result<String, String> {
    let source = std::str::from_utf8(bytes).map_err(|_| String::from("it is not UTF-8"))?;
    let tree = parse(source.strip_prefix('\u{feff}').unwrap_or(source), fonts)?;
    let options = WriteOptions {
        indent: Indent::None,
        attributes_indent: Indent::None,
        coordinates_precision: 3,
        transforms_precision: 5,
        ..WriteOptions::default()
    };
    Ok(tree.to_string(&options))
}

fn parse(source: &str, fonts: &Arc<Database>) -> Result<Tree, String> {
    let refused = Mutex::new(None);
    let refuse = |what: String| {
        if let Ok(mut refused) = refused.lock() {
            refused.get_or_insert(what);
        }
        None
    };
    let options = Options {
        fontdb: Arc::clone(fonts),
        font_family: "Source Sans 3".into(),
        resources_dir: None,
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, data, _| {
                embedded_picture(data).or_else(|| {
                    refuse(
                        "a picture inside it is broken, huge, or no PNG, JPEG, GIF or WebP".into(),
                    )
                })
            }),
            resolve_string: Box::new(|href, _| {
                refuse(format!("it refers to `{href}`, which is outside of it"))
            }),
        },
        ..Options::default()
    };
    let tree = Tree::from_str(source, &options).map_err(|error| error.to_string())?;
    drop(options);
    match refused.into_inner() {
        Ok(Some(reason)) => Err(reason),
        _ => Ok(tree),
    }
}

/// A picture written into an SVG as a `data:` address, by its content. An SVG
/// inside an SVG is none: nothing bounds how deep it goes.
fn embedded_picture(data: Arc<Vec<u8>>) -> Option<ImageKind> {
    let format = Format::of(&data)?;
    let header = raster::header(&data, format).ok()??;
    if header.is_huge() {
        return None;
    }
    match format {
        Format::Png => Some(ImageKind::PNG(data)),
        Format::Jpeg => Some(ImageKind::JPEG(data)),
        Format::Gif => Some(ImageKind::GIF(data)),
        Format::WebP => Some(ImageKind::WEBP(data)),
        Format::Svg => None,
    }
}

fn is_element(node: &Node, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn text_of(document: &Document) -> String {
    document
        .descendants()
        .filter(|node| is_element(node, "text"))
        .flat_map(|node| node.descendants())
        .filter_map(|node| node.text().filter(|_| node.is_text()))
        .collect()
}
