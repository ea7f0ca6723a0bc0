//! The one place that decodes, turns, scales, converts and rasterises pictures,
//! and the owner of the bundled fonts, which SVG text needs.
//!
//! [`Pictures::inspect`] reads every picture of an issue once and says what is
//! wrong with it; after that an edition asks for the picture in the form that it
//! can show. What was made is remembered, so that two editions that want the
//! same form share it, and the same picture always gives the same bytes.
//!
//! Promises: nothing is read but the bytes that are handed in (an SVG refers to
//! nothing outside itself); a picture is never enlarged, unless it is drawn from
//! an SVG; what a camera wrote into a file (place, owner, serial number) is in
//! no picture that is handed out; hostile bytes give a diagnostic, never a panic.

pub mod fonts;

mod diagnose;
mod extent;
mod format;
mod metadata;
mod pictures;
mod raster;
mod svg;
#[cfg(test)]
mod tests;

pub use format::Format;
pub use pictures::{Error, Info, Pictures, Prepared};
pub use raster::encode_jpeg;
