//! The HTML in running text: pairs of tags become what they enclose, comments go,
//! and all else is reported while its text stays.

use std::collections::BTreeMap;

use press_model::{Code, Diagnostic, Direction, LanguageTag, Span};

use crate::html::{self, Tag, Token};
use crate::markdown::Positions;
use crate::pieces::{Piece, Wrap, shorten, with_anchors};
use crate::reader::Reader;
use crate::scope::Scope;

/// Gives HTML its meaning: pairs of tags become what they enclose, comments go,
/// all else is reported and its text stays.
pub fn understand_html(
    mut pieces: Vec<Piece>,
    reader: &mut Reader,
    scope: &mut Scope,
) -> Vec<Piece> {
    if !pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Html { .. }))
    {
        return pieces;
    }
    let mut next_pair = 1 + pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Open { pair, .. } => Some(*pair),
            _ => None,
        })
        .max()
        .unwrap_or(0);
    // Start tags that wait for their end, by name: piece, place, what they mean.
    let mut waiting: BTreeMap<String, Vec<(usize, Span, Option<Wrap>)>> = BTreeMap::new();
    let mut raw_until: Option<String> = None;
    // Named places, each before the piece of that index.
    let mut anchors: Vec<(usize, String)> = Vec::new();
    for index in 0..pieces.len() {
        let Piece::Html { html, at } = &pieces[index] else {
            if raw_until.is_some()
                && !matches!(pieces[index], Piece::Open { .. } | Piece::Close { .. })
            {
                pieces[index] = Piece::Gone;
            }
            continue;
        };
        let at = *at;
        let tag = html::tag(html);
        if let Some(name) = &raw_until {
            if tag
                .as_ref()
                .is_some_and(|tag| tag.closing && tag.name == *name)
            {
                raw_until = None;
            }
            pieces[index] = Piece::Gone;
            continue;
        }
        let Some(tag) = tag else {
            let is_comment = html.starts_with("<!--");
            if !is_comment {
                report_declaration(html, at, reader);
            }
            pieces[index] = Piece::Gone;
            continue;
        };
        pieces[index] = Piece::Gone;
        if tag.is_raw() && !tag.closing {
            report_raw_html(&tag.name, at, reader);
            raw_until = Some(tag.name);
            continue;
        }
        if tag.closing {
            match waiting.get_mut(&tag.name).and_then(Vec::pop) {
                Some((opened, place, wrap)) => {
                    if let Some(wrap) = wrap {
                        pieces[opened] = Piece::Open {
                            pair: next_pair,
                            wrap,
                            at: place,
                        };
                        pieces[index] = Piece::Close { pair: next_pair };
                        next_pair += 1;
                    }
                }
                None => scope.unsupported_html(&format!("</{}>", tag.name), at),
            }
            continue;
        }
        match tag.name.as_str() {
            "br" => pieces[index] = Piece::LineBreak,
            "a" => {
                let name = tag.attribute("name").or(tag.attribute("id"));
                let name = name.filter(|name| !name.trim().is_empty());
                let link = tag.attribute("href").map(|url| Wrap::Link {
                    url: url.to_owned(),
                    title: tag.attribute("title").unwrap_or_default().to_owned(),
                });
                match (name, &link) {
                    (Some(name), _) => anchors.push((index, name.to_owned())),
                    (None, Some(_)) => {}
                    (None, None) => scope.unsupported_html("<a>", at),
                }
                waiting.entry(tag.name).or_default().push((index, at, link));
            }
            "span" => {
                let lang = tag.attribute("lang").or(tag.attribute("xml:lang"));
                let known = lang.and_then(LanguageTag::new);
                if let Some(lang) = lang
                    && known.is_none()
                {
                    scope.unsupported_html(&format!("<span lang=\"{}\">", shorten(lang)), at);
                }
                let direction = tag.attribute("dir").and_then(|dir| match dir {
                    "ltr" => Some(Direction::Ltr),
                    "rtl" => Some(Direction::Rtl),
                    _ => None,
                });
                let is_leftward = known.as_ref().is_some_and(LanguageTag::is_right_to_left);
                let direction = direction.or(is_leftward.then_some(Direction::Rtl));
                let means = known.is_some() || direction.is_some();
                if !means && lang.is_none() {
                    scope.unsupported_html("<span>", at);
                }
                let wrap = means.then_some(Wrap::Language(known, direction));
                waiting.entry(tag.name).or_default().push((index, at, wrap));
            }
            name => match simple_wrap(name) {
                Some(wrap) => waiting
                    .entry(tag.name)
                    .or_default()
                    .push((index, at, Some(wrap))),
                None => {
                    scope.unsupported_html(&format!("<{name}>"), at);
                    anchors.extend(place_of(&tag).map(|name| (index, name)));
                    if !is_void(name) {
                        waiting.entry(tag.name).or_default().push((index, at, None));
                    }
                }
            },
        }
    }
    for (name, unclosed) in waiting {
        for (_, at, wrap) in unclosed {
            if wrap.is_some() {
                scope.unsupported_html(&format!("<{name}> without </{name}>"), at);
            }
        }
    }
    with_anchors(pieces, anchors)
}

