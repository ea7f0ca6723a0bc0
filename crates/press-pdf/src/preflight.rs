//! What a printer looks at before a file goes to press, measured on the finished
//! pages: nothing here is read from the source.

use std::collections::BTreeMap;

use press_model::{AssetPath, Code, Diagnostic, Met, PressSettings, Span, walk};
use resvg::usvg;
use typst::foundations::Bytes;
use typst::layout::{Frame, FrameItem, Point, Size, Transform};
use typst::visualize::{Color, Image, ImageKind, Paint, ProcessColor, RasterImage};

use crate::Input;
use crate::press::{MM, PressLayout};
use crate::profile::Profile;

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Preflight {
    /// How many pages there are.
    pub pages: usize,
    /// The width and height of the first page after cutting, in millimetres.
    pub trim: [f64; 2],
    /// The bleed in millimetres.
    pub bleed: f64,
    /// Every picture, wherever it stands.
    pub pictures: Vec<PlacedPicture>,
    /// The fonts, and whether each is in the file.
    pub fonts: BTreeMap<String, bool>,
    /// How many pieces of text there are in each colour.
    pub text: Colours,
    /// How many rules, fills and other shapes.
    pub shapes: Colours,
    /// The accent in cyan, magenta, yellow and black, in hundredths.
    pub accent: [u8; 4],
    /// The ink of the accent, if it has one of its own.
    pub spot: Option<String>,
    /// The name of the printing condition, if the publication names one.
    pub condition: Option<String>,
}

/// A picture on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedPicture {
    /// Its path; none if a template brought it.
    pub path: Option<AssetPath>,
    /// The number that is printed on its page.
    pub page: String,
    /// Its printed width and height in millimetres.
    pub size: [f64; 2],
    /// What it is made of.
    pub content: PictureContent,
    /// Whether it reaches the edge of the page and does not go beyond it.
    pub lacks_bleed: bool,
}

/// What a picture is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum PictureContent {
    /// Pixels.
    Pixels {
        /// How many to the inch of paper, in the direction that has fewer.
        per_inch: u32,
        /// Whether they are grey.
        is_grey: bool,
        /// Whether the file says what its colours mean; they are of sRGB if not.
        has_profile: bool,
        /// The most ink in one place after conversion, in hundredths, where a
        /// printing condition is named.
        most_ink: Option<u32>,
    },
    /// Lines and letters, which are sharp at any size and in the colours of a
    /// screen.
    Drawing {
        /// How many pieces of text are in it: they are not on the black plate alone.
        texts: usize,
    },
}

/// How many things have which colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Colours {
    /// On the black plate alone.
    pub black: usize,
    /// Mixed of several inks.
    pub mixed: usize,
    /// In an ink of its own.
    pub spot: usize,
    /// In the colours of a screen.
    pub screen: usize,
}

impl Preflight {
    /// Measures the pages. `fonts` are those of the finished file.
    pub(crate) fn measure(
        layout: &PressLayout,
        input: &Input,
        profile: Option<&Profile>,
        fonts: BTreeMap<String, bool>,
    ) -> Preflight {
        let settings = &input.publication.press;
        let pages = layout.layout.document.pages();
        let trim = pages.first().map_or([0.0; 2], |page| {
            let frame = &page.frame;
            [frame.width().to_pt() / MM, frame.height().to_pt() / MM]
        });
        let mut preflight = Preflight {
            pages: pages.len(),
            trim,
            bleed: settings.bleed.millimetres(),
            pictures: Vec::new(),
            fonts,
            text: Colours::default(),
            shapes: Colours::default(),
            accent: settings.accent_inks(&input.publication.theme),
            spot: settings.spot.clone(),
            condition: profile.map(|profile| profile.name().to_owned()),
        };
        let mut found = Vec::new();
        for (number, page) in pages.iter().enumerate() {
            let mut seen = Seen {
                page: number,
                size: page.frame.size(),
                bleed: settings.bleed.points(),
                pictures: &mut found,
                text: &mut preflight.text,
                shapes: &mut preflight.shapes,
            };
            seen.frame(&page.frame, Transform::identity());
        }
        let mut ink = InkMeter::new(profile);
        for picture in found {
            let label = layout.layout.page_map.pages.get(picture.page);
            preflight.pictures.push(PlacedPicture {
                path: layout.layout.path_of(picture.data()).cloned(),
                page: label.map_or_else(String::new, |page| page.label.clone()),
                size: picture.size.map(|length| length / MM),
                content: picture.content(&mut ink),
                lacks_bleed: picture.lacks_bleed,
            });
        }
        preflight
    }

