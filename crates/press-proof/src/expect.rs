//! What the issue expects of an edition: its texts in the order in which the
//! edition must carry them.
//!
//! A [`Row`] is what an editor knows: a paragraph, a headline, a table. The rows
//! are the same for all editions. A [`Unit`] is what one edition sets in one place:
//! a cell, a caption with its credit. Each unit serves a row.

use std::collections::BTreeMap;

use press_model::{
    Article, Block, Cell, Inline, Issue, Labels, LanguageTag, LinkTarget, ListItem, NoteNumber,
    Publication, Slug, Span, plain_text,
};

use crate::carried::{
    Carried, Kind, LOOK_ENDS, LOWERED, NOTE_BEGINS, NOTE_ENDS, PICTURE, RAISED, STRUCK,
};
use crate::normal::Normal;
use crate::proof::{Carrier, Row, What};

/// What one edition sets in one place.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    /// The rows that it serves, the one that it is named by last.
    pub rows: Vec<usize>,
    /// What it is.
    pub role: Role,
    /// Its texts in order. Several stand in one block, or each in its own.
    pub parts: Vec<Part>,
    /// How many letters and digits may stand between and around the parts: the
    /// words of labels. Not even a sign, where there is none.
    pub slack: Option<usize>,
    /// The note whose text it is, where the edition parts notes from the text.
    pub note: Option<NoteNumber>,
    /// In how many lists and in how many quotes it stands, those that are drawn out
    /// of the text among them; none where that is free.
    pub depth: Option<Depth>,
    /// The language that it must be said to be in, where that is none of the
    /// publication's and it is in one alone.
    pub language: Option<LanguageTag>,
    /// The head of the list's item that it begins.
    pub item: Option<Option<u32>>,
    /// The ids of the places that it holds, for links to lead to.
    pub places: Vec<String>,
    /// What must be named before it, in the same block or in the one above.
    pub named: Vec<String>,
    /// Whether it is of a brief, whose headings stand below the section's title.
    pub is_of_brief: bool,
}

/// In how many blocks of a kind a unit stands, one in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Depth {
    /// Lists.
    pub lists: u8,
    /// Quotes.
    pub quotes: u8,
}

/// What a unit is, as far as an edition must show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Running text.
    Text,
    /// The title of a section.
    SectionTitle,
    /// The headline of an article.
    Headline,
    /// A heading of that level below the headline, or below the section's title.
    Heading(u8),
    /// Text that an edition may set as a heading or not.
    Label,
    /// A cell of a table, by its row and column.
    Cell(u32, u32),
    /// A block of code.
    Code,
    /// A picture that stands by itself.
    Picture,
    /// Text that belongs to a picture.
    Caption,
    /// A break between thoughts.
    Rule,
}

/// A text that must stand there in one piece.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// The text as it is written.
    pub text: String,
    /// Its normal form.
    pub normal: Normal,
    /// The links in it.
    pub links: Vec<Wanted>,
}

/// A link that must be there.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The first byte of its words in the part's text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// Where it leads.
    pub target: LinkTarget,
}

/// What the issue expects of one edition.
pub(crate) struct Expected {
    /// The rows, the same for all editions.
    pub rows: Vec<Row>,
    /// The units in the order of the edition.
    pub units: Vec<Unit>,
    /// The units of articles that the edition leaves out.
    pub left_out: Vec<Unit>,
}

