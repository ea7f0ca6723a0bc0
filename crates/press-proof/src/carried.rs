//! What a finished edition carries, in the one form that every reader gives and
//! the proof compares: its text in reading order, cut where a reader sees a block
//! begin or end.

/// Stands at both ends of the alternative text of a picture in a line of text.
pub const PICTURE: char = '\u{fffc}';
/// Stands before the number of a note where the text refers to it.
pub const NOTE_BEGINS: char = '\u{fff9}';
/// Stands after the number of a note where the text refers to it.
pub const NOTE_ENDS: char = '\u{fffb}';
/// Stands where an edition breaks a line, or fills one with space, and no reader can
/// tell whether the words on both sides are one or two.
pub const LINE_ENDS: char = '\u{2028}';
/// Stands before text that is raised, in a line.
pub const RAISED: char = '\u{fdd0}';
/// Stands before text that is lowered.
pub const LOWERED: char = '\u{fdd1}';
/// Stands before text that is struck through.
pub const STRUCK: char = '\u{fdd2}';
/// Stands behind the text that the last of these stands before.
pub const LOOK_ENDS: char = '\u{fdd3}';

/// An edition as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Carried {
    /// The title in its metadata.
    pub title: Option<String>,
    /// The subject of the message that it is a part of.
    pub subject: Option<String>,
    /// The language that it declares, as a tag of BCP 47.
    pub language: Option<String>,
    /// The hidden text before all that is shown: in lists of messages it stands
    /// behind the subject.
    pub preheader: Option<String>,
    /// The entries of the navigation that a reading system shows.
    pub navigation: Vec<Entry>,
    /// Its text in reading order.
    pub segments: Vec<Segment>,
    /// The texts of its notes, where its format says which they are.
    pub notes: Vec<Note>,
    /// The addresses that a plain text lists by number.
    pub addresses: Vec<(u32, String)>,
}

/// An entry of a list of contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its words.
    pub words: String,
    /// Where it leads; none in a plain text.
    pub target: Option<Target>,
}

/// The text of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its number.
    pub number: u32,
    /// Where its links back lead, in their order.
    pub back: Vec<Back>,
}

/// Where a link back from a note leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// To a mark of the note.
    Mark,
    /// To that place, which is none of its marks.
    Elsewhere(String),
}

/// A stretch of text between two borders of blocks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Segment {
    /// What it is.
    pub kind: Kind,
    /// Its text. White space is as the edition has it; pictures in the line, marks
    /// of notes and uncertain line ends stand as [`PICTURE`], [`NOTE_BEGINS`],
    /// [`NOTE_ENDS`] and [`LINE_ENDS`]; looks that mean something begin with
    /// [`RAISED`], [`LOWERED`] or [`STRUCK`] and end with [`LOOK_ENDS`].
    pub text: String,
    /// The links in it, in the order of their beginnings; the mark of a note is one.
    pub links: Vec<Link>,
    /// In how many lists it stands.
    pub list_depth: u8,
    /// Whether it is the first of a list's item, and the number that the item
    /// shows; an item with a bullet shows none.
    pub item: Option<Item>,
    /// In how many quotes it stands.
    pub quote_depth: u8,
    /// The number of the note that it belongs to.
    pub note: Option<u32>,
    /// The language that is declared for it, where that is not the edition's.
    pub language: Option<String>,
    /// Where a person finds it: `page 3`, `a-chart.xhtml`, `line 120`.
    pub place: String,
}

/// The head of a list's item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Its number; none where it has a bullet.
    pub number: Option<u32>,
}

/// What a stretch of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Anything that is none of the others.
    #[default]
    Text,
    /// A heading.
    Heading {
        /// Its level, from 1.
        level: u8,
    },
    /// A cell of a table of data.
    Cell {
        /// Which table of the edition, from 0.
        table: u32,
        /// The row, from 0; the row of headers counts.
        row: u32,
        /// The column, from 0.
        column: u32,
        /// Whether it is tagged as a header.
        header: bool,
    },
    /// A block of code, with its line feeds and its indentation.
    Code,
    /// A picture that stands by itself; the text is its alternative text.
    Picture,
    /// The text that belongs to a picture.
    Caption,
    /// A break between thoughts.
    Rule,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The first byte of its words in the segment's text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// Where it leads.
    pub target: Target,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Out of the edition.
    Address(String),
    /// To a place in the edition: the segment that stands there, or the next.
    Segment(usize),
    /// To a place in the edition that is not there.
    Nowhere(String),
}

impl Segment {
    /// Its links as entries of a list.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> {
        self.links.iter().filter_map(|link| {
            Some(Entry {
                words: self.text.get(link.start..link.end)?.to_owned(),
                target: Some(link.target.clone()),
            })
        })
    }
}

#[cfg(test)]
impl Segment {
    /// A segment in a few letters: what it is, how deep, whose note, and its text.
    pub(crate) fn brief(&self) -> String {
        let kind = match self.kind {
            Kind::Text => "text".to_owned(),
            Kind::Heading { level } => format!("h{level}"),
            Kind::Cell {
                table,
                row,
                column,
                header,
            } => format!("{table}.{row}.{column}{}", if header { "!" } else { "" }),
            Kind::Code => "code".to_owned(),
            Kind::Picture => "picture".to_owned(),
            Kind::Caption => "caption".to_owned(),
            Kind::Rule => "rule".to_owned(),
        };
        let item = match self.item {
            Some(Item { number: None }) => " -".to_owned(),
            Some(Item {
                number: Some(number),
            }) => format!(" {number}."),
            None => String::new(),
        };
        let lists = "*".repeat(self.list_depth.into());
        let quotes = ">".repeat(self.quote_depth.into());
        let note = self.note.map_or(String::new(), |note| format!(" n{note}"));
        let signs = [
            (PICTURE, "%"),
            (NOTE_BEGINS, "{"),
            (NOTE_ENDS, "}"),
            (RAISED, "^("),
            (LOWERED, "_("),
            (STRUCK, "~("),
            (LOOK_ENDS, ")"),
        ];
        let text = (signs.iter()).fold(self.text.clone(), |text, (sign, shown)| {
            text.replace(*sign, shown)
        });
        format!("{kind}{lists}{quotes}{item}{note}: {text}")
    }
}
