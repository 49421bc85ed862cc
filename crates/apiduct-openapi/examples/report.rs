//! Prints the findings on a description as JSON: `cargo run --example report -- FILE`.

#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use apiduct_openapi::{Description, Selection};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let location = std::env::args().nth(1).ok_or("which file?")?;
    let read = Description::read(&location, &|path| {
        std::fs::read(path).map_err(|error| error.to_string())
    })?;
    if std::env::args().nth(2).is_some() {
        print!("{}", read.render("sample", &Selection::default())?.yaml);
    } else {
        println!("{}", read.report());
    }
    Ok(())
}
