//! Pictures good and bad, made here, through the public interface.

use std::io::Cursor;
use std::sync::Arc;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use press_model::{Asset, AssetPath, Assets, Code, Diagnostic, Span};
use proptest::prelude::*;

use crate::{Format, Info, Pictures, Prepared};

#[test]
fn a_good_picture_has_no_faults_and_keeps_its_bytes() {
    for (name, bytes) in [("a.png", png(600, 400)), ("a.jpg", jpeg(600, 400))] {
        let (pictures, faults) = inspect(name, &bytes);
        assert_eq!(faults, []);
        let info = pictures.info(&path(name)).unwrap();
        assert_eq!((info.width, info.height), (600, 400));
        let prepared = pictures.for_print(&path(name), 1000).unwrap();
        assert_eq!(&*prepared.bytes, &*bytes, "{name}");
    }
}

#[test]
fn scaled_down_never_up() {
    let (pictures, _) = inspect("a.jpg", &jpeg(1200, 800));
    let small = pictures.raster(&path("a.jpg"), 300).unwrap();
    assert_eq!(
        (small.width, small.height, small.format),
        (300, 200, Format::Jpeg)
    );
    assert_eq!(size(&small), (300, 200));
    let large = pictures.raster(&path("a.jpg"), 5000).unwrap();
    assert_eq!(size(&large), (1200, 800));
}

#[test]
fn a_camera_held_sideways_and_its_notes() {
    let mut turned = jpeg(900, 600);
    turned.splice(2..2, exif_turned_right());
    let (pictures, faults) = inspect("a.jpg", &turned);
    assert_eq!(faults, []);
    let expected = Info {
        format: Format::Jpeg,
        width: 600,
        height: 900,
    };
    assert_eq!(pictures.info(&path("a.jpg")), Some(expected));
    for prepared in [
        pictures.raster(&path("a.jpg"), 2000).unwrap(),
        pictures.for_print(&path("a.jpg"), 2000).unwrap(),
    ] {
        assert_eq!(size(&prepared), (600, 900));
        assert!(!contains(&prepared.bytes, b"Exif"));
    }

    let plain = jpeg(600, 400);
    let mut noted = plain.clone();
    noted.splice(2..2, *b"\xff\xfe\x00\x08secret\xff\xe1\x00\x06Exif");
    let (pictures, _) = inspect("a.jpg", &noted);
    let prepared = pictures.raster(&path("a.jpg"), 2000).unwrap();
    assert_eq!(&*prepared.bytes, &*plain, "cut out without encoding again");
}

#[test]
fn transparency_stays_and_photographs_become_jpeg() {
    let clear = RgbaImage::from_fn(600, 20, |x, _| Rgba([255, 0, 0, x as u8]));
    let (pictures, _) = inspect("a.webp", &encode(clear.into(), ImageFormat::WebP));
    let prepared = pictures.raster(&path("a.webp"), 100).unwrap();
    assert_eq!(prepared.format, Format::Png);
    let image = image::load_from_memory(&prepared.bytes).unwrap();
    assert!(image.color().has_alpha());

    let (pictures, _) = inspect("a.gif", &encode(picture(600, 400), ImageFormat::Gif));
    assert_eq!(
        pictures.for_print(&path("a.gif"), 900).unwrap().format,
        Format::Png
    );
}

#[test]
fn transparency_becomes_white_where_that_is_asked_for() {
    let clear = RgbaImage::from_fn(600, 20, |x, _| {
        Rgba([200, 0, 0, if x < 300 { 0 } else { 128 }])
    });
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let (pictures, _) = inspect("a.png", &encode(clear.clone().into(), format));
        for width in [600, 300] {
            let prepared = pictures.raster_on_white(&path("a.png"), width).unwrap();
            let image = image::load_from_memory(&prepared.bytes).unwrap();
            assert!(!image.color().has_alpha());
            let image = image.to_rgb8();
            assert_eq!(image.get_pixel(0, 0), &Rgb([255, 255, 255]));
            assert_eq!(image.get_pixel(width - 1, 0), &Rgb([227, 127, 127]));
        }
    }
    // What is opaque is handed on as it is.
    let (pictures, _) = inspect("a.png", &png(600, 400));
    let of = |prepared: Prepared| prepared.bytes;
    assert_eq!(
        of(pictures.raster_on_white(&path("a.png"), 900).unwrap()),
        of(pictures.raster(&path("a.png"), 900).unwrap())
    );
}

