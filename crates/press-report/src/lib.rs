//! What a build, its lints and its proof found, as one page for editors and one
//! file for programs.
