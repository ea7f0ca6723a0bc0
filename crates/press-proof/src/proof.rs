//! Holds editions against the issue, row by row.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use press_model::{Edition, Issue, LanguageTag, LinkTarget, Publication, Slug, Span, plain_text};

use crate::align::{Found, Text, align, places_in, suits, texts};
use crate::carried::{Carried, Kind, Segment, Target};
use crate::digest::Digest;
use crate::expect::{Depth, Expected, Part, Role, Unit, Wanted, expect, shortened, web_address};
use crate::markup::same_address;
use crate::normal::Normal;

/// What carries the text of an issue: an edition, or one of the two parts of the
/// email.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carrier {
    /// The reading PDF.
    Pdf,
    /// The EPUB.
    Epub,
    /// The HTML part of the email.
    Html,
    /// The text part of the email.
    Text,
}

impl Carrier {
    /// The edition that it is of.
    pub fn edition(self) -> Edition {
        match self {
            Carrier::Pdf => Edition::Pdf,
            Carrier::Epub => Edition::Epub,
            Carrier::Html | Carrier::Text => Edition::Email,
        }
    }

    /// Its name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Carrier::Pdf => "PDF",
            Carrier::Epub => "EPUB",
            Carrier::Html => "email’s HTML part",
            Carrier::Text => "email’s text part",
        }
    }
}

/// A thing of the source that an editor knows: a headline, a paragraph, a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub what: What,
    /// The article that it is of; none for what belongs to the issue.
    pub article: Option<Slug>,
    /// Where it stands; none for what publication.toml says of itself.
    pub span: Option<Span>,
    /// Its first words.
    pub excerpt: String,
}

/// What a thing of the source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The title of the publication.
    Title,
    /// The subject of the message.
    Subject,
    /// The title of a section.
    SectionTitle,
    /// The line above a headline.
    Kicker,
    /// The headline of an article.
    Headline,
    /// The summary below a headline.
    Standfirst,
    /// Who wrote an article.
    Byline,
    /// Place and date before the first words.
    Dateline,
    /// A paragraph.
    Paragraph,
    /// A heading within an article.
    Heading,
    /// The title of a box.
    AsideTitle,
    /// Whose words a pull quote has.
    Attribution,
    /// A picture with its caption.
    Picture,
    /// A table.
    Table,
    /// A block of code.
    Code,
    /// A break between thoughts.
    Rule,
    /// A paragraph of a note.
    Note,
    /// A correction of an earlier issue.
    Correction,
    /// The colophon.
    Colophon,
}

impl What {
    /// Its name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Title => "title",
            What::Subject => "subject",
            What::SectionTitle => "section title",
            What::Kicker => "kicker",
            What::Headline => "headline",
            What::Dateline => "dateline",
            What::Paragraph => "paragraph",
            What::Standfirst => "standfirst",
            What::Byline => "byline",
            What::Note => "note",
            What::Heading => "heading",
            What::Attribution => "attribution",
            What::AsideTitle => "title of an aside",
            What::Picture => "picture",
            What::Table => "table",
            What::Code => "block of code",
            What::Rule => "break between thoughts",
            What::Correction => "correction",
            What::Colophon => "colophon",
        }
    }
}

/// What became of a row in one edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// How it fared.
    pub status: Status,
    /// The first words that the edition has for it; empty where it has none.
    pub found: String,
    /// Where a person finds them: `page 3`.
    pub place: String,
}

/// How a row fared in an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is there, whole.
    Present,
    /// Its words are there; its looks are less, as they must be.
    Degraded(&'static str),
    /// The source keeps it out.
    LeftOut(&'static str),
    /// It is not there as the source has it.
    Lost(Vec<Loss>),
}

/// What is lost of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// A text is not there.
    Missing {
        /// The text.
        wanted: String,
    },
    /// In place of a text stands another.
    Differs {
        /// The text around the first difference.
        wanted: String,
        /// What stands there.
        found: String,
    },
    /// A text stands elsewhere than in its order.
    OutOfOrder {
        /// The text.
        wanted: String,
        /// Where it stands.
        place: String,
    },
    /// Words join or part where they should not.
    Spaces {
        /// The text as it is set.
        found: String,
    },
    /// Words are raised, lowered or struck through that should not be, or not.
    Look {
        /// The words.
        words: String,
        /// How they should be set: `raised`.
        wanted: String,
        /// How they are set: `plain`.
        found: String,
    },
    /// A link is no link, or leads elsewhere.
    Link {
        /// Its words.
        words: String,
        /// Where it should lead.
        wanted: String,
        /// Where it leads; none where it is no link.
        found: Option<String>,
    },
    /// It is set as something that it is not.
    Structure {
        /// What it should be.
        wanted: String,
        /// What it is.
        found: String,
    },
}