#[test]
fn an_svg_is_measured_by_its_own_size_and_drawn_on_white() {
    let svg = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100"><text x="9" y="50">Abc</text></svg>"##;
    let (pictures, faults) = inspect("a.svg", svg);
    assert_eq!(faults, []);
    assert_eq!(pictures.text(&path("a.svg")), "Abc");
    let expected = Info {
        format: Format::Svg,
        width: 200,
        height: 100,
    };
    assert_eq!(pictures.info(&path("a.svg")), Some(expected));
    assert_eq!(&*pictures.for_print(&path("a.svg"), 50).unwrap().bytes, svg);
    let drawn = pictures.raster(&path("a.svg"), 800).unwrap();
    assert_eq!(size(&drawn), (800, 400));
    let image = image::load_from_memory(&drawn.bytes).unwrap().to_rgb8();
    assert_eq!(image.get_pixel(799, 0), &Rgb([255, 255, 255]));
    assert!(
        image.pixels().any(|pixel| pixel.0[0] < 64),
        "the text is drawn"
    );
}

#[test]
fn what_is_wrong_is_said() {
    let png = png(600, 400);
    let jpeg = jpeg(600, 400);
    let deep = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{}{}</svg>",
        "<g>".repeat(50_000),
        "</g>".repeat(50_000)
    );
    let bomb: String = (1..=30)
        .map(|n| {
            format!(
                "<g id='a{n}'><use href='#a{0}'/><use href='#a{0}'/></g>",
                n - 1
            )
        })
        .collect();
    let bomb = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect id='a0' width='1' height='1'/>{bomb}</svg>"
    );
    let svg = |inner: &str| {
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='9' height='9'>{inner}</svg>"
        )
        .into_bytes()
    };
    let mut huge = png.clone();
    huge[16..20].copy_from_slice(&40_000u32.to_be_bytes());
    let crc = crc32(&huge[12..29]);
    huge[29..33].copy_from_slice(&crc.to_be_bytes());
    for (name, bytes, code) in [
        ("empty.png", vec![], Code::BrokenPicture),
        ("words.png", b"words".to_vec(), Code::BrokenPicture),
        (
            "cut.png",
            png[..png.len() / 2].to_vec(),
            Code::BrokenPicture,
        ),
        (
            "cut.jpg",
            jpeg[..jpeg.len() / 2].to_vec(),
            Code::BrokenPicture,
        ),
        ("wrong.png", jpeg.clone(), Code::MislabelledPicture),
        ("bare", jpeg.clone(), Code::MislabelledPicture),
        ("huge.png", huge, Code::HugePicture),
        ("coarse.png", self::png(300, 200), Code::LowResolution),
        ("deep.svg", deep.into_bytes(), Code::BrokenPicture),
        ("bomb.svg", bomb.into_bytes(), Code::BrokenPicture),
        ("no.svg", b"<svg".to_vec(), Code::BrokenPicture),
        (
            "ref.svg",
            svg("<image xlink:href='/etc/hostname' width='9' height='9'/>"),
            Code::BrokenPicture,
        ),
        (
            "web.svg",
            svg("<image href='https://example.org/a.png' width='9' height='9'/>"),
            Code::BrokenPicture,
        ),
        (
            "loop.svg",
            svg("<g id='a'><use href='#a'/></g>"),
            Code::BrokenPicture,
        ),
        (
            "tall.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='900'/>".to_vec(),
            Code::HugePicture,
        ),
    ] {
        let (pictures, faults) = inspect(name, &bytes);
        assert_eq!(codes(&faults), [code], "{name}");
        let usable = pictures.info(&path(name)).is_some();
        assert_eq!(usable, !faults[0].is_error(), "{name}");
    }
}

