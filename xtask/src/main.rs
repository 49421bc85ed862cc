//! Builds, tests and demonstrates apiduct on a fresh machine.

fn main() {}