/// What `issue` expects of an edition. `carried` is looked at only to learn by
/// what number a plain text lists an address, and how it sets its tables.
pub(crate) fn expect(
    publication: &Publication,
    issue: &Issue,
    carrier: Carrier,
    carried: &Carried,
) -> Expected {
    let labels = Labels::of(&publication.language);
    let mut writer = Writer {
        publication,
        issue,
        carrier,
        carried,
        labels,
        numbers: carried
            .addresses
            .iter()
            .rev()
            .map(|(number, address)| (address.as_str(), *number))
            .collect(),
        rows: Vec::new(),
        units: Vec::new(),
        article: None,
        language: None,
        note: None,
        prefix: None,
        depth: Depth::default(),
        item: None,
        places: Vec::new(),
        named: Vec::new(),
        is_in_brief: false,
    };
    writer.row(What::Title, None, &publication.title);
    writer.row(What::Subject, None, &issue.subject);
    let mut units = Vec::new();
    let mut left_out = Vec::new();
    for section in &issue.sections {
        let carries = section.articles.iter().any(|a| a.is_in(carrier.edition()));
        writer.places.push(format!("s-{}", section.slug));
        writer.section_title(&section.title, section.span);
        let title = writer.take();
        if carries {
            units.extend(title);
        } else {
            writer.places.clear();
        }
        for article in &section.articles {
            writer.article(article);
            let piece = writer.take();
            if article.is_in(carrier.edition()) {
                units.extend(piece);
            } else {
                left_out.extend(piece);
            }
        }
    }
    writer.corrections();
    writer.colophon();
    units.extend(writer.take());
    Expected {
        rows: writer.rows,
        units,
        left_out,
    }
}

struct Writer<'a> {
    publication: &'a Publication,
    issue: &'a Issue,
    carrier: Carrier,
    carried: &'a Carried,
    labels: &'a Labels,
    /// The numbers by which a plain text lists addresses.
    numbers: BTreeMap<&'a str, u32>,
    rows: Vec<Row>,
    units: Vec<Unit>,
    article: Option<&'a Slug>,
    /// The language of the article, where it has another than the publication.
    language: Option<&'a LanguageTag>,
    note: Option<NoteNumber>,
    /// What a plain text sets before the first words of a note.
    prefix: Option<String>,
    depth: Depth,
    /// The head of the item whose first unit comes next.
    item: Option<Option<u32>>,
    /// The places whose first unit comes next.
    places: Vec<String>,
    /// What the next unit needs to be named before it.
    named: Vec<String>,
    is_in_brief: bool,
}

impl<'a> Writer<'a> {
    fn take(&mut self) -> Vec<Unit> {
        std::mem::take(&mut self.units)
    }

    fn row(&mut self, what: What, span: Option<Span>, excerpt: &str) -> usize {
        self.rows.push(Row {
            what,
            article: self.article.cloned(),
            span,
            excerpt: shortened(excerpt),
        });
        self.rows.len() - 1
    }

    fn push(&mut self, row: usize, role: Role, parts: Vec<Part>, slack: Option<usize>) {
        self.push_for(vec![row], role, parts, slack);
    }

    fn push_for(
        &mut self,
        rows: Vec<usize>,
        role: Role,
        mut parts: Vec<Part>,
        slack: Option<usize>,
    ) {
        parts.retain(|part| !part.normal.is_empty());
        if parts.is_empty() && role != Role::Rule {
            // Without words, it has the mark of its item all the same.
            self.item = None;
            return;
        }
        let slack = match self.prefix.take() {
            Some(prefix) => {
                parts.insert(0, self.part(prefix, Vec::new()));
                slack.or(Some(0))
            }
            None => slack,
        };
        self.units.push(Unit {
            rows,
            role,
            parts,
            slack,
            note: self.note.filter(|_| self.carrier != Carrier::Text),
            depth: (self.carrier != Carrier::Text).then_some(self.depth),
            language: None,
            item: self.item.take(),
            places: std::mem::take(&mut self.places),
            named: std::mem::take(&mut self.named),
            is_of_brief: self.is_in_brief,
        });
    }

    fn plain(&mut self, what: What, span: Span, role: Role, text: &str, slack: Option<usize>) {
        let row = self.row(what, Some(span), text);
        let part = self.part(text.to_owned(), Vec::new());
        self.push(row, role, vec![part], slack);
    }

    fn rich(&mut self, what: What, span: Span, role: Role, content: &[Inline]) {
        let row = self.row(what, Some(span), &plain_text(content));
        let part = self.running(content);
        self.push(row, role, vec![part], None);
        if self.carrier != Carrier::Text
            && !names_language(content)
            && !is_mostly_code(content)
            && let Some(unit) = self.units.last_mut()
            && unit.rows == [row]
        {
            unit.language = self.language.cloned();
        }
    }

