//! Pictures as readers can show them, and what is told of a book that is too heavy.

use std::io::{Cursor, Read};

use press_image::encode_jpeg;
use press_model::{Asset, AssetPath, Block, Code, Span};
use zip::ZipArchive;

use crate::sample::{Ids, Sample, picture, text, texts};

/// A WebP of one pixel.
const WEBP: &[u8] =
    b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";

const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'>\
    <script>alert(1)</script><text x='1' y='15'>Tide</text>\
    <rect width='9' height='9'><animate attributeName='x' to='9' dur='1s'/></rect></svg>";

fn sample_with(assets: Vec<(&str, Vec<u8>)>) -> Sample {
    let mut sample = Sample::plain();
    let article = &mut sample.issue.sections[0].articles[0];
    let mut ids = Ids::of(&article.slug);
    ids.next();
    for (path, bytes) in assets {
        article.blocks.push(Block::Figure {
            id: ids.next(),
            span: Span::default(),
            picture: picture(path, "A picture"),
            caption: vec![text("Its caption")],
            credit: None,
            description: None,
        });
        let asset = Asset {
            bytes: bytes.into(),
            span: Span::default(),
        };
        sample.assets.insert(AssetPath::new(path.into()), asset);
    }
    sample
}

fn files(epub: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(epub)).unwrap();
    let files = (0..archive.len()).map(|at| {
        let mut file = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        (file.name().to_owned(), bytes)
    });
    files
        .filter(|(name, _)| name.contains("/images/"))
        .collect()
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let grey = vec![0x77; (width * height * 3) as usize];
    encode_jpeg(&grey, width, height, 80).unwrap()
}

#[test]
fn no_side_is_longer_than_a_screen() {
    let sample = sample_with(vec![
        ("wide.jpg", jpeg(3000, 30)),
        ("tall.jpg", jpeg(30, 3000)),
        ("small.jpg", jpeg(300, 200)),
    ]);
    let article = &texts(&sample.render())["OEBPS/a-harbour.xhtml"];
    for size in [
        "width=\"2048\" height=\"20\"",
        "width=\"20\" height=\"2000\"",
        "width=\"300\" height=\"200\"",
    ] {
        assert!(article.contains(size), "{size}\n{article}");
    }
}

#[test]
fn webp_is_converted() {
    let epub = sample_with(vec![("photo.webp", WEBP.to_vec())]).render();
    let files = files(&epub);
    let (name, bytes) = &files[0];
    assert_eq!(name, "OEBPS/images/photo.png");
    assert!(bytes.starts_with(b"\x89PNG"));
    assert_eq!(press_epub::lint(&epub), []);
}

#[test]
fn drawings_are_shapes_and_pixels_for_readers_that_draw_none() {
    let epub = sample_with(vec![("chart.svg", SVG.to_vec())]).render();
    let article = &texts(&epub)["OEBPS/a-harbour.xhtml"];
    let both = "<picture>\n<source type=\"image/svg+xml\" srcset=\"images&#x2f;chart.svg\"/>\n\
                <img src=\"images&#x2f;chart.png\" alt=\"A picture\" width=\"1600\" height=\"800\"/>\n</picture>";
    assert!(article.contains(both), "{article}");
    let files = files(&epub);
    let (_, svg) = files
        .iter()
        .find(|(name, _)| name.ends_with(".svg"))
        .unwrap();
    let svg = String::from_utf8(svg.clone()).unwrap();
    for absent in ["script", "animate", "<text", "font"] {
        assert!(!svg.contains(absent), "{absent} in {svg}");
    }
    // The letters are outlines.
    assert!(svg.contains("<path"), "{svg}");
    assert_eq!(press_epub::lint(&epub), []);
}

#[test]
fn a_book_that_is_too_heavy_names_its_heaviest_pictures() {
    // Noise, which no encoder makes small.
    let mut state = 7_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(2000 * 2000 * 3)
    .collect();
    let noise = encode_jpeg(&noise, 2000, 2000, 100).unwrap();
    let sample = sample_with(vec![("noise.jpg", noise), ("small.jpg", jpeg(30, 20))]);
    let rendered = sample.rendered(vec![], None).unwrap();
    let [warning] = rendered.diagnostics.as_slice() else {
        panic!("{} bytes: {:?}", rendered.epub.len(), rendered.diagnostics);
    };
    assert_eq!(warning.code, Code::HeavyBook);
    assert!(
        warning.message.starts_with("the EPUB has 1"),
        "{}",
        warning.message
    );
    let labels: Vec<&str> = warning
        .labels
        .iter()
        .map(|label| label.message.as_str())
        .collect();
    assert!(labels[0].starts_with("`noise.jpg` has 1"), "{labels:?}");
    assert!(labels[1].starts_with("`small.jpg` has 0.0"), "{labels:?}");
    let light = Sample::whole().rendered(vec![], None).unwrap();
    assert_eq!(light.diagnostics, []);
}
