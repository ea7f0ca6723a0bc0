//! What style sheets hide (CSS Display 3, CSS 2.2 §11.2): text that nobody sees is
//! not there, whatever the file holds.
//!
//! A rule counts where its selector is one of a name, classes and an id, and where it
//! holds for every screen: rules in `@media` are for some, and a selector that looks
//! at other elements is not followed. Of two rules the later one holds.

use cssparser::{
    AtRuleParser, CowRcStr, DeclarationParser, ParseError, Parser, ParserState,
    QualifiedRuleParser, RuleBodyItemParser, RuleBodyParser, StyleSheetParser,
};

use super::element::{Attributes, has};

/// The rules of a style sheet that hide, or show again.
#[derive(Debug, Default)]
pub(crate) struct Sheet(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    selectors: Vec<Selector>,
    declarations: Vec<Declaration>,
}

/// A selector of one element.
#[derive(Debug, Default)]
struct Selector {
    name: Option<String>,
    classes: Vec<String>,
    id: Option<String>,
}

/// What one property says of whether an element is seen.
#[derive(Debug, Clone, Copy)]
struct Declaration {
    property: Property,
    hides: bool,
}

#[derive(Debug, Clone, Copy)]
enum Property {
    Display,
    Opacity,
    Visibility,
    FontSize,
}

/// Whether an element is seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// It is hidden with all that it holds.
    gone: bool,
    /// These are handed down, and what is inside may say otherwise.
    invisible: bool,
    without_size: bool,
}

impl Seen {
    /// Whether it takes up no room either.
    pub(super) fn is_gone(self) -> bool {
        self.gone
    }

    /// Whether text in it is not seen.
    pub(super) fn is_hidden(self) -> bool {
        self.gone || self.invisible || self.without_size
    }

    /// The same for an element in it, by the sheets and its own attribute.
    pub(super) fn inside<'a>(
        self,
        sheets: impl Iterator<Item = &'a Sheet>,
        name: &str,
        attributes: &dyn Attributes,
    ) -> Seen {
        let mut own = Own::default();
        for rule in sheets.flat_map(|sheet| &sheet.0) {
            if rule.selectors.iter().any(|one| one.fits(name, attributes)) {
                own.say(&rule.declarations);
            }
        }
        if let Some(style) = attributes.get("style") {
            own.say(&declarations(&mut Parser::new(style)));
        }
        Seen {
            gone: self.gone || own.display == Some(true) || own.opacity == Some(true),
            invisible: own.visibility.unwrap_or(self.invisible),
            without_size: own.size.unwrap_or(self.without_size),
        }
    }
}

/// What an element says itself: whether each property hides it.
#[derive(Default)]
struct Own {
    display: Option<bool>,
    opacity: Option<bool>,
    visibility: Option<bool>,
    size: Option<bool>,
}

impl Own {
    fn say(&mut self, declarations: &[Declaration]) {
        for Declaration { property, hides } in declarations {
            let said = match property {
                Property::Display => &mut self.display,
                Property::Opacity => &mut self.opacity,
                Property::Visibility => &mut self.visibility,
                Property::FontSize => &mut self.size,
            };
            *said = Some(*hides);
        }
    }
}

impl Sheet {
    /// Reads a style sheet; what is none of CSS is passed over.
    pub(crate) fn read(css: &str) -> Sheet {
        let (mut input, mut rules) = (Parser::new(css), Rules);
        let rules = StyleSheetParser::new(&mut input, &mut rules).flatten();
        Sheet(rules.filter(|rule| !rule.declarations.is_empty()).collect())
    }
}

impl Selector {
    /// A selector of one element; none for any other.
    fn read(text: &str) -> Option<Selector> {
        let mut selector = Selector::default();
        let text = text.trim();
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '#' | '*');
        if text.is_empty() || !text.chars().all(is_plain) {
            return None;
        }
        let at = text.find(['.', '#']).unwrap_or(text.len());
        let (name, mut rest) = text.split_at(at);
        selector.name = (!matches!(name, "" | "*")).then(|| name.to_ascii_lowercase());
        while let Some(sign) = rest.chars().next() {
            let end = rest[1..].find(['.', '#']).map_or(rest.len(), |at| at + 1);
            let word = rest[1..end].to_owned();
            match sign {
                '.' => selector.classes.push(word),
                _ => selector.id = Some(word),
            }
            rest = &rest[end..];
        }
        Some(selector)
    }

    fn fits(&self, name: &str, attributes: &dyn Attributes) -> bool {
        let classes = attributes.get("class");
        (self.name.as_deref()).is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
            && self.classes.iter().all(|class| has(classes, class))
            && (self.id.as_deref()).is_none_or(|id| attributes.get("id") == Some(id))
    }
}

/// Reads the rules of a style sheet.
struct Rules;

impl<'i> QualifiedRuleParser<'i> for Rules {
    type Prelude = Vec<Selector>;
    type QualifiedRule = Rule;
    type Error = ();