    fn section_title(&mut self, title: &str, span: Span) {
        self.article = None;
        self.plain(What::SectionTitle, span, Role::SectionTitle, title, None);
    }

    fn article(&mut self, article: &'a Article) {
        self.article = Some(&article.slug);
        self.is_in_brief = article.headline.is_none();
        let language = article.language(self.publication);
        let is_other = language.primary() != self.publication.language.primary();
        self.language = is_other.then_some(language);
        self.places.push(format!("a-{}", article.slug));
        let head = Span {
            end: article.span.start,
            ..article.span
        };
        if let Some(kicker) = &article.kicker {
            self.plain(What::Kicker, head, Role::Label, kicker, None);
        }
        if let Some(headline) = &article.headline {
            self.rich(What::Headline, head, Role::Headline, headline);
        }
        self.opening(article, head);
        let mut blocks = article.blocks.as_slice();
        if let Some(dateline) = &article.dateline {
            let dateline_row = self.row(What::Dateline, Some(head), dateline);
            let place = self.part(dateline.clone(), Vec::new());
            match blocks.split_first() {
                Some((Block::Paragraph { id, span, content }, rest)) => {
                    blocks = rest;
                    self.places.push(id.to_string());
                    let row = self.row(What::Paragraph, Some(*span), &plain_text(content));
                    let text = self.running(content);
                    self.push_for(
                        vec![dateline_row, row],
                        Role::Text,
                        vec![place, text],
                        Some(0),
                    );
                }
                Some(_) | None => self.push(dateline_row, Role::Text, vec![place], Some(0)),
            }
        }
        self.blocks(blocks);
        for note in &article.notes {
            self.note = Some(note.number);
            self.places.push(note_place(note.number.0));
            if self.carrier == Carrier::Text {
                self.prefix = Some(format!("[{} {}]", self.labels.note_number, note.number.0));
            }
            self.blocks(&note.blocks);
            self.note = None;
            self.prefix = None;
        }
        self.places.clear();
        self.item = None;
        self.language = None;
        self.is_in_brief = false;
    }