#[test]
fn effects_and_references_of_an_svg_stay_within_bounds() {
    let svg = |inner: &str| {
        format!("<svg xmlns='http://www.w3.org/2000/svg' width='90' height='90'>{inner}</svg>")
    };
    let rects = |attributes: &str| format!("<rect width='9' height='9' {attributes}/>").repeat(10);
    let chain = |element: &str, refer: &dyn Fn(u32) -> String| -> String {
        (1..10)
            .map(|n| {
                let content = rects(&refer(n + 1));
                format!("<{element} id='p{n}' width='1' height='1'>{content}</{element}>")
            })
            .collect()
    };
    let filter = "<filter id='f'><feTurbulence baseFrequency='1e38' numOctaves='3'/></filter>";
    let sheet: String = (1..10)
        .map(|n| format!(".c{n}{{fill:url(#p{n})}}"))
        .collect();
    let inherited: String = (1..10)
        .map(|n| {
            format!(
                "<g fill='url(#p{})'><pattern id='p{n}'>{}</pattern></g>",
                n + 1,
                rects("")
            )
        })
        .collect();
    for (what, inner) in [
        ("filter", format!("{filter}<g filter='url(#f)'/>")),
        (
            "filter in a style",
            "<g style='/**/filter : blur(1e9px)'/>".into(),
        ),
        (
            "filter behind quotes",
            format!(
                "<style>.a {{ x: '}}'; y: \"{{\"; filter: url(#f) }}</style>{filter}<g class='a'/>"
            ),
        ),
        (
            "filter in a sheet",
            format!(
                "<style>/* a */ svg > .a:hover, g.b {{ filter: url(#f) }}</style>{filter}<g class='a'/>"
            ),
        ),
        (
            "patterns",
            chain("pattern", &|n| format!("fill='url(#p{n})'")) + &rects("fill='url(#p1)'"),
        ),
        (
            "masks",
            chain("mask", &|n| format!("style='mask:url( \"#p{n}\" )'"))
                + &rects("mask='url(#p1)'"),
        ),
        (
            "sheet",
            format!(
                "<style>{sheet}</style>{}{}",
                chain("pattern", &|n| format!("class='c{n}'")),
                rects("class='c1'")
            ),
        ),
        ("inherited", inherited + &rects("fill='url(#p1)'")),
        (
            "markers",
            format!(
                "<marker id='m'>{}</marker><path marker-mid='url(#m)' d='{}'/>",
                rects(""),
                "h1".repeat(50_000)
            ),
        ),
        ("text", format!("<text>{}</text>", "word ".repeat(5_000))),
    ] {
        let (_, faults) = inspect("a.svg", svg(&inner).as_bytes());
        assert_eq!(codes(&faults), [Code::BrokenPicture], "{what}");
        let filtered = faults[0].message.ends_with("cannot be printed reliably");
        assert_eq!(
            filtered,
            what.starts_with("filter"),
            "{}",
            faults[0].message
        );
        assert!(!faults[0].message.contains("gave up"), "{what}");
    }
    let plain = format!(
        "<style>.a{{fill:url(#l);clip-path:url(#c)}} .none{{filter:none}}</style>{filter}
        <defs><linearGradient id='l'><stop/></linearGradient><clipPath id='c'><rect width='50' height='50'/></clipPath>
        <pattern id='h' width='4' height='4' patternUnits='userSpaceOnUse'><path d='M0 0h4' stroke='red'/></pattern>
        <mask id='m'><rect width='90' height='90' fill='url(#h)'/></mask><marker id='k'><path d='M0 0h4'/></marker></defs>
        <g class='a none' mask='url(#m)'>{}</g><path marker-end='url(#k)' d='M0 0h9v9' fill='url(#h)'/>",
        rects("").repeat(500)
    );
    let (pictures, faults) = inspect("a.svg", svg(&plain).as_bytes());
    assert_eq!(faults, []);
    pictures.raster(&path("a.svg"), 300).unwrap();
}

#[test]
fn small_signs_are_not_called_coarse() {
    assert_eq!(inspect("a.png", &png(48, 48)).1, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_bytes_never_panic(
        format in 0..5usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let mut bytes = match format {
            0 => png(40, 30),
            1 => jpeg(40, 30),
            2 => encode(picture(40, 30), ImageFormat::Gif),
            3 => encode(picture(40, 30), ImageFormat::WebP),
            _ => b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 10'><g id='a'><text>Abc</text></g><use href='#a'/></svg>".to_vec(),
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        let (pictures, _) = inspect("a.png", &bytes);
        let _ = pictures.raster(&path("a.png"), 20);
        let _ = pictures.for_print(&path("a.png"), 20);
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        inspect("a.png", &bytes);
    }
}

fn inspect(name: &str, bytes: &[u8]) -> (Pictures, Vec<Diagnostic>) {
    let asset = Asset {
        bytes: Arc::from(bytes),
        span: Span::default(),
    };
    Pictures::inspect(&Assets::from([(path(name), asset)]), &[])
}

fn path(name: &str) -> AssetPath {
    AssetPath::new(name.into())
}

fn codes(faults: &[Diagnostic]) -> Vec<Code> {
    faults.iter().map(|fault| fault.code).collect()
}

fn picture(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8])).into()
}

fn encode(image: DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    encode(picture(width, height), ImageFormat::Png)
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encode(picture(width, height), ImageFormat::Jpeg)
}

fn size(prepared: &Prepared) -> (u32, u32) {
    let image = image::load_from_memory(&prepared.bytes).unwrap();
    (image.width(), image.height())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// An APP1 segment whose only entry says that the camera was turned (value 6).
fn exif_turned_right() -> Vec<u8> {
    let mut tiff = b"Exif\0\0MM\0\x2a\0\0\0\x08".to_vec();
    tiff.extend(b"\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0");
    let length = u16::try_from(tiff.len() + 2).unwrap();
    [&b"\xff\xe1"[..], &length.to_be_bytes(), &tiff].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1));
        }
        crc
    })
}
