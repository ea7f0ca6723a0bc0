//! What a report says, as plain values. Whoever builds an issue fills them in;
//! nothing here knows how an edition is made or read.
//!
//! The fields stand in the order in which `report.json` has them, so the same
//! build gives the same bytes. There is no time of day and no absolute path
//! among them.

use chrono::NaiveDate;
use press_model::{Colour, LanguageTag, Severity};
use serde::{Serialize, Serializer};

/// All that was found about one issue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The publication's title.
    pub title: String,
    /// The issue's name: `2024-11`.
    pub issue: String,
    /// The issue's date.
    pub date: NaiveDate,
    /// The language of the publication: excerpts are in it.
    pub language: LanguageTag,
    /// The program and its version: `Pressroom 0.1.0`.
    pub tool: String,
    /// How the page looks; no finding.
    #[serde(skip)]
    pub look: Look,
    /// Whether the build put its files in place. A report of one that did not is a
    /// page alone, and names no files.
    #[serde(skip)]
    pub is_built: bool,
    /// The editions with their files, in the order of the build.
    pub editions: Vec<Edition>,
    /// What each edition carries of the source.
    pub fidelity: Fidelity,
    /// Small pictures of the pages.
    pub thumbnails: Vec<Thumbnail>,
    /// The articles in order.
    pub articles: Vec<Article>,
    /// The links of the source in order.
    pub links: Vec<Link>,
    /// What the source's reader and the renderers found.
    pub diagnostics: Vec<Finding>,
    /// The accessibility rules, each over all editions.
    pub accessibility: Vec<Rule>,
    /// What other examinations found.
    pub parts: Vec<Part>,
}

/// The publication's look, as far as the report takes it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The colour of rules; of words too, made readable where need be.
    pub accent: Colour,
    /// The family of the running text.
    pub text_font: String,
    /// The family of labels.
    pub label_font: String,
    /// The family of code.
    pub mono_font: String,
}

/// A finished edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edition {
    /// Its name as people say it: `PDF`, `EPUB`, `Email`.
    pub name: String,
    /// Its files.
    pub files: Vec<File>,
    /// How many pages it has, if it has pages.
    pub pages: Option<u32>,
}

/// A file of an edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its name in the issue's folder of `dist`.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A place in the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The file, by its path below the issues folder.
    pub file: String,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// The matrix: for each piece of the source what each edition has of it. Empty
/// where no edition was read back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Fidelity {
    /// What was read back, one name for each cell of a row: `PDF`, `EPUB`,
    /// `Email, HTML`, `Email, text`.
    pub columns: Vec<String>,
    /// The pieces, by article.
    pub groups: Vec<Group>,
}

/// The pieces of an article, or of what stands around the articles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The article's headline, or what else these pieces are.
    pub title: String,
    /// The section that it stands in. Groups of a section follow one another.
    pub section: Option<String>,
    /// Whether it is an article: these are what the summary counts.
    pub is_article: bool,
    /// Its language, where it is not the publication's.
    pub language: Option<LanguageTag>,
    /// Its pieces in order.
    pub rows: Vec<Row>,
}

/// A piece of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What it is, in a word: `paragraph`, `headline`, `table`.
    pub what: String,
    /// Its first words.
    pub excerpt: String,
    /// Where it stands; none for what the program adds itself.
    pub source: Option<Source>,
    /// What each edition has of it, one for each column.
    pub cells: Vec<Cell>,
}

/// What an edition has of a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Whether it is there.
    pub status: Status,
    /// What is wrong or different, in a sentence without a full stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The words that the edition has, shortened; none where they are those of
    /// the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Where in the edition: `page 3`, `a-chart.xhtml`, `line 120`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Whether a piece of the source is in an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// All of it.
    Present,
    /// Not there, and the source says so.
    LeftOut,
    /// All of it, in a plainer form.
    Degraded,
    /// Some of it or all of it is missing or changed.
    Lost,
}

/// A small picture of a page. In `report.json` it is described, not drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Thumbnail {
    /// The edition: `PDF`.
    pub edition: String,
    /// The page's number as it is printed.
    pub label: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The picture, as a PNG.
    #[serde(skip)]
    pub png: Vec<u8>,
}

