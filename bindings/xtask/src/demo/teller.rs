//! Tells the story twice: on the terminal while it runs, and on the page.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};

use super::page::Page;

/// Terminal and page.
#[derive(Debug, Default)]
pub struct Teller {
    page: Page,
    step: usize,
    title: &'static str,
    checks: usize,
}

impl Teller {
    /// Begins a step.
    pub fn step(&mut self, number: usize, title: &'static str, what: &str) {
        self.step = number;
        self.title = title;
        println!("\n{number}  {title}");
        self.page.step(number, title, what);
    }

    /// States a check that holds; else fails with what was seen instead.
    pub fn check(&mut self, holds: bool, text: &str, seen: impl FnOnce() -> String) -> Result<()> {
        if !holds {
            return Err(Error::Check(format!("expected: {text}; seen: {}", seen())));
        }
        self.checks += 1;
        println!("   ✓ {text}");
        self.page.check(true, text);
        Ok(())
    }

    /// Shows what a program said: on the terminal its first `lines` lines, on the page all.
    pub fn show(&mut self, title: &str, text: &str, lines: usize) {
        let total = text.trim_end().lines().count();
        for line in text.lines().take(lines) {
            println!("     │ {}", line.trim_end());
        }
        if lines > 0 && total > lines {
            println!("     │ … {} more lines", total - lines);
        }
        self.page.output(title, text, lines > 0);
    }

    /// Shows PNG files side by side, on the page.
    pub fn pictures(&mut self, pictures: &[(&str, &Path)]) -> Result<()> {
        let read: Vec<(&str, Vec<u8>)> = pictures
            .iter()
            .map(|(caption, path)| Ok((*caption, fs::read(path).at(path)?)))
            .collect::<Result<_>>()?;
        let borrowed: Vec<(&str, &[u8])> =
            read.iter().map(|(caption, png)| (*caption, png.as_slice())).collect();
        self.page.pictures(&borrowed);
        Ok(())
    }

    /// The same story on phones, at the end of the page.
    pub fn phone(&mut self, pictures: &[(&str, PathBuf)]) -> Result<()> {
        if pictures.is_empty() {
            return Ok(());
        }
        self.page.part("The same story on phones");
        let borrowed: Vec<(&str, &Path)> =
            pictures.iter().map(|(caption, path)| (*caption, path.as_path())).collect();
        self.pictures(&borrowed)
    }

    /// Ends the story, writes the page, and returns the outcome with the failing step's name.
    pub fn end(mut self, outcome: Result<()>, seconds: f32, file: &Path) -> Result<()> {
        let (outcome, sentence) = match outcome {
            Ok(()) => {
                let sentence =
                    format!("All {} steps confirmed by {} checks in {seconds:.0} s.", self.step, self.checks);
                (Ok(()), sentence)
            }
            Err(error) => {
                let sentence = format!("Step {} ({}) failed: {error}", self.step, self.title);
                println!("   ✗ {error}");
                self.page.check(false, &error.to_string());
                (Err(Error::Check(sentence.clone())), sentence)
            }
        };
        let html = self.page.finish(&sentence, outcome.is_ok());
        fs::write(file, html).at(file)?;
        if outcome.is_ok() {
            println!("\n{sentence}");
        }
        println!("The same story with pictures: {}", file.display());
        outcome
    }
}
