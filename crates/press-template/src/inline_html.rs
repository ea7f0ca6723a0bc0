//! The one writer of inline HTML, for every edition that is made of it.
//!
//! The editions differ in where a link leads and in what a picture or a note
//! reference looks like; they give that by an [`InlineTarget`].

use press_model::{Direction, Inline, LanguageTag, LinkTarget, NoteNumber, Picture};

/// What an edition decides about running text.
pub trait InlineTarget {
    /// The address that a link leads to, not yet escaped; none where this edition
    /// cannot follow it, so that its words stand alone.
    fn href(&self, target: &LinkTarget) -> Option<String>;
    /// Writes the reference to a note.
    fn note_reference(&self, note: NoteNumber, occurrence: u32, out: &mut String);
    /// Writes a picture in a line of text.
    fn picture(&self, picture: &Picture, out: &mut String);
    /// Writes the place that an anchor marks.
    fn anchor(&self, id: &str, out: &mut String);
    /// Whether the text is XHTML, which wants `xml:lang` beside `lang`.
    fn xml(&self) -> bool;
}

/// Writes running text as HTML. All text is escaped. What is a link itself does
/// not stand inside a link (HTML §4.5.1): notes and anchors follow it, and a
/// link in a link is its words alone.
pub fn inline_html(content: &[Inline], target: &impl InlineTarget, out: &mut String) {
    write(content, target, None, out);
}

/// `after_link` takes what must not stand in the link that is being written.
fn write<'a>(
    content: &'a [Inline],
    target: &impl InlineTarget,
    mut after_link: Option<&mut Vec<&'a Inline>>,
    out: &mut String,
) {
    for inline in content {
        let after_link = after_link.as_deref_mut();
        match inline {
            Inline::Text { text } => escape_html(text, out),
            Inline::Emphasis { content } => element("em", content, target, after_link, out),
            Inline::Strong { content } => element("strong", content, target, after_link, out),
            Inline::Strikethrough { content } => element("s", content, target, after_link, out),
            Inline::Underline { content } => element("u", content, target, after_link, out),
            Inline::Subscript { content } => element("sub", content, target, after_link, out),
            Inline::Superscript { content } => element("sup", content, target, after_link, out),
            Inline::Small { content } => element("small", content, target, after_link, out),
            Inline::Keyboard { content } => element("kbd", content, target, after_link, out),
            Inline::Code { text } => {
                out.push_str("<code>");
                escape_html(text, out);
                out.push_str("</code>");
            }
            Inline::Link {
                target: place,
                content,
                ..
            } => match (&after_link, target.href(place)) {
                (None, Some(href)) => link(&href, content, target, out),
                (Some(_), _) | (None, None) => write(content, target, after_link, out),
            },
            Inline::Anchor { id } => match after_link {
                Some(after) => after.push(inline),
                None => target.anchor(id, out),
            },
            Inline::Image { picture, .. } => target.picture(picture, out),
            Inline::NoteReference {
                note, occurrence, ..
            } => match after_link {
                Some(after) => after.push(inline),
                None => target.note_reference(*note, *occurrence, out),
            },
            Inline::LineBreak => out.push_str("<br/>"),
            Inline::Language {
                lang,
                direction,
                content,
            } => {
                out.push_str("<span");
                language_attributes(lang.as_ref(), *direction, target.xml(), out);
                out.push('>');
                write(content, target, after_link, out);
                out.push_str("</span>");
            }
        }
    }
}

fn link(href: &str, content: &[Inline], target: &impl InlineTarget, out: &mut String) {
    let mut after = Vec::new();
    let mut words = String::new();
    write(content, target, Some(&mut after), &mut words);
    // A link of nothing but a note has no words.
    if !words.is_empty() {
        out.push_str("<a href=\"");
        escape_html(href, out);
        out.push_str("\">");
        out.push_str(&words);
        out.push_str("</a>");
    }
    for inline in after {
        write(std::slice::from_ref(inline), target, None, out);
    }
}

