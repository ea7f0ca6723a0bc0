//! The marked places of a part, which are filled in for each recipient.
//!
//! A part is rendered once. Where something stands that differs from reader to
//! reader, it has a mark: the name of the place between two control characters
//! that no text of an issue can hold (the model has none). What is put in is
//! data: it is cleaned, and escaped for the part that it stands in.

use std::borrow::Cow;

use crate::Error;

/// Opens a mark: U+0091, "private use one" of ISO 6429.
pub(crate) const OPEN: char = '\u{91}';
/// Closes it: U+0092, "private use two".
pub(crate) const CLOSE: char = '\u{92}';

/// The longest name that is one, in characters. A longer one is somebody's
/// accident or joke, and a message greets without it.
const LONGEST_NAME: usize = 200;

/// The columns of a line of text (RFC 3676 §4.2).
const WIDTH: usize = 72;

/// Something that differs from recipient to recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The recipient's name; empty where it is not known.
    Name,
    /// The line that greets, with the name or without ([`press_model::Greeting`]).
    Greeting,
    /// The address by which the recipient leaves the list.
    Unsubscribe,
    /// The address of the issue on the web.
    Web,
}

impl Place {
    /// Every place.
    pub const ALL: [Place; 4] = [Place::Name, Place::Greeting, Place::Unsubscribe, Place::Web];

    /// Its name in templates and in a prepared message.
    pub fn as_str(self) -> &'static str {
        match self {
            Place::Name => "name",
            Place::Greeting => "greeting",
            Place::Unsubscribe => "unsubscribe",
            Place::Web => "web",
        }
    }

    /// What marks it in a part.
    pub fn mark(self) -> String {
        format!("{OPEN}{}{CLOSE}", self.as_str())
    }

    pub(crate) fn parse(name: &str) -> Option<Place> {
        Place::ALL.into_iter().find(|place| place.as_str() == name)
    }
}

/// How a value is written where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// In HTML: in text, or in an attribute between quotation marks.
    Html,
    /// In plain text, on a line that says something else too.
    Text,
    /// In plain text that flows, on lines of its own.
    Flowed,
}

impl Form {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Form::Html => "html",
            Form::Text => "text",
            Form::Flowed => "flowed",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Form> {
        [Form::Html, Form::Text, Form::Flowed]
            .into_iter()
            .find(|form| form.as_str() == name)
    }

    /// The value as a reader's program is to see it, before any transfer encoding.
    pub(crate) fn escape(self, value: &str) -> Cow<'_, str> {
        match self {
            Form::Html => escape_html(value),
            Form::Text => Cow::Borrowed(value),
            Form::Flowed => Cow::Owned(stuffed(&flowing(value))),
        }
    }
}

/// A piece of a part: what all recipients get, or a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    Fixed(&'a str),
    Place(Place),
}

/// A part, cut at its marks.
pub(crate) fn segments(part: &str) -> Result<Vec<Segment<'_>>, Error> {
    let mut segments = Vec::new();
    let mut rest = part;
    while let Some((fixed, after)) = rest.split_once(OPEN) {
        let unknown = || Error::Mark {
            mark: after.chars().take(20).filter(|c| !c.is_control()).collect(),
        };
        let (name, after) = after.split_once(CLOSE).ok_or_else(unknown)?;
        let place = Place::parse(name).ok_or_else(unknown)?;
        segments.push(Segment::Fixed(fixed));
        segments.push(Segment::Place(place));
        rest = after;
    }
    if rest.contains(CLOSE) {
        return Err(Error::Mark {
            mark: String::new(),
        });
    }
    segments.push(Segment::Fixed(rest));
    segments.retain(|segment| *segment != Segment::Fixed(""));
    Ok(segments)
}

/// A name as a message may show it: without control characters and without those
/// that turn the direction of what follows, on one line. None where nothing is
/// left, or more than a name can be.
pub(crate) fn clean_name(name: &str) -> Option<String> {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain: String = name
        .chars()
        .filter(|c| !turns(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let name = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    (!name.is_empty() && name.chars().count() <= LONGEST_NAME).then_some(name)
}

/// Text for HTML, in an element or in an attribute between quotation marks.
fn escape_html(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// A value as lines of at most 72 columns, all but the last ending in the space
/// that says that they run on (RFC 3676 §4.1). A longer word stays whole.
pub(crate) fn flowing(value: &str) -> String {
    let width = |word: &str| word.chars().map(|c| 1 + usize::from(!c.is_ascii())).sum();
    let mut text = String::with_capacity(value.len() + 8);
    let mut column = 0;
    for word in value.split(' ') {
        let columns: usize = width(word);
        if column > 0 {
            text.push(' ');
            if column + 1 + columns > WIDTH {
                text.push('\n');
                column = 0;
            } else {
                column += 1;
            }
        }
        text.push_str(word);
        column += columns;
    }
    text
}

/// Lines that begin with what a mail program would take for something else get
/// a space before them, which the reader's program takes away again (RFC 3676
/// §4.4). A line that begins with `>` is a quote and stays one.
pub(crate) fn stuffed_part(text: &str) -> String {
    let mut stuffed = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        if line.starts_with(' ') || line.starts_with("From ") {
            stuffed.push(' ');
        }
        stuffed.push_str(line);
    }
    stuffed
}

/// The same for a value, which is never a quote.
fn stuffed(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let is_mistaken = line.starts_with([' ', '>']) || line.starts_with("From ");
        format!("{}{line}", if is_mistaken { " " } else { "" })
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_at_their_marks() {
        let part = format!("Dear {},\n{}", Place::Name.mark(), Place::Web.mark());
        assert_eq!(
            segments(&part).unwrap(),
            [
                Segment::Fixed("Dear "),
                Segment::Place(Place::Name),
                Segment::Fixed(",\n"),
                Segment::Place(Place::Web),
            ]
        );
        for bad in ["\u{91}nobody\u{92}", "\u{91}name", "name\u{92}"] {
            assert!(segments(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_are_cleaned() {
        let clean = |name: &str| clean_name(name);
        assert_eq!(clean("Ada\r\nBcc: x\0").as_deref(), Some("Ada Bcc: x"));
        assert_eq!(clean(" \u{202e}adA\u{2066} ").as_deref(), Some("adA"));
        assert_eq!(clean("王小明").as_deref(), Some("王小明"));
        assert_eq!(clean(&"x".repeat(200)).map(|name| name.len()), Some(200));
        assert_eq!(clean(&"x".repeat(10_000)), None);
        assert_eq!(clean("\r\n\t"), None);
    }

    #[test]
    fn values_are_escaped_for_their_place() {
        let hostile = "\"O'Neil\" <b>&amp;{{ 7 }}";
        assert_eq!(
            Form::Html.escape(hostile),
            "&quot;O&#39;Neil&quot; &lt;b&gt;&amp;amp;{{ 7 }}"
        );
        assert_eq!(Form::Text.escape(hostile), hostile);
        assert_eq!(Form::Flowed.escape(">From"), " >From");
        assert_eq!(Form::Flowed.escape("From Ada"), " From Ada");
        let long = "word ".repeat(30);
        let flowed = Form::Flowed.escape(long.trim_end()).into_owned();
        assert!(flowed.lines().all(|line| line.len() <= 72));
        assert_eq!(flowed.replace('\n', ""), long.trim_end());
    }
}
