//! The print editions that go to a printer or to a folding table, and what is told
//! about them.

use press_model::{Code, Diagnostic, ProfileFile};
use press_pdf::{
    Booklet, PlannedGathering, PlannedSheet, Preflight, PressLayout, Profile, Ticket, TicketFile,
};

use crate::editions::File;
use crate::manifest::FileRecord;
use crate::open::Material;

/// The press PDF, and what was found on the way.
pub struct Press {
    /// Its files.
    pub files: Vec<File>,
    /// What was measured of it.
    pub preflight: Preflight,
    /// What is wrong with it.
    pub faults: Vec<Diagnostic>,
}

/// The press PDF.
pub fn press(
    material: &Material,
    input: &press_pdf::Input,
    layout: &PressLayout,
    profile: Option<&Profile>,
) -> Result<Press, press_pdf::Error> {
    let (bytes, preflight) = layout.pdf(input, profile)?;
    let sheets = File {
        name: file_name(material, "press.pdf"),
        bytes,
    };
    let ticket = File {
        name: file_name(material, "press-ticket.pdf"),
        bytes: press_pdf::ticket(input, &press_ticket(material, &preflight, &sheets))?,
    };
    Ok(Press {
        files: vec![sheets, ticket],
        faults: preflight.diagnostics(input),
        preflight,
    })
}

fn press_ticket(material: &Material, preflight: &Preflight, sheets: &File) -> Ticket {
    let settings = &material.publication.press;
    let [width, height] = preflight.trim;
    let inks = match &preflight.spot {
        Some(spot) => format!("5: cyan, magenta, yellow, black, {spot}"),
        None => "4: cyan, magenta, yellow, black".to_owned(),
    };
    let pictures = match preflight.pictures.len() {
        0 => "none".to_owned(),
        count => format!("{count}, in RGB with their profile, to be converted for the press"),
    };
    let asked = |words: &Option<String>| words.clone().unwrap_or_else(|| "to be agreed".to_owned());
    let rows = vec![
        row("Trimmed page", format!("{width:.1} × {height:.1} mm")),
        row("Bleed", format!("{} mm on each side", preflight.bleed)),
        row("Pages", preflight.pages.to_string()),
        row("Inks", inks),
        row(
            "Black",
            "text and rules on the black plate alone".to_owned(),
        ),
        row("Pictures", pictures),
        row(
            "Printing condition",
            match &preflight.condition {
                Some(name) => name.clone(),
                None => "not named in the file".to_owned(),
            },
        ),
        row("Total ink", format!("at most {} %", settings.ink_limit)),
        row("Paper", asked(&settings.paper)),
        row("Binding", asked(&settings.binding)),
        row(
            "Standard",
            "PDF 1.7; no conformance to PDF/X is claimed".to_owned(),
        ),
    ];
    Ticket {
        kind: "Job ticket, press".to_owned(),
        title: material.publication.title.clone(),
        rows,
        files: vec![ticket_file(sheets)],
        plan: Vec::new(),
    }
}

fn booklet_ticket(
    material: &Material,
    layout: &press_pdf::Layout,
    booklet: &Booklet,
    sheets: &File,
) -> Ticket {
    let settings = &material.publication.booklet;
    let pages = &layout.page_map().pages;
    let [width, height] = booklet.sheet;
    let plan = &booklet.plan;
    let count = plan.sheets.len();
    let binding = match plan.gatherings() {
        0 | 1 => "one gathering, stitched through the fold".to_owned(),
        some => format!("{some} gatherings, sewn"),
    };
    let rows = vec![
        row(
            "Sheet",
            format!("{width:.1} × {height:.1} mm, printed on both sides"),
        ),
        row("Turning", "over the short edge".to_owned()),
        row("Sheets", count.to_string()),
        row(
            "Pages",
            match plan.blanks {
                0 => pages.len().to_string(),
                blanks => format!("{}, and {blanks} blank", pages.len()),
            },
        ),
        row("Binding", binding),
        row(
            "Creep",
            format!("{} mm a sheet", settings.paper_thickness.millimetres()),
        ),
    ];
    let numbers = |side: [Option<usize>; 2]| side.map(|page| Some(pages.get(page?)?.label.clone()));
    let gatherings = (0..plan.gatherings()).map(|gathering| {
        let sheets = plan.sheets.iter().enumerate();
        let of_it = sheets.filter(|(_, sheet)| sheet.gathering == gathering);
        PlannedGathering {
            name: format!("Gathering {}", gathering + 1),
            sheets: of_it
                .map(|(at, sheet)| PlannedSheet {
                    name: format!("Sheet {}", at + 1),
                    front: numbers(sheet.front),
                    back: numbers(sheet.back),
                })
                .collect(),
        }
    });
    Ticket {
        kind: "Job ticket, booklet".to_owned(),
        title: material.publication.title.clone(),
        rows,
        files: vec![ticket_file(sheets)],
        plan: gatherings.collect(),
    }
}

fn row(name: &str, value: String) -> [String; 2] {
    [name.to_owned(), value]
}

fn ticket_file(file: &File) -> TicketFile {
    let FileRecord { bytes, sha256 } = FileRecord::of(&file.bytes);
    TicketFile {
        name: file.name.clone(),
        size: format!("{bytes} bytes"),
        sha256,
    }
}

/// What is wrong with the profile that the publication names.
pub fn fault_of_profile(file: &ProfileFile) -> Option<Diagnostic> {
    Profile::read(file).err()
}

/// A warning that no printing condition is named.
pub fn no_profile(material: &Material) -> Option<Diagnostic> {
    if material.profile.is_some() {
        return None;
    }
    let message = "the press PDF names no printing condition: its inks are as the theme mixes \
                   them, and how pictures are converted is the printer's choice";
    let warning = Diagnostic::new(Code::NoPressProfile, message).help(
        "ask the printer for the ICC profile of the paper and press, and name it: `profile = \
         \"press/PSOcoated_v3.icc\"` below `[press]` in publication.toml",
    );
    let span = material.publication.press.span;
    Some(if span.end > 0 {
        warning.at(span)
    } else {
        warning
    })
}

/// The sheets of the booklet, from the pages of the reading PDF.
pub fn booklet(
    material: &Material,
    input: &press_pdf::Input,
    layout: &press_pdf::Layout,
    pdf: &[File],
) -> Result<Vec<File>, press_pdf::Error> {
    let mut files = Vec::new();
    for file in pdf {
        let mut booklet = press_pdf::booklet(input, layout, &file.bytes)?;
        let sheets = File {
            name: file_name(material, "booklet.pdf"),
            bytes: std::mem::take(&mut booklet.pdf),
        };
        let ticket = booklet_ticket(material, layout, &booklet, &sheets);
        files.push(sheets);
        files.push(File {
            name: file_name(material, "booklet-ticket.pdf"),
            bytes: press_pdf::ticket(input, &ticket)?,
        });
    }
    Ok(files)
}

fn file_name(material: &Material, rest: &str) -> String {
    let (slug, issue) = (&material.publication.slug, &material.issue.name);
    format!("{slug}-{issue}-{rest}")
}
