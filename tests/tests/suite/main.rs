//! The end-to-end tests: what a person does with the program, and what they get.

mod any_article;
mod architecture;
mod books;
mod command_line;
mod delivery;
mod diagnostics;
mod editions;
mod email;
mod hostile;
mod lists;
mod looks;
mod mutations;
mod newsletters;
mod output;
mod print;
mod proof_command;
mod segments;
mod verify;
