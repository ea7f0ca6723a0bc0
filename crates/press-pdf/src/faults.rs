//! What Typst finds wrong, said to the editor: a fault in a template that the
//! publication or the issue overrides is theirs and has a place; a fault in a
//! built-in one is ours.

use press_model::{Code, Diagnostic, Span};
use press_template::Templates;
use typst::diag::SourceDiagnostic;
use typst::syntax::{DiagSpan, FileId};
use typst::{World, WorldExt};

use crate::Error;
use crate::world::{FOLDER, PressWorld};

/// The messages of some faults in a line.
pub fn summary(faults: &[Diagnostic]) -> String {
    let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    messages.join("; ")
}

/// The error that these diagnostics of Typst make.
pub fn error(found: &[SourceDiagnostic], world: &PressWorld, templates: &Overrides) -> Error {
    let located: Vec<Diagnostic> = found
        .iter()
        .filter_map(|diagnostic| located(diagnostic, world, templates))
        .collect();
    if !located.is_empty() {
        return Error::Faults(located);
    }
    let message = found
        .iter()
        .map(|diagnostic| described(diagnostic, world))
        .collect::<Vec<_>>()
        .join("; ");
    if templates.0.is_empty() {
        return Error::BuiltInTemplate(message);
    }
    // No trace leads into an override; still, one of them is the likely cause.
    let names: Vec<&str> = templates.0.iter().map(|(name, _)| name.as_str()).collect();
    Error::Faults(vec![Diagnostic::new(Code::InvalidTemplate, message).help(
        format!(
            "the built-in templates work together; look at those that replace one: {}",
            names.join(", ")
        ),
    )])
}

/// The fonts that an override names and that are not there. Typst only warns of
/// them, and text that finds no font at all is not printed.
pub fn unknown_fonts(
    warnings: &[SourceDiagnostic],
    world: &PressWorld,
    overrides: &Overrides,
) -> Vec<Diagnostic> {
    warnings
        .iter()
        .filter_map(|warning| {
            let family = warning.message.strip_prefix("unknown font family: ")?;
            let message = format!("no font is called `{family}`");
            let fault = Diagnostic::new(Code::UnknownFont, message);
            let fault = match place(warning.span, world, overrides) {
                Some(span) => fault.at(span),
                None => fault,
            };
            Some(
                fault.help(
                    "put its .ttf or .otf files into templates/fonts, or name one that is there",
                ),
            )
        })
        .collect()
}

/// The templates of the print edition that replace built-in ones: their names,
/// and the files of the source that they are.
pub struct Overrides(Vec<(String, press_model::FileId)>);

impl Overrides {
    /// Those among all templates.
    pub fn of(templates: &Templates) -> Overrides {
        let overrides = templates
            .names(FOLDER)
            .filter_map(|name| Some((name.to_owned(), templates.file(name)?)));
        Overrides(overrides.collect())
    }

    fn file(&self, id: FileId) -> Option<press_model::FileId> {
        let path = id.get().vpath().get_with_slash();
        self.0
            .iter()
            .find(|(name, _)| name.strip_prefix(FOLDER) == Some(path))
            .map(|(_, file)| *file)
    }
}

/// The fault with its place in an override: where it happens, or the innermost
/// call that leads there.
fn located(
    diagnostic: &SourceDiagnostic,
    world: &PressWorld,
    overrides: &Overrides,
) -> Option<Diagnostic> {
    let calls = diagnostic
        .trace
        .iter()
        .map(|point| DiagSpan::from(point.span));
    let span = std::iter::once(diagnostic.span)
        .chain(calls)
        .find_map(|span| place(span, world, overrides))?;
    let message = diagnostic.message.replace("\n", " ");
    let fault = Diagnostic::new(Code::InvalidTemplate, message).at(span);
    Some(match diagnostic.hints.first() {
        Some(hint) => fault.help(hint.v.to_string()),
        None => fault,
    })
}

fn place(span: DiagSpan, world: &PressWorld, overrides: &Overrides) -> Option<Span> {
    let file = overrides.file(span.id()?)?;
    let range = world.range(span)?;
    Some(Span {
        file,
        start: u32::try_from(range.start).ok()?,
        end: u32::try_from(range.end).ok()?,
    })
}

/// The fault with the line of the built-in template, for a report to us.
fn described(diagnostic: &SourceDiagnostic, world: &PressWorld) -> String {
    let place = diagnostic.span.id().and_then(|id| {
        let source = world.source(id).ok()?;
        let line = source
            .lines()
            .byte_to_line(world.range(diagnostic.span)?.start)?;
        Some(format!(
            " ({}:{})",
            id.get().vpath().get_without_slash(),
            line + 1
        ))
    });
    format!("{}{}", diagnostic.message, place.unwrap_or_default())
}
