//! Whether words can be read: their colour on their ground, as the styles of the
//! elements say, and again as the sheet changes them in dark mode and in the dark
//! mode of the Outlook app.

use press_model::Colour;

use crate::scan::{Document, Element, declarations};

/// The least contrast of text, and of large text (WCAG 2.2 §1.4.3).
const LEAST: f64 = 4.5;
const LEAST_OF_LARGE: f64 = 3.0;

/// Which colours a client shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Those of the elements.
    Light,
    /// Those of the sheet for `prefers-color-scheme: dark` before them.
    Dark,
    /// Those that the sheet has for the Outlook app. It changes all others itself, in
    /// a way of its own that fits ink to ground, so that what comes out is not known:
    /// a pair is looked at where the sheet has both its colours.
    Outlook,
}

impl Mode {
    pub(crate) const ALL: [Mode; 3] = [Mode::Light, Mode::Dark, Mode::Outlook];

    /// What its colours are called.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Mode::Light => "the light palette",
            Mode::Dark => "the dark palette",
            Mode::Outlook => "the dark palette of the Outlook app",
        }
    }

    /// The colours of a client that is told nothing: black on white, or the other
    /// way.
    fn unsaid(self) -> Pair {
        match self {
            Mode::Light => (Some(Colour::BLACK), Some(Colour::WHITE)),
            Mode::Dark => (Some(Colour::WHITE), Some(Colour::BLACK)),
            Mode::Outlook => (None, None),
        }
    }

    fn rules(self, sheet: &str) -> Vec<Rule> {
        match self {
            Mode::Light => Vec::new(),
            Mode::Dark => dark_rules(sheet),
            Mode::Outlook => outlook_rules(sheet),
        }
    }
}

/// An ink and its ground, where they are known.
type Pair = (Option<Colour>, Option<Colour>);

/// Words that cannot be read, by the element that they stand in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Faint {
    pub(crate) element: usize,
    pub(crate) mode: Mode,
    pub(crate) ink: Colour,
    pub(crate) ground: Colour,
    pub(crate) ratio: f64,
}

/// All words of a document that cannot be read in a mode.
pub(crate) fn faint(document: &Document, mode: Mode) -> Vec<Faint> {
    let sheets = document.sheets.iter();
    let rules: Vec<Rule> = sheets.flat_map(|sheet| mode.rules(sheet)).collect();
    // Parents stand before their children.
    let mut seen: Vec<Pair> = Vec::with_capacity(document.elements.len());
    let mut faint = Vec::new();
    for (at, element) in document.elements.iter().enumerate() {
        let around = element.parent.map_or(mode.unsaid(), |parent| seen[parent]);
        let chain: Vec<&Element> = document.around(at).collect();
        let pair = pair(mode, &rules, &chain, around);
        seen.push(pair);
        let (Some(ink), Some(ground)) = pair else {
            continue;
        };
        let has_words = element.text.chars().any(char::is_alphanumeric);
        let is_shown = !document.is_hidden(at)
            && !matches!(element.name.as_str(), "title" | "style" | "script" | "head");
        let ratio = ink.contrast(ground);
        let least = match is_large(&chain) {
            true => LEAST_OF_LARGE,
            false => LEAST,
        };
        if has_words && is_shown && ratio < least {
            faint.push(Faint {
                element: at,
                mode,
                ink,
                ground,
                ratio,
            });
        }
    }
    faint
}

/// The colours of the first element of a chain from the inside out. A link has the
/// client's blue if nothing else is said.
fn pair(mode: Mode, rules: &[Rule], chain: &[&Element], (ink, ground): Pair) -> Pair {
    let of = |property: &str, around: Option<Colour>| {
        let changed = rules.iter().rev().find_map(|rule| {
            let (_, value) = rule.sets.iter().find(|(name, _)| *name == property)?;
            rule.matches(chain).then(|| colour(value)).flatten()
        });
        let styled = || chain.first()?.styled(property).and_then(colour);
        match (changed, styled()) {
            (Some(colour), _) => Some(colour),
            (None, Some(_)) if mode == Mode::Outlook => None,
            (None, Some(colour)) => Some(colour),
            (None, None) => around,
        }
    };
    (of("color", ink), of("background-color", ground))
}