    /// The standfirst and the byline. A plain text sets them line under line.
    fn opening(&mut self, article: &Article, span: Span) {
        let mut rows = Vec::new();
        let mut parts = Vec::new();
        let mut slack = None;
        if let Some(standfirst) = &article.standfirst {
            rows.push(self.row(What::Standfirst, Some(span), &plain_text(standfirst)));
            parts.push(self.running(standfirst));
            if self.carrier != Carrier::Text {
                self.push_for(rows.split_off(0), Role::Text, parts.split_off(0), None);
            }
        }
        if !article.bylines.is_empty() {
            rows.push(self.row(What::Byline, Some(span), &article.bylines.join(", ")));
            let names = article.bylines.iter();
            parts.extend(names.map(|name| self.part(name.clone(), Vec::new())));
            // The word before the names, and in the email how long it takes to read.
            let minutes = match self.carrier {
                Carrier::Html => self.labels.minutes.chars().count() + 3,
                Carrier::Pdf | Carrier::Epub | Carrier::Text => 0,
            };
            slack = Some(self.labels.by.chars().count() + minutes);
        }
        self.push_for(rows, Role::Label, parts, slack);
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        self.places.push(block.id().to_string());
        match block {
            Block::Paragraph { span, content, .. } => {
                let what = if self.note.is_some() {
                    What::Note
                } else {
                    What::Paragraph
                };
                self.rich(what, *span, Role::Text, content);
            }
            Block::Heading {
                span,
                level,
                content,
                ..
            } => {
                // A note is outside the outline.
                let role = match self.note {
                    Some(_) => Role::Label,
                    None => Role::Heading(*level),
                };
                self.rich(What::Heading, *span, role, content);
            }
            Block::List { start, items, .. } => {
                let around = self.depth;
                self.depth.lists = around.lists.saturating_add(1);
                for (at, ListItem { blocks }) in (0..).zip(items) {
                    self.item = Some(start.map(|start| start.saturating_add(at)));
                    self.blocks(blocks);
                }
                self.item = None;
                self.depth = around;
            }
            Block::Quote { blocks, .. } => self.quoted(blocks),
            Block::PullQuote {
                span,
                blocks,
                attribution,
                ..
            } => {
                self.quoted(blocks);
                if !attribution.is_empty() {
                    let row = self.row(What::Attribution, Some(*span), &plain_text(attribution));
                    let whose = self.running(attribution);
                    // After a dash, or not.
                    self.push(row, Role::Text, vec![whose], Some(0));
                    // It belongs to the quote, and is none of its words.
                    if let Some(unit) = self.units.last_mut() {
                        unit.depth = None;
                    }
                }
            }
            Block::Aside {
                span,
                title,
                blocks,
                ..
            } => {
                if !title.is_empty() {
                    self.rich(What::AsideTitle, *span, Role::Label, title);
                }
                self.blocks(blocks);
            }
            Block::Figure {
                span,
                picture,
                caption,
                credit,
                description,
                ..
            } => {
                let row = self.row(What::Picture, Some(*span), &picture.alt);
                self.figure(row, &picture.alt, caption, credit, description);
            }
            Block::Table {
                span, header, rows, ..
            } => {
                let row = self.row(What::Table, Some(*span), &words_of(block));
                self.table(row, header, rows);
            }
            Block::Code { span, text, .. } => {
                let row = self.row(What::Code, Some(*span), text);
                let part = self.part(text.clone(), Vec::new());
                self.push(row, Role::Code, vec![part], None);
            }
            Block::Rule { span, .. } => {
                let row = self.row(What::Rule, Some(*span), &words_of(block));
                // On paper it is drawn, and drawings without words are not read.
                if self.carrier != Carrier::Pdf {
                    self.push(row, Role::Rule, Vec::new(), None);
                }
            }
        }
    }

    fn quoted(&mut self, blocks: &[Block]) {
        let around = self.depth;
        self.depth.quotes = around.quotes.saturating_add(1);
        self.blocks(blocks);
        self.depth = around;
    }

    fn figure(
        &mut self,
        row: usize,
        alt: &str,
        caption: &[Inline],
        credit: &Option<String>,
        description: &Option<String>,
    ) {
        let caption = self.running(caption);
        let plain = |text: &String| self.part(text.clone(), Vec::new());
        let description: Vec<Part> = description.iter().map(plain).collect();
        let caption: Vec<Part> = std::iter::once(caption)
            .chain(credit.iter().map(plain))
            .collect();
        let alt = self.part(alt.to_owned(), Vec::new());
        let credit_label = self.labels.credit.chars().count();
        match self.carrier {
            Carrier::Pdf => {
                self.push(row, Role::Caption, caption, Some(credit_label));
                self.push(
                    row,
                    Role::Picture,
                    [vec![alt], description].concat(),
                    Some(0),
                );
            }
            Carrier::Html => {
                self.push(
                    row,
                    Role::Picture,
                    [vec![alt], description].concat(),
                    Some(0),
                );
                // In a cell a picture is a picture, whatever it is for.
                let is_picture = |part: &&Part| {
                    part.text.matches(PICTURE).count() == 2
                        && part.text.starts_with(PICTURE)
                        && part.text.ends_with(PICTURE)
                };
                match caption.iter().find(is_picture) {
                    Some(part) if credit.is_none() => {
                        let words = part.text.replace(PICTURE, "");
                        let picture = self.part(words, part.links.clone());
                        self.push(row, Role::Picture, vec![picture], None);
                    }
                    _ => self.push(row, Role::Caption, caption, Some(credit_label)),
                }
            }
            Carrier::Epub => {
                self.push(row, Role::Picture, vec![alt], None);
                self.push(row, Role::Caption, caption, Some(credit_label));
                self.push(row, Role::Label, description, None);
            }
            Carrier::Text => {
                let labels = self
                    .labels
                    .illustration
                    .chars()
                    .chain(self.labels.description.chars());
                let slack = labels.count();
                let parts = [vec![alt], caption, description].concat();
                self.push(row, Role::Picture, parts, Some(slack));
            }
        }
    }

