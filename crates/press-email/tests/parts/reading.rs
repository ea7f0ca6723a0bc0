//! What a reader finds in an email, and what the model says it must be.

use press_model::{Block, Inline, Issue, LinkTarget, Publication};

/// A piece of HTML as a parser sees it.
pub enum Piece {
    /// A tag, from its name to its last attribute.
    Tag(String),
    /// Text, unescaped.
    Text(String),
}

/// Takes HTML that a library has written to pieces.
pub fn pieces(html: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        pieces.push(Piece::Text(unescaped(&rest[..open])));
        rest = &rest[open..];
        let end = match rest.strip_prefix("<!--") {
            Some(comment) => comment.find("-->").unwrap() + "<!--".len() + "--".len(),
            None => tag_end(rest),
        };
        pieces.push(Piece::Tag(rest[1..end].to_owned()));
        rest = &rest[end + 1..];
        for raw in ["style", "title"] {
            if matches!(pieces.last(), Some(Piece::Tag(tag)) if tag == raw) {
                rest = &rest[rest.find("</").unwrap()..];
            }
        }
    }
    pieces
}

fn tag_end(tag: &str) -> usize {
    let mut quoted = false;
    tag.find(|c| {
        quoted ^= c == '"';
        c == '>' && !quoted
    })
    .unwrap()
}

/// The value of an attribute.
pub fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let length = tag[start..].find('"')?;
    Some(unescaped(&tag[start..start + length]))
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&nbsp;", "\u{a0}")
        .replace("&amp;", "&")
}

/// The text and the alternative texts of an HTML part, in order.
pub fn html_words(html: &str) -> String {
    let mut words = String::new();
    for piece in pieces(html) {
        match piece {
            Piece::Text(text) => words.push_str(&text),
            Piece::Tag(tag) => words.push_str(&attribute(&tag, "alt").unwrap_or_default()),
        }
    }
    words
}

/// What every part must say, in order: each a run of text that nothing may
/// interrupt.
pub fn must_say(publication: &Publication, issue: &Issue) -> Vec<String> {
    let mut said = Said(vec![publication.title.clone()]);
    said.0.extend(publication.tagline.clone());
    for section in issue.contents().sections {
        said.0.push(section.title);
        for article in section.articles {
            said.0.push(article.headline);
            said.0.push(article.reading_minutes.to_string());
        }
    }
    for section in &issue.sections {
        said.0.push(section.title.clone());
        for article in &section.articles {
            said.0.extend(article.kicker.clone());
            said.inlines(article.headline.as_deref().unwrap_or_default());
            said.inlines(article.standfirst.as_deref().unwrap_or_default());
            said.0.extend(article.bylines.iter().cloned());
            said.0.extend(article.dateline.clone());
            said.blocks(&article.blocks);
            for note in &article.notes {
                said.0.push(note.number.0.to_string());
                said.blocks(&note.blocks);
            }
        }
    }
    for correction in &issue.corrections {
        said.0.extend(correction.article.clone());
        said.inlines(&correction.text);
    }
    said.0.extend(publication.rights.clone());
    said.inlines(&publication.colophon);
    said.0.extend(publication.postal_address.clone());
    said.0
}

/// Every address that the issue leads to.
pub fn addresses(issue: &Issue) -> Vec<String> {
    let json = serde_json::to_value(issue).unwrap();
    let mut found = Vec::new();
    let mut rest = vec![&json];
    while let Some(value) = rest.pop() {
        if let Ok(LinkTarget::Address { url }) = serde_json::from_value(value.clone()) {
            found.push(url);
        }
        match value {
            serde_json::Value::Array(values) => rest.extend(values),
            serde_json::Value::Object(values) => rest.extend(values.values()),
            _ => {}
        }
    }
    found
}

/// Letters without what wrapping, quoting and stress put between them.
pub fn letters(text: &str) -> String {
    let is_layout = |c: char| c.is_whitespace() || "_*~`>|".contains(c);
    text.chars().filter(|c| !is_layout(*c)).collect()
}

/// Panics at the first of `needles` that does not come after the one before it.
pub fn assert_in_order(haystack: &str, needles: &[String]) {
    let haystack = letters(haystack);
    let mut at = 0;
    for needle in needles.iter().map(|needle| letters(needle)) {
        match haystack[at..].find(&needle) {
            Some(found) => at += found + needle.len(),
            None => panic!("`{needle}` is missing after `{}`", &haystack[..at]),
        }
    }
}

struct Said(Vec<String>);

impl Said {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Paragraph { content, .. } | Block::Heading { content, .. } => {
                    self.inlines(content);
                }
                Block::List { items, .. } => {
                    for item in items {
                        self.blocks(&item.blocks);
                    }
                }
                Block::Quote { blocks, .. } => self.blocks(blocks),
                Block::PullQuote {
                    blocks,
                    attribution,
                    ..
                } => {
                    self.blocks(blocks);
                    self.inlines(attribution);
                }
                Block::Aside { title, blocks, .. } => {
                    self.inlines(title);
                    self.blocks(blocks);
                }
                Block::Figure {
                    picture,
                    caption,
                    credit,
                    ..
                } => {
                    self.0.push(picture.alt.clone());
                    self.inlines(caption);
                    self.0.extend(credit.clone());
                }
                Block::Table { header, rows, .. } => {
                    for cell in header.iter().chain(rows.iter().flatten()) {
                        self.inlines(&cell.content);
                    }
                }
                Block::Code { text, .. } => self.0.extend(text.lines().map(str::to_owned)),
                Block::Rule { .. } => {}
            }
        }
    }

    fn inlines(&mut self, content: &[Inline]) {
        for inline in content {
            match inline {
                Inline::Text { text } | Inline::Code { text } => self.0.push(text.clone()),
                Inline::Emphasis { content }
                | Inline::Strong { content }
                | Inline::Strikethrough { content }
                | Inline::Underline { content }
                | Inline::Small { content }
                | Inline::Keyboard { content }
                | Inline::Link { content, .. }
                | Inline::Language { content, .. } => self.inlines(content),
                Inline::Image { picture, .. } => self.0.push(picture.alt.clone()),
                Inline::NoteReference { note, .. } => self.0.push(note.0.to_string()),
                // The text part has characters of their own for these.
                Inline::Subscript { .. } | Inline::Superscript { .. } => {}
                Inline::Anchor { .. } | Inline::LineBreak => {}
            }
        }
    }
}
