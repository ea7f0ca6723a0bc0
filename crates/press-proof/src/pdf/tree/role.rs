//! What the elements of a structure tree are to this reader.

/// What an element is to this reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It stands in a line.
    Inline,
    Link,
    Code,
    Figure,
    Label,
    Note,
    /// A block of text, or one that has blocks; of the latter, a section counts
    /// for the level of its headings.
    Block,
    Group,
    Section,
    Heading(Option<u8>),
    Quote,
    List,
    Item,
    Caption,
    Table,
    Row,
    Cell {
        header: bool,
    },
    /// It says nothing: its children stand for themselves.
    Nothing,
    Artifact,
}

impl Role {
    /// The role of a standard structure type (14.8.4); of any other name, a group's.
    pub(super) fn of(name: &[u8]) -> Role {
        match name {
            b"Span" | b"Quote" | b"Reference" | b"Em" | b"Strong" | b"Sub" | b"BibEntry"
            | b"Annot" | b"Form" | b"Formula" | b"Ruby" | b"RB" | b"RT" | b"RP" | b"Warichu"
            | b"WT" | b"WP" => Role::Inline,
            b"Link" => Role::Link,
            b"Code" => Role::Code,
            b"Figure" => Role::Figure,
            b"Lbl" => Role::Label,
            b"Note" | b"FENote" => Role::Note,
            b"P" | b"Title" => Role::Block,
            b"Sect" | b"Art" | b"Part" => Role::Section,
            b"H" => Role::Heading(None),
            b"BlockQuote" => Role::Quote,
            b"L" => Role::List,
            b"LI" => Role::Item,
            b"Caption" => Role::Caption,
            b"Table" => Role::Table,
            b"TR" => Role::Row,
            b"TH" => Role::Cell { header: true },
            b"TD" => Role::Cell { header: false },
            b"NonStruct" | b"Private" => Role::Nothing,
            b"Artifact" => Role::Artifact,
            [b'H', level @ ..] => match std::str::from_utf8(level).map(str::parse) {
                Ok(Ok(level)) => Role::Heading(Some(level)),
                _ => Role::Group,
            },
            _ => Role::Group,
        }
    }
}
