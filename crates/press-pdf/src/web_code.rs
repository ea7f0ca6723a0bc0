//! The QR code that leads whoever holds the paper to the issue's page on the web.

use fast_qr::{ECL, QRBuilder};
use press_model::{Issue, Publication};
use serde::Serialize;
use std::fmt::Write;
use typst::foundations::Bytes;

use crate::world::Files;

/// The light border that readers of codes want, in modules (ISO/IEC 18004 §5.3.8
/// asks for four; the paper around the code is light too).
const BORDER: usize = 2;

/// The code, as the templates get it.
#[derive(Serialize)]
pub struct WebCode {
    /// Its path among Typst's files.
    file: String,
    /// What it says, for those who do not see it.
    alt: String,
}

/// Draws the code beside the templates, if the issue has a page on the web whose
/// address fits into a code.
pub fn add(publication: &Publication, issue: &Issue, files: &mut Files) -> Option<WebCode> {
    let address = issue.web_address(publication)?;
    let code = QRBuilder::new(address.as_bytes())
        .ecl(ECL::M)
        .build()
        .ok()?;
    let file = "/pictures/web-code.svg".to_owned();
    let drawing = drawing(code.size, |x, y| code[y][x].value());
    files.insert(file.clone(), Bytes::from_string(drawing));
    Some(WebCode {
        file,
        alt: format!("QR code: {address}"),
    })
}

/// The dark modules as one path, so that no hairlines show between them.
fn drawing(size: usize, is_dark: impl Fn(usize, usize) -> bool) -> String {
    let mut path = String::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let run = (x..size).take_while(|x| is_dark(*x, y)).count();
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + BORDER, y + BORDER);
            }
            x += run.max(1);
        }
    }
    let side = size + 2 * BORDER;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         width=\"{side}\" height=\"{side}\"><path d=\"{path}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_modules_are_drawn_in_runs() {
        let drawing = drawing(3, |x, y| y == 0 || x == 2);
        assert!(
            drawing.contains("d=\"M2 2h3v1h-3zM4 3h1v1h-1zM4 4h1v1h-1z\""),
            "{drawing}"
        );
    }
}