/// What became of a thing, to follow its name: `is lost: “…”`.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Missing { wanted } => write!(f, "is lost: “{wanted}”"),
            Loss::Differs { wanted, found } => write!(f, "reads “{found}” and not “{wanted}”"),
            Loss::OutOfOrder { wanted, place } => {
                write!(f, "is out of its order, at {place}: “{wanted}”")
            }
            Loss::Spaces { found } => write!(f, "has words that join or part wrongly: “{found}”"),
            Loss::Look {
                words,
                wanted,
                found,
            } => write!(f, "has “{words}” {found} that should be {wanted}"),
            Loss::Link {
                words,
                wanted,
                found: None,
            } => write!(f, "has lost its link “{words}” to {wanted}"),
            Loss::Link {
                words,
                wanted,
                found: Some(found),
            } => write!(
                f,
                "has a link “{words}” that should lead to {wanted} and leads to {found}"
            ),
            Loss::Structure { wanted, found } => write!(f, "should be {wanted} and is {found}"),
        }
    }
}

/// What is lost of one thing, each to follow its name. Texts that are missing are
/// told together: a table that is gone has lost every cell.
pub fn in_words(losses: &[Loss]) -> Vec<String> {
    const NAMED: usize = 3;
    let missing: Vec<&str> = losses
        .iter()
        .filter_map(|loss| match loss {
            Loss::Missing { wanted } => Some(&**wanted),
            _ => None,
        })
        .collect();
    let mut words = Vec::new();
    if let [_, _, ..] = missing[..] {
        let named: Vec<String> = missing
            .iter()
            .take(NAMED)
            .map(|m| format!("“{m}”"))
            .collect();
        let more = match missing.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (count, named) = (missing.len(), named.join(", "));
        words.push(format!("has lost {count} of its texts: {named}{more}"));
    } else {
        words.extend(missing.first().map(|wanted| format!("is lost: “{wanted}”")));
    }
    let others = losses
        .iter()
        .filter(|loss| !matches!(loss, Loss::Missing { .. }));
    words.extend(others.map(Loss::to_string));
    words
}

/// Something in an edition that should not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Surplus {
    /// A text of an article that the edition leaves out.
    NotLeftOut {
        /// The row.
        row: usize,
        /// Where it stands.
        place: String,
    },
    /// A text that stands there twice.
    Repeated {
        /// The row.
        row: usize,
        /// Where it stands a second time.
        place: String,
    },
}

/// How the issue fared in one edition.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// What was read.
    pub carrier: Carrier,
    /// For each row of the proof what became of it.
    pub cells: Vec<Cell>,
    /// What should not be there.
    pub surplus: Vec<Surplus>,
}

/// The rows of the issue: the same for every edition.
pub fn rows(publication: &Publication, issue: &Issue) -> Vec<Row> {
    expect(publication, issue, Carrier::Pdf, &Carried::default()).rows
}

/// Holds what an edition carries against the issue, which is whole: articles that
/// the edition leaves out are among its articles.
pub fn compare(
    publication: &Publication,
    issue: &Issue,
    carrier: Carrier,
    carried: &Carried,
) -> Column {
    let Expected {
        rows,
        units,
        left_out,
    } = expect(publication, issue, carrier, carried);
    let texts = texts(carried);
    let alignment = align(&units, &texts, carrier);
    let mut judge = Judge {
        publication,
        issue,
        carrier,
        units: &units,
        texts: &texts,
        found: &alignment.found,
        used: alignment.used.clone(),
        places: places(&units),
        section_level: None,
        headline_level: None,
        base_level: 0,
        tables: HashMap::new(),
        cells: vec![None; rows.len()],
    };
    judge.base_levels();
    for at in 0..units.len() {
        judge.unit(at);
    }
    judge.strays();
    let surplus = judge.surplus(&left_out, &rows);
    let left_out = left_out.iter().flat_map(|unit| &unit.rows);
    let mut cells = judge.cells;
    for row in left_out {
        cells[*row] = Some(Cell {
            status: Status::LeftOut("the front matter of the article"),
            found: String::new(),
            place: String::new(),
        });
    }
    let digest = match carrier {
        Carrier::Html => Some(Digest::of(publication, issue, carried)),
        Carrier::Pdf | Carrier::Epub | Carrier::Text => None,
    };
    let cells = cells.into_iter().zip(&rows);
    let cells = cells.map(|(cell, row)| match (cell, row.what) {
        (Some(cell), _) => match digest
            .as_ref()
            .and_then(|digest| digest.excuses(row, &cell))
        {
            Some(why) => Cell {
                status: Status::LeftOut(why),
                ..cell
            },
            None => cell,
        },
        (None, What::Title) => anywhere(&publication.title, &texts),
        (None, What::Subject) => subject(issue, carrier, carried),
        (None, _) => without_units(row, carrier),
    });
    Column {
        carrier,
        cells: cells.collect(),
        surplus,
    }
}