/// Whether words are large: 24 px, or 18.7 px and bold.
fn is_large(chain: &[&Element]) -> bool {
    let size = font_size(chain);
    let is_bold = chain.iter().find_map(|element| {
        let weight = element.styled("font-weight");
        weight
            .map(|weight| weight == "bold")
            .or_else(|| matches!(element.name.as_str(), "b" | "strong" | "th").then_some(true))
    });
    size >= 24.0 || size >= 18.7 && is_bold == Some(true)
}

/// The size of the words of an element, in pixels; 16 where nothing is said.
pub(crate) fn font_size(chain: &[&Element]) -> f64 {
    let mut factor = 1.0;
    for element in chain {
        let Some(size) = element.styled("font-size") else {
            continue;
        };
        let number = |unit: &str| size.strip_suffix(unit)?.trim().parse::<f64>().ok();
        if let Some(pixels) = number("px") {
            return pixels * factor;
        }
        match number("em").or_else(|| Some(number("%")? / 100.0)) {
            Some(times) => factor *= times,
            None => return 16.0 * factor,
        }
    }
    16.0 * factor
}

/// A rule of the sheet.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    /// Elements from the outside in.
    selector: Vec<Compound>,
    sets: Vec<(String, String)>,
}

/// An element by its name and its classes.
#[derive(Debug, Clone, PartialEq, Default)]
struct Compound {
    name: Option<String>,
    classes: Vec<String>,
}

impl Rule {
    /// Whether it is about the first element of a chain from the inside out.
    fn matches(&self, chain: &[&Element]) -> bool {
        let Some((last, around)) = self.selector.split_last() else {
            return false;
        };
        let Some((first, mut outside)) = chain.split_first() else {
            return false;
        };
        if !last.is(first) {
            return false;
        }
        for wanted in around.iter().rev() {
            match outside.iter().position(|element| wanted.is(element)) {
                Some(at) => outside = &outside[at + 1..],
                None => return false,
            }
        }
        true
    }
}

impl Compound {
    fn is(&self, element: &Element) -> bool {
        self.name.as_ref().is_none_or(|name| *name == element.name)
            && self.classes.iter().all(|class| element.has_class(class))
    }

