//! Breaks the HTML part of the email.

use super::markup::{Markup, Part, is_label};
use super::message::Message;
use super::{Broken, Built, Finished, Harm, Patch, Patched, patched};

pub(super) struct Html {
    message: Message,
    markup: Markup,
}

impl Html {
    pub(super) fn of(built: &Built) -> Html {
        let message = Message::html(&built.email);
        Html {
            markup: Markup::new(message.text.clone(), part),
            message,
        }
    }

    pub(super) fn untouched(&self) -> Vec<u8> {
        self.message.with(&self.message.text)
    }
}

impl Finished for Html {
    type Edit = Vec<Patch>;

    fn edits(&self, harm: Harm) -> Vec<Self::Edit> {
        self.markup.edits(harm)
    }

    fn broken(&self, patches: &Self::Edit) -> Broken {
        let Patched {
            text,
            was,
            is,
            taken: harmed,
        } = patched(&self.message.text, patches);
        let bytes = self.message.with(&text);
        let plain = |markup: String| without_styles(&markup);
        Broken {
            bytes,
            harmed,
            was: plain(was),
            is: plain(is),
        }
    }
}

/// Styles are most of what stands there.
fn without_styles(markup: &str) -> String {
    let mut plain = String::new();
    let mut rest = markup;
    while let Some((before, style)) = rest.split_once(" style=\"") {
        plain.push_str(before);
        rest = style.split_once('"').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

fn part(markup: &Markup, at: usize) -> Part {
    let has = |class| markup.has_class(at, class);
    let children: Vec<usize> = markup.children(at).collect();
    let holds = |name: &str| children.iter().any(|c| markup.elements[*c].name == name);
    let holds_class = |class: &str| children.iter().any(|c| markup.has_class(*c, class));
    let above = |name: &str| {
        let mut above = markup.above(at);
        above.any(|above| markup.elements[above].name == name)
    };
    let in_data = || {
        let mut above = markup.above(at);
        let table = above.find(|above| markup.elements[*above].name == "table");
        table.is_some_and(|table| markup.has_class(table, "data"))
    };
    let is_in_note = || {
        let parent = markup.elements[at].parent;
        parent.is_some_and(|parent| markup.has_class(parent, "note"))
    };
    match markup.elements[at].name.as_str() {
        "td" if has("colophon") || holds_class("contents-title") || has("number") => Part::Outside,
        "td" if has("bar") && holds("a") || has("text") && has("pad") => Part::Body,
        "td" if has("caption") => Part::Caption,
        "td" | "th" if in_data() => Part::Cell,
        "tr" if in_data() => Part::Row,
        "tr" if holds_class("note") => Part::Note,
        "p" if has("more") || holds_class("back") => Part::Outside,
        "p" if has("box-title") && is_label(markup.inner(at)) => Part::Outside,
        "p" if has("kicker") || has("standfirst") || has("byline") => Part::Opening,
        "p" if above("li") || is_in_note() => Part::Plain,
        "p" => Part::Paragraph,
        "sup" if has("reference") => Part::Reference,
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if has("notes-title") => Part::Outside,
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => Part::Heading,
        "a" if markup.attribute(at, "href").is_some() && !above("sup") => Part::Link,
        "img" => Part::Picture,
        "li" => Part::Item,
        "ol" => Part::Numbered,
        "pre" => Part::Code,
        _ => Part::Plain,
    }
}