/// The cell of a text that may stand anywhere.
fn anywhere(words: &str, texts: &[Text]) -> Cell {
    let wanted = Normal::of(words);
    let found = texts
        .iter()
        .find(|text| text.normal.find(&wanted, 0).is_some());
    Cell {
        status: match found {
            Some(_) => Status::Present,
            None => missing(words),
        },
        found: found.map_or_else(String::new, |text| shortened(&readable(&text.segment.text))),
        place: found.map_or_else(String::new, |text| text.segment.place.clone()),
    }
}

fn subject(issue: &Issue, carrier: Carrier, carried: &Carried) -> Cell {
    let found = carried.subject.clone();
    let status = match (carrier.edition(), &found) {
        (Edition::Pdf | Edition::Press | Edition::Booklet | Edition::Epub, _) => {
            Status::LeftOut("it belongs to the email")
        }
        (Edition::Email, Some(subject)) if *subject == issue.subject => Status::Present,
        (Edition::Email, Some(subject)) => Status::Lost(vec![Loss::Differs {
            wanted: issue.subject.clone(),
            found: subject.clone(),
        }]),
        (Edition::Email, None) => missing(&issue.subject),
    };
    Cell {
        status,
        found: found.unwrap_or_default(),
        place: String::new(),
    }
}

fn missing(words: &str) -> Status {
    Status::Lost(vec![Loss::Missing {
        wanted: shortened(words),
    }])
}

/// The cell of a row that no unit serves: nothing of it has words.
fn without_units(row: &Row, carrier: Carrier) -> Cell {
    let status = match (row.what, carrier) {
        (What::Rule, Carrier::Pdf) => Status::Degraded("drawn, and without words"),
        (What::SectionTitle, _) => Status::LeftOut("no article of the section is in this edition"),
        // A paragraph of an anchor alone, a heading or a table without words.
        _ if row.excerpt.is_empty() || row.excerpt.chars().all(|c| !c.is_alphanumeric()) => {
            Status::Present
        }
        _ => missing(&row.excerpt),
    };
    Cell {
        status,
        found: String::new(),
        place: String::new(),
    }
}

/// The unit at which each place begins.
fn places(units: &[Unit]) -> BTreeMap<&str, usize> {
    let mut places = BTreeMap::new();
    for (at, unit) in units.iter().enumerate() {
        for place in &unit.places {
            places.insert(place.as_str(), at);
        }
    }
    places
}

/// From how many characters on a header may be no header in print.
const LONG_HEADER: usize = 1_000;

struct Judge<'a> {
    publication: &'a Publication,
    issue: &'a Issue,
    carrier: Carrier,
    units: &'a [Unit],
    texts: &'a [Text<'a>],
    found: &'a [Option<Found>],
    used: Vec<bool>,
    places: BTreeMap<&'a str, usize>,
    /// The level of most titles of sections.
    section_level: Option<u8>,
    /// The level of most headlines.
    headline_level: Option<u8>,
    /// The level that the last headline should have, or the last title of a section.
    base_level: u8,
    /// For each row that is a table: the table of the edition, and where it begins.
    tables: HashMap<usize, (u32, u32)>,
    cells: Vec<Option<Cell>>,
}