    fn table(&mut self, row: usize, header: &[Cell], rows: &[Vec<Cell>]) {
        let places = self.places.clone();
        if self.carrier == Carrier::Text && self.is_set_cell_by_cell(header, rows) {
            for cells in rows {
                let mut parts = Vec::new();
                for (name, cell) in header.iter().zip(cells) {
                    parts.push(self.running(&name.content));
                    parts.push(self.running(&cell.content));
                }
                self.push(row, Role::Label, parts, Some(0));
            }
        } else {
            for (y, cells) in
                (0..).zip(std::iter::once(header).chain(rows.iter().map(Vec::as_slice)))
            {
                for (x, cell) in (0..).zip(cells) {
                    let part = self.running(&cell.content);
                    self.push(row, Role::Cell(y, x), vec![part], None);
                }
            }
        }
        // A table without words is a place all the same; the next unit stands there.
        if self.places.is_empty() && self.units.is_empty() {
            self.places = places;
        }
    }

    /// Whether a plain text sets a table with `header: cell` on lines of their own.
    fn is_set_cell_by_cell(&mut self, header: &[Cell], rows: &[Vec<Cell>]) -> bool {
        let full = |row: &&Vec<Cell>| row.iter().any(|cell| !cell.content.is_empty());
        let Some(row) = rows.iter().find(full) else {
            return false;
        };
        let mut lines = String::new();
        for (name, cell) in header.iter().zip(row) {
            let (name, cell) = (self.running(&name.content), self.running(&cell.content));
            match (name.text.trim().is_empty(), cell.text.trim().is_empty()) {
                (true, _) => lines.push_str(&cell.text),
                (false, true) => lines.push_str(&format!("{}: – ", name.text)),
                (false, false) => lines.push_str(&format!("{}: {} ", name.text, cell.text)),
            }
        }
        let lines = Normal::of(&lines);
        let segments = self.carried.segments.iter();
        segments
            .filter(|segment| !matches!(segment.kind, Kind::Cell { .. }))
            .any(|segment| Normal::of(&segment.text).find(&lines, 0).is_some())
    }

    fn corrections(&mut self) {
        self.article = None;
        for correction in &self.issue.corrections {
            let row = self.row(
                What::Correction,
                Some(correction.span),
                &plain_text(&correction.text),
            );
            // What is corrected is named before it or above it, in either order.
            let named = correction.article.iter().chain([&correction.issue]);
            self.named = named.cloned().collect();
            let letters = self.named.iter().flat_map(|words| words.chars());
            let slack = letters.filter(|c| c.is_alphanumeric()).count();
            let part = self.running(&correction.text);
            self.push(row, Role::Text, vec![part], Some(slack));
        }
    }

    fn colophon(&mut self) {
        let content = &self.publication.colophon;
        if !content.is_empty() {
            let row = self.row(What::Colophon, None, &plain_text(content));
            let part = self.running(content);
            self.push(row, Role::Text, vec![part], None);
        }
    }

    fn part(&self, text: String, links: Vec<Wanted>) -> Part {
        Part {
            normal: Normal::of(&text),
            text,
            links,
        }
    }

    fn running(&mut self, content: &[Inline]) -> Part {
        let mut text = String::new();
        let mut links = Vec::new();
        self.inlines(content, &mut text, &mut links);
        self.part(text, links)
    }