/// The name of the place that a tag without a meaning stands at: links may lead there.
fn place_of(tag: &Tag) -> Option<String> {
    let name = tag.attribute("id").filter(|name| !name.trim().is_empty());
    name.map(str::to_owned)
}

/// The pieces of the text of an HTML block, paragraph by paragraph.
pub fn html_paragraphs(
    html: &str,
    at: Span,
    positions: &Positions,
    reader: &mut Reader,
    scope: &mut Scope,
) -> Vec<Vec<Piece>> {
    let mut paragraphs = vec![Vec::new()];
    for (offset, length, token) in html::tokens(html) {
        let place_at = |start: usize, length: usize| positions.within(at, html, start, length);
        let place = |length: usize| place_at(offset, length);
        let Some(paragraph) = paragraphs.last_mut() else {
            break;
        };
        match token {
            Token::Text(text) => {
                let mut start = offset;
                for (line, words) in text.split('\n').enumerate() {
                    if line > 0 {
                        paragraph.push(Piece::SoftBreak(String::new()));
                    }
                    let text = html::decode_entities(words.trim_end_matches('\r'));
                    let at = place_at(start, words.len());
                    start += words.len() + 1;
                    paragraph.push(Piece::Text {
                        text,
                        kept: false,
                        at,
                    });
                }
            }
            Token::Tag(tag) => {
                let html = &html[offset..offset + length];
                let at = place(length);
                if tag.is_raw() && !tag.closing {
                    report_raw_html(&tag.name, at, reader);
                } else if tag.is_block() {
                    let mut next = Vec::new();
                    if !tag.closing {
                        scope.unsupported_html(&format!("<{}>", tag.name), at);
                        next.extend(place_of(&tag).map(|name| Piece::Anchor { name }));
                    }
                    paragraphs.push(next);
                } else if matches!(tag.name.as_str(), "td" | "th") {
                    if !tag.closing {
                        scope.unsupported_html(&format!("<{}>", tag.name), at);
                    }
                    paragraph.push(Piece::SoftBreak(String::new()));
                } else if !tag.is_raw() {
                    paragraph.push(Piece::Html {
                        html: html.to_owned(),
                        at,
                    });
                }
            }
            Token::Comment | Token::Raw(_) => {}
            Token::OpenComment => reader.report(
                Diagnostic::new(
                    Code::UnsupportedHtml,
                    "a comment is not closed; everything after it is left out",
                )
                .at(place(4))
                .help("close it with `-->`"),
            ),
            Token::Other(other) => match other.strip_prefix("<![CDATA[") {
                Some(text) => {
                    paragraph.push(Piece::Text {
                        text: text.trim_end_matches("]]>").to_owned(),
                        kept: false,
                        at: place(other.len()),
                    });
                    scope.unsupported_html("<![CDATA[", place(9));
                }
                None => {
                    let first_line = other.lines().next().unwrap_or_default();
                    report_declaration(other, place(first_line.len()), reader);
                }
            },
        }
    }
    paragraphs
}

/// Says that what a script or style holds is left out.
pub fn report_raw_html(name: &str, at: Span, reader: &mut Reader) {
    reader.report(
        Diagnostic::new(
            Code::UnsupportedHtml,
            format!("`<{name}>` and what it holds are left out"),
        )
        .at(at)
        .help("editions run no programs and have styles of their own: take it out"),
    );
}

/// Says that a declaration or a processing instruction is left out.
fn report_declaration(html: &str, at: Span, reader: &mut Reader) {
    reader.report(
        Diagnostic::new(
            Code::UnsupportedHtml,
            format!("`{}` means nothing here and is left out", shorten(html)),
        )
        .at(at)
        .help("take it out, or put it between backquotes to print it"),
    );
}

fn simple_wrap(name: &str) -> Option<Wrap> {
    match name {
        "u" => Some(Wrap::Underline),
        "sub" => Some(Wrap::Subscript),
        "sup" => Some(Wrap::Superscript),
        "small" => Some(Wrap::Small),
        "kbd" => Some(Wrap::Keyboard),
        _ => None,
    }
}

/// Elements that have no end tag.
fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
}