impl Judge<'_> {
    fn unit(&mut self, at: usize) {
        let unit = &self.units[at];
        let (losses, found, place) = match &self.found[at] {
            None => (vec![self.why_missing(at)], String::new(), String::new()),
            Some(found) => {
                let text = &self.texts[found.segment];
                let losses = self.losses(unit, found);
                (
                    losses,
                    shortened(&readable(&text.segment.text)),
                    text.segment.place.clone(),
                )
            }
        };
        let looks = self.looks(at);
        for row in &unit.rows {
            let cell = self.cells[*row].get_or_insert(Cell {
                status: Status::Present,
                found: String::new(),
                place: String::new(),
            });
            // A picture is known by its own words and not by its caption's, a table
            // by its header.
            if cell.found.is_empty() || unit.role == Role::Picture {
                cell.found.clone_from(&found);
                cell.place.clone_from(&place);
            } else if matches!(unit.role, Role::Cell(0, _)) {
                cell.found = shortened(&format!("{} | {found}", cell.found));
            }
            match (&mut cell.status, looks) {
                (Status::Lost(all), _) => all.extend(losses.iter().cloned()),
                (status, _) if !losses.is_empty() => *status = Status::Lost(losses.clone()),
                (status, Some(looks)) => *status = Status::Degraded(looks),
                (_, None) => {}
            }
        }
    }

    /// What an edition cannot show as it is meant.
    fn looks(&self, at: usize) -> Option<&'static str> {
        let unit = &self.units[at];
        let kind = self.found[at]
            .as_ref()
            .map(|found| self.texts[found.segment].segment.kind);
        match (unit.role, kind, self.carrier) {
            (Role::Picture, _, Carrier::Text) => Some("its words stand for the picture"),
            (Role::Label, Some(Kind::Text), Carrier::Text) if self.is_table(unit) => {
                Some("a line for each cell")
            }
            (Role::Cell(..) | Role::Code, Some(Kind::Text), Carrier::Text) => Some("plain lines"),
            (Role::Heading(_), Some(Kind::Text), Carrier::Pdf) => {
                Some("tagged as text: tags know six levels of headings")
            }
            _ => None,
        }
    }

    fn is_table(&self, unit: &Unit) -> bool {
        unit.parts.len() > 1 && unit.slack == Some(0)
    }

    /// What is wrong with a unit that was found.
    fn losses(&mut self, unit: &Unit, found: &Found) -> Vec<Loss> {
        let mut losses = Vec::new();
        for (part, (segment, start)) in unit.parts.iter().zip(&found.parts) {
            let text = &self.texts[*segment];
            if !text.normal.reads_at(&part.normal, *start) {
                losses.push(Loss::Spaces {
                    found: shortened(&readable(&text.segment.text)),
                });
            }
            if let Some((differs, wanted, found)) = text.normal.look_differs(&part.normal, *start) {
                let offset = |at| part.normal.offset(at).unwrap_or(part.text.len());
                let words = &part.text[offset(differs.start)..offset(differs.end)];
                losses.push(Loss::Look {
                    words: shortened(&readable(words)),
                    wanted: wanted.to_string(),
                    found: found.to_string(),
                });
            }
            for link in &part.links {
                let from = start + part.normal.position(link.start);
                let to = start + part.normal.position(link.end);
                losses.extend(self.link(link, &part.text, text, from, to));
            }
        }
        if unit.role == Role::Code {
            losses.extend(self.lines_of_code(unit, found));
        }
        losses.extend(unit.named.iter().filter_map(|name| self.name(name, found)));
        losses.extend(self.structure(unit, found));
        losses
    }

    /// A name that should stand before a unit.
    fn name(&self, name: &str, found: &Found) -> Option<Loss> {
        let wanted = Normal::of(name);
        let start = found.parts.first()?.1;
        let reads = |text: &Text| {
            let at = text.normal.find(&wanted, 0);
            at.filter(|at| text.normal.reads_at(&wanted, *at))
        };
        let is_here = reads(&self.texts[found.segment]).is_some_and(|at| at < start);
        let above = self.texts[..found.segment].last();
        let is_above = above.is_some_and(|text| reads(text).is_some());
        (!is_here && !is_above).then(|| Loss::Missing {
            wanted: name.to_owned(),
        })
    }

    /// The levels of titles of sections and of headlines: what most of them have, if
    /// that makes an outline. A headline stands a level below its section's title; in
    /// a book whose articles have files of their own it heads its file.
    fn base_levels(&mut self) {
        const HIGHEST: u8 = 2;
        let section = self.usual_level(Role::SectionTitle);
        let headline = self.usual_level(Role::Headline);
        self.section_level = section.map(|level| level.min(HIGHEST));
        self.headline_level = match (self.carrier, self.section_level, headline) {
            (Carrier::Text, _, _) | (Carrier::Epub, _, Some(1)) | (_, None, _) => headline,
            (_, Some(section), headline) => headline.map(|_| section + 1),
        };
    }

    /// The level that most headings of a role have.
    fn usual_level(&self, role: Role) -> Option<u8> {
        let mut counts: BTreeMap<u8, usize> = BTreeMap::new();
        for (unit, found) in self.units.iter().zip(self.found) {
            let found = found.as_ref().filter(|_| unit.role == role);
            let kind = found.map(|found| self.texts[found.segment].segment.kind);
            if let Some(Kind::Heading { level }) = kind {
                *counts.entry(level).or_default() += 1;
            }
        }
        let usual = counts.into_iter().max_by_key(|(_, count)| *count);
        usual.map(|(level, _)| level)
    }

    /// Words in a block of a plain text that belong to none of the units that stand
    /// in it: there a unit may stand among others, but nothing else.
    fn strays(&mut self) {
        if self.carrier != Carrier::Text {
            return;
        }
        let mut units_in: BTreeMap<usize, Vec<(usize, usize, usize)>> = BTreeMap::new();
        for (at, found) in self.found.iter().enumerate() {
            let places = found.iter().flat_map(|found| &found.parts);
            for (part, (segment, start)) in self.units[at].parts.iter().zip(places) {
                let end = start + part.normal.len();
                units_in
                    .entry(*segment)
                    .or_default()
                    .push((*start, end, at));
            }
        }
        for (segment, mut spans) in units_in {
            spans.sort_unstable();
            let text = &self.texts[segment];
            let (mut at, mut strays, mut first) = (0, 0, None);
            for (start, end) in spans
                .iter()
                .map(|span| (span.0, span.1))
                .chain([(text.normal.len(), 0)])
            {
                let letters = text.normal.letters(at, start);
                if letters > 0 {
                    first.get_or_insert(at);
                }
                strays += letters;
                at = at.max(end);
            }
            let mut slacks: Vec<(usize, usize)> = spans
                .iter()
                .map(|span| (span.2, self.units[span.2].slack.unwrap_or(0)))
                .collect();
            slacks.dedup();
            let slack: usize = slacks.iter().map(|(_, slack)| slack).sum();
            let Some(first) = first.filter(|_| strays > slack) else {
                continue;
            };
            let beside = spans.iter().rfind(|span| span.1 <= first).or(spans.first());
            let Some((start, _, unit)) = beside else {
                continue;
            };
            let unit = &self.units[*unit];
            let part = unit.parts.last();
            let loss = Loss::Differs {
                wanted: part.map_or_else(String::new, |part| shortened(&readable(&part.text))),
                found: around(&text.segment.text, &text.normal, first.max(*start)),
            };
            for row in &unit.rows {
                if let Some(cell) = &mut self.cells[*row] {
                    match &mut cell.status {
                        Status::Lost(losses) => losses.push(loss.clone()),
                        status => *status = Status::Lost(vec![loss.clone()]),
                    }
                }
            }
        }
    }

    /// Code is kept to the letter: its lines and their beginnings count as well. On
    /// paper long lines are broken, and tabulators are spaces. A plain text sets two
    /// blocks of code as one, and shows no empty lines above them.
    fn lines_of_code(&self, unit: &Unit, found: &Found) -> Option<Loss> {
        let segment = self.texts[found.segment].segment;
        let lines_of = |text| str::lines(text).map(str::trim_end);
        let wanted = lines_of(&unit.parts.first()?.text);
        let lines = lines_of(&segment.text);
        let is_exact = match (self.carrier, segment.kind) {
            (Carrier::Text, Kind::Code) => {
                let wanted: Vec<&str> = wanted.skip_while(|line| line.is_empty()).collect();
                let end = wanted.iter().rposition(|line| !line.is_empty());
                let wanted = &wanted[..end.map_or(0, |last| last + 1)];
                let lines: Vec<&str> = lines.collect();
                wanted.is_empty() || lines.windows(wanted.len()).any(|run| run == wanted)
            }
            (Carrier::Epub | Carrier::Html, Kind::Code) => lines.eq(wanted),
            _ => true,
        };
        (!is_exact).then(|| Loss::Spaces {
            found: shortened(&readable(&segment.text)),
        })
    }

    fn link(
        &self,
        wanted: &Wanted,
        words: &str,
        text: &Text,
        from: usize,
        to: usize,
    ) -> Option<Loss> {
        let links = text.segment.links.iter();
        let here: Vec<&Target> = links
            .filter(|link| {
                text.normal.position(link.start) <= from && to <= text.normal.position(link.end)
            })
            .map(|link| &link.target)
            .collect();
        let words = readable(&words[wanted.start..wanted.end]);
        let loss = |wanted: String| Loss::Link {
            words,
            wanted,
            found: here.first().map(|target| self.describe(target)),
        };
        match &wanted.target {
            LinkTarget::Address { url } => {
                let leads = here.iter().any(|target| is_address(target, url));
                (!leads).then(|| loss(url.clone()))
            }
            LinkTarget::Place { article, id } => {
                let page = web_address(self.publication, self.issue, article, id.as_deref());
                if let Some(page) = &page
                    && here.iter().any(|target| is_address(target, page))
                {
                    return None;
                }
                let is_here = self.issue.article(article);
                if !is_here.is_some_and(|a| a.is_in(self.carrier.edition())) {
                    // Its words alone, if there is nowhere to lead.
                    return match (page, here.is_empty()) {
                        (None, true) => None,
                        (page, _) => Some(loss(page.unwrap_or_else(|| "nowhere".to_owned()))),
                    };
                }
                let place = match id {
                    Some(id) => id.clone(),
                    None => format!("a-{article}"),
                };
                let leads = here.iter().any(|target| self.leads_to(target, &place));
                (!leads).then(|| {
                    let headline = is_here.and_then(|article| article.headline.as_ref());
                    let name = headline.map_or_else(|| article.to_string(), |h| plain_text(h));
                    loss(match id {
                        Some(_) => format!("a place in “{name}”"),
                        None => format!("“{name}”"),
                    })
                })
            }
        }
    }

    /// Whether a target is where the unit of a place stands, or in what the edition
    /// sets before it: a rule, a label.
    fn leads_to(&self, target: &Target, place: &str) -> bool {
        let Target::Segment(segment) = target else {
            return false;
        };
        let Some(at) = self.places.get(place) else {
            return true; // A place without text.
        };
        let Some(found) = &self.found[*at] else {
            return true; // It is lost itself, and that is said.
        };
        let before = self.found[..*at].iter().flatten();
        let thread = self.texts[found.segment].segment.note;
        if thread.is_some() && self.texts[*segment].segment.note != thread {
            return false;
        }
        let before = before
            .map(|found| found.segment)
            .filter(|before| self.texts[*before].segment.note == thread)
            .filter(|before| before < &found.segment)
            .max();
        let is_after = before.is_none_or(|before| before < *segment);
        // An anchor deep in a paragraph is nearer to the next one on its page.
        let last = match self.carrier {
            Carrier::Pdf => found.segment + 1,
            Carrier::Epub | Carrier::Html | Carrier::Text => found.segment,
        };
        is_after && *segment <= last
    }

    fn describe(&self, target: &Target) -> String {
        match target {
            Target::Address(url) => url.clone(),
            Target::Nowhere(name) => format!("{name}, which is not there"),
            Target::Segment(at) => match self.texts.get(*at) {
                Some(text) => {
                    format!(
                        "“{}” ({})",
                        shortened(&readable(&text.segment.text)),
                        text.segment.place
                    )
                }
                None => "the end".to_owned(),
            },
        }
    }

    /// Whether a unit is set as what it is.
    fn structure(&mut self, unit: &Unit, found: &Found) -> Option<Loss> {
        let segment = self.texts[found.segment].segment;
        let differs = |wanted: String, found: String| Some(Loss::Structure { wanted, found });
        if let Some(number) = unit.item {
            // The mark of a note may stand above the list that it begins with.
            let last = found.parts.last().map_or(found.segment, |part| part.0);
            match self.texts[last].segment.item {
                // A plain text shows an item by its number alone, or by next to nothing.
                None if self.carrier != Carrier::Text || number.is_some() => {
                    return differs("an item of a list".to_owned(), "none".to_owned());
                }
                Some(item) if item.number != number => {
                    let say = |number: Option<u32>| match number {
                        Some(number) => format!("item {number}"),
                        None => "an item with a bullet".to_owned(),
                    };
                    return differs(say(number), say(item.number));
                }
                _ => {}
            }
        }
        if let Some(loss) = Judge::depth(unit, segment) {
            return Some(loss);
        }
        if let Some(loss) = self.language(unit, segment) {
            return Some(loss);
        }
        match (unit.role, segment.kind) {
            (Role::SectionTitle | Role::Headline, Kind::Heading { level }) => {
                let usual = match unit.role {
                    Role::Headline => self.headline_level,
                    _ => self.section_level,
                };
                self.base_level = usual.unwrap_or(level);
                (level != self.base_level).then(|| Loss::Structure {
                    wanted: format!("a heading of level {}", self.base_level),
                    found: format!("a heading of level {level}"),
                })
            }
            (Role::Heading(depth), Kind::Heading { level }) => {
                // HTML has six levels, and a plain text four.
                let deepest = if self.carrier == Carrier::Text { 4 } else { 6 };
                let base = match self.section_level {
                    Some(level) if unit.is_of_brief => level,
                    _ => self.base_level,
                };
                let wanted = base.saturating_add(depth);
                let is_right = level == wanted
                    || wanted > deepest && level >= deepest
                    // A brief has no headline, whose rank a plain text leaves free.
                    || self.carrier == Carrier::Text
                        && unit.is_of_brief
                        && level == wanted + 1;
                match is_right {
                    true => None,
                    false => differs(
                        format!("a heading of level {wanted}"),
                        format!("a heading of level {level}"),
                    ),
                }
            }
            (
                Role::Cell(row, column),
                Kind::Cell {
                    table,
                    row: y,
                    column: x,
                    header,
                },
            ) => {
                let first = *unit.rows.last()?;
                let (known, top) = *self
                    .tables
                    .entry(first)
                    .or_insert((table, y.saturating_sub(row)));
                if known != table || y != top + row || x != column {
                    differs(
                        format!("row {}, column {}", row + 1, column + 1),
                        format!("row {}, column {}", (y + 1).saturating_sub(top), x + 1),
                    )
                } else if row == 0 && !header && self.carrier != Carrier::Text {
                    // A header that fills a column is set as a row like others in print.
                    match self.carrier {
                        Carrier::Pdf if self.length_of_header(first) > LONG_HEADER => None,
                        _ => differs("a header of the table".to_owned(), "a cell".to_owned()),
                    }
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    /// Whether a text in another language than the publication's is said to be so.
    fn language(&self, unit: &Unit, segment: &Segment) -> Option<Loss> {
        let wanted = unit.language.as_ref()?;
        let found = segment.language.as_deref().and_then(LanguageTag::new);
        let is_right = found
            .as_ref()
            .is_some_and(|found| found.primary() == wanted.primary());
        (!is_right).then(|| Loss::Structure {
            wanted: format!("said to be in `{wanted}`"),
            found: match found {
                Some(found) => format!("said to be in `{found}`"),
                None => "not".to_owned(),
            },
        })
    }

    /// How many characters the header of a table would have, were all its cells as
    /// long as the longest.
    fn length_of_header(&self, table: usize) -> usize {
        let header = self.units.iter().filter(|unit| {
            unit.rows.last() == Some(&table) && matches!(unit.role, Role::Cell(0, _))
        });
        let lengths = header.map(|unit| {
            let parts = unit.parts.iter();
            parts.map(|part| part.normal.len()).sum::<usize>()
        });
        let (count, longest) = lengths.fold((0, 0), |(count, longest), length| {
            (count + 1, longest.max(length))
        });
        count * longest
    }

    /// Whether a unit stands in as many lists and quotes as it should. Those of a
    /// plain text are lines that begin alike: they may be more to a reader, or fewer.
    fn depth(unit: &Unit, segment: &Segment) -> Option<Loss> {
        let wanted = unit.depth?;
        let found = Depth {
            lists: segment.list_depth,
            quotes: segment.quote_depth,
        };
        let say = |depth: Depth| match (depth.lists, depth.quotes) {
            (0, 0) => "in no list and no quote".to_owned(),
            (lists, 0) => format!("in lists, {lists} deep"),
            (0, quotes) => format!("in quotes, {quotes} deep"),
            (lists, quotes) => format!("in lists, {lists} deep, and quotes, {quotes} deep"),
        };
        (wanted != found).then(|| Loss::Structure {
            wanted: say(wanted),
            found: say(found),
        })
    }

    /// Why a unit was not found, as nearly as can be said.
    fn why_missing(&mut self, at: usize) -> Loss {
        let unit = &self.units[at];
        // Of several parts it is about one that is nowhere.
        let is_nowhere = |part: &&Part| {
            let mut texts = self.texts.iter();
            !texts.any(|text| text.normal.find(&part.normal, 0).is_some())
        };
        let nowhere = match &unit.parts[..] {
            [_, _, ..] => unit.parts.iter().find(is_nowhere),
            _ => None,
        };
        let Some(part) = nowhere.or(unit.parts.last()) else {
            return Loss::Missing {
                wanted: "* * *".to_owned(),
            };
        };
        let unused = (0..self.texts.len()).filter(|text| !self.used[*text]);
        let mut nearest: Option<(usize, usize)> = None;
        for text in unused {
            let normal = &self.texts[text].normal;
            if normal.has_characters_of(&part.normal) && self.texts[text].segment.kind != Kind::Rule
            {
                self.used[text] = true;
                return Loss::OutOfOrder {
                    wanted: shortened(&readable(&part.text)),
                    place: self.texts[text].segment.place.clone(),
                };
            }
            let (start, end) = normal.shared_ends(&part.normal);
            let shared = start + end;
            let longer = normal.len().max(part.normal.len());
            if shared * 2 > longer && nearest.is_none_or(|(_, best)| best < shared) {
                nearest = Some((text, shared));
            }
        }
        let Some((text, _)) = nearest else {
            return Loss::Missing {
                wanted: shortened(&readable(&part.text)),
            };
        };
        self.used[text] = true;
        let other = &self.texts[text];
        let (start, _) = other.normal.shared_ends(&part.normal);
        Loss::Differs {
            wanted: around(&part.text, &part.normal, start),
            found: around(&other.segment.text, &other.normal, start),
        }
    }

    /// Texts that are there and should not be. Short ones count in their article
    /// alone: a list of contents repeats headlines and names.
    fn surplus(&self, left_out: &[Unit], rows: &[Row]) -> Vec<Surplus> {
        const SHORTEST: usize = 60;
        let long = |unit: &&Unit| {
            let is_long = unit.parts.iter().any(|part| part.normal.len() >= SHORTEST);
            // A correction names what it corrects, and is told from all else by that.
            matches!(unit.role, Role::Text | Role::Label) && (is_long || !unit.named.is_empty())
        };
        let hashes = |units: &[Unit]| -> HashMap<u64, usize> {
            let units = units.iter().filter(long);
            units
                .flat_map(|unit| {
                    let row = unit.rows.last().copied();
                    unit.parts.iter().map(move |part| (part.normal.hash(), row))
                })
                .filter_map(|(hash, row)| Some((hash, row?)))
                .collect()
        };
        let (ours, others) = (hashes(self.units), hashes(left_out));
        let row_of = |units: &[Unit], hashes: &HashMap<u64, usize>, text: &Text| {
            let whole = hashes.get(&text.normal.hash()).copied();
            // A dateline and what follows it, a correction after what it corrects.
            whole.or_else(|| {
                let mut units = units.iter().filter(long);
                let unit = units.find(|unit| {
                    let places = unit
                        .slack
                        .and_then(|slack| places_in(&unit.parts, slack, &text.normal));
                    places.is_some()
                });
                unit?.rows.last().copied()
            })
        };
        let short = self.short_repeats(rows);
        let first = self.found.iter().flatten().map(|found| found.segment).min();
        let texts = self.texts.iter().zip(&self.used).enumerate();
        let long = texts
            .filter(|(_, (text, used))| !**used && text.normal.len() >= SHORTEST)
            .filter_map(|(at, (text, _))| {
                let place = text.segment.place.clone();
                let of_others = row_of(left_out, &others, text);
                let not_left_out = of_others.map(|row| Surplus::NotLeftOut {
                    row,
                    place: place.clone(),
                });
                not_left_out.or_else(|| {
                    // A list of contents stands before what it lists.
                    let is_before = first.is_some_and(|first| at < first);
                    if is_before {
                        return None;
                    }
                    let row = row_of(self.units, &ours, text)?;
                    Some(Surplus::Repeated { row, place })
                })
            });
        let mut all: Vec<Surplus> = long.collect();
        for repeated in short {
            if !all.contains(&repeated) {
                all.push(repeated);
            }
        }
        all
    }

    /// Texts in the midst of an article that stand there a second time.
    fn short_repeats(&self, rows: &[Row]) -> Vec<Surplus> {
        let mut repeats = Vec::new();
        let found = |at: usize| {
            let unit = &self.units[at];
            let segment = self.found[at].as_ref()?.segment;
            let article = rows.get(*unit.rows.last()?)?.article.as_ref()?;
            unit.note.is_none().then_some((article, segment))
        };
        let mut at = 0;
        while at < self.units.len() {
            let Some((article, first)) = found(at) else {
                at += 1;
                continue;
            };
            let start = at;
            let mut last = first;
            while let Some(unit) = self.units.get(at) {
                let is_of_it = (unit.rows.last())
                    .and_then(|row| rows.get(*row))
                    .is_some_and(|row| row.article.as_ref() == Some(article));
                if !is_of_it {
                    break;
                }
                last = found(at).map_or(last, |(_, segment)| last.max(segment));
                at += 1;
            }
            let units = &self.units[start..at];
            for segment in first..last {
                let text = &self.texts[segment];
                if self.used[segment] || text.normal.is_empty() || text.segment.note.is_some() {
                    continue;
                }
                let same = units.iter().find(|unit| {
                    // A word alone may be a label: “Notes”, “Tip”.
                    let is_label = match unit.role {
                        Role::Label => true,
                        Role::Text => !text.segment.text.trim().contains(char::is_whitespace),
                        Role::SectionTitle
                        | Role::Headline
                        | Role::Heading(_)
                        | Role::Cell(..)
                        | Role::Code
                        | Role::Picture
                        | Role::Caption
                        | Role::Rule => false,
                    };
                    !is_label
                        && suits(unit.role, text.segment.kind, self.carrier)
                        && (unit.parts.iter())
                            .any(|part| part.normal.has_characters_of(&text.normal))
                });
                if let Some(row) = same.and_then(|unit| unit.rows.last()) {
                    repeats.push(Surplus::Repeated {
                        row: *row,
                        place: text.segment.place.clone(),
                    });
                }
            }
        }
        repeats
    }
}

/// Whether a target is an address, which may be written in other ways that lead to
/// the same place.
fn is_address(target: &Target, wanted: &str) -> bool {
    match target {
        Target::Address(found) => found == wanted || same_address(found, wanted),
        Target::Segment(_) | Target::Nowhere(_) => false,
    }
}

/// A stretch of a text around a character of its normal form.
fn around(text: &str, normal: &Normal, at: usize) -> String {
    const BEFORE: usize = 24;
    const AFTER: usize = 36;
    let from = normal.offset(at.saturating_sub(BEFORE)).unwrap_or(0);
    let to = normal.offset(at + AFTER).unwrap_or(text.len());
    let before = if from > 0 { "…" } else { "" };
    let after = if to < text.len() { "…" } else { "" };
    let words = readable(text.get(from..to).unwrap_or(text));
    format!("{before}{}{after}", words.trim())
}

/// A text as it is shown to people: without the signs of [`crate::carried`].
pub(crate) fn readable(text: &str) -> String {
    use crate::carried::{
        LINE_ENDS, LOOK_ENDS, LOWERED, NOTE_BEGINS, NOTE_ENDS, PICTURE, RAISED, STRUCK,
    };
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            PICTURE | RAISED | LOWERED | STRUCK | LOOK_ENDS => {}
            NOTE_BEGINS => words.push('['),
            NOTE_ENDS => words.push(']'),
            LINE_ENDS => words.push(' '),
            c => words.push(c),
        }
    }
    words
}