    fn inlines(&mut self, content: &[Inline], text: &mut String, links: &mut Vec<Wanted>) {
        for inline in content {
            match inline {
                Inline::Text { text: words } => text.push_str(words),
                Inline::Code { text: words } if self.carrier == Carrier::Text => {
                    text.push_str(&format!("`{words}`"));
                }
                Inline::Code { text: words } => text.push_str(words),
                Inline::Emphasis { content } | Inline::Underline { content } => {
                    self.marked("_", content, text, links);
                }
                Inline::Strong { content } => self.marked("*", content, text, links),
                Inline::Strikethrough { content } if self.carrier == Carrier::Text => {
                    self.marked("~~", content, text, links);
                }
                Inline::Strikethrough { content } => self.set(STRUCK, content, text, links),
                Inline::Subscript { content } => self.shifted('_', content, text, links),
                Inline::Superscript { content } => self.shifted('^', content, text, links),
                Inline::Small { content }
                | Inline::Keyboard { content }
                | Inline::Language { content, .. } => self.inlines(content, text, links),
                Inline::Link {
                    target, content, ..
                } => {
                    let start = text.len();
                    self.inlines(content, text, links);
                    if self.carrier == Carrier::Text {
                        self.number_of(target, content, text);
                    } else {
                        links.push(Wanted {
                            start,
                            end: text.len(),
                            target: target.clone(),
                        });
                    }
                }
                Inline::Anchor { id } => self.places.push(id.clone()),
                Inline::Image { picture, .. } => match self.carrier {
                    Carrier::Text => text.push_str(&format!("[{}]", picture.alt)),
                    Carrier::Pdf | Carrier::Epub | Carrier::Html => {
                        text.push_str(&format!("{PICTURE}{}{PICTURE}", picture.alt));
                    }
                },
                Inline::NoteReference { note, .. } => match self.carrier {
                    Carrier::Text => {
                        text.push_str(&format!(" [{} {}]", self.labels.note_number, note.0));
                    }
                    Carrier::Pdf | Carrier::Epub | Carrier::Html => {
                        let start = text.len();
                        text.push_str(&format!("{NOTE_BEGINS}{}{NOTE_ENDS}", note.0));
                        links.extend(self.article.map(|article| Wanted {
                            start,
                            end: text.len(),
                            target: LinkTarget::Place {
                                article: article.clone(),
                                id: Some(note_place(note.0)),
                            },
                        }));
                    }
                },
                Inline::LineBreak => text.push('\n'),
            }
        }
    }

    /// A plain text shows stress by marks.
    fn marked(
        &mut self,
        mark: &str,
        content: &[Inline],
        text: &mut String,
        links: &mut Vec<Wanted>,
    ) {
        let mark = if self.carrier == Carrier::Text {
            mark
        } else {
            ""
        };
        text.push_str(mark);
        self.inlines(content, text, links);
        text.push_str(mark);
    }

    /// Text in a look that means something.
    fn set(&mut self, look: char, content: &[Inline], text: &mut String, links: &mut Vec<Wanted>) {
        text.push(look);
        self.inlines(content, text, links);
        text.push(LOOK_ENDS);
    }

    /// It raises and lowers text in characters of Unicode, where there are such for
    /// all of it; else behind a sign, but for letters alone, as in `1er`.
    fn shifted(
        &mut self,
        sign: char,
        content: &[Inline],
        text: &mut String,
        links: &mut Vec<Wanted>,
    ) {
        if self.carrier != Carrier::Text {
            let look = if sign == '^' { RAISED } else { LOWERED };
            return self.set(look, content, text, links);
        }
        let mut words = String::new();
        self.inlines(content, &mut words, links);
        let (plain, small) = match sign {
            '^' => ("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ"),
            _ => ("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎"),
        };
        let in_small = |c| {
            let at = plain.chars().position(|one| one == c);
            at.and_then(|at| small.chars().nth(at))
        };
        let count = words.chars().count();
        if let Some(small) = words.chars().map(in_small).collect::<Option<String>>() {
            text.push_str(&small);
        } else if sign == '^' && count > 1 && words.chars().all(char::is_alphabetic) {
            text.push_str(&words);
        } else if count == 1 {
            text.push_str(&format!("{sign}{words}"));
        } else {
            text.push_str(&format!("{sign}({words})"));
        }
    }