/// An article in the list of reading times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Article {
    /// Its headline; of a brief its first words.
    pub headline: String,
    /// Its section.
    pub section: String,
    /// Its language, where it is not the publication's.
    pub language: Option<LanguageTag>,
    /// How many words it has, where that is known.
    pub words: Option<u32>,
    /// Its reading time.
    pub minutes: u32,
    /// The editions that carry it.
    pub editions: Vec<String>,
}

/// A link of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Its words.
    pub text: String,
    /// Where it leads.
    pub target: Target,
    /// Where it stands.
    pub source: Option<Source>,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Out of the issue.
    Address(String),
    /// To a place in the issue, named as people would: the headline that stands
    /// there.
    Place(String),
}

/// A fault or a doubt, with its cure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// Its stable code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// Where, if it has a place in the source.
    pub source: Option<Source>,
    /// What to do.
    pub help: Option<String>,
}

/// A rule of accessibility, and how each edition keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its stable name.
    pub id: String,
    /// What it asks for.
    pub says: String,
    /// The clauses of the standards.
    pub clause: String,
    /// How each edition keeps it.
    pub results: Vec<RuleResult>,
}

/// How an edition keeps a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleResult {
    /// The edition, by a name that stays the same from rule to rule.
    pub edition: String,
    /// Whether it does.
    pub outcome: Outcome,
    /// What was found, in sentences without a full stop.
    pub details: Vec<String>,
}

/// How an examination ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// There was nothing to examine.
    NotApplicable,
    /// All is well.
    Pass,
    /// A person should look.
    Warn,
    /// Something must be mended.
    Fail,
}

/// An examination that has a place of its own at the end of the report. This is
/// how whatever is examined later joins it: neither the page nor the JSON needs
/// to know what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its stable name, which is also its address on the page: lower-case
    /// letters, digits and hyphens.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How it ended; a part that fails stands among the problems.
    pub outcome: Outcome,
    /// What was found, in one sentence.
    pub summary: String,
    /// The details.
    pub content: Vec<Content>,
}

/// A piece of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Content {
    /// A paragraph.
    Text {
        /// Its words.
        text: String,
    },
    /// A table; the first cell of a row is its header.
    Table {
        /// What it shows.
        caption: String,
        /// The headers of the columns.
        columns: Vec<Column>,
        /// The rows, each as long as `columns`.
        rows: Vec<Vec<Value>>,
    },
    /// Faults and doubts.
    Findings {
        /// In the order in which they should be read.
        findings: Vec<Finding>,
    },
    /// Pictures.
    Figures {
        /// In order.
        figures: Vec<Figure>,
    },
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its header.
    pub title: String,
    /// Whether it holds numbers, which stand flush right.
    pub is_numeric: bool,
}

/// A cell of a part's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Value {
    /// What it says. An outcome's mark alone says nothing.
    pub text: String,
    /// Whether that is well, where it can be well or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// A picture in a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// The words that stand for it where it cannot be seen; never empty.
    pub alt: String,
    /// The words under it; may be empty.
    pub caption: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Its format.
    #[serde(rename = "media_type", serialize_with = "media_type")]
    pub format: PictureFormat,
    /// The picture; described in `report.json`, not drawn.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// The formats that a report can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
}

impl PictureFormat {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            PictureFormat::Png => "image/png",
            PictureFormat::Jpeg => "image/jpeg",
        }
    }
}

fn media_type<S: Serializer>(format: &PictureFormat, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(format.media_type())
}

impl Row {
    /// What is worst among its cells.
    pub fn worst(&self) -> Status {
        let statuses = self.cells.iter().map(|cell| cell.status);
        statuses.max().unwrap_or(Status::Present)
    }
}

impl Rule {
    /// What is worst among the editions.
    pub fn worst(&self) -> Outcome {
        let outcomes = self.results.iter().map(|result| result.outcome);
        outcomes.max().unwrap_or(Outcome::NotApplicable)
    }
}

impl Fidelity {
    /// Every piece.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.groups.iter().flat_map(|group| &group.rows)
    }
}