    /// Names and classes; none for what else a selector can say.
    fn parse(text: &str) -> Option<Compound> {
        let mut pieces = text.split('.');
        let name = pieces.next()?;
        let classes: Vec<String> = pieces.map(str::to_owned).collect();
        let is_plain = |name: &str| {
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        (is_plain(name) && classes.iter().all(|class| is_plain(class))).then(|| Compound {
            name: (!name.is_empty()).then(|| name.to_owned()),
            classes,
        })
    }
}

/// What a sheet says for `prefers-color-scheme: dark`.
fn dark_rules(sheet: &str) -> Vec<Rule> {
    let Some((_, after)) = sheet.split_once("prefers-color-scheme:dark)") else {
        return Vec::new();
    };
    let Some((_, block)) = after.split_once('{') else {
        return Vec::new();
    };
    // The block ends where a brace closes that no rule has opened.
    let rules = block.split_inclusive('}');
    let rules = rules.take_while(|rule| rule.contains('{'));
    rules
        .flat_map(|rule| parse(rule, |selector| Some(selector)))
        .collect()
}

/// What a sheet says for the Outlook app, which marks its root when it has changed
/// an ink (`data-ogsc`) and a ground (`data-ogsb`).
fn outlook_rules(sheet: &str) -> Vec<Rule> {
    fn for_outlook(selector: &str) -> Option<&str> {
        let inner = selector.strip_prefix("[data-ogsc] ");
        inner.or_else(|| selector.strip_prefix("[data-ogsb] "))
    }
    let rules = sheet.split_inclusive('}');
    rules.flat_map(|rule| parse(rule, for_outlook)).collect()
}

/// A rule for each selector of `text` that `of` knows, which says what of it is
/// looked for.
fn parse(text: &str, of: impl Fn(&str) -> Option<&str>) -> Vec<Rule> {
    let Some((selectors, body)) = text.rsplit_once('{') else {
        return Vec::new();
    };
    let sets: Vec<(String, String)> = declarations(body.trim_end_matches('}'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let selectors = selectors.split(',').filter_map(|text| of(text.trim()));
    let compounds = selectors.map(|text| text.split_ascii_whitespace().map(Compound::parse));
    let known = compounds.filter_map(|all| all.collect::<Option<Vec<Compound>>>());
    known
        .map(|selector| Rule {
            selector,
            sets: sets.clone(),
        })
        .collect()
}

fn colour(text: &str) -> Option<Colour> {
    match text.to_ascii_lowercase().as_str() {
        "white" => Some(Colour::WHITE),
        "black" => Some(Colour::BLACK),
        text => Colour::parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_held_against_their_ground() {
        let html = "<style>.k{margin:0}@media (prefers-color-scheme:dark){.sheet{background-color:#111!important}\
                    p,.sheet .low{color:#eee!important}.sheet p.low{color:#222!important}}.z{color:#111}</style>\
                    <table class=\"sheet\" style=\"background-color:#ffffff\"><tr><td style=\"color:#777777\">faint\
                    <p class=\"low\">inherits <b style=\"font-size:24px\">large</b></p></td></tr></table>";
        let document = Document::read(html);
        let names = |mode| -> Vec<String> {
            let found = faint(&document, mode).into_iter();
            found
                .map(|faint| document.elements[faint.element].name.clone())
                .collect()
        };
        assert_eq!(names(Mode::Light), ["td", "p"]);
        assert_eq!(names(Mode::Dark), ["td", "p", "b"]);
    }

    /// What the app changes by itself is not known; what the sheet has for it is.
    #[test]
    fn the_colours_for_outlook_are_held_against_each_other() {
        let faint_for = |sheet: &str| -> Vec<String> {
            let html = format!(
                "<style>{sheet}</style><table class=\"sheet\" style=\"background-color:#ffffff\"><tr>\
                 <td class=\"text\" style=\"color:#000000\">ink<p>inherits</p>\
                 <i style=\"color:#eeeeee\">the app's</i></td></tr></table>"
            );
            let document = Document::read(&html);
            let found = faint(&document, Mode::Outlook).into_iter();
            found
                .map(|faint| document.elements[faint.element].name.clone())
                .collect()
        };
        let ground = "[data-ogsb] .sheet{background-color:#1c1c1e!important}";
        let ink = |colour: &str| {
            format!(
                "@media (a){{.text{{color:#fff}}}}[data-ogsc] .title,[data-ogsc] .text{{color:{colour}!important}}"
            )
        };
        assert_eq!(faint_for(""), Vec::<String>::new());
        assert_eq!(faint_for(ground), Vec::<String>::new());
        assert_eq!(faint_for(&ink("#333333")), Vec::<String>::new());
        assert_eq!(faint_for(&(ink("#333333") + ground)), ["td", "p"]);
        assert_eq!(faint_for(&(ink("#eeeeee") + ground)), Vec::<String>::new());
    }

    #[test]
    fn sizes_are_inherited() {
        let html =
            "<div style=\"font-size:20px\"><p><code style=\"font-size:.8em\">x</code></p></div>";
        let document = Document::read(html);
        let chain: Vec<_> = document.around(2).collect();
        assert_eq!(font_size(&chain), 16.0);
    }
}