fn element<'a>(
    name: &str,
    content: &'a [Inline],
    target: &impl InlineTarget,
    after_link: Option<&mut Vec<&'a Inline>>,
    out: &mut String,
) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    write(content, target, after_link, out);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Writes `lang`, `xml:lang` where the text is XML, and `dir`, each after a
/// space. A language that is written from right to left says so even if the
/// author did not.
fn language_attributes(
    lang: Option<&LanguageTag>,
    direction: Option<Direction>,
    xml: bool,
    out: &mut String,
) {
    if let Some(lang) = lang {
        // A language tag holds letters, digits and hyphens alone.
        out.push_str(&format!(" lang=\"{lang}\""));
        if xml {
            out.push_str(&format!(" xml:lang=\"{lang}\""));
        }
    }
    let implied = lang
        .filter(|lang| lang.is_right_to_left())
        .map(|_| Direction::Rtl);
    if let Some(direction) = direction.or(implied) {
        out.push_str(&format!(" dir=\"{}\"", direction.as_str()));
    }
}

/// Writes text so that it is text in HTML and XML, in elements and in quoted
/// attributes. Characters that XML 1.0 cannot hold (§2.2) become U+FFFD.
pub fn escape_html(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Plain;

    impl InlineTarget for Plain {
        fn href(&self, target: &LinkTarget) -> Option<String> {
            match target {
                LinkTarget::Address { url } => Some(url.clone()),
                LinkTarget::Place { .. } => None,
            }
        }
        fn note_reference(&self, note: NoteNumber, occurrence: u32, out: &mut String) {
            out.push_str(&format!("[{}.{occurrence}]", note.0));
        }
        fn picture(&self, picture: &Picture, out: &mut String) {
            escape_html(&picture.alt, out);
        }
        fn anchor(&self, id: &str, out: &mut String) {
            out.push_str(&format!("<a id=\"{id}\"></a>"));
        }
        fn xml(&self) -> bool {
            true
        }
    }

    fn check(content: &[Inline], expected: &str) {
        let mut out = String::new();
        inline_html(content, &Plain, &mut out);
        assert_eq!(out, expected);
    }

    fn text(text: &str) -> Vec<Inline> {
        vec![Inline::Text { text: text.into() }]
    }

    #[test]
    fn links_and_their_words() {
        let link = |target| {
            [Inline::Link {
                span: Default::default(),
                target,
                content: text("a < b"),
            }]
        };
        check(
            &link(LinkTarget::Address {
                url: "https://a.example/?x=\"1\"&y=2".into(),
            }),
            "<a href=\"https://a.example/?x=&quot;1&quot;&amp;y=2\">a &lt; b</a>",
        );
        let article = press_model::Slug::from_text("elsewhere");
        check(&link(LinkTarget::Place { article, id: None }), "a &lt; b");
    }

    #[test]
    fn no_link_stands_in_a_link() {
        let link = |content| Inline::Link {
            span: Default::default(),
            target: LinkTarget::Address { url: "u".into() },
            content,
        };
        let note = Inline::NoteReference {
            span: Default::default(),
            note: NoteNumber(3),
            occurrence: 1,
        };
        let inner = link(text("b"));
        let stressed = Inline::Emphasis {
            content: vec![note.clone(), inner],
        };
        check(
            &[link([text("a "), vec![stressed]].concat())],
            "<a href=\"u\">a <em>b</em></a>[3.1]",
        );
        check(&[link(vec![note])], "[3.1]");
    }

    #[test]
    fn a_language_brings_its_direction() {
        let hebrew = Inline::Language {
            lang: LanguageTag::new("he"),
            direction: None,
            content: text("שלום"),
        };
        check(
            &[hebrew],
            "<span lang=\"he\" xml:lang=\"he\" dir=\"rtl\">שלום</span>",
        );
    }

    proptest! {
        #[test]
        fn escaped_text_holds_no_markup(text in any::<String>()) {
            let mut out = String::new();
            escape_html(&text, &mut out);
            prop_assert!(!out.contains(['<', '>', '"', '\'']));
            let unescaped = out
                .replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"")
                .replace("&#39;", "'").replace("&amp;", "&");
            let expected: String = text
                .chars()
                .map(|c| match c {
                    '\t' | '\n' | '\r' => c,
                    '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
                    c => c,
                })
                .collect();
            prop_assert_eq!(unescaped, expected);
        }
    }
}