    /// What is wrong, said to the editor.
    pub fn diagnostics(&self, input: &Input) -> Vec<Diagnostic> {
        let settings = &input.publication.press;
        let mut spans: BTreeMap<&AssetPath, Span> = BTreeMap::new();
        walk(input.publication, input.issue, &mut |met, span| {
            if let Met::Figure { picture, .. } | Met::InLine(picture) = met
                && let Some(span) = span
            {
                spans.entry(&picture.asset).or_insert(span);
            }
        });
        let mut found = Vec::new();
        for picture in &self.pictures {
            let span = picture.path.as_ref().and_then(|path| spans.get(path));
            let faults = [picture.coarse(settings), picture.without_bleed(settings)];
            for fault in faults.into_iter().flatten() {
                let fault = match span {
                    Some(span) => fault.at(*span),
                    None => fault,
                };
                // One picture may stand in several places.
                if !found.contains(&fault) {
                    found.push(fault);
                }
            }
        }
        found.extend(self.screen_colours());
        found.extend(self.too_much_ink(settings));
        found
    }

    fn screen_colours(&self) -> Option<Diagnostic> {
        let (text, shapes) = (self.text.screen, self.shapes.screen);
        (text + shapes > 0).then(|| {
            let message = format!(
                "the press PDF has colours of a screen in {text} of its texts and {shapes} of its \
                 rules and fills, which would be printed with all four inks"
            );
            Diagnostic::new(Code::ScreenColour, message).help(
                "a template of the publication or the issue names colours of its own: let it \
                 take `ink`, `quiet`, `accent` and `tint` from theme.typ",
            )
        })
    }

    fn too_much_ink(&self, settings: &PressSettings) -> Option<Diagnostic> {
        let accent: u32 = self.accent.iter().map(|share| u32::from(*share)).sum();
        let limit = settings.ink_limit;
        (self.spot.is_none() && accent > limit).then(|| {
            let message =
                format!("the accent has {accent} % of ink, and the paper bears {limit} %");
            Diagnostic::new(Code::TooMuchInk, message)
                .at(settings.span)
                .help("mix it of less, or raise `ink_limit` if the printer says so")
        })
    }
}

impl PlacedPicture {
    /// What it is called.
    pub fn name(&self) -> &str {
        self.path
            .as_ref()
            .map_or("a picture of a template", AssetPath::as_str)
    }

    fn coarse(&self, settings: &PressSettings) -> Option<Diagnostic> {
        let PictureContent::Pixels { per_inch, .. } = self.content else {
            return None;
        };
        let code = match per_inch {
            few if few < settings.fail_below => Code::CoarseForPress,
            few if few < settings.warn_below => Code::LowResolution,
            _ => return None,
        };
        let message = format!(
            "`{}` has {per_inch} pixels to the inch on page {} of the press PDF",
            self.name(),
            self.page
        );
        let pixels = self.size[0] / 25.4 * f64::from(settings.warn_below);
        Some(Diagnostic::new(code, message).help(format!(
            "use a version {} pixels wide; `warn_below` and `fail_below` of [press] say how many \
             to the inch there must be",
            pixels.ceil()
        )))
    }

    fn without_bleed(&self, settings: &PressSettings) -> Option<Diagnostic> {
        self.lacks_bleed.then(|| {
            let message = format!(
                "`{}` ends at the edge of page {}: where the cut is not exact, paper shows",
                self.name(),
                self.page
            );
            Diagnostic::new(Code::MissingBleed, message).help(format!(
                "let the template draw it {} mm further, or keep it off the edge",
                settings.bleed.millimetres()
            ))
        })
    }
}

/// A picture as it stands in a page.
struct Found {
    page: usize,
    image: Image,
    /// In points.
    size: [f64; 2],
    lacks_bleed: bool,
}

impl Found {
    fn data(&self) -> Option<&Bytes> {
        match self.image.kind() {
            ImageKind::Raster(pixels) => Some(pixels.data()),
            ImageKind::Svg(drawing) => Some(drawing.data()),
            ImageKind::Pdf(_) => None,
        }
    }

    fn content(&self, ink: &mut InkMeter) -> PictureContent {
        match self.image.kind() {
            ImageKind::Raster(pixels) => {
                let density = |count: u32, length: f64| f64::from(count) * 72.0 / length.max(0.1);
                let [width, height] = self.size;
                let across = density(pixels.width(), width);
                let down = density(pixels.height(), height);
                PictureContent::Pixels {
                    per_inch: across.min(down).round() as u32,
                    is_grey: !pixels.dynamic().color().has_color(),
                    has_profile: pixels.icc().is_some(),
                    most_ink: ink.most_in(pixels),
                }
            }
            ImageKind::Svg(drawing) => PictureContent::Drawing {
                texts: texts(drawing.tree().root()),
            },
            ImageKind::Pdf(_) => PictureContent::Drawing { texts: 0 },
        }
    }
}

