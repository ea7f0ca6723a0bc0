//! Whether words can be read: their colour on their ground, as the styles of the
//! elements say, and again as the sheet for dark mode changes them.

use press_model::Colour;

use crate::scan::{Document, Element, declarations};

/// The least contrast of text, and of large text (WCAG 2.2 §1.4.3).
const LEAST: f64 = 4.5;
const LEAST_OF_LARGE: f64 = 3.0;

/// The colours of a client that says nothing: black on white, or the other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Light,
    Dark,
}

impl Mode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Mode::Light => "light",
            Mode::Dark => "dark",
        }
    }
}

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
    let dark: Vec<Rule> = match mode {
        Mode::Light => Vec::new(),
        Mode::Dark => document
            .sheets
            .iter()
            .flat_map(|sheet| dark_rules(sheet))
            .collect(),
    };
    let (ink, ground) = match mode {
        Mode::Light => (Colour::BLACK, Colour::WHITE),
        Mode::Dark => (Colour::WHITE, Colour::BLACK),
    };
    // Parents stand before their children.
    let mut seen: Vec<(Colour, Colour)> = Vec::with_capacity(document.elements.len());
    let mut faint = Vec::new();
    for (at, element) in document.elements.iter().enumerate() {
        let (above, below) = element.parent.map_or((ink, ground), |parent| seen[parent]);
        let chain: Vec<&Element> = document.around(at).collect();
        let mine = |property: &str| {
            let changed = dark.iter().rev().find_map(|rule| {
                let (_, value) = rule.sets.iter().find(|(name, _)| *name == property)?;
                rule.matches(&chain).then_some(value.as_str())
            });
            colour(changed.or_else(|| element.styled(property))?)
        };
        // A link has the client's blue if nothing else is said.
        let ink = mine("color").unwrap_or(above);
        let ground = mine("background-color").unwrap_or(below);
        seen.push((ink, ground));
        let has_words = element.text.chars().any(char::is_alphanumeric);
        let is_shown = !document.is_hidden(at)
            && !matches!(element.name.as_str(), "title" | "style" | "script" | "head");
        let ratio = ink.contrast(ground);
        let least = if is_large(&chain) {
            LEAST_OF_LARGE
        } else {
            LEAST
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

/// A rule of the sheet for dark mode.
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
    let mut rules = Vec::new();
    let mut rest = block;
    while let Some((selectors, after)) = rest.split_once('{') {
        if selectors.contains('}') {
            break;
        }
        let Some((body, after)) = after.split_once('}') else {
            break;
        };
        rest = after;
        let sets: Vec<(String, String)> = declarations(body)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        for selector in selectors.split(',') {
            let compounds = selector.split_ascii_whitespace().map(Compound::parse);
            if let Some(selector) = compounds.collect::<Option<Vec<Compound>>>() {
                let sets = sets.clone();
                rules.push(Rule { selector, sets });
            }
        }
    }
    rules
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

    #[test]
    fn sizes_are_inherited() {
        let html =
            "<div style=\"font-size:20px\"><p><code style=\"font-size:.8em\">x</code></p></div>";
        let document = Document::read(html);
        let chain: Vec<_> = document.around(2).collect();
        assert_eq!(font_size(&chain), 16.0);
    }
}