    /// The mark of a link in a plain text: the number under which its address is
    /// listed. An address that is not listed has no number, and so is missed.
    fn number_of(&self, target: &LinkTarget, content: &[Inline], text: &mut String) {
        let address = match target {
            LinkTarget::Address { url } => Some(url.clone()),
            LinkTarget::Place { article, id } => {
                web_address(self.publication, self.issue, article, id.as_deref())
            }
        };
        let Some(address) = address else { return };
        let words = plain_text(content);
        if words == address || address.strip_prefix("mailto:") == Some(&words) {
            return;
        }
        match self.numbers.get(address.as_str()) {
            Some(number) => text.push_str(&format!(" [{number}]")),
            None => text.push_str(&format!(" [{address}]")),
        }
    }
}

/// Whether a part of a text says its own language.
fn names_language(content: &[Inline]) -> bool {
    content.iter().any(|inline| match inline {
        Inline::Language { lang, .. } => lang.is_some(),
        Inline::Emphasis { content }
        | Inline::Underline { content }
        | Inline::Strong { content }
        | Inline::Strikethrough { content }
        | Inline::Subscript { content }
        | Inline::Superscript { content }
        | Inline::Small { content }
        | Inline::Keyboard { content }
        | Inline::Link { content, .. } => names_language(content),
        Inline::Text { .. }
        | Inline::Code { .. }
        | Inline::Anchor { .. }
        | Inline::Image { .. }
        | Inline::NoteReference { .. }
        | Inline::LineBreak => false,
    })
}

/// Whether half of a text or more is code, which is in no language of people.
fn is_mostly_code(content: &[Inline]) -> bool {
    fn code(content: &[Inline]) -> usize {
        let each = content.iter().map(|inline| match inline {
            Inline::Code { text } => text.chars().count(),
            Inline::Emphasis { content }
            | Inline::Underline { content }
            | Inline::Strong { content }
            | Inline::Strikethrough { content }
            | Inline::Subscript { content }
            | Inline::Superscript { content }
            | Inline::Small { content }
            | Inline::Keyboard { content }
            | Inline::Language { content, .. }
            | Inline::Link { content, .. } => code(content),
            Inline::Text { .. }
            | Inline::Anchor { .. }
            | Inline::Image { .. }
            | Inline::NoteReference { .. }
            | Inline::LineBreak => 0,
        });
        each.sum()
    }
    code(content) * 2 >= plain_text(content).chars().count().max(1)
}

/// The place at which a note begins.
fn note_place(number: u32) -> String {
    format!("n-{number}")
}

/// The first words of a block.
pub(crate) fn words_of(block: &Block) -> String {
    match block {
        Block::Paragraph { content, .. } | Block::Heading { content, .. } => plain_text(content),
        Block::List { items, .. } => {
            let mut blocks = items.iter().flat_map(|item| &item.blocks);
            blocks.next().map(words_of).unwrap_or_default()
        }
        Block::Quote { blocks, .. }
        | Block::PullQuote { blocks, .. }
        | Block::Aside { blocks, .. } => blocks.first().map(words_of).unwrap_or_default(),
        Block::Figure { picture, .. } => picture.alt.clone(),
        Block::Table { header, .. } => {
            let words: Vec<String> = header.iter().map(|c| plain_text(&c.content)).collect();
            words.join(" | ")
        }
        Block::Code { text, .. } => text.clone(),
        Block::Rule { .. } => "* * *".to_owned(),
    }
}

/// The address of a place of the issue on the web, if the publication has one.
pub(crate) fn web_address(
    publication: &Publication,
    issue: &Issue,
    article: &Slug,
    id: Option<&str>,
) -> Option<String> {
    let page = issue.article_web_address(publication, article)?;
    Some(match id {
        Some(id) => format!("{page}#{id}"),
        None => page,
    })
}

/// The beginning of a text, for an editor to know it by.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 90;
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let cut: String = line.chars().take(LONGEST).collect();
    let end = cut
        .rfind(' ')
        .filter(|at| *at > LONGEST / 2)
        .unwrap_or(cut.len());
    format!("{}…", &cut[..end])
}