    fn parse_prelude(
        &mut self,
        input: &mut Parser<'i>,
    ) -> Result<Self::Prelude, ParseError<Self::Error>> {
        let selectors = rest_of(input).split(',');
        Ok(selectors.filter_map(Selector::read).collect())
    }

    fn parse_block(
        &mut self,
        selectors: Self::Prelude,
        _: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<Rule, ParseError<Self::Error>> {
        let declarations = declarations(input);
        Ok(Rule {
            selectors,
            declarations,
        })
    }
}

impl AtRuleParser<'_> for Rules {
    type Prelude = ();
    type AtRule = Rule;
    type Error = ();
}

/// The declarations that say whether something is seen.
fn declarations(input: &mut Parser) -> Vec<Declaration> {
    RuleBodyParser::new(input, &mut Declarations)
        .flatten()
        .flatten()
        .collect()
}

/// Reads declarations; none for those of other properties.
struct Declarations;

impl<'i> DeclarationParser<'i> for Declarations {
    type Declaration = Option<Declaration>;
    type Error = ();

    fn parse_value(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
        _: &ParserState,
    ) -> Result<Self::Declaration, ParseError<()>> {
        let value = rest_of(input).split('!').next().unwrap_or_default();
        let value = value.trim().to_ascii_lowercase();
        // `0`, `0px`, `0.0em`, and not `.5em`.
        let is_nothing = || {
            let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
            number.parse::<f32>() == Ok(0.0)
        };
        let (property, hides) = match &*name.to_ascii_lowercase() {
            "display" => (Property::Display, value == "none"),
            "opacity" => (Property::Opacity, is_nothing()),
            "visibility" => {
                let hides = matches!(&*value, "hidden" | "collapse");
                (Property::Visibility, hides)
            }
            "font-size" => (Property::FontSize, is_nothing()),
            _ => return Ok(None),
        };
        Ok(Some(Declaration { property, hides }))
    }
}

impl AtRuleParser<'_> for Declarations {
    type Prelude = ();
    type AtRule = Option<Declaration>;
    type Error = ();
}

impl QualifiedRuleParser<'_> for Declarations {
    type Prelude = ();
    type QualifiedRule = Option<Declaration>;
    type Error = ();
}

impl RuleBodyItemParser<'_, Option<Declaration>, ()> for Declarations {
    fn parse_declarations(&self) -> bool {
        true
    }

    fn parse_qualified(&self) -> bool {
        false
    }
}

/// All that a parser has left, as it is written.
fn rest_of<'i>(input: &mut Parser<'i>) -> &'i str {
    let start = input.position();
    while input.next().is_ok() {}
    input.slice_from(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Element(Vec<(&'static str, &'static str)>);

    impl Attributes for Element {
        fn get(&self, name: &str) -> Option<&str> {
            let one = self.0.iter().find(|(one, _)| *one == name);
            one.map(|(_, value)| *value)
        }
    }

    fn hidden(css: &str, attributes: &[(&'static str, &'static str)]) -> bool {
        let sheet = Sheet::read(css);
        let element = Element(attributes.to_vec());
        let seen = Seen::default().inside([&sheet].into_iter(), "p", &element);
        seen.is_hidden()
    }

    #[test]
    fn rules_hide_what_they_select() {
        let class = [("class", "a b"), ("id", "i")];
        for css in [
            "p { display: none }",
            "x, .a{color:red;display:none!important}",
            "P.a.b#i { VISIBILITY: Hidden; }",
            "/* } */ .b { font-size: 0px } @media print { .b { font-size: 1em } }",
            ".b { opacity: 0.0 }",
            ".a { background: url(\"};.x{\"); display: none }",
        ] {
            assert!(hidden(css, &class), "{css}");
        }
        for css in [
            "p.c { display: none }",
            ".a { display: none } .b { display: block }",
            "@media print { p { display: none } }",
            "div p { display: none }",
            "p:hover { display: none }",
            ".a { font-size: .5em; opacity: 0.9; visibility: visible }",
            "",
        ] {
            assert!(!hidden(css, &class), "{css}");
        }
    }

    #[test]
    fn an_element_says_the_last_word() {
        let css = "p { display: none; font-size: 0 }";
        assert!(hidden(css, &[("style", "color: red")]));
        assert!(!hidden(css, &[("style", "display:block;font-size:1em")]));
    }

    #[test]
    fn what_is_invisible_may_hold_what_is_seen() {
        let inside = |outer: &'static str, inner: &'static str| {
            let none = std::iter::empty;
            let outer = Seen::default().inside(none(), "div", &Element(vec![("style", outer)]));
            let inner = outer.inside(none(), "p", &Element(vec![("style", inner)]));
            inner.is_hidden()
        };
        assert!(inside("visibility:hidden", ""));
        assert!(!inside("visibility:hidden", "visibility:visible"));
        assert!(!inside("font-size:0", "font-size:16px"));
        assert!(inside("display:none", "display:block"));
    }
}
