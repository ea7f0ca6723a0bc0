//! Typst's loop, round by round.
//!
//! Pages tell of pages: a list of contents has the numbers of the pages that it leads
//! to. So typst lays a document out, and again with what it knows then, until what
//! was told is true. `typst::compile` begins that with nothing; here it can go on from
//! pages that are nearly the same, which a round or two then make right.

use typst::World;
use typst::comemo::{Constraint, Track};
use typst::diag::{SourceDiagnostic, SourceResult};
use typst::engine::{Engine, Route, Sink, Traced};
use typst::foundations::{Output, StyleChain, Target, TargetElem};
use typst::introspection::{EmptyIntrospector, Introspector, MAX_ITERS};
use typst::syntax::Span;
use typst::utils::Protected;
use typst_layout::PagedDocument;

use crate::Error;
use crate::faults::{self, Overrides};
use crate::world::PressWorld;

/// The pages after a round.
pub struct Round {
    /// The pages.
    pub document: PagedDocument,
    /// Whether all that they tell of one another is true.
    is_settled: bool,
    /// What was found wrong on the way: it may be right in the next round.
    sink: Sink,
}

/// Lays out the main template of a world.
pub fn compile(world: &PressWorld, overrides: &Overrides) -> Result<PagedDocument, Error> {
    Round::first(world, overrides)?.settled(world, overrides)
}

impl Round {
    /// The first round, which knows of no pages.
    pub fn first(world: &PressWorld, overrides: &Overrides) -> Result<Round, Error> {
        Round::after(&EmptyIntrospector, world, overrides)
    }

    /// The round after this one, in a world of which little has changed.
    pub fn next(&self, world: &PressWorld, overrides: &Overrides) -> Result<Round, Error> {
        Round::after(self.document.introspector().as_ref(), world, overrides)
    }

    fn after(
        known: &dyn Introspector,
        world: &PressWorld,
        overrides: &Overrides,
    ) -> Result<Round, Error> {
        round(known, world).map_err(|found| faults::error(&found, world, overrides))
    }

    /// The pages after as many rounds as it takes for all to be true, or after the most
    /// that typst makes.
    pub fn settled(
        mut self,
        world: &PressWorld,
        overrides: &Overrides,
    ) -> Result<PagedDocument, Error> {
        for _ in 1..MAX_ITERS {
            if self.is_settled {
                break;
            }
            self = self.next(world, overrides)?;
        }
        let delayed = self.sink.delayed();
        if !delayed.is_empty() {
            return Err(faults::error(&delayed, world, overrides));
        }
        let unknown = faults::unknown_fonts(&self.sink.warnings(), world, overrides);
        if unknown.is_empty() {
            Ok(self.document)
        } else {
            Err(Error::Faults(unknown))
        }
    }
}

/// Reads the main template and lays it out once.
fn round(known: &dyn Introspector, world: &PressWorld) -> SourceResult<Round> {
    let main = world
        .source(world.main())
        .map_err(|error| [SourceDiagnostic::error(Span::detached(), error)])?;
    let world: &dyn World = world;
    let library = world.library();
    let traced = Traced::default();
    let mut sink = Sink::new();
    let content = typst_eval::eval(
        world.track(),
        library,
        traced.track(),
        sink.track_mut(),
        Route::default().track(),
        &main,
    )?
    .content();

    let told = Constraint::new();
    let mut engine = Engine {
        library,
        world: world.track(),
        introspector: Protected::new(known.track_with(&told)),
        traced: traced.track(),
        sink: sink.track_mut(),
        route: Route::default(),
    };
    let target = TargetElem::target.set(Target::Paged).wrap();
    let base = StyleChain::new(&library.styles);
    let document = PagedDocument::create(&mut engine, &content, base.chain(&target))?;
    Ok(Round {
        is_settled: told.validate(document.introspector().as_ref() as &dyn Introspector),
        document,
        sink,
    })
}