/// How many pieces of text there are in a drawing.
fn texts(group: &usvg::Group) -> usize {
    let count = |node: &usvg::Node| match node {
        usvg::Node::Group(group) => texts(group),
        usvg::Node::Text(_) => 1,
        usvg::Node::Path(_) | usvg::Node::Image(_) => 0,
    };
    group.children().iter().map(count).sum()
}

/// What is met on a page.
struct Seen<'a> {
    page: usize,
    size: Size,
    bleed: f64,
    pictures: &'a mut Vec<Found>,
    text: &'a mut Colours,
    shapes: &'a mut Colours,
}

impl Seen<'_> {
    fn frame(&mut self, frame: &Frame, to_page: Transform) {
        for (position, item) in frame.items() {
            match item {
                FrameItem::Group(group) => {
                    let moved = Transform::translate(position.x, position.y);
                    let inner = to_page.pre_concat(moved).pre_concat(group.transform);
                    self.frame(&group.frame, inner);
                }
                FrameItem::Text(text) => {
                    self.text.count(&text.fill);
                    if let Some(stroke) = &text.stroke {
                        self.text.count(&stroke.paint);
                    }
                }
                FrameItem::Shape(shape, _) => {
                    if let Some(paint) = &shape.fill {
                        self.shapes.count(paint);
                    }
                    if let Some(stroke) = &shape.stroke {
                        self.shapes.count(&stroke.paint);
                    }
                }
                FrameItem::Image(image, size, _) => self.picture(image, *position, *size, to_page),
                FrameItem::Link(..) | FrameItem::Tag(_) => {}
            }
        }
    }

    fn picture(&mut self, image: &Image, at: Point, size: Size, to_page: Transform) {
        let [from, to] = [at, at + size.to_point()].map(|corner| corner.transform(to_page));
        let span = |from: f64, to: f64| [from.min(to), from.max(to)];
        let across = span(from.x.to_pt(), to.x.to_pt());
        let down = span(from.y.to_pt(), to.y.to_pt());
        self.pictures.push(Found {
            page: self.page,
            image: image.clone(),
            size: [across[1] - across[0], down[1] - down[0]],
            lacks_bleed: self.ends_at_edge(across, self.size.x.to_pt())
                || self.ends_at_edge(down, self.size.y.to_pt()),
        });
    }

    /// Whether one end is at the edge of the page, or over it and not as far as the
    /// bleed goes.
    fn ends_at_edge(&self, [from, to]: [f64; 2], length: f64) -> bool {
        /// As near to the edge as this, in points, something is meant to reach it.
        const NEAR: f64 = 1.0 * MM;
        /// What rounding may take away.
        const ROUNDING: f64 = 0.1;
        let short = |beyond: f64| (-NEAR..self.bleed - ROUNDING).contains(&beyond);
        short(-from) || short(to - length)
    }
}

impl Colours {
    fn count(&mut self, paint: &Paint) {
        let colour = match paint {
            Paint::Solid(colour) => colour,
            Paint::Gradient(_) | Paint::Tiling(_) => {
                self.screen += 1;
                return;
            }
        };
        match colour {
            Color::Spot(_) => self.spot += 1,
            Color::Process(ProcessColor::Cmyk(inks)) => {
                match inks.c == 0.0 && inks.m == 0.0 && inks.y == 0.0 {
                    true => self.black += 1,
                    false => self.mixed += 1,
                }
            }
            Color::Process(
                ProcessColor::Luma(_)
                | ProcessColor::Oklab(_)
                | ProcessColor::Oklch(_)
                | ProcessColor::Rgb(_)
                | ProcessColor::LinearRgb(_)
                | ProcessColor::Hsl(_)
                | ProcessColor::Hsv(_),
            ) => self.screen += 1,
        }
    }
}

/// Says how much ink a picture takes once it is converted.
struct InkMeter {
    convert: Option<std::sync::Arc<moxcms::Transform8BitExecutor>>,
}

impl InkMeter {
    /// As many pixels as are looked at in each direction.
    const SAMPLES: u32 = 256;

    fn new(profile: Option<&Profile>) -> InkMeter {
        InkMeter {
            convert: profile.and_then(Profile::inks_of_pixels),
        }
    }

    fn most_in(&mut self, pixels: &RasterImage) -> Option<u32> {
        let convert = self.convert.as_ref()?;
        let side = |length: u32| length.clamp(1, InkMeter::SAMPLES);
        let small = pixels
            .dynamic()
            .thumbnail_exact(side(pixels.width()), side(pixels.height()))
            .to_rgb8()
            .into_raw();
        let mut inks = vec![0; small.len() / 3 * 4];
        convert.transform(&small, &mut inks).ok()?;
        let total = |inks: &[u8]| inks.iter().map(|ink| u32::from(*ink)).sum::<u32>();
        let most = inks.chunks_exact(4).map(total).max()?;
        Some(most * 100 / 255)
    }
}
